"""`pingliu report`: the papers about a month, a quarter or a year."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from deploy import options
from sinks.reports.period import Kind
from sinks.reports.wording import ISSUER


@click.group()
def report() -> None:
    """Write the papers that the office circulates: .xlsx, .docx, .pdf or .html, as the file's name says."""


def _paper(function: options.F) -> options.F:
    """The argument and the options of every paper."""
    for parameter in (
        click.argument("period"),
        click.option(
            "--out",
            required=True,
            type=click.Path(dir_okay=False, path_type=Path),
            help="File to write, .xlsx, .docx, .pdf or .html; one that is there is replaced.",
        ),
        click.option("--issuer", default=ISSUER, show_default=True, help="Who circulates it (发文机关)."),
        click.option("--number", default="", help="Its document number (发文字号); blank to be filled in without it."),
        click.option(
            "--date",
            "day",
            type=click.DateTime(["%Y-%m-%d"]),
            default=None,
            help="The date it bears. [default: today, Asia/Shanghai]",
        ),
        options.data_or_cluster,
        options.clickhouse,
    ):
        function = parameter(function)
    return function


@report.command()
@_paper
def monthly(**given: Any) -> None:
    """Write the paper of a month, as 2026-09: streets, stations, staff."""
    _write("monthly", **given)


@report.command()
@_paper
def quarterly(**given: Any) -> None:
    """Write the paper of a quarter, as 2026-Q3: streets, stations, stars."""
    _write("quarterly", **given)


@report.command()
@_paper
def annual(**given: Any) -> None:
    """Write the paper of a year, as 2026: both rankings, and candidates."""
    _write("annual", **given)


def _write(
    kind: Kind,
    period: str,
    out: Path,
    issuer: str,
    number: str,
    day: datetime | None,
    data: Path | None,
    clickhouse: str | None,
) -> None:
    from deploy.warehouse import open_warehouse
    from sinks.reports import Letterhead, check_suffix, write_report

    check_suffix(out)
    if data is not None and options.is_from_environment("clickhouse"):
        clickhouse = None
    bears = (day or datetime.now(ZoneInfo("Asia/Shanghai"))).date()
    with open_warehouse(data, clickhouse) as database:
        write_report(database, kind, period, out, Letterhead(issuer, number, bears, sealed=False))
    click.echo(f"wrote {out}")
