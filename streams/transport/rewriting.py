"""Records with other values in their places, and the earlier ones off the file: for what must not be kept.

Offsets, keys, times and headers stay, so whoever reads on finds what it looks for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Container, Sequence
from pathlib import Path
from typing import Final

import msgspec

from streams.transport import compaction
from streams.transport.database import connect, in_our_words, transaction
from streams.transport.errors import LogBusy
from streams.transport.record import Record, pack, unpack

_BUSY_SECONDS: Final = 30.0

# Records of a batch, with their topic, to their values as they shall be.
Change = Callable[[str, Sequence[Record]], Sequence[bytes | None]]


def rewrite(path: Path, topics: Container[str], change: Change) -> int:
    """Gives records other values, and returns how many of them are others now. Nothing should run over the log.

    1. In one transaction, batches in which a value changes are put anew; their old pages are overwritten.
    2. The file is built anew, without whatever was left of earlier ones on its pages.
    3. What waits in the write-ahead log goes into the file, and its own file becomes empty.

    Broken off after 1, it is to be done again for the sake of 2 and 3. Raises LogBusy, LogFull.
    """
    db = connect(path, _BUSY_SECONDS)
    try:
        db.execute("pragma secure_delete = on")
        changed = 0
        with transaction(db):  # 1.
            places = db.execute("select topic_id, partition, name from partitions join topics using (topic_id)")
            for topic_id, partition, name in places.fetchall():
                if name in topics:
                    changed += _rewrite(db, (topic_id, partition), name, change)
        with in_our_words():
            db.execute("vacuum")  # 2.
            is_busy, _, _ = db.execute("pragma wal_checkpoint(truncate)").fetchone()  # 3.
        if is_busy:
            raise LogBusy(f"another process reads {path}")
    finally:
        db.close()
    return changed


def _rewrite(db: sqlite3.Connection, place: tuple[int, int], topic: str, change: Change) -> int:
    """Rewrites a partition's batches, within a transaction."""
    where = "where topic_id = ? and partition = ?"
    ends = db.execute(f"select last_offset from batches {where} order by last_offset", place).fetchall()
    changed = 0
    for (last_offset,) in ends:
        batch = (*place, last_offset)
        appended_ms, blob = db.execute(
            f"select appended_ms, records from batches {where} and last_offset = ?", batch
        ).fetchone()
        records = unpack(blob)
        values = change(topic, records)
        others = sum(value != record.value for value, record in zip(values, records, strict=True))
        if others:
            rows = [msgspec.structs.replace(record, value=value) for record, value in zip(records, values, strict=True)]
            db.execute(f"delete from batches {where} and last_offset = ?", batch)
            compaction.insert(db, place, [(packed, appended_ms) for packed in pack(rows)])
            changed += others
    if changed:
        compaction.account(db, place)
    return changed


def read_batches(path: Path, topics: Container[str], look: Callable[[str, Sequence[Record]], None]) -> None:
    """Shows all records of topics, a batch at a time."""
    db = connect(path, _BUSY_SECONDS)
    try:
        with in_our_words():
            rows = db.execute("select name, records from batches join topics using (topic_id)")
            for name, blob in rows:
                if name in topics:
                    look(name, unpack(blob))
    finally:
        db.close()
