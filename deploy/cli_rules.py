"""The commands of rule sets: `rules check`, `publish`, `list`, `show`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from deploy import options
from schemas.moments import SHANGHAI
from schemas.rules import RulesError, load_rules


@click.group()
def rules() -> None:
    """Rule sets of assessment: check a file, publish it for coming months, list what was published, show one."""


_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@rules.command()
@_file
def check(file: Path) -> None:
    """Check a rules file, and say from when it would be effective, and its hash."""
    loaded = load_rules(file)
    click.echo(f"{loaded.assessment.name}: effective from {loaded.assessment.effective_from}, {loaded.sha256}")


@rules.command()
@options.data_or_cluster
@options.clickhouse
@_file
def publish(data: Path | None, clickhouse: str | None, file: Path) -> None:
    """Publish a rule set for the months from its effective_from on; never for one that has begun or is sealed."""
    from deploy.assessing import opened, read_rules
    from sinks.assessment.rule_sets import publish as publish_set

    loaded = load_rules(file)
    with opened(*options.placed(data, clickhouse)) as warehouse:
        done = publish_set(warehouse, loaded, read_rules(file), datetime.now(SHANGHAI).date())
    click.echo(f"{done.name}: effective from {done.effective_from}, {done.sha256}")


@rules.command("list")
@options.data_or_cluster
@options.clickhouse
def list_(data: Path | None, clickhouse: str | None) -> None:
    """List the published rule sets, by the month from which they are effective."""
    from deploy.assessing import opened
    from sinks.assessment.rule_sets import published

    with opened(*options.placed(data, clickhouse)) as warehouse:
        for rule_set in published(warehouse):
            click.echo(f"{rule_set.effective_from}  {rule_set.sha256}  {rule_set.name}")


@rules.command()
@options.data_or_cluster
@options.clickhouse
@click.argument("sha256")
def show(data: Path | None, clickhouse: str | None, sha256: str) -> None:
    """Show a published rule set by the first digits of its hash: the file as it was published, else its values."""
    from deploy.assessing import opened
    from sinks.assessment.rule_sets import published

    with opened(*options.placed(data, clickhouse)) as warehouse:
        found = [one for one in published(warehouse) if one.sha256.startswith(sha256)]
    if not found:
        raise RulesError(f"{sha256}: no rule set of this hash was published")
    click.echo(found[-1].toml or found[-1].canonical)
