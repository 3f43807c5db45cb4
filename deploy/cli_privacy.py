"""The commands of privacy: `forget`, and `secret rotate`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from deploy import options


@click.command()
@options.data_or_cluster
@options.clickhouse
@options.secret
@click.option("--rater", help="Who is forgotten, as devices send it; `-` reads it from standard input.")
@click.option(
    "--before",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Raters and comments of all ratings older than this day (Asia/Shanghai), and the bytes of older rejects.",
)
@click.option("--dry-run", is_flag=True, help="Only say how much there is.")
def forget(
    data: Path | None,
    clickhouse: str | None,
    secret: Path | None,
    rater: str | None,
    before: datetime | None,
    dry_run: bool,
) -> None:
    """Erase a person, or what is older than a day: raters, comments, refused messages. Figures and seals stay.

    From a folder over which nothing runs, or from a ClickHouse server. May be repeated, and must be if it was broken
    off. What it can't erase, docs/privacy.md says.
    """
    from deploy.forgetting import before as older
    from deploy.forgetting import forget_in_folder, forget_on_server

    if (rater is None) == (before is None):
        raise click.UsageError("say what is to be forgotten: --rater or --before")
    if rater == "-":
        rater = click.get_text_stream("stdin").readline().rstrip("\r\n")
    if rater is not None and not rater.strip():
        raise click.UsageError("--rater: nobody is named")
    whom = rater if rater is not None else older(before.date())  # type: ignore[union-attr]  # one of the two
    data, clickhouse = options.placed(data, clickhouse)
    if clickhouse is not None:
        done = forget_on_server(clickhouse, options.secret_path(secret, None), whom, is_dry=dry_run)
    elif data is not None:
        done = forget_in_folder(data, whom, is_dry=dry_run)
    else:
        raise click.UsageError("say whose data it is: --data, or --clickhouse")
    if done.messages is not None:
        click.echo(f"messages     {done.messages:>10,}")
    for name, number in (
        ("events", done.stored.events),
        ("rejects", done.stored.rejects),
        ("dead letters", done.stored.dead_letters),
    ):
        click.echo(f"{name:12} {number:>10,}")
    if dry_run:
        click.echo("nothing was changed")
    elif not done.stored.is_gone:
        click.echo("ClickHouse removes the old rows from its disk within minutes")


@click.group()
def secret() -> None:
    """The district's secret."""


@secret.command()
@options.data_or_cluster
@options.secret
@click.option(
    "--from",
    "start",
    type=click.DateTime(["%Y-%m-%dT%H:%M"]),
    help="From when raters are hashed with the new one, Asia/Shanghai, such as 2026-12-01T00:00. "
    "[default: now, where nothing runs over --data; else the end of the day]",
)
def rotate(data: Path | None, secret: Path | None, start: datetime | None) -> None:
    """Add a new secret to the ring; what the earlier ones hashed and sealed stays readable.

    Every role reads the file when it starts: give all workers the new file, and restart them, before it is in force.
    """
    from deploy.rotating import rotate

    moment = rotate(options.secret_path(secret, data), None if secret else data, start)
    click.echo(f"a new secret is in force from {moment}; restart all roles before then, and keep a copy of the file")
