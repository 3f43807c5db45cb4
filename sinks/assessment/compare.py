"""What if: two rule sets over the same history, who would move and why. Nothing of it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from schemas.rules import Rules
from sinks.assessment.assessor import Assessor, Basis, basis_of, parts
from sinks.assessment.compute import Before
from sinks.assessment.database import Database, Tell, silent
from sinks.assessment.period import Period
from sinks.assessment.positions import stored
from sinks.assessment.restored import result_tables
from sinks.assessment.results import BILL, Result, results
from sinks.assessment.scratch import Scratch

_REASONS: Final = 3
_STANDING: Final[tuple[str, ...]] = ("band", "star", "rank", "interview", "candidate", "proposed")


@dataclass(frozen=True, slots=True)
class Move:
    """Somebody whose score or standing differs. `before` and `after`: by the first and the second rule set; what a
    standing is, depends on the period. `reasons`: rules of the bill with the largest differences of points.
    """

    scope: str
    subject: str
    score_before: Decimal | None
    score_after: Decimal | None
    before: dict[str, Any]
    after: dict[str, Any]
    reasons: tuple[tuple[str, Decimal], ...]


def compare(database: Database, period: Period, first: Rules, second: Rules, tell: Tell = silent) -> list[Move]:
    """Those who move, the largest differences of score first. Nothing is taken of the period before.

    Raises NothingToAssess.
    """
    positions = stored(database)
    computed = []
    for rules in (first, second):
        basis = basis_of(database, period, positions, rules)
        with result_tables(database) as place:
            compute(database, place, period, basis, rules, tell)
            computed.append(results(database, place.name, period))
    return sorted(_moves(*computed), key=lambda move: (-abs(_difference(move)), move.scope, move.subject))


def compute(database: Database, place: Scratch, period: Period, basis: Basis, rules: Rules, tell: Tell) -> None:
    """Computes a period and all that it is made of, by one rule set."""
    for part in parts(period, basis):
        Assessor(database, place.name, basis.of(part), lambda _: Before(), tell).compute(part, rules)


def _moves(first: Sequence[Result], second: Sequence[Result]) -> Iterator[Move]:
    before, after = _said(first), _said(second)
    points_before, points_after = _points(first), _points(second)
    for key in sorted(before.keys() & after.keys()):
        was, now = before[key], after[key]
        standing_before = {name: was[name] for name in _STANDING if name in was}
        standing_after = {name: now[name] for name in _STANDING if name in now}
        if (_number(was["score"]), standing_before) == (_number(now["score"]), standing_after):
            continue
        lines_before, lines_after = points_before.get(key, {}), points_after.get(key, {})
        differences = [
            (rule, lines_after.get(rule, Decimal(0)) - lines_before.get(rule, Decimal(0)))
            for rule in lines_before.keys() | lines_after.keys()
        ]
        reasons = sorted((one for one in differences if one[1]), key=lambda one: (-abs(one[1]), one[0]))
        yield Move(
            *key,
            _number(was["score"]),
            _number(now["score"]),
            standing_before,
            standing_after,
            tuple(reasons[:_REASONS]),
        )


def _said(rows: Sequence[Result]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (result.table.split("_")[0], result.subject): json.loads(result.row, parse_float=Decimal)
        for result in rows
        if result.table.startswith(("staff_", "site_"))
    }


def _points(rows: Sequence[Result]) -> dict[tuple[str, str], dict[str, Decimal]]:
    points: dict[tuple[str, str], dict[str, Decimal]] = {}
    for result in rows:
        if result.table == BILL:
            row = json.loads(result.row, parse_float=Decimal)
            of_subject = points.setdefault((row["scope"], row["subject"]), {})
            of_subject[row["rule"]] = of_subject.get(row["rule"], Decimal(0)) + Decimal(row["points"])
    return points


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _difference(move: Move) -> Decimal:
    return (move.score_after or Decimal(0)) - (move.score_before or Decimal(0))
