"""The public tables of the contract (§5): what a row is known by, and the columns that are promised."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Final, NamedTuple

Row = dict[str, Any]
Key = tuple[Any, ...]
Table = dict[Key, Row]

_SHANGHAI: Final = timezone(timedelta(hours=8))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=_SHANGHAI) + timedelta(hours=8)
_COUNTERS: Final = (
    "calls abandoned services ratings very_satisfied satisfied basically_satisfied dissatisfied very_dissatisfied"
    " points duplicates wait_seconds_sum wait_count handle_seconds_sum handle_count rectifications_opened"
)
# Columns that hold a moment; as text in Shanghai's time, with or without milliseconds.
_MOMENTS: Final = (
    "time", "received_at", "started_at", "completed_at", "promised_by", "opened_at", "contact_due", "due",
    "contacted_at", "revisited_at",
)  # fmt: skip


class Public(NamedTuple):
    """A public table: its key, all its promised columns, and what is selected to look at them."""

    key: tuple[str, ...]
    columns: frozenset[str]
    selected: str


def _public(key: str, columns: str, selected: str = "*") -> Public:
    return Public(tuple(key.split()), frozenset(columns.split()), selected)


TABLES: Final[Mapping[str, Public]] = {
    "events": _public(
        "source id", "id source type time street site window staff data partition offset received_at"
    ),
    "ratings": _public(
        "rating",
        "rating service level points channel tags comment real_name rater_hash round time day street site window staff"
        " item department effective voided flags",
    ),
    "services": _public(
        "service",
        "service ticket item kind outcome started_at completed_at wait_seconds handle_seconds promised_by street site"
        " window staff day",
    ),
    "rectifications": _public(
        "rating",
        "rating opened_at contact_due due state contacted_at completed_at revisited_at finding liable on_time street"
        " site window staff",
    ),
    "window_minutes": _public("street site window bucket", f"bucket street site window {_COUNTERS}"),
    "window_days": _public("street site window bucket", f"bucket street site window {_COUNTERS}"),
    "street_minutes": _public("street bucket", f"bucket street tickets {_COUNTERS}"),
    "street_days": _public("street bucket", f"bucket street tickets {_COUNTERS}"),
    # raw may hold any bytes, which JSON can't.
    "rejected": _public(
        "topic partition offset",
        "reason detail path raw topic partition offset received_at",
        "* REPLACE (hex(raw) AS raw)",
    ),
    "reconciliation": _public("street day measure", "street day measure live facts"),
}  # fmt: skip


def keyed(name: str, rows: Iterable[Row]) -> Table:
    """Rows by their key, moments as epoch ms, data as it reads. No two rows may have one key."""
    public = TABLES[name]
    table: Table = {}
    for row in rows:
        plain = {column: _plain(name, column, value) for column, value in row.items()}
        key = tuple(plain[column] for column in public.key)
        assert key not in table, f"{name}: two rows of {key}"
        table[key] = plain
    return table


def differences(name: str, expected: Table, found: Table) -> list[str]:
    """Where a table differs from what was expected of it: rows, and in rows the expected columns."""
    lines = [f"{name}: no row {key}, but expected {expected[key]}" for key in expected.keys() - found.keys()]
    lines += [f"{name}: unexpected row {found[key]}" for key in found.keys() - expected.keys()]
    for key in expected.keys() & found.keys():
        lines += [
            f"{name} {key}: {column} is {found[key].get(column)!r}, expected {value!r}"
            for column, value in expected[key].items()
            if column not in found[key] or found[key][column] != value
        ]
    return sorted(lines)


def _plain(name: str, column: str, value: object) -> object:
    if isinstance(value, str) and (column in _MOMENTS or (column == "bucket" and name.endswith("minutes"))):
        return _epoch_ms(value)
    if isinstance(value, str) and column == "data":
        return json.loads(value)
    return value


def _epoch_ms(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=_SHANGHAI)
    return (moment - _EPOCH) // timedelta(milliseconds=1)
