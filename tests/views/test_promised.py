"""The names and types that auditors write their queries for (contract §5, docs/semantics.md)."""

from __future__ import annotations

import pytest

from tests.views.tables import TABLES
from tests.views.warehouse import Warehouse

_MOMENT = "DateTime64(3, 'Asia/Shanghai')"


def types(warehouse: Warehouse, name: str) -> dict[str, str]:
    return {str(row["name"]): str(row["type"]) for row in warehouse.engine.rows(f"DESCRIBE TABLE pingliu.{name}")}


@pytest.mark.parametrize("name", TABLES)
def test_every_promised_table_has_its_columns_and_answers_when_nothing_came_yet(
    warehouse: Warehouse, name: str
) -> None:
    assert types(warehouse, name).keys() >= TABLES[name].columns
    assert warehouse.engine.rows(f"SELECT {', '.join(TABLES[name].columns)} FROM pingliu.{name}") == []


def test_moments_days_seconds_and_lists_have_the_promised_types(warehouse: Warehouse) -> None:
    expected = {
        "events": {"time": _MOMENT, "received_at": _MOMENT},
        "ratings": {"time": _MOMENT, "day": "Date", "tags": "Array(String)", "flags": "Array(String)"},
        "services": {
            "started_at": f"Nullable({_MOMENT})", "completed_at": f"Nullable({_MOMENT})", "day": "Date",
            "promised_by": f"Nullable({_MOMENT})", "wait_seconds": "Nullable(Float64)",
            "handle_seconds": "Nullable(Float64)", "flags": "Array(String)",
        },
        "rectifications": {
            "opened_at": _MOMENT, "contacted_at": f"Nullable({_MOMENT})", "completed_at": f"Nullable({_MOMENT})",
            "revisited_at": f"Nullable({_MOMENT})", "on_time": "Nullable(UInt8)",
        },
        "window_minutes": {"bucket": "DateTime('Asia/Shanghai')", "wait_seconds_sum": "Float64"},
        "street_minutes": {"bucket": "DateTime('Asia/Shanghai')", "handle_seconds_sum": "Float64"},
        "window_days": {"bucket": "Date"},
        "street_days": {"bucket": "Date"},
        "rejected": {"received_at": _MOMENT},
        "reconciliation": {"day": "Date"},
    }  # fmt: skip
    for name, columns in expected.items():
        found = types(warehouse, name)
        assert {column: found[column] for column in columns} == columns


def test_a_plain_user_of_the_tables_sees_no_sealed_bytes(warehouse: Warehouse) -> None:
    assert not [name for name in TABLES if "sealed" in types(warehouse, name)]
