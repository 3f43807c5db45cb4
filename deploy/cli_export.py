"""`pingliu export`: what others are given."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deploy import options
from deploy.cli_assess import export as period

if TYPE_CHECKING:
    from deploy.exporting import Also, Form


class _Exports(click.Group):
    """`export PERIOD` is `export period PERIOD`: so it was called before there was anything else to export."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["period", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Exports)
def export() -> None:
    """Write what others are given: the ratings of some days, or the results of a period (`export PERIOD`)."""


export.add_command(period, "period")


@export.command()
@click.option("--from", "first", required=True, type=click.DateTime(["%Y-%m-%d"]), help="First day, Asia/Shanghai.")
@click.option("--to", "last", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Last day, included.")
@click.option(
    "--also",
    multiple=True,
    type=click.Choice(["second", "default", "duplicate", "voided"]),
    help="Beside effective ratings those of round 2 (追评), default ones, duplicates, voided ones; may be repeated.",
)
@click.option(
    "--as",
    "form",
    default="lines",
    show_default=True,
    type=click.Choice(["lines", "array"]),
    help="JSON, how laid out.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write; one that is there is replaced.",
)
@options.district
@options.data_or_cluster
@options.clickhouse
def ratings(
    first: datetime,
    last: datetime,
    also: tuple[Also, ...],
    form: Form,
    out: Path,
    district: Path,
    data: Path | None,
    clickhouse: str | None,
) -> None:
    """Write the ratings of some days as the province's upload interface takes them: effective and not voided.

    No rater is in it.
    """
    from deploy.assessing import opened
    from deploy.exporting import export_ratings, write_records
    from schemas.adapters import Mappings
    from schemas.registry import Registry

    if last < first:
        raise click.BadParameter(f"{last:%Y-%m-%d} is before --from, {first:%Y-%m-%d}", param_hint="--to")
    registry = Registry.load(district)
    mappings = Mappings.load(district, registry)
    with opened(*options.placed(data, clickhouse)) as warehouse:
        records = export_ratings(warehouse, registry, mappings, first.date(), last.date(), also)
        count = write_records(records, out, form)
    click.echo(f"wrote {count} ratings to {out}")
