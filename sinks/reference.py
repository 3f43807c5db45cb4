"""What figures are judged by, as tables: the registry, the levels with their points, the workdays and the limits."""

from __future__ import annotations

from datetime import date
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

    def insert(self, table: str, columns: Columns) -> object:
        """Stores rows of a table, named with its database."""


def load_reference(store: Store, registry: Registry, rules: Rules, workdays: Workdays) -> None:
    """Writes the reference tables anew. Figures are judged by them when they are asked for, not when events came."""
    tables = {
        "registry": _registry(registry),
        "levels": _levels(rules),
        "calendar": _calendar(workdays),
        "limits": _limits(rules),
    }
    for table, columns in tables.items():
        store.execute(f"TRUNCATE TABLE pingliu.{table}")
        store.insert(f"pingliu.{table}", columns)


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
