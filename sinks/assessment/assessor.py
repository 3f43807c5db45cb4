"""Brings the results of periods up to date: what they are made of first, and only where something changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from schemas.rules import Rules
from sinks.assessment.compute import Before, compute_month, compute_quarter, compute_year
from sinks.assessment.database import Database, Tell, quoted, silent
from sinks.assessment.inputs import Inputs
from sinks.assessment.period import Period
from sinks.assessment.positions import TEXT, Positions, below, literal, parse, stored
from sinks.assessment.results import TABLES, export_text, proof_of, results, row_text, sha256_of
from sinks.assessment.rule_sets import in_force, published
from sinks.assessment.scratch import Scratch, scratch

LEDGER: Final = "assessments"


class NothingToAssess(ValueError):  # noqa: N818 - it says what is the case
    """No service was completed in the period."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What results are computed from: by month the inputs, and how much of the log."""

    inputs: Mapping[str, Inputs]
    positions: Positions

    @property
    def sha256(self) -> str:
        """What names the inputs of all months."""
        return sha256_of(json.dumps({month: inputs.sha256 for month, inputs in sorted(self.inputs.items())}))

    def of(self, period: Period) -> Basis:
        """As much of it as a period needs."""
        months = {month.text for month in period.months}
        return Basis({month: inputs for month, inputs in self.inputs.items() if month in months}, self.positions)


def existing_months(database: Database, positions: Positions) -> list[Period]:
    """The months in which services were completed, as far as the log is looked at."""
    rows = database.rows(
        "SELECT DISTINCT toString(toStartOfMonth(toDate(toInt32(intDiv(time_ms + 28800000, 86400000))))) AS month "
        f"FROM pingliu.event_log WHERE type = 'service.completed' AND time_ms > 0 AND {below(positions)} ORDER BY month"
    )
    return [Period.month_of(date.fromisoformat(str(row["month"]))) for row in rows]


class Assessor:
    """Computes periods into the result tables of a database: `pingliu`, or one with tables like these.

    `before`: what a period takes of the one before it. `tell` is told what is being computed.
    """

    def __init__(
        self,
        database: Database,
        place: str,
        basis: Basis,
        before: Callable[[Period], Before],
        tell: Tell = silent,
    ) -> None:
        self._database = database
        self._place = place
        self._basis = basis
        self._before = before
        self._tell = tell

    def compute(self, period: Period, rules: Rules) -> str:
        """Computes a period of which those that it is made of are there, and stores it. Returns what names the results.

        1. The results are computed in a scratch database.
        2. What those that are there were computed from is forgotten.
        3. Their rows, with proofs, take the place of the period's, a table at a time.
        4. What they were computed from is noted; without it they count as out of date.
        """
        self._tell(period.text)
        with scratch(self._database) as place:
            self._compute(place, period, rules)  # 1.
            place.execute(f"ALTER TABLE {self._place}.{LEDGER} DROP PARTITION {quoted(period.text)}")  # 2.
            for table in TABLES[period.kind]:  # 3.
                self._move(place, table, period)
            sha256 = sha256_of(export_text(results(self._database, self._place, period)))
            self._note(place, period, rules, sha256)  # 4.
            return sha256

    def _compute(self, place: Scratch, period: Period, rules: Rules) -> None:
        before = self._before(period)
        months = [month for month in period.months if month.text in self._basis.inputs]
        match period.kind:
            case "month":
                compute_month(place, period, self._basis.inputs[period.text], self._basis.positions, before)
            case "quarter":
                compute_quarter(place, rules, period, months, before, self._place)
            case "year":
                quarters = [
                    one for one in period.quarters if any(month.text in self._basis.inputs for month in one.months)
                ]
                compute_year(place, rules, period, quarters, before, self._place)

    def _move(self, place: Scratch, table: str, period: Period) -> None:
        proof = proof_of(row_text(self._database, table))
        place.execute(f"CREATE TABLE scratch.proven_{table} AS pingliu.{table}")
        place.execute(f"INSERT INTO scratch.proven_{table} SELECT * REPLACE ({proof} AS proof) FROM scratch.{table}")
        target, partition = f"{self._place}.{table}", quoted(period.text)
        if place.rows(f"SELECT period FROM scratch.proven_{table} LIMIT 1"):
            place.execute(f"ALTER TABLE {target} REPLACE PARTITION {partition} FROM scratch.proven_{table}")
        else:  # ClickHouse takes no empty partition for another
            place.execute(f"ALTER TABLE {target} DROP PARTITION {partition}")

    def _note(self, place: Scratch, period: Period, rules: Rules, sha256: str) -> None:
        place.execute(f"CREATE TABLE scratch.{LEDGER} AS pingliu.{LEDGER}")
        place.execute(
            f"INSERT INTO scratch.{LEDGER} SELECT {quoted(period.text)}, {quoted(rules.sha256)}, "
            f"{quoted(self._basis.sha256)}, {literal(self._basis.positions)}, {quoted(sha256)}, "
            "now64(3, 'Asia/Shanghai'), ''"
        )
        self._move(place, LEDGER, period)


@dataclass(frozen=True, slots=True)
class Assessed:
    """What is noted of a period's results."""

    rules_sha256: str
    inputs_sha256: str
    positions: Positions
    results_sha256: str


def assessed(database: Database, period: Period) -> Assessed | None:
    """What was last noted of a period."""
    rows = database.rows(
        f"SELECT rules_sha256, inputs_sha256, {TEXT} AS positions, results_sha256 FROM pingliu.{LEDGER} "
        f"WHERE period = {quoted(period.text)}"
    )
    if not rows:
        return None
    row = {name: str(value) for name, value in rows[0].items()}
    return Assessed(row["rules_sha256"], row["inputs_sha256"], parse(row["positions"]), row["results_sha256"])


def basis_of(database: Database, period: Period, positions: Positions, rules: Rules | None = None) -> Basis:
    """Of a period's months in which something happened: their rules (or those given), the registry, the workdays.

    Raises NothingToAssess, RulesError.
    """
    exist = set(existing_months(database, positions))
    sets = published(database)
    inputs = {
        month.text: Inputs.load(database, month, rules or in_force(sets, month))
        for month in period.months
        if month in exist
    }
    if not inputs:
        raise NothingToAssess(f"{period.text}: no service was completed in it")
    return Basis(inputs, positions)


def assess(
    database: Database,
    period: Period,
    before: Callable[[Period], Before],
    tell: Tell = silent,
    trusted: Callable[[Period], bool] = lambda _: True,
) -> Basis:
    """Brings a period and all that it is made of up to date with everything stored now; returns what it comes from.

    `trusted`: whether what is there of a part, and is up to date by its note, is taken for what was computed.
    Raises NothingToAssess, RulesError.
    """
    basis = basis_of(database, period, stored(database))
    sets = published(database)
    for part in parts(period, basis):
        rules = in_force(sets, part.months[-1])
        needed = basis.of(part)
        found = assessed(database, part)
        if found is not None and (found.rules_sha256, found.inputs_sha256, dict(found.positions)) == (
            rules.sha256, needed.sha256, dict(needed.positions)
        ) and trusted(part):  # fmt: skip
            continue
        Assessor(database, "pingliu", needed, before, tell).compute(part, rules)
    return basis


def parts(period: Period, basis: Basis) -> list[Period]:
    """The months, quarters and the year itself that a period is made of, in the order in which they are computed."""
    months = [month for month in period.months if month.text in basis.inputs]
    if period.kind == "month":
        return months
    quarters = [one for one in period.quarters if any(month in one.months for month in months)]
    return [*months, *quarters, *([period] if period.kind == "year" else [])]
