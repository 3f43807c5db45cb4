"""SQLite as the log uses it: opening, transactions, and its errors said in our words."""

from __future__ import annotations

import errno
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from streams.transport.errors import LogBusy, LogFormat, LogFull

# 1: the first layout. It is in the file's header, so that a later program knows what it opens.
_FORMAT = 1

_SCHEMA = """
create table topics (
  topic_id integer primary key,
  name text not null unique,
  partitions integer not null,
  compacted integer not null,
  retention_ms integer
);
-- end_offset is kept apart from the batches, for it must not go back when these are compacted or dropped.
-- dirty_bytes came since the last compaction, rewrites counts compactions and drops, so that two can't interleave.
create table partitions (
  topic_id integer not null references topics,
  partition integer not null,
  end_offset integer not null default 0,
  bytes integer not null default 0,
  dirty_bytes integer not null default 0,
  rewrites integer not null default 0,
  primary key (topic_id, partition)
) without rowid;
create table batches (
  topic_id integer not null,
  partition integer not null,
  last_offset integer not null,
  first_offset integer not null,
  count integer not null,
  appended_ms integer not null,
  records blob not null,
  primary key (topic_id, partition, last_offset)
) without rowid;
create table commits (
  consumers text not null,
  topic_id integer not null references topics,
  partition integer not null,
  next_offset integer not null,
  primary key (consumers, topic_id, partition)
) without rowid;
"""

# PROTOCOL is what many processes that begin to read at the same instant may give one of them.
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
# A write that did not fit comes as one of these, depending on which file had to grow. SQLITE_IOERR_WRITE is also what a
# file size limit or a quota gives; a broken disk gives it too, and waiting and saying so is right there as well.
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE}


def connect(path: Path, busy_timeout: float) -> sqlite3.Connection:
    """A connection to the log at `path`, which is made if it is missing. It may be used by one thread at a time."""
    if not path.parent.is_dir():
        # SQLite would say no more than "unable to open database file".
        raise FileNotFoundError(errno.ENOENT, "no such directory for the log", str(path.parent))
    db = sqlite3.connect(path, timeout=busy_timeout, isolation_level=None, check_same_thread=False)
    try:
        _prepare(db, time.monotonic() + busy_timeout)
    except BaseException:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, deadline: float) -> None:
    with in_our_words():
        # Several processes start at once: the change to WAL needs the file alone, and SQLite doesn't wait for it.
        while True:
            try:
                db.execute("pragma journal_mode = wal")
                break
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        # FULL: an append that returned survives a power cut, which is what an acknowledgement promises.
        db.execute("pragma synchronous = full")
        # A burst may grow the WAL; afterwards it gives the space back.
        db.execute(f"pragma journal_size_limit = {64 << 20}")
        if _format(db) == 0:
            with transaction(db):
                if _format(db) == 0:
                    for statement in _SCHEMA.split(";"):
                        db.execute(statement)
                    db.execute(f"pragma user_version = {_FORMAT}")
    if (found := _format(db)) != _FORMAT:
        raise LogFormat(f"this program reads logs of format {_FORMAT}; the file has {found}")


def _format(db: sqlite3.Connection) -> int:
    version: int = db.execute("pragma user_version").fetchone()[0]
    return version


def is_busy(error: sqlite3.OperationalError) -> bool:
    """Whether SQLite only asks to try again; the low byte says what kind of error it is."""
    return error.sqlite_errorcode & 0xFF in _BUSY


@contextmanager
def in_our_words() -> Iterator[None]:
    """Raise SQLite's *busy* and *no room* as `LogBusy` and `LogFull`, and a file that is no log as `LogFormat`."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if is_busy(error):
            raise LogBusy(f"another process is writing to the log: {error}") from error
        if error.sqlite_errorcode in _FULL:
            raise LogFull(f"no room for the log to grow: {error}") from error
        raise
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise LogFormat("the file is no log") from error
        raise


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A write transaction that is wholly there after the block, or not at all."""
    with in_our_words():
        db.execute("begin immediate")
        try:
            yield db
            db.execute("commit")
        except BaseException:
            # SQLite has ended it already after some errors.
            if db.in_transaction:
                db.execute("rollback")
            raise
