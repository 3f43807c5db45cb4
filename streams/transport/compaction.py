"""What makes a log smaller: compaction by key, and dropping what is past its retention. Offsets never change."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from streams.transport.database import in_our_words, transaction
from streams.transport.record import BATCH_RECORDS, Packed, Record, pack, unpack

# Below this a partition is read in a moment anyway.
FLOOR_BYTES = 1 << 20

_PARTITION = "where topic_id = ? and partition = ?"


def is_due(size: int, dirty: int) -> bool:
    """Whether garbage may dominate: more than half of a partition came since its last compaction, and it isn't small.

    So a compaction costs at most twice what was appended meanwhile, however large the partition.
    """
    return dirty > FLOOR_BYTES and dirty * 2 > size


def compact(db: sqlite3.Connection, topic_id: int, partition: int, *, tombstones_before_ms: int) -> int:
    """Keep the newest record of each key; return how many went. Appends go on meanwhile.

    A tombstone goes too, with its key, once its batch is older than `tombstones_before_ms`: a reader that holds the
    key's old value must have had time to see it. A partition's newest record stays in any case, so that whoever reads
    up to the end gets there (Faust's table recovery waits for it). Records without a key stay.

    1. In one snapshot, find each key's newest offset, then pack what survives.
    2. In one transaction, put that in place of the batches read - unless another compaction or drop came in between.
    """
    place = (topic_id, partition)
    with in_our_words():
        # Step 1.
        db.execute("begin")
        try:
            (rewrites,) = db.execute(f"select rewrites from partitions {_PARTITION}", place).fetchone()
            newest: dict[bytes, int] = {}
            before = 0
            last = -1
            for _, record in _records(db, place):
                before += 1
                last = record.offset
                if record.key is not None:
                    newest[record.key] = last
            survivors = list(_survivors(db, place, newest, last, tombstones_before_ms))
        finally:
            db.execute("commit")
    after = sum(packed.records for packed, _ in survivors)
    # Step 2.
    with transaction(db):
        if db.execute(f"select rewrites from partitions {_PARTITION}", place).fetchone() != (rewrites,):
            return 0
        db.execute(f"delete from batches {_PARTITION} and last_offset <= ?", (*place, last))
        insert(db, place, survivors)
        account(db, place, clean_through=last)
    return before - after


def _records(db: sqlite3.Connection, place: tuple[int, int]) -> Iterator[tuple[int, Record]]:
    rows = db.execute(f"select appended_ms, records from batches {_PARTITION} order by last_offset", place)
    for appended_ms, blob in rows:
        for record in unpack(blob):
            yield appended_ms, record


def _survivors(
    db: sqlite3.Connection, place: tuple[int, int], newest: dict[bytes, int], last: int, tombstones_before_ms: int
) -> Iterator[tuple[Packed, int]]:
    """What stays, in batches, each with the time of its youngest record."""
    group: list[Record] = []
    youngest_ms = 0
    for appended_ms, record in _records(db, place):
        if record.key is not None and record.offset != last:
            removed = record.value is None and appended_ms < tombstones_before_ms
            if removed or newest[record.key] != record.offset:
                continue
        group.append(record)
        youngest_ms = max(youngest_ms, appended_ms)
        if len(group) == BATCH_RECORDS:
            yield from ((packed, youngest_ms) for packed in pack(group))
            group, youngest_ms = [], 0
    yield from ((packed, youngest_ms) for packed in pack(group))


def drop(db: sqlite3.Connection, topic_id: int, partition: int, *, appended_before_ms: int) -> int:
    """Drop the oldest batches, until one appended at `appended_before_ms` or later; return how many records."""
    place = (topic_id, partition)
    with transaction(db):
        # Looking from the oldest on ends at the first that stays.
        stays = db.execute(
            f"select last_offset from batches {_PARTITION} and appended_ms >= ? order by last_offset limit 1",
            (*place, appended_before_ms),
        ).fetchone()
        until = 1 << 62 if stays is None else stays[0]
        dropped: int = db.execute(
            f"select coalesce(sum(count), 0) from batches {_PARTITION} and last_offset < ?", (*place, until)
        ).fetchone()[0]
        if dropped:
            db.execute(f"delete from batches {_PARTITION} and last_offset < ?", (*place, until))
            account(db, place)
    return dropped


def insert(db: sqlite3.Connection, place: tuple[int, int], batches: list[tuple[Packed, int]]) -> int:
    """Insert batches, each with the time it was appended; return their bytes. Only within a transaction."""
    db.executemany(
        "insert into batches (topic_id, partition, last_offset, first_offset, count, appended_ms, records)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        [(*place, b.last_offset, b.first_offset, b.records, appended_ms, b.blob) for b, appended_ms in batches],
    )
    return sum(len(b.blob) for b, _ in batches)


def account(db: sqlite3.Connection, place: tuple[int, int], clean_through: int | None = None) -> None:
    """Count a partition's bytes anew after a rewrite; those up to `clean_through` are compacted."""
    total = "(select coalesce(sum(length(records)), 0) from batches where topic_id = ? and partition = ?"
    size = db.execute(f"select {total})", place).fetchone()[0]
    if clean_through is None:
        dirty = db.execute(f"select min(dirty_bytes, ?) from partitions {_PARTITION}", (size, *place)).fetchone()[0]
    else:
        dirty = db.execute(f"select {total} and last_offset > ?)", (*place, clean_through)).fetchone()[0]
    db.execute(
        f"update partitions set bytes = ?, dirty_bytes = ?, rewrites = rewrites + 1 {_PARTITION}", (size, dirty, *place)
    )
