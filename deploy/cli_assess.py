"""The commands of assessment: `assess`, `score`, `explain`, `seal`, `verify`, `corrections`, `export`, `compare`."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Final

import click
import msgspec

from deploy import options
from schemas.moments import SHANGHAI

_CUTS: Final = ("street", "site", "tier", "window", "pool", "department", "item", "staff", "pioneer")


def _where(function: options.F) -> options.F:
    """Whose results: a folder's, or a server's."""
    return options.data_or_cluster(options.clickhouse(function))


@click.command()
@_where
@click.argument("periods", nargs=-1, required=True, metavar="PERIOD...")
def assess(data: Path | None, clickhouse: str | None, periods: tuple[str, ...]) -> None:
    """Bring the results of periods up to date: 2026-09, 2026-Q3, 2026. What didn't change isn't computed again."""
    from deploy.assessing import bring_up_to_date, opened, period_of

    with opened(*options.placed(data, clickhouse)) as warehouse:
        for period in map(period_of, periods):
            bring_up_to_date(warehouse, period)
            click.echo(f"{period.text} is up to date")


@click.group()
def score() -> None:
    """Show scores, stars and ranks of a period, after bringing them up to date."""


@score.command("staff")
@_where
@options.as_json
@click.argument("period")
@click.option("--pool", help="Only of this pool: centre_general, centre_department, street, community.")
@click.option("--street", help="Only of this street (9 digits).")
@click.option("--department", help="Only of this department.")
@click.option("--pioneer", is_flag=True, help="Only 党员先锋岗.")
@click.option("--interviews", is_flag=True, help="Only who is due for 约谈 (months).")
def score_staff(
    data: Path | None,
    clickhouse: str | None,
    as_json: bool,
    period: str,
    pool: str | None,
    street: str | None,
    department: str | None,
    pioneer: bool,
    interviews: bool,
) -> None:
    """月评分, 季评星, 年度明星 of window staff."""
    from deploy.scores import print_scores

    conditions = {"pool": pool, "street": street, "department": department, "pioneer": "1" if pioneer else None}
    print_scores(*options.placed(data, clickhouse), "staff", period, conditions, interviews, as_json)


@score.command("sites")
@_where
@options.as_json
@click.argument("period")
@click.option("--tier", help="Only of this tier: district, street, community.")
@click.option("--street", help="Only of this street (9 digits).")
@click.option("--interviews", is_flag=True, help="Only who is due for 约谈 (quarters).")
def score_sites(
    data: Path | None,
    clickhouse: str | None,
    as_json: bool,
    period: str,
    tier: str | None,
    street: str | None,
    interviews: bool,
) -> None:
    """月通报, 季考核, 年度排名 of streets and stations."""
    from deploy.scores import print_scores

    print_scores(
        *options.placed(data, clickhouse), "sites", period, {"tier": tier, "street": street}, interviews, as_json
    )


@score.command("cut")
@_where
@options.as_json
@click.argument("period")
@click.option("--by", "dimensions", multiple=True, required=True, type=click.Choice(_CUTS), help="May be repeated.")
def score_cut(
    data: Path | None, clickhouse: str | None, as_json: bool, period: str, dimensions: tuple[str, ...]
) -> None:
    """What lies behind the scores, cut by anything: services, ratings, averages and rates."""
    from deploy.scores import print_cut

    print_cut(*options.placed(data, clickhouse), period, dimensions, as_json)


@click.command()
@_where
@options.as_json
@click.option("--events", is_flag=True, help="List the ids of the events behind each line, too.")
@click.argument("of", type=click.Choice(["staff", "site", "street"]))
@click.argument("subject")
@click.argument("period")
def explain(
    data: Path | None, clickhouse: str | None, as_json: bool, events: bool, of: str, subject: str, period: str
) -> None:
    """Show the bill of a score: every point gained or lost, its rule, and the events behind it.

    \b
      pingliu explain staff S0142 2026-09 --data ./d
      pingliu explain street 530102001 2026-Q3 --data ./d --events
    """
    from deploy.bills import print_bill

    print_bill(*options.placed(data, clickhouse), of, subject, period, events, as_json)


@click.group()
def seal() -> None:
    """Seal a period (封账): results, rules, registry and log position, chained by a hash to the seal before it."""


def _seal_of(kind: str, text: str, example: str) -> None:
    @seal.command(kind, help=f"Seal {text}, as {example}, once it is frozen.")
    @_where
    @click.argument("period")
    def seal_one(data: Path | None, clickhouse: str | None, period: str) -> None:
        from deploy.assessing import opened, period_of, tell
        from sinks.assessment.seals import seal as seal_period

        wanted = period_of(period, kind)  # type: ignore[arg-type]  # one of the three
        with opened(*options.placed(data, clickhouse)) as warehouse:
            made = seal_period(warehouse, wanted, datetime.now(SHANGHAI), tell)
        click.echo(f"{made.period.text} sealed at {made.sealed_at}")
        click.echo(f"results  {made.results_sha256}")
        click.echo(f"rules    {made.rules_sha256}")
        click.echo(f"seal     {made.seal}")


_seal_of("month", "a month", "2026-09")
_seal_of("quarter", "a quarter", "2026-Q3")
_seal_of("year", "a year", "2026")


@click.command()
@_where
@options.secret
@options.as_json
@click.option(
    "--seal",
    "wanted",
    multiple=True,
    metavar="HASH",
    help="A seal that must be there, as `seal` printed it. May be repeated.",
)
def verify(
    data: Path | None, clickhouse: str | None, secret: Path | None, as_json: bool, wanted: tuple[str, ...]
) -> None:
    """Compute every sealed period anew from the facts, and say exactly what differs. Exits with 1 where something does.

    Rules, seals, events and results are looked at, each row of them. Who cuts off the newest seals with all that
    belongs to them leaves a chain that is whole, but shorter: give a hash that was written down elsewhere by --seal.
    Events of which a person was erased (`pingliu forget`) are nothing touched; the secret tells that it was us.
    """
    from deploy.assessing import notary_of, opened, tell
    from sinks.assessment.sealed import readable_seals
    from sinks.assessment.verify import Tally
    from sinks.assessment.verify import verify as find

    data, clickhouse = options.placed(data, clickhouse)
    notary, tally = notary_of(options.secret_path(secret, None if clickhouse else data)), Tally()
    with opened(data, clickhouse) as warehouse:
        findings = list(find(warehouse, tell, wanted, notary, tally))
        count = len(readable_seals(warehouse)[0])
    for finding in findings:
        click.echo(msgspec.json.encode(finding) if as_json else f"{finding.what:7} {finding.place}: {finding.detail}")
    if findings:
        sys.exit(1)
    if not as_json:
        erased = f"; a person was erased from {tally.erased:,} events, as noted" if tally.erased else ""
        click.echo(f"{count} sealed periods verified: nothing was touched{erased}")


@click.command()
@_where
@options.as_json
@click.argument("bulletin", required=False)
def corrections(data: Path | None, clickhouse: str | None, as_json: bool, bulletin: str | None) -> None:
    """List corrections (更正) of sealed periods: those of a bulletin, or those that wait for the next one."""
    from deploy.assessing import opened, period_of, sealed, tell
    from sinks.assessment.corrections import find_corrections, stored_corrections
    from sinks.assessment.sealed import seals

    with opened(*options.placed(data, clickhouse)) as warehouse:
        if bulletin is None:
            found = find_corrections(warehouse, seals(warehouse), tell)
        else:
            found = stored_corrections(warehouse, sealed(warehouse, period_of(bulletin)).period)
    for one in found:
        if as_json:
            click.echo(msgspec.json.encode(one))
        else:
            click.echo(f"{one.period}  {one.scope} {one.subject}: {one.before} → {one.after}  {one.cause}")


@click.command()
@_where
@click.option("--sealed", "as_sealed", is_flag=True, help="As it was sealed, not as it would be now.")
@click.argument("period")
def export(data: Path | None, clickhouse: str | None, as_sealed: bool, period: str) -> None:
    """Write the canonical export of a period to standard output: the text whose SHA-256 a seal holds."""
    from deploy.assessing import bring_up_to_date, opened, period_of, sealed
    from sinks.assessment.results import export_text, results
    from sinks.assessment.sealed import sealed_results

    wanted = period_of(period)
    with opened(*options.placed(data, clickhouse)) as warehouse:
        if as_sealed:
            rows = sealed_results(warehouse, sealed(warehouse, wanted).period)
        else:
            bring_up_to_date(warehouse, wanted)
            rows = results(warehouse, "pingliu", wanted)
    sys.stdout.buffer.write(export_text(rows).encode())


@click.command()
@_where
@options.as_json
@click.option(
    "--rules",
    "files",
    multiple=True,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Two rules files (TOML): the one judged by, and the one to compare with.",
)
@click.option("--limit", default=40, show_default=True, type=click.IntRange(1, 100_000), help="At most so many.")
@click.argument("period")
def compare(
    data: Path | None, clickhouse: str | None, as_json: bool, files: tuple[Path, ...], limit: int, period: str
) -> None:
    """What if: two rule sets over the same history; who moves, and why. Nothing of it is kept."""
    from deploy.scores import print_moves

    if len(files) != 2:
        raise click.UsageError("--rules: two files are expected, --rules A.toml --rules B.toml")
    print_moves(*options.placed(data, clickhouse), files[0], files[1], period, limit, as_json)


COMMANDS: Final = (assess, score, explain, seal, verify, corrections, compare)
