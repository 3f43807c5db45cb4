"""`pingliu ingest` from file to answers: everything is accounted for, once, whatever the way it came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streams.routing import entry_of
from streams.transport.log import Log
from tests import recount
from tests.box import TABLES, Box, split, write_simulated

Figures = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ingest")


@pytest.fixture(scope="module")
def lines(folder: Path) -> list[bytes]:
    return write_simulated(folder / "a.ndjson", days=3, scale=0.04)


@pytest.fixture(scope="module")
def box(folder: Path, lines: list[bytes]) -> Box:
    return Box(folder / "data")


@pytest.fixture(scope="module")
def account(box: Box, folder: Path) -> dict[str, Any]:
    return box.ingest(folder / "a.ndjson")


@pytest.fixture(scope="module")
def figures(box: Box, account: dict[str, Any]) -> Figures:
    return box.figures()


def _messages(box: Box) -> list[recount.Message]:
    with Log(box.root / "log.db") as log:
        return [
            recount.Message(partition, record.offset, record.timestamp_ms, record.value)
            for topic in ("pingliu.events",)
            for partition in range(log.partitions(topic) or 0)
            for record in log.read(topic, partition, 0, max_records=10**9)
        ]


def test_every_line_is_accepted_or_rejected_with_its_reason(
    account: dict[str, Any], lines: list[bytes], box: Box
) -> None:
    assert account["read"] == len(lines)
    assert account["read"] == account["accepted"] + sum(account["rejected"].values())
    expected = recount.totals(_messages(box))
    assert account["rejected"] == expected.rejected
    assert account["duplicates"] == expected.duplicates > 0
    rows = box.rows("SELECT reason, count() AS n FROM rejected GROUP BY reason")
    assert {row["reason"]: row["n"] for row in rows} == account["rejected"]


def test_every_public_table_answers(account: dict[str, Any], box: Box) -> None:
    box.run_in_turn(*(("query", f"SELECT * FROM {table} LIMIT 1") for table in TABLES))


def test_live_figures_equal_an_independent_recount_and_reconcile_with_the_facts(figures: Figures, box: Box) -> None:
    expected = recount.live(_messages(box))
    for table, key in (
        ("window_minutes", lambda r: (r["street"], r["site"], r["window"], r["start"])),
        ("window_days", lambda r: (r["street"], r["site"], r["window"], r["bucket"])),
        ("street_minutes", lambda r: (r["street"], r["start"])),
        ("street_days", lambda r: (r["street"], r["bucket"])),
    ):
        start = ", toUnixTimestamp(bucket) AS start" if table.endswith("minutes") else ""
        found = {}
        for row in box.rows(f"SELECT *{start} FROM {table}"):
            counters = {name: row[name] for name in row if name not in ("bucket", "start", "street", "site", "window")}
            for name in ("wait", "handle"):
                counters[f"{name}_ms_sum"] = round(counters.pop(f"{name}_seconds_sum") * 1000)
            found[key(row)] = counters
        assert found == getattr(expected, table), table
    assert figures["reconciliation"] == []


def test_the_same_file_again_is_redelivery(figures: Figures, box: Box, folder: Path, lines: list[bytes]) -> None:
    again = box.ingest(folder / "a.ndjson")
    assert again["read"] == len(lines) == again["accepted"] + sum(again["rejected"].values())
    heartbeats = sum(entry_of(line, 4, 0).topic == "pingliu.devices" for line in lines)
    assert again["duplicates"] == again["accepted"] - heartbeats
    assert box.figures() == figures


def test_two_files_in_either_order_of_streets_in_one_call_or_two_give_the_same_figures(
    figures: Figures, lines: list[bytes], tmp_path: Path
) -> None:
    first, second = split(lines, lambda line: (entry_of(line, 4, 0).key or b"") < b"530102003")
    (tmp_path / "first.ndjson").write_bytes(b"\n".join(first))
    (tmp_path / "second.ndjson").write_bytes(b"\r\n".join(second) + b"\r\n")
    one_call = Box(tmp_path / "one")
    one_call.ingest(tmp_path / "second.ndjson", tmp_path / "first.ndjson")
    assert one_call.figures() == figures
    two_calls = Box(tmp_path / "two")
    two_calls.ingest(tmp_path / "first.ndjson")
    two_calls.run("ingest", "-", stdin=(tmp_path / "second.ndjson").read_bytes())
    assert two_calls.figures() == figures
