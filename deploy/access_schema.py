"""What there is to give access to: the tables and views of database pingliu, and which of them are for whom.

Views are taken as they come: auditors may read them. A table must be named here; one that is new and forgotten is
nobody's to read, and a test fails until it is named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sinks.migrate import migrations

# What auditors must not read: rows as they are delivered, repeats included, and what pingliu notes for itself.
HIDDEN: Final[tuple[str, ...]] = (
    "event_log",
    "live_log",
    "rejected_log",
    "notice_log",
    "sink_positions",
    "dead_letters",
    "erasing",
    "migrations",
)
# What figures are judged by, and what of the facts was erased: no rows of work, so auditors may read the tables
# themselves.
REFERENCE: Final[tuple[str, ...]] = (
    "registry",
    "levels",
    "calendar",
    "limits",
    "sites",
    "windows",
    "items",
    "posts",
    "rule_sets",
    "reference_log",
    "erasures",
)
# What an assessment comes to: auditors read it, the assessor replaces a period's rows.
ASSESSED: Final[tuple[str, ...]] = (
    "assessments",
    "bill_lines",
    "staff_months",
    "staff_quarters",
    "staff_years",
    "site_months",
    "site_quarters",
    "site_years",
    "month_measures",
)
# What stays as it is once it is said: auditors read it, the assessor adds to it and can take nothing away.
SEALED: Final[tuple[str, ...]] = (
    "sealed_periods",
    "sealed_results",
    "sealed_inputs",
    "sealed_facts",
    "sealed_corrections",
)

_DECLARED: Final = re.compile(
    r"^CREATE (?:OR REPLACE )?(?:MATERIALIZED )?(?:TABLE|VIEW) (?:IF NOT EXISTS )?pingliu\.(\w+)", re.MULTILINE
)


class Database(Protocol):
    """What must be asked of an engine or a server."""

    def rows(self, sql: str) -> list[dict[str, object]]:
        """The rows that a query gives, by column."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view of ours. `has_street`: its rows say whose they are."""

    name: str
    is_view: bool
    has_street: bool


def declared() -> list[str]:
    """Names of all tables and views that the schema files make, in their order, and of the ledger of these files."""
    names = [name for migration in migrations() for name in _DECLARED.findall(migration.sql)]
    return list(dict.fromkeys([*names, "migrations"]))


def relations(database: Database) -> list[Relation]:
    """Those of the declared that a database has; what others made there is not ours to give."""
    tables = database.rows("SELECT name, engine FROM system.tables WHERE database = 'pingliu'")
    columns = database.rows("SELECT table FROM system.columns WHERE database = 'pingliu' AND name = 'street'")
    engines = {str(row["name"]): row["engine"] for row in tables}
    streets = {str(row["table"]) for row in columns}
    return [Relation(name, engines[name] == "View", name in streets) for name in declared() if name in engines]


def audited(found: Sequence[Relation]) -> list[str]:
    """What auditors may read."""
    tables = (*REFERENCE, *ASSESSED, *SEALED)
    return [one.name for one in found if one.name not in HIDDEN and (one.is_view or one.name in tables)]


def supervised(found: Sequence[Relation]) -> list[str]:
    """What a street's supervisor may read, of the own street."""
    return [one.name for one in found if one.has_street and one.name in audited(found)]


def tables_of(found: Sequence[Relation], names: Sequence[str]) -> list[str]:
    """Those of the names that are tables here."""
    return [one.name for one in found if one.name in names and not one.is_view]
