"""What compaction and retention keep."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.transport import Entry, Log, Record, compaction
from tests.transport.conftest import entries, everything

_KEYS = st.sampled_from([b"a", b"b", b"c", None])
_VALUES = st.sampled_from([b"1", b"2", None])


@settings(max_examples=50, deadline=None)
@given(records=st.lists(st.tuples(_KEYS, _VALUES), min_size=1, max_size=30), cut=st.integers(1, 10))
def test_compaction_keeps_the_newest_of_each_key_at_its_offset(
    fresh_topic: Callable[[], tuple[Log, str]], records: list[tuple[bytes | None, bytes | None]], cut: int
) -> None:
    log, topic = fresh_topic()
    for start in range(0, len(records), cut):
        log.append([Entry(topic, 0, 0, key, value) for key, value in records[start : start + cut]])
    before = log.read(topic, 0, 0)
    newest = {record.key: record for record in before if record.key is not None}

    gone = log.compact(topic, 0)

    kept = [
        record
        for record in before
        if record is before[-1] or record.key is None or (record.value is not None and newest[record.key] is record)
    ]
    assert log.read(topic, 0, 0) == kept
    assert gone == len(before) - len(kept)
    assert log.end(topic, 0) == len(records)
    assert log.begin(topic, 0) == kept[0].offset
    assert log.compact(topic, 0) == 0


def test_appends_go_on_after_the_end_of_what_was_compacted(log: Log) -> None:
    log.create_topic("numbers", 1, compacted=True)
    log.append(entries(range(5_000)))
    assert log.compact("numbers", 0) == 4_990

    assert log.append(entries(range(2))) == [5_000, 5_001]
    assert [record.offset for record in log.read("numbers", 0, 4_995)] == [
        4_995,
        4_996,
        4_997,
        4_998,
        4_999,
        5_000,
        5_001,
    ]


def test_a_reader_in_the_middle_goes_on_over_the_gap(log: Log) -> None:
    log.create_topic("table", 1, compacted=True)
    log.append([Entry("table", 0, 0, key, b"old") for key in (b"a", b"b", b"c")])
    log.append([Entry("table", 0, 0, key, b"new") for key in (b"c", b"d")])
    log.compact("table", 0)

    assert log.read("table", 0, 2) == [Record(3, 0, b"c", b"new"), Record(4, 0, b"d", b"new")]


def test_tombstones_wait_for_readers_that_lag(log: Log) -> None:
    log.create_topic("table", 1, compacted=True)
    log.append([Entry("table", 0, 0, b"a", b"old"), Entry("table", 0, 0, b"a", None), Entry("table", 0, 0, b"b", b"")])

    log.compact("table", 0, tombstones_kept_ms=1_000_000)
    assert [record.key for record in log.read("table", 0, 0)] == [b"a", b"b"]

    log.compact("table", 0)
    assert [record.key for record in log.read("table", 0, 0)] == [b"b"]


def test_maintenance_compacts_only_what_is_worth_it(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.create_topic("plain", 1)
    log.create_topic("small", 1, compacted=True)
    log.create_topic("large", 1, compacted=True)
    monkeypatch.setattr(compaction, "FLOOR_BYTES", 10_000)
    log.append([*entries(range(100), "small"), *entries(range(20_000), "large"), *entries(range(20_000), "plain")])

    log.maintain()
    assert [len(everything(log, topic)) for topic in ("plain", "small", "large")] == [20_000, 100, 10]

    # What came since is now more than half again.
    log.append(entries(range(20_000), "large"))
    log.maintain()
    assert len(everything(log, "large")) == 10


def test_what_is_past_its_retention_goes_and_the_end_stays(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.create_topic("numbers", 1, retention_ms=60_000)
    now_ms = 1_000_000
    monkeypatch.setattr("streams.transport.log._now_ms", lambda: now_ms)
    log.append(entries(range(10)))
    now_ms += 40_000
    log.append(entries(range(10, 20)))

    # Record times are of long ago, and don't matter.
    log.maintain()
    assert log.begin("numbers", 0) == 0

    now_ms += 40_000
    log.maintain()
    assert log.begin("numbers", 0) == 10
    assert everything(log, "numbers") == [b"%d" % n for n in range(10, 20)]

    now_ms += 40_000
    log.maintain()
    assert log.begin("numbers", 0) == log.end("numbers", 0) == 20
    assert log.append(entries(range(1))) == [20]
    assert log.lag("readers", ["numbers"]) == {("numbers", 0): 1}


def test_a_compaction_that_was_overtaken_changes_nothing(path: Path, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.create_topic("numbers", 1, compacted=True)
    log.append(entries(range(100)))
    survivors = compaction._survivors

    def overtaken(*args: Any) -> Any:
        monkeypatch.setattr(compaction, "_survivors", survivors)
        found = list(survivors(*args))
        with Log(path) as other:
            other.compact("numbers", 0)
            other.append(entries(range(100, 105)))
        return found

    monkeypatch.setattr(compaction, "_survivors", overtaken)

    assert log.compact("numbers", 0) == 0
    assert everything(log, "numbers") == [b"%d" % n for n in (*range(90, 100), *range(100, 105))]
