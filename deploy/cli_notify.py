"""The commands of webhooks: `notify test` and `notify preview`. The role itself is `run notify`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click

from deploy import options
from deploy.folder import Folder
from schemas.secret import password_from


@click.group()
def notify() -> None:
    """Webhooks that are told of notices: try them, and see what they would be told (docs/notices.md)."""


@notify.command()
@options.webhooks
def test(webhooks: Path | None) -> None:
    """Send a test message to each target of the webhooks file, and say what it answered. Exits with 1 on a failure."""
    from deploy.notifying import is_well, try_targets
    from streams.notify.targets import load_targets

    if webhooks is None:
        raise click.UsageError("name the webhooks file: --webhooks")
    answers = asyncio.run(try_targets(load_targets(webhooks)))
    for target, answer in answers:
        said = f": {answer.said}" if answer.said else ""
        click.echo(f"{target.name:20} {answer.outcome.value:10} {answer.why}{said}")
    if not all(is_well(answer) for _, answer in answers):
        sys.exit(1)


@notify.command()
@options.broker
@options.data_or_cluster
@options.district
@options.webhooks
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="The last so many notices."
)
def preview(broker: str | None, data: Path | None, district: Path, webhooks: Path | None, limit: int) -> None:
    """Print the messages that would tell of the last notices, by target. Nothing is sent."""
    from deploy.notifying import last_of_cluster, last_of_folder, preview
    from streams.broker import Broker
    from streams.notify.targets import load_targets

    if data is not None and (broker is None or options.is_from_environment("broker")):
        notices = last_of_folder(Folder(data.absolute()), limit)
    elif broker is not None:
        password = password_from(os.environ, "PINGLIU_BROKER_PASSWORD")
        notices = asyncio.run(last_of_cluster(Broker.parse(broker, password), limit))
    else:
        raise click.UsageError("say where the notices are: --broker, or --data")
    for name, text in preview(notices, () if webhooks is None else load_targets(webhooks), district):
        click.echo(f"--- {name}\n{text}")
