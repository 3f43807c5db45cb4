"""A log like Kafka's in one SQLite file: topics in partitions, records in order, and how far each group has got.

Several processes share it: one appends events, others read them, append what they make of them, and commit. SQLite
gives atomic appends over many topics, and survival: WAL and `synchronous = full`, so what `append` returned is on disk.
The file must be on a local disk, for WAL needs shared memory.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from streams.transport import catalogue, compaction
from streams.transport.catalogue import Topic
from streams.transport.database import connect, in_our_words, is_busy, transaction
from streams.transport.errors import TopicMismatch
from streams.transport.record import Entry, Record, Row, pack, unpack

# A topic's name and a partition of it; Faust's TP is one.
Partition = tuple[str, int]
P = TypeVar("P", bound=Partition)

# As long as Kafka keeps tombstones for readers that lag (delete.retention.ms).
TOMBSTONES_KEPT_MS = 24 * 60 * 60 * 1000

# What one read may return at most, stored; events unpack to three or four times that.
_READ_BYTES = 4 << 20


class Log:
    """The log in the file at `path`, made if missing.

    Any thread may call any method: appends and commits take turns on one connection, reads on another, and decoding is
    done outside of either turn. A write waits up to `busy_timeout` seconds for other processes, then raises `LogBusy`;
    if there is no room it raises `LogFull`. Nothing is written then, and the same call may be made again.
    A log must not be used across a fork.
    """

    def __init__(self, path: str | Path, *, busy_timeout: float = 30.0) -> None:
        self.path = Path(path)
        self._busy_timeout = busy_timeout
        self._writing, self._reading, self._watching = threading.Lock(), threading.Lock(), threading.Lock()
        self._writer = connect(self.path, busy_timeout)
        self._reader = connect(self.path, busy_timeout)
        # Of its own and never writing, for a connection's data_version doesn't count what it wrote itself.
        self._watcher = connect(self.path, busy_timeout)
        self._watcher.execute("pragma busy_timeout = 0")
        self._version: int | None = None
        self._topics = catalogue.Catalogue(self._select)

    def close(self) -> None:
        """Close the log. Calls under way end first; later ones fail."""
        for turn, db in (
            (self._writing, self._writer), (self._reading, self._reader), (self._watching, self._watcher),
        ):  # fmt: skip
            with turn:
                db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def create_topic(
        self, name: str, partitions: int, *, compacted: bool = False, retention_ms: int | None = None
    ) -> None:
        """Create a topic, or leave it as it is. Raise `TopicMismatch` if it has another number of partitions."""
        if partitions < 1:
            raise ValueError(f"topic {name} needs at least one partition")
        if self.partitions(name) is None:
            with self._write() as db:
                catalogue.create(db, Topic(name, partitions, compacted, retention_ms))
        if (existing := self.partitions(name)) != partitions:
            raise TopicMismatch(f"topic {name} has {existing} partitions, not {partitions}")

    def topics(self) -> list[Topic]:
        """All topics, by name."""
        return self._topics.read()

    def partitions(self, topic: str) -> int | None:
        """How many partitions the topic has; None if there is no such topic."""
        return self._topics.partitions(topic)

    def append(self, entries: Sequence[Entry]) -> list[int]:
        """Append all entries, or none, in one transaction; return their offsets in the order of the entries.

        The offsets of a partition are contiguous, in the order of the entries.
        """
        offsets: list[int] = []
        batches: dict[Partition, tuple[int, list[Row]]] = {}
        for entry in entries:
            for data in (entry.key, entry.value):
                if not (data is None or isinstance(data, bytes)):
                    raise TypeError(f"keys and values are bytes or None, not {type(data).__name__}")
        with self._write() as db:
            for topic, partition, timestamp_ms, key, value, headers in entries:
                batch = batches.get((topic, partition))
                if batch is None:
                    end = db.execute(
                        "select end_offset from partitions where topic_id = ? and partition = ?",
                        self._topics.place(topic, partition),
                    ).fetchone()[0]
                    batch = batches[topic, partition] = (end, [])
                offset = batch[0] + len(batch[1])
                row = (offset, timestamp_ms, key, value)
                batch[1].append((*row, headers) if headers else row)
                offsets.append(offset)
            now_ms = _now_ms()
            for (topic, partition), (end, rows) in batches.items():
                place = self._topics.place(topic, partition)
                size = compaction.insert(db, place, [(packed, now_ms) for packed in pack(rows)])
                db.execute(
                    "update partitions set end_offset = ?, bytes = bytes + ?, dirty_bytes = dirty_bytes + ?"
                    " where topic_id = ? and partition = ?",
                    (end + len(rows), size, size, *place),
                )
        return offsets

    def read(self, topic: str, partition: int, offset: int, *, max_records: int = 5000) -> list[Record]:
        """At most `max_records` records of `offset` and later, in order; empty at the end.

        Offsets may be missing where a topic was compacted or trimmed. Fewer may come than there are, for batches are
        taken whole and large records few at a time, but always one if there is one.
        """
        place = self._topics.place(topic, partition)
        blobs: list[bytes] = []
        count = size = 0
        with self._reading, in_our_words():
            rows = self._reader.execute(
                "select count, records from batches where topic_id = ? and partition = ? and last_offset >= ?"
                " order by last_offset",
                (*place, offset),
            )
            for in_batch, blob in rows:
                if blobs and (count + in_batch > max_records or size + len(blob) > _READ_BYTES):
                    break
                blobs.append(blob)
                # The first batch may begin before the offset; what counts is only to stop early enough.
                count, size = count + in_batch, size + len(blob)
            rows.close()
        records = [record for blob in blobs for record in unpack(blob)]
        if records and records[0].offset < offset:
            records = [record for record in records if record.offset >= offset]
        return records[:max_records]

    def read_all(self, topic: str, partition: int) -> list[Record]:
        """All records of a partition that there are now, in order."""
        records: list[Record] = []
        offset = 0
        while fetched := self.read(topic, partition, offset):
            records += fetched
            offset = fetched[-1].offset + 1
        return records

    def begin(self, topic: str, partition: int) -> int:
        """The offset of the oldest record there is; `end` if there is none."""
        oldest = self._select(
            "select first_offset from batches where topic_id = ? and partition = ? order by last_offset limit 1",
            self._topics.place(topic, partition),
        )
        return int(oldest[0][0]) if oldest else self.end(topic, partition)

    def end(self, topic: str, partition: int) -> int:
        """The offset the next record will get. It never goes back."""
        found = self._select(
            "select end_offset from partitions where topic_id = ? and partition = ?",
            self._topics.place(topic, partition),
        )
        return int(found[0][0])

    def ends(self) -> dict[Partition, int]:
        """`end` of every partition there is."""
        found = self._select("select name, partition, end_offset from partitions join topics using (topic_id)")
        return {(name, partition): end for name, partition, end in found}

    def commit(self, group: str, next_offsets: Mapping[P, int]) -> None:
        """Remember, in one transaction, from where the group reads on."""
        with self._write() as db:
            db.executemany(
                "insert or replace into commits (consumers, topic_id, partition, next_offset) values (?, ?, ?, ?)",
                [(group, *self._topics.place(*partition), offset) for partition, offset in next_offsets.items()],
            )

    def committed(self, group: str, topic: str, partition: int) -> int | None:
        """From where the group reads on; None if it never committed."""
        found = self._select(
            "select next_offset from commits where consumers = ? and topic_id = ? and partition = ?",
            (group, *self._topics.place(topic, partition)),
        )
        return int(found[0][0]) if found else None

    def groups(self) -> list[str]:
        """The groups that ever committed."""
        return [name for (name,) in self._select("select distinct consumers from commits order by consumers")]

    def lag(self, group: str, topics: Iterable[str]) -> dict[Partition, int]:
        """How many offsets the group is behind, in every partition of the topics; an unknown topic has none."""
        behind = {}
        for topic in topics:
            for partition in range(self.partitions(topic) or 0):
                begin = self.begin(topic, partition)
                next_offset = max(self.committed(group, topic, partition) or 0, begin)
                behind[topic, partition] = max(0, self.end(topic, partition) - next_offset)
        return behind

    def changed(self) -> bool:
        """Whether anyone may have written to the log since the last call; True the first time.

        It takes microseconds and never waits, so that an event loop may ask. Commits and topics count as well. The
        answer is for one poller: two on the same `Log` would miss changes.
        """
        with self._watching:
            try:
                version = self._watcher.execute("pragma data_version").fetchone()[0]
            except sqlite3.OperationalError as error:
                if not is_busy(error):
                    raise
                version = None
            changed, self._version = version is None or version != self._version, version
        return changed

    def compact(self, topic: str, partition: int, *, tombstones_kept_ms: int = 0) -> int:
        """Keep the newest record of each key only; return how many went. See `compaction.compact`."""
        place = self._topics.place(topic, partition)
        with self._own_connection() as db:
            return compaction.compact(db, *place, tombstones_before_ms=_now_ms() - tombstones_kept_ms + 1)

    def maintain(self) -> None:
        """Compact compacted topics where garbage may dominate, and drop what is past its topic's retention.

        Retention counts from when a record was appended, not from its timestamp: replayed events are old at once.
        Processes may do this at the same time.
        """
        for topic in self.topics():
            for partition in range(topic.partitions):
                place = self._topics.place(topic.name, partition)
                if topic.retention_ms is not None:
                    with self._own_connection() as db:
                        compaction.drop(db, *place, appended_before_ms=_now_ms() - topic.retention_ms)
                sizes = "select bytes, dirty_bytes from partitions where topic_id = ? and partition = ?"
                if topic.compacted and compaction.is_due(*self._select(sizes, place)[0]):
                    self.compact(topic.name, partition, tombstones_kept_ms=TOMBSTONES_KEPT_MS)

    def _select(self, statement: str, values: tuple[object, ...] = ()) -> list[Any]:
        with self._reading, in_our_words():
            return self._reader.execute(statement, values).fetchall()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._writing, transaction(self._writer) as db:
            yield db

    @contextmanager
    def _own_connection(self) -> Iterator[sqlite3.Connection]:
        """For what takes long: it shall not keep others from their turn."""
        db = connect(self.path, self._busy_timeout)
        try:
            yield db
        finally:
            db.close()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
