"""Tables of scores, of what lies behind them, and of who moves under other rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

import click
import msgspec

from deploy.assessing import bring_up_to_date, number, opened, period_of, print_table, read_rules, shown, tell
from deploy.mistake import Mistake
from schemas.rules import RulesError, parse_rules
from sinks.assessment.compare import compare
from sinks.assessment.database import quoted
from sinks.assessment.results import TABLES

Of = Literal["staff", "sites"]
# What a table of scores shows, by the table it is of; decimals are cast to text, to be alike on every backend.
_SHOWN: Final[Mapping[str, str]] = {
    "staff_months": "rank pool staff site services ratings rating_points efficiency_points discipline_points"
    " service_points bonus_points score band interview",
    "staff_quarters": "rank pool staff site graded_months ratings deductions liable veto score star",
    "staff_years": "rank pool staff site quarters stars star_quarters lowest_star review score eligible"
    " candidate proposed",
    "site_months": "rank tier site services ratings rating_points participation_points closing_points efficiency_points"
    " opening_points quality_points patrol_points bonus_points score ranked",
    "site_quarters": "rank tier site months inspection overdue own communities score band interview",
    "site_years": "rank tier site quarters adjustment score previous_rank",
}
_DECIMALS: Final = ("points", "score", "own", "inspection", "review", "adjustment")
_MEASURES: Final[Mapping[str, str]] = {
    "services": "sum(services)",
    "ratings": "sum(ratings)",
    "average": "if(sum(ratings) = 0, NULL, sum(points) / sum(ratings))",
    "good_rate": "if(sum(ratings) = 0, NULL, sum(good_ratings) / sum(ratings))",
    "bad": "sum(dissatisfied + very_dissatisfied)",
    "participation": "if(sum(services) = 0, NULL, sum(rated_services) / sum(services))",
    "on_time": "if(sum(promised) = 0, NULL, sum(promised_on_time) / sum(promised))",
    "in_standard": "if(sum(timed) = 0, NULL, sum(timed_in_standard) / sum(timed))",
    "waited_in_time": "if(sum(waited) = 0, NULL, sum(waited_in_time) / sum(waited))",
    "unresolved": "sum(unresolved)",
}


def print_scores(
    data: Path | None,
    clickhouse: str | None,
    of: Of,
    text: str,
    conditions: Mapping[str, str | None],
    interviews: bool,
    as_json: bool,
) -> None:
    """Prints results of a period that meet the conditions, best first."""
    period = period_of(text)
    table = TABLES[period.kind][0 if of == "staff" else 1]
    names = _SHOWN[table].split()
    if interviews and "interview" not in names:
        raise Mistake(f"--interviews: {table} has none; staff are due by month, streets by quarter")
    where = [f"period = {quoted(period.text)}"]
    where += [f"toString({name}) = {quoted(value)}" for name, value in conditions.items() if value is not None]
    where += ["interview != ''"] if interviews else []
    selected = ", ".join(f"toString({name}) AS {name}_text" for name in names)
    group, subject = ("pool", "staff") if of == "staff" else ("tier", "site")
    with opened(data, clickhouse) as warehouse:
        bring_up_to_date(warehouse, period)
        rows = warehouse.rows(
            f"SELECT {selected} FROM pingliu.{table} WHERE {' AND '.join(where)} "
            f"ORDER BY {group}, rank = 0, rank, {subject}"
        )
    values = [[_value(name, row[f"{name}_text"]) for name in names] for row in rows]
    _print(names, values, as_json)


def print_cut(data: Path | None, clickhouse: str | None, text: str, dimensions: Sequence[str], as_json: bool) -> None:
    """Prints measures of a period's months, cut by dimensions."""
    period = period_of(text)
    months = ", ".join(quoted(month.text) for month in period.months)
    selected = ", ".join(f"toString({measure}) AS {name}_said" for name, measure in _MEASURES.items())
    grouped = ", ".join(f"toString({name}) AS {name}_text" for name in dimensions)
    keys = ", ".join(f"{name}_text" for name in dimensions)
    with opened(data, clickhouse) as warehouse:
        bring_up_to_date(warehouse, period)
        rows = warehouse.rows(
            f"SELECT {grouped}, {selected} FROM pingliu.measures WHERE period IN ({months}) "
            f"GROUP BY {keys} ORDER BY {keys}"
        )
    values = [
        [*(str(row[f"{name}_text"]) for name in dimensions), *(_measure(row[f"{name}_said"]) for name in _MEASURES)]
        for row in rows
    ]
    _print([*dimensions, *_MEASURES], values, as_json)


def print_moves(
    data: Path | None, clickhouse: str | None, first: Path, second: Path, text: str, limit: int, as_json: bool
) -> None:
    """Prints who moves between two rules files. Raises RulesError."""
    rules = []
    for path in (first, second):
        try:
            rules.append(parse_rules(read_rules(path)))
        except RulesError as error:
            raise RulesError(f"{path}: {error}") from error
    with opened(data, clickhouse) as warehouse:
        moves = compare(warehouse, period_of(text), rules[0], rules[1], tell)
    if as_json:
        for move in moves[:limit]:
            click.echo(msgspec.json.encode(move))
        return
    names = ("scope", "subject", "before", "after", "difference", "standing", "why")
    rows = []
    for move in moves[:limit]:
        pair = (move.score_before, move.score_after)
        difference = pair[1] - pair[0] if pair[0] is not None and pair[1] is not None else None
        standing = "; ".join(
            f"{name} {move.before[name]} → {move.after[name]}"
            for name in move.before
            if move.before[name] != move.after[name]
        )
        why = "; ".join(f"{rule} {shown(points)}" for rule, points in move.reasons)
        rows.append((move.scope, move.subject, *pair, difference, standing, why))
    print_table(names, rows)
    click.echo(f"{len(moves)} move", err=True)


def _print(names: Sequence[str], values: Sequence[Sequence[Any]], as_json: bool) -> None:
    if as_json:
        for row in values:
            click.echo(msgspec.json.encode(dict(zip(names, row, strict=True))))
    else:
        print_table(names, values)


def _value(name: str, text: object) -> Decimal | str | None:
    if name.endswith(_DECIMALS):
        return number(text)
    return None if text is None else str(text)


def _measure(text: object) -> Decimal | str | None:
    """Counts stay counts; averages and rates are decimals."""
    said = None if text is None else str(text)
    return Decimal(said) if said is not None and "." in said else said
