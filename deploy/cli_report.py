"""`pingliu report`: the papers about a month, a quarter or a year."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from deploy import options
from schemas.moments import SHANGHAI

if TYPE_CHECKING:
    from sinks.reports import Kind

_ISSUER: Final = "五华区政务服务管理局"


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
        click.option("--issuer", default=_ISSUER, show_default=True, help="Who circulates it (发文机关)."),
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
    from deploy.assessing import bring_up_to_date, opened, tell
    from sinks.assessment.corrections import find_corrections, stored_corrections
    from sinks.assessment.restored import as_sealed
    from sinks.assessment.sealed import seal_of, seals
    from sinks.reports import Letterhead, check_suffix, write_report
    from sinks.reports.period import ReportPeriod

    check_suffix(out)
    bears = (day or datetime.now(SHANGHAI)).date()
    wanted = ReportPeriod.parse(kind, period).period
    with opened(*options.placed(data, clickhouse)) as warehouse:
        bring_up_to_date(warehouse, wanted)
        sealed = seal_of(warehouse, wanted)
        seal = sealed.seal if sealed else ""
        corrections = (
            stored_corrections(warehouse, wanted) if sealed else find_corrections(warehouse, seals(warehouse), tell)
        )
        with as_sealed(warehouse, wanted, tell) as results:
            write_report(results, kind, period, out, Letterhead(issuer, number, bears, seal, corrections))
    click.echo(f"wrote {out}")
