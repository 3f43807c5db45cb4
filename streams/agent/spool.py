"""The spool: what waits for a verdict, in one SQLite file, in the order in which it was handed in.

An event's way, and what a crash or a power cut in between leaves:

1. `put` stores it, in a transaction that is on disk when it returns. Only then is the program told. Cut off before, it
   is not there and the program was told nothing.
2. `take` gives the oldest, and removes nothing.
3. The gateway has them and gives a verdict on each. Cut off before the answer, `take` gives the same again: the gateway
   may have them twice, and (source, id) counts once.
4. `settle` removes them, and puts those that were rejected into a table of their own, in one transaction. Cut off
   before, as 3.
5. Rejected events beyond those that are kept go to a file, which is on disk before they leave the table. Cut off
   between, they are in both.

On a full disk nothing more is stored, and what is there can still leave: removing takes room at first, so some is
reserved for it.

Nothing else removes an event, but a heartbeat that a newer one of its device replaces: the newest alone counts.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec

from streams.agent.errors import SpoolFull, SpoolTaken
from streams.agent.event import Draft
from streams.agent.ids import CHANCE_BITS, next_id
from streams.agent.spool_files import append, in_spool_words, keep_reserve, make_private, open_database
from streams.transport.database import transaction
from streams.transport.errors import GroupBusy
from streams.transport.membership import Membership


class Bounds(NamedTuple):
    """How much a spool holds: events that wait, their bytes, and rejected events."""

    events: int = 100_000
    bytes: int = 64 << 20
    refused: int = 10_000


class Waiting(NamedTuple):
    """An event that waits; `seq` is its number in the spool."""

    seq: int
    event: bytes


class Refused(NamedTuple):
    """An event that the gateway rejected: when (epoch ms), why, and the field at fault, '' for the whole."""

    seq: int
    refused_ms: int
    reason: str
    field: str
    detail: str
    event: bytes


class Held(NamedTuple):
    """What a spool holds: events that wait, how many of them are heartbeats, their bytes, and rejected events."""

    events: int
    beats: int
    bytes: int
    refused: int


class Spool:
    """The spool in a folder, which is made if it is missing, its owner's alone. One thread at a time may use it.

    `bounds`: None for those that the folder has, by whoever opened it with some.
    Several processes may put into it; one sends from it (`claim`). A disk without room, or another process that writes
    for longer than `busy_seconds`, is `SpoolFull`: nothing was done then, and the same call may be made again.
    """

    def __init__(self, folder: Path, bounds: Bounds | None = None, *, busy_seconds: float = 30.0) -> None:
        """Raises SpoolFormat, SpoolFull, OSError."""
        self._folder = folder
        self._path = folder / "spool.db"
        self._reserve = folder / "reserve"
        make_private(folder, self._path)
        try:
            self._db = open_database(self._path, busy_seconds)
        except SpoolFull:
            # What was reserved is for this, too.
            self._reserve.unlink(missing_ok=True)
            self._db = open_database(self._path, busy_seconds)
        try:
            self._bounds = self._agree(bounds)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Closes the file; what is in it stays."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Holds the right to send. Raises SpoolTaken with the process that has it."""
        membership = Membership(self._path, "sender")
        try:
            membership.join()
        except GroupBusy as error:
            pid = membership.path.read_text().strip() or "?"
            raise SpoolTaken(f"another agent (process {pid}) sends from {self._folder}") from error
        try:
            yield
        finally:
            membership.leave()

    def put(self, groups: Sequence[Sequence[Draft]], now_ms: int) -> list[list[str] | SpoolFull]:
        """Stores groups of events in one transaction; for each the ids that were put in ('' where it has its own).

        A group is stored wholly or, where it doesn't fit, not at all, and the answer to it is the error. Raises
        SpoolFull where the disk has no room for any.
        """
        if not keep_reserve(self._reserve):
            raise SpoolFull("the disk has no room for the spool")
        with self._transaction():
            return [self._put_group(group, now_ms) for group in groups]

    def _put_group(self, group: Sequence[Draft], now_ms: int) -> list[str] | SpoolFull:
        self._db.execute("savepoint a_group")
        ids = [self._put_one(draft, now_ms) for draft in group]
        error = self._overfull()
        if error is not None:
            self._db.execute("rollback to a_group")
        self._db.execute("release a_group")
        return ids if error is None else error

    def _put_one(self, draft: Draft, now_ms: int) -> str:
        made = ""
        if not draft.id:
            (last,) = self._db.execute("select last_id from totals").fetchone()
            made = next_id(last, now_ms, secrets.randbits(CHANCE_BITS))
            self._db.execute("update totals set last_id = ?", (made,))
        if draft.beat:
            self._db.execute("delete from waiting where beat = ?", (draft.beat,))
        self._db.execute("insert into waiting (beat, event) values (?, ?)", (draft.beat, draft.complete(made)))
        return made

    def _overfull(self) -> SpoolFull | None:
        events, size = self._db.execute("select events, bytes from totals").fetchone()
        if events > self._bounds.events:
            return SpoolFull(f"the spool is full: {self._bounds.events} events wait for the gateway")
        if size > self._bounds.bytes:
            return SpoolFull(f"the spool is full: {self._bounds.bytes} bytes of events wait for the gateway")
        return None

    def take(self, events: int, size: int) -> list[Waiting]:
        """The oldest events, at most so many, of at most `size` bytes together; one, however large, if there is any."""
        taken: list[Waiting] = []
        with in_spool_words():
            for seq, event in self._db.execute("select seq, event from waiting order by seq limit ?", (events,)):
                size -= len(event)
                if taken and size < 0:
                    break
                taken.append(Waiting(seq, event))
        return taken

    def settle(self, seqs: Sequence[int], refused: Sequence[Refused]) -> None:
        """Events have their verdicts: `refused` are kept apart, and all of `seqs` leave. Raises SpoolFull.

        1. What was rejected is in its own table, and what has a verdict is out of the queue, in one transaction.
        2. What is too much of rejected events goes to the file.
        """
        # Step 1.
        try:
            self._remove(seqs, refused)
        except SpoolFull:
            # What was reserved is for this. `put` wants it back first.
            self._reserve.unlink(missing_ok=True)
            with in_spool_words():
                self._db.execute("pragma wal_checkpoint(restart)")
            self._remove(seqs, refused)
        # Step 2.
        self._export()

    def _remove(self, seqs: Sequence[int], refused: Sequence[Refused]) -> None:
        with self._transaction():
            self._db.executemany("insert or replace into refused values (?, ?, ?, ?, ?, ?)", refused)
            self._db.executemany("delete from waiting where seq = ?", [(seq,) for seq in seqs])

    def held(self) -> Held:
        """How much is in it."""
        with in_spool_words():
            beats = "select count(*) from waiting where beat != ''"
            query = f"select events, ({beats}), bytes, (select count(*) from refused) from totals"
            return Held(*self._db.execute(query).fetchone())

    def refused(self, limit: int) -> list[Refused]:
        """The newest rejected events, the newest first."""
        with in_spool_words():
            rows = self._db.execute("select * from refused order by seq desc limit ?", (limit,))
            return [Refused(*row) for row in rows]

    def again(self, seqs: Sequence[int]) -> int:
        """Puts rejected events at the end of the queue, as they were; returns how many. Raises SpoolFull."""
        with self._transaction():
            count = 0
            for seq in seqs:
                for (event,) in self._db.execute("select event from refused where seq = ?", (seq,)).fetchall():
                    self._db.execute("insert into waiting (beat, event) values ('', ?)", (event,))
                    count += self._db.execute("delete from refused where seq = ?", (seq,)).rowcount
            if (error := self._overfull()) is not None:
                raise error
        return count

    def _agree(self, bounds: Bounds | None) -> Bounds:
        """The bounds from now on."""
        with self._transaction():
            found = self._db.execute("select events, bytes, refused from bounds").fetchone()
            agreed = bounds or Bounds(*(found or ()))
            if agreed != found:
                self._db.execute("delete from bounds")
                self._db.execute("insert into bounds values (?, ?, ?)", agreed)
        return agreed

    def _export(self) -> None:
        """Moves the oldest rejected events beyond their bound to the file, where they are on disk first."""
        count = "select count(*) from refused"
        oldest = "select * from refused order by seq limit max(0, (select count(*) from refused) - ?)"
        with in_spool_words():
            if self._db.execute(count).fetchone()[0] <= self._bounds.refused:
                return
            rows = [Refused(*row) for row in self._db.execute(oldest, (self._bounds.refused,))]
        file = self._folder / "refused.ndjson"
        append(file, b"".join(_line(row) for row in rows))
        with self._transaction():
            self._db.executemany("delete from refused where seq = ?", [(row.seq,) for row in rows])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with in_spool_words(), transaction(self._db):
            yield


def _line(row: Refused) -> bytes:
    said: dict[str, Any] = row._asdict()
    return msgspec.json.encode(said | {"event": row.event.decode()}) + b"\n"
