"""What figures are judged by, as tables: the registry, the levels with their points, the workdays and the limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from secrets import token_hex
from typing import Final, Protocol

from schemas.levels import BAD_LEVELS, LEVEL_NAMES, LEVELS
from schemas.registry import Registry
from schemas.rules import Rules
from schemas.workdays import Workdays
from sinks.columns import Columns

# From where a clock that was never set begins; ratings outside have no due dates.
_FIRST: Final = date(1970, 1, 1)
_LAST: Final = date(2049, 12, 31)


class Store(Protocol):
    """What loading needs of an engine or a server."""

    def execute(self, sql: str) -> None:
        """Runs one statement."""

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> int:
        """Stores rows of a table, named with its database."""

    def rows(self, sql: str) -> list[dict[str, object]]:
        """Runs one that asks."""


def load_reference(store: Store, registry: Registry, rules: Rules, workdays: Workdays) -> None:
    """Writes the reference tables anew. Figures are judged by them when they are asked for, not when events came.

    Readers see the old rows of a table or the new ones, never none, and of several who write at the same time the last
    one wins.
    """
    tables = {
        "registry": _registry(registry),
        "levels": _levels(rules),
        "calendar": _calendar(workdays),
        "limits": _limits(rules),
    }
    for table, columns in tables.items():
        _replace(store, table, columns)


def _replace(store: Store, table: str, columns: Columns) -> None:
    """In this order:

    1. What is there already is left as it is.
    2. Else the rows go into a new table beside it, whose name nobody else has.
    3. They take the place of those that were there, in one step.
    4. The new table is dropped. A crash before this leaves it behind, where it does no harm.
    """
    rows = sorted(zip(*columns.values(), strict=True))
    found = store.rows(f"SELECT {', '.join(columns)} FROM pingliu.{table}")
    if sorted(tuple(row[name] for name in columns) for row in found) == rows:  # 1.
        return
    beside = f"pingliu.{table}_{token_hex(8)}"
    store.execute(f"CREATE TABLE {beside} AS pingliu.{table}")  # 2.
    try:
        store.insert(beside, columns)
        store.execute(f"ALTER TABLE pingliu.{table} REPLACE PARTITION tuple() FROM {beside}")  # 3.
    finally:
        store.execute(f"DROP TABLE {beside}")  # 4.


def _registry(registry: Registry) -> Columns:
    rows = [
        *(("street", street.code, street.name, "", "") for street in registry.streets.values()),
        *(("site", site.code, site.name, site.street, "") for site in registry.sites.values()),
        *(("window", w.code, w.name, w.site, w.department) for w in registry.windows.values()),
        *(("department", department.code, department.name, "", "") for department in registry.departments.values()),
        *(("item", item.code, item.name, "", item.department) for item in registry.items.values()),
        *(("staff", staff.code, staff.display, "", "") for staff in registry.staff.values()),
    ]
    names = ("kind", "code", "name", "parent", "department")
    return {name: [row[column] for row in rows] for column, name in enumerate(names)}


def _levels(rules: Rules) -> Columns:
    return {
        "level": list(LEVELS),
        "name": [LEVEL_NAMES[level] for level in LEVELS],
        "points": [rules.rating.points[level] for level in LEVELS],
        "good": [int(level in rules.rating.good_levels) for level in LEVELS],
        "bad": [int(level in BAD_LEVELS) for level in LEVELS],
    }


def _calendar(workdays: Workdays) -> Columns:
    days, works, ordinals = [], [], []
    ordinal = 0
    for day, works_then in workdays.table(_FIRST, _LAST):
        ordinal += works_then
        days.append(day)
        works.append(int(works_then))
        ordinals.append(ordinal)
    return {"day": days, "workday": works, "ordinal": ordinals}


def _limits(rules: Rules) -> Columns:
    limits = {
        "implausible_ms": rules.limits.implausible_ms,
        "contact_workdays": rules.deadlines.contact_workdays,
        "completion_workdays": rules.deadlines.completion_workdays,
    }
    return {"name": list(limits), "value": list(limits.values())}
