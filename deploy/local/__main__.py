"""`python -m deploy.local kafka|clickhouse start|stop|status`: the local stack over `.local`, on the usual ports."""

from __future__ import annotations

import sys

import click

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from deploy.local.packages import HOME
from deploy.local.server import Server
from deploy.mistake import Mistake


@click.command()
@click.argument("which", type=click.Choice(["kafka", "clickhouse"]))
@click.argument("verb", type=click.Choice(["start", "stop", "status"]))
def main(which: str, verb: str) -> None:
    """Starts, stops or shows a server of the local stack; its data stay."""
    server: Server
    if which == "kafka":
        server = Kafka(HOME / "kafka", port=9092)
    else:
        # Its usual 8123 is the embedded pingliu's.
        server = ClickHouse(HOME / "clickhouse", port=9000, http_port=18123)
    try:
        _do(server, verb)
    except Mistake as mistake:
        raise click.ClickException(str(mistake)) from None


def _do(server: Server, verb: str) -> None:
    running = server.pid
    if verb == "start":
        server.start(lasting=True)
        print(f"{server.name} {'already runs' if running else 'runs'} on {server.address} (pid {server.pid})")
    elif verb == "stop":
        server.stop()
        print(f"{server.name} {'has stopped' if running else 'does not run'}")
    else:
        print(f"{server.name} {f'runs on {server.address} (pid {running})' if running else 'does not run'}")
        sys.exit(0 if running else 1)


main(prog_name="python -m deploy.local")
