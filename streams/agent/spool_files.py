"""The files of a spool: the database and how it is opened, the reserve, and what rejected events go to."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from streams.agent.errors import SpoolFormat, SpoolFull
from streams.transport.database import in_our_words, transaction
from streams.transport.errors import LogBusy, LogFormat, LogFull

_FORMAT: Final = 1
# `totals` is one row; triggers keep it, so that bounds need no counting. `bounds` are those of who last said them.
# `seq` is never given twice.
_SCHEMA: Final = (
    """create table waiting (
      seq integer primary key autoincrement, beat text not null, event blob not null
    )""",
    "create unique index one_beat on waiting (beat) where beat != ''",
    """create table refused (
      seq integer primary key, refused_ms integer not null, reason text not null, field text not null,
      detail text not null, event blob not null
    )""",
    "create table totals (events integer not null, bytes integer not null, last_id text not null)",
    "insert into totals values (0, 0, '')",
    "create table bounds (events integer not null, bytes integer not null, refused integer not null)",
    """create trigger came after insert on waiting begin
      update totals set events = events + 1, bytes = bytes + length(new.event);
    end""",
    """create trigger went after delete on waiting begin
      update totals set events = events - 1, bytes = bytes - length(old.event);
    end""",
    f"pragma user_version = {_FORMAT}",
)
# The WAL goes into the file when it has so many pages (of 4 KiB): it, and what it makes the file grow by, is less
# than the reserve; but for groups of megabytes, which then may have to wait for the disk.
_WAL_PAGES: Final = 128
_RESERVE_BYTES: Final = 1 << 20
_EXPORT_BYTES: Final = 16 << 20


def append(file: Path, text: bytes) -> None:
    """Appends to a file and waits for the disk; one that has grown large takes the place of the one before it first."""
    if file.exists() and file.stat().st_size > _EXPORT_BYTES:
        file.replace(file.with_name("refused.1.ndjson"))
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    begun = os.fstat(descriptor).st_size
    try:
        with os.fdopen(os.dup(descriptor), "ab") as appending:
            appending.write(text)
            appending.flush()
            os.fsync(appending.fileno())
    except OSError as error:
        # The disk may have taken half a line.
        os.ftruncate(descriptor, begun)
        raise SpoolFull(f"{file}: {error.strerror}") from error
    finally:
        os.close(descriptor)
    _sync(file.parent)


def make_private(folder: Path, path: Path) -> None:
    """Folder and file, their owner's alone: events hold what raters say. Their names are on disk, too."""
    if not folder.is_dir():
        folder.mkdir(parents=True, mode=0o700)
        _sync(folder.parent)
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        _sync(folder)


def keep_reserve(file: Path) -> bool:
    """Whether the reserve is there; one that was used is made again as soon as there is room."""
    if file.exists():
        return True
    draft = file.with_suffix(".new")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, _RESERVE_BYTES)
        finally:
            os.close(descriptor)
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        return False
    return True


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_database(path: Path, busy_seconds: float) -> sqlite3.Connection:
    """A connection to a spool's database, which is made if it is empty. Raises SpoolFormat, SpoolFull."""
    with in_spool_words(), ExitStack() as held:
        # Making it takes turns: the change to WAL needs the file alone, and SQLite doesn't wait for it.
        turn = os.open(path.with_suffix(".opening"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        held.callback(os.close, turn)
        fcntl.flock(turn, fcntl.LOCK_EX)
        db = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
        held.callback(db.close)
        db.execute("pragma journal_mode = wal")
        # FULL: what `put` has stored survives a power cut, which is what programs are told.
        db.execute("pragma synchronous = full")
        db.execute(f"pragma wal_autocheckpoint = {_WAL_PAGES}")
        if _format(db) == 0:
            with transaction(db):
                for statement in _SCHEMA:
                    db.execute(statement)
        if (found := _format(db)) != _FORMAT:
            raise SpoolFormat(f"this program reads spools of format {_FORMAT}; {path} has {found}")
        # All is well: the turn ends, the connection stays.
        held.pop_all()
        os.close(turn)
    return db


def _format(db: sqlite3.Connection) -> int:
    version: int = db.execute("pragma user_version").fetchone()[0]
    return version


@contextmanager
def in_spool_words() -> Iterator[None]:
    """Raise SQLite's *busy* and *no room* as SpoolFull, and a file that is no spool as SpoolFormat."""
    try:
        with in_our_words():
            yield
    except LogFull as error:
        raise SpoolFull(f"the disk has no room for the spool: {error.__cause__}") from error
    except LogBusy as error:
        raise SpoolFull(f"another process writes to the spool: {error.__cause__}") from error
    except LogFormat as error:
        raise SpoolFormat("the file is no spool") from error
