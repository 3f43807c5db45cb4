"""The command `access`: who may do what on a ClickHouse server."""

from __future__ import annotations

import os
import tempfile
from contextlib import closing
from pathlib import Path

import click

from deploy import options
from schemas.registry import Registry


@click.command()
@options.district
@options.clickhouse
def access(district: Path, clickhouse: str | None) -> None:
    """Print the SQL that makes roles, row policies and limits on a ClickHouse server, or apply it (--clickhouse).

    It is applied only where --clickhouse is typed; the variable alone does not count. May be repeated: after `init`,
    and when the district's streets change.
    """
    from deploy.access import apply, document
    from deploy.access_schema import relations

    streets = Registry.load(district).streets
    if clickhouse is not None and not options.is_from_environment("clickhouse"):
        from sinks.address import Address, password_from
        from sinks.server import Server

        with closing(Server(Address.parse(clickhouse, password_from(os.environ)))) as server:
            for line in apply(server, streets):
                click.echo(line)
        return

    from sinks.engine import Engine
    from sinks.migrate import migrate

    # What columns a view has, only an engine can say.
    with tempfile.TemporaryDirectory(prefix="pingliu-") as scratch, closing(Engine(Path(scratch))) as engine:
        migrate(engine)
        click.echo(document(relations(engine), streets), nl=False)
