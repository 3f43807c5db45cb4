"""What a log promises, within one process."""

from __future__ import annotations

import itertools
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.transport import Entry, Log, LogFormat, Record, Topic, TopicMismatch, UnknownTopic
from tests.transport.conftest import entries, everything


def test_records_come_back_in_the_order_and_with_all_that_was_appended(log: Log) -> None:
    log.create_topic("numbers", 2)
    log.append(
        [Entry("numbers", 1, 7, b"k", b"v"), Entry("numbers", 1, 8, None, None), Entry("numbers", 1, 9, b"", b"")]
    )

    assert log.read("numbers", 1, 0) == [Record(0, 7, b"k", b"v"), Record(1, 8, None, None), Record(2, 9, b"", b"")]
    assert log.read("numbers", 0, 0) == []


def test_offsets_of_a_partition_are_contiguous_and_returned_in_the_order_of_the_entries(log: Log) -> None:
    log.create_topic("numbers", 3)
    log.create_topic("letters", 1)
    log.append(entries(range(10), partitions=3))

    offsets = log.append([*entries(range(7), partitions=3), Entry("letters", 0, 0, None, b"a"), *entries(range(1))])

    assert offsets == [4, 3, 3, 5, 4, 4, 6, 0, 7]
    for partition in range(3):
        read = [record.offset for record in log.read("numbers", partition, 0)]
        assert read == list(range(log.end("numbers", partition)))


@settings(max_examples=50, deadline=None)
@given(sizes=st.lists(st.integers(1, 2_500), max_size=5), at=st.integers(0, 6_000), most=st.integers(1, 3_000))
def test_a_read_begins_at_its_offset_wherever_batches_begin(
    fresh_topic: Callable[[], tuple[Log, str]], sizes: list[int], at: int, most: int
) -> None:
    log, topic = fresh_topic()
    numbers = itertools.count()
    for size in sizes:
        log.append([Entry(topic, 0, 0, None, b"%d" % next(numbers)) for _ in range(size)])
    end = sum(sizes)

    read = log.read(topic, 0, at, max_records=most)

    assert len(read) <= most
    assert [record.offset for record in read] == list(range(at, at + len(read)))
    assert [record.value for record in read] == [b"%d" % record.offset for record in read]
    assert bool(read) == (at < end)


def test_large_records_come_in_reads_of_bounded_size_and_none_is_too_large(log: Log) -> None:
    log.create_topic("blobs", 1)
    # Random bytes don't compress.
    blobs = [os.urandom(2 << 20) for _ in range(6)]
    log.append([Entry("blobs", 0, 0, None, blob) for blob in blobs])

    assert len(log.read("blobs", 0, 0)) < len(blobs)
    assert everything(log, "blobs") == blobs


def test_an_append_over_topics_is_whole_or_not_at_all(log: Log) -> None:
    log.create_topic("numbers", 1)
    log.create_topic("letters", 1)

    with pytest.raises(UnknownTopic):
        log.append([*entries(range(5)), Entry("letters", 0, 0, None, b"a"), Entry("nowhere", 0, 0, None, b"b")])
    with pytest.raises(TypeError):
        log.append([*entries(range(5)), Entry("letters", 0, 0, None, "text")])  # type: ignore[arg-type]

    assert log.end("numbers", 0) == log.end("letters", 0) == 0
    assert log.append(entries(range(2))) == [0, 1]


def test_a_log_outlives_its_closing(path: Path) -> None:
    with Log(path) as log:
        log.create_topic("numbers", 1)
        log.append(entries(range(1_234)))
        log.commit("readers", {("numbers", 0): 1_000})

    with Log(path) as log:
        assert everything(log, "numbers") == [b"%d" % n for n in range(1_234)]
        assert log.committed("readers", "numbers", 0) == 1_000


def test_a_topic_is_created_once_and_its_partitions_are_fixed(log: Log) -> None:
    log.create_topic("numbers", 2, compacted=True, retention_ms=1_000)
    log.create_topic("numbers", 2)

    assert log.topics() == [Topic("numbers", 2, True, 1_000)]
    assert log.partitions("numbers") == 2
    assert log.partitions("nothing") is None
    with pytest.raises(TopicMismatch):
        log.create_topic("numbers", 3)


@pytest.mark.parametrize(("topic", "partition"), [("nothing", 0), ("numbers", 2), ("numbers", -1)])
def test_what_does_not_exist_cannot_be_read_or_written(log: Log, topic: str, partition: int) -> None:
    log.create_topic("numbers", 2)

    for attempt in (
        lambda: log.append([Entry(topic, partition, 0, None, b"")]),
        lambda: log.read(topic, partition, 0),
        lambda: log.end(topic, partition),
        lambda: log.commit("readers", {(topic, partition): 1}),
    ):
        with pytest.raises(UnknownTopic):
            attempt()


def test_each_group_goes_on_from_what_it_committed(log: Log) -> None:
    log.create_topic("numbers", 2)
    log.append(entries(range(10), partitions=2))

    log.commit("readers", {("numbers", 0): 3, ("numbers", 1): 5})
    log.commit("others", {("numbers", 0): 1})

    assert log.committed("readers", "numbers", 0) == 3
    assert log.committed("others", "numbers", 1) is None
    assert log.groups() == ["others", "readers"]
    assert log.lag("readers", ["numbers"]) == {("numbers", 0): 2, ("numbers", 1): 0}
    assert log.lag("others", ["numbers", "nothing"]) == {("numbers", 0): 4, ("numbers", 1): 5}


def test_a_commit_is_for_all_its_partitions_or_for_none(log: Log) -> None:
    log.create_topic("numbers", 1)

    with pytest.raises(UnknownTopic):
        log.commit("readers", {("numbers", 0): 3, ("nothing", 0): 5})

    assert log.committed("readers", "numbers", 0) is None


def test_a_change_by_anyone_is_noticed_once(path: Path, log: Log) -> None:
    log.create_topic("numbers", 1)
    assert log.changed()
    assert not log.changed()

    log.append(entries(range(1)))
    assert log.changed()
    assert not log.changed()

    with Log(path) as other:
        other.append(entries(range(1)))
    assert log.changed()
    assert not log.changed()


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"):
        Log(tmp_path / "missing" / "log.db")


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no log " * 1_000)
    newer = tmp_path / "newer.db"
    with sqlite3.connect(newer) as db:
        db.execute("pragma user_version = 2")
    db.close()

    for other in (text, newer):
        with pytest.raises(LogFormat):
            Log(other)
    assert text.read_text() == "no log " * 1_000
