"""What figures are judged by, as tables: the registry, the levels with their points, the workdays and the limits.

What each table holds is noted in `reference_log` whenever it is written anew: what was changed in another way shows.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from datetime import date
from secrets import token_hex
from typing import Final, Protocol

from schemas.levels import BAD_LEVELS, LEVEL_NAMES, LEVELS
from schemas.moments import MINUTE, to_day
from schemas.registry import Registry
from schemas.rules import Rules
from schemas.workdays import Workdays
from sinks.columns import Columns

# From where a clock that was never set begins; ratings outside have no due dates.
_FIRST: Final = date(1970, 1, 1)
_LAST: Final = date(2049, 12, 31)
OPEN_END: Final = 2**31 - 1
# The columns of each reference table.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "registry": ("kind", "code", "name", "parent", "department"),
    "levels": ("level", "name", "points", "good", "bad"),
    "calendar": ("day", "workday", "ordinal"),
    "limits": ("name", "value"),
    "sites": ("site", "street", "name", "tier"),
    "windows": ("window", "site", "name", "kind", "pool", "department"),
    "items": ("item", "name", "department", "tier", "promise_days", "std_ms", "everywhere"),
    "posts": ("staff", "window", "pool", "employment", "pioneer", "lead", "valid_from", "valid_to"),
}


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
        "levels": levels(rules),
        "calendar": calendar(workdays, _FIRST, _LAST),
        "limits": limits(rules),
        **registry_tables(registry),
    }
    for table, values in tables.items():
        _replace(store, table, values)


def content(store: Store, table: str) -> list[tuple[object, ...]]:
    """The rows of a reference table, in the order of their columns, sorted."""
    names = COLUMNS[table]
    found = store.rows(f"SELECT {', '.join(names)} FROM pingliu.{table}")
    return sorted(tuple(row[name] for name in names) for row in found)


def content_text(rows: Sequence[Sequence[object]]) -> str:
    """The content of a table, by its sorted rows, as JSON."""
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _replace(store: Store, table: str, columns: Columns) -> None:
    """In this order:

    1. What is there already, and noted, is left as it is.
    2. Else the rows go into a new table beside it, whose name nobody else has.
    3. They take the place of those that were there, in one step.
    4. The new table is dropped. A crash before this leaves it behind, where it does no harm.
    5. What the table holds now is noted. A crash before this is mended by the next start.
    """
    rows = sorted(zip(*(columns[name] for name in COLUMNS[table]), strict=True))
    text = content_text(rows)
    if content(store, table) == rows:  # 1.
        if noted(store).get(table) != _sha256(text):
            _note(store, table, text)
        return
    beside = f"pingliu.{table}_{token_hex(8)}"
    store.execute(f"CREATE TABLE {beside} AS pingliu.{table}")  # 2.
    try:
        store.insert(beside, columns)
        store.execute(f"ALTER TABLE pingliu.{table} REPLACE PARTITION tuple() FROM {beside}")  # 3.
    finally:
        store.execute(f"DROP TABLE {beside}")  # 4.
    _note(store, table, text)  # 5.


def noted(store: Store) -> dict[str, str]:
    """The SHA-256 of what each reference table held when it was last written."""
    found = store.rows("SELECT table_name, sha256 FROM pingliu.reference_log ORDER BY written_ms")
    return {str(row["table_name"]): str(row["sha256"]) for row in found}


def noted_content(store: Store, table: str) -> list[list[object]]:
    """The rows of a reference table as they were last written."""
    found = store.rows(
        f"SELECT content FROM pingliu.reference_log WHERE table_name = '{table}' ORDER BY written_ms DESC LIMIT 1"
    )
    rows: list[list[object]] = json.loads(str(found[0]["content"])) if found else []
    return rows


def _note(store: Store, table: str, text: str) -> None:
    written_ms = time.time_ns() // 1_000_000
    store.insert(
        "pingliu.reference_log",
        {"table_name": [table], "sha256": [_sha256(text)], "content": [text], "written_ms": [written_ms]},
    )


def _registry(registry: Registry) -> Columns:
    rows = [
        *(("street", street.code, street.name, "", "") for street in registry.streets.values()),
        *(("site", site.code, site.name, site.street, "") for site in registry.sites.values()),
        *(("window", w.code, w.name, w.site, w.department) for w in registry.windows.values()),
        *(("department", department.code, department.name, "", "") for department in registry.departments.values()),
        *(("item", item.code, item.name, "", item.department) for item in registry.items.values()),
        *(("staff", staff.code, staff.display, "", "") for staff in registry.staff.values()),
    ]
    return columns("registry", rows)


def registry_tables(registry: Registry) -> dict[str, Columns]:
    """Sites, windows, items and posts with all that assessment looks at."""
    return {
        "sites": columns("sites", [(s.code, s.street, s.name, s.level) for s in registry.sites.values()]),
        "windows": columns(
            "windows", [(w.code, w.site, w.name, w.kind, w.pool, w.department) for w in registry.windows.values()]
        ),
        "items": columns(
            "items",
            [
                (
                    i.code, i.name, i.department, i.level, i.promise_days, round(i.std_minutes * MINUTE),
                    int(i.everywhere),
                )
                for i in registry.items.values()
            ],
        ),
        "posts": columns(
            "posts",
            [
                (
                    p.staff, p.window, p.pool, p.employment, int(p.pioneer), int(p.lead),
                    to_day(p.valid_from), OPEN_END if p.valid_to is None else to_day(p.valid_to),
                )
                for p in registry.posts
            ],
        ),
    }  # fmt: skip


def columns(table: str, rows: Sequence[Sequence[object]]) -> Columns:
    """Rows of a reference table as columns."""
    return {name: [row[place] for row in rows] for place, name in enumerate(COLUMNS[table])}


def levels(rules: Rules) -> Columns:
    """The levels with their names and points, and which are good or bad."""
    return {
        "level": list(LEVELS),
        "name": [LEVEL_NAMES[level] for level in LEVELS],
        "points": [rules.rating.points[level] for level in LEVELS],
        "good": [int(level in rules.rating.good_levels) for level in LEVELS],
        "bad": [int(level in BAD_LEVELS) for level in LEVELS],
    }


def calendar(workdays: Workdays, first: date, last: date) -> Columns:
    """The days from first to last, and how many workdays there were up to each."""
    days, works, ordinals = [], [], []
    ordinal = 0
    for day, works_then in workdays.table(first, last):
        ordinal += works_then
        days.append(day)
        works.append(int(works_then))
        ordinals.append(ordinal)
    return {"day": days, "workday": works, "ordinal": ordinals}


def limits(rules: Rules) -> Columns:
    """Numbers that the views of facts look up, by name."""
    values = {
        "implausible_ms": rules.limits.implausible_ms,
        "contact_workdays": rules.deadlines.contact_workdays,
        "completion_workdays": rules.deadlines.completion_workdays,
    }
    return {"name": list(values), "value": list(values.values())}
