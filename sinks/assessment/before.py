"""What a period takes of the one before it: of its sealed results, or of its current ones while it isn't sealed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sinks.assessment.assessor import NothingToAssess, assess
from sinks.assessment.compute import Before
from sinks.assessment.database import Database, Tell, quoted, silent
from sinks.assessment.period import Period
from sinks.assessment.results import TABLES


def current(database: Database, tell: Tell = silent) -> Callable[[Period], Before]:
    """As it is now; a period before that isn't sealed is brought up to date first."""

    def before(period: Period) -> Before:
        previous = period.previous
        if is_sealed(database, previous):
            return of_sealed(database, previous)
        try:
            assess(database, previous, before, tell)
        except NothingToAssess:
            return Before()
        return _of_tables(database, previous)

    return before


def found_before(database: Database) -> Callable[[Period], Before]:
    """As `current`, but a period before that isn't sealed is taken as it is found."""

    def before(period: Period) -> Before:
        previous = period.previous
        return of_sealed(database, previous) if is_sealed(database, previous) else _of_tables(database, previous)

    return before


def is_sealed(database: Database, period: Period) -> bool:
    """Whether there is a seal of the period."""
    return bool(database.rows(f"SELECT number FROM pingliu.sealed_periods WHERE period = {quoted(period.text)}"))


def of_sealed(database: Database, period: Period) -> Before:
    """Of the sealed results of a period."""
    staff, sites, *_ = TABLES[period.kind]
    where = f"FROM pingliu.sealed_results WHERE period = {quoted(period.text)} AND result ="
    return _before(
        database.rows(f"SELECT subject, JSONExtractInt(row, 'bottom') AS bottom {where} {quoted(staff)}"),
        database.rows(
            "SELECT subject, JSONExtractUInt(row, 'rank') AS rank, JSONExtractInt(row, 'last') AS last "
            f"{where} {quoted(sites)}"
        ),
    )


def _of_tables(database: Database, period: Period) -> Before:
    staff, sites, *_ = TABLES[period.kind]
    where = f"WHERE period = {quoted(period.text)}"
    bottom = "bottom" if period.kind == "month" else "0"
    last = "last" if period.kind == "quarter" else "0"
    return _before(
        database.rows(f"SELECT staff AS subject, {bottom} AS bottom FROM pingliu.{staff} {where}"),
        database.rows(f"SELECT site AS subject, rank, {last} AS last FROM pingliu.{sites} {where}"),
    )


def _before(staff: Sequence[dict[str, Any]], sites: Sequence[dict[str, Any]]) -> Before:
    return Before(
        sorted(str(row["subject"]) for row in staff if int(row["bottom"])),
        {str(row["subject"]): int(row["rank"]) for row in sites if int(row["rank"])},
        sorted(str(row["subject"]) for row in sites if int(row["last"])),
    )
