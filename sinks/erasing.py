"""Erasing from ClickHouse: of a person's ratings, and of what was said of them, only what figures are made of stays.

The order of effects. However it ends in between, nothing is lost, and the next one finishes it:
1. What an erasing that was broken off had begun goes first.
2. Events are found, some tens of thousands at a time, and what stays of each is put into `erasing`.
3. What each of them was, and what it will be, is noted in `erasures`, with a MAC.
4. What stays is inserted in the place of what was: of two rows of one place the later counts.
5. Then the earlier rows are deleted, and `erasing` is emptied.
6. Rejects are noted and blanked, dead letters deleted.
7. Parts that hold the old rows are waited for until they are off the disk.

No statement holds a rater's hash, for a server logs statements; it is looked for by a digest with a salt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex
from typing import Final

from schemas.erasure import BLANK, BLANKED, KEPT, RATING, erased_text
from sinks.assessment.covered import TOPIC, fingerprint
from sinks.assessment.database import Database, quoted
from sinks.columns import EVENTS, REJECTED
from sinks.dead_letters import TABLE as DEAD_LETTERS
from sinks.erasures import TABLE as ERASURES
from sinks.erasures import Notary, Note, note_of
from sinks.errors import ClickHouseError

# Events, and rejects with their original bytes, that are looked at at once.
_PAGE: Final = 50_000
_REJECTS: Final = 500
_PATIENCE_SECONDS: Final = 60.0
_AGAIN_SECONDS: Final = 0.2
_ACCESS_DENIED: Final = 497
_IN_ERASING: Final = "(source, id) IN (SELECT source, id FROM pingliu.erasing)"
_SYNCED: Final = "SETTINGS mutations_sync = 1"
_TABLES: Final = (EVENTS, REJECTED, DEAD_LETTERS)

# Whether the original bytes of a reject, given with its place (topic/partition/offset), are the person's.
IsTheirs = Callable[[bytes, str], bool]


@dataclass(frozen=True, slots=True)
class Person:
    """All that is stored of one rater. `hashes`: what the rater is called under each secret of the ring."""

    hashes: Sequence[str]
    is_theirs: IsTheirs
    before_ms: int = 0


@dataclass(frozen=True, slots=True)
class Older:
    """All raters, comments and rejects from before a moment, epoch ms."""

    before_ms: int


Whom = Person | Older


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of each were erased. `is_gone`: whether no part on the disk holds them any more, for certain."""

    events: int
    rejects: int
    dead_letters: int
    is_gone: bool


def count(database: Database, whom: Whom) -> Counts:
    """What `erase` would erase. Changes nothing."""
    return Counts(
        _count(database, EVENTS, _events(whom), "uniqExact(source, id)"),
        len(list(_rejects(database, whom)))
        if isinstance(whom, Person)
        else _count(database, REJECTED, _old_rejects(whom)),
        _count(database, DEAD_LETTERS, _letters(whom)),
        is_gone=False,
    )


def erase(database: Database, whom: Whom, notary: Notary, now_ms: int) -> Counts:
    """Erases, in the order above. Done again, it finds nothing more to do. Raises ClickHouseError."""
    _finish(database, notary, now_ms)  # 1.
    if isinstance(whom, Older):
        _note(database, notary, [Note("", 0, 0, "", "", 0, 0, whom.before_ms, now_ms)])
    events, found = 0, _find(database, whom)
    while found:
        database.insert("pingliu.erasing", found)  # 2.
        _finish(database, notary, now_ms)
        events += len(found["id"])
        again = _find(database, whom)
        if again == found:
            raise RuntimeError("what was erased is still there")
        found = again
    rejects = _erase_rejects(database, whom, notary, now_ms)  # 6.
    letters = _count(database, DEAD_LETTERS, _letters(whom))
    if letters:
        database.execute(f"ALTER TABLE pingliu.{DEAD_LETTERS} DELETE WHERE {_letters(whom)} {_SYNCED}")
    return Counts(events, rejects, letters, _await_gone(database))  # 7.


def _finish(database: Database, notary: Notary, now_ms: int) -> None:
    """Erases what is in `erasing` (3 to 5)."""
    if not database.rows("SELECT 1 AS n FROM pingliu.erasing LIMIT 1"):
        return
    there = (
        "(SELECT l.*, e.erased_data AS erased_data, e.before_ms AS before_ms "
        f"FROM (SELECT * FROM pingliu.{EVENTS} FINAL WHERE {_IN_ERASING}) AS l "
        "INNER JOIN (SELECT source AS of_source, id AS of_id, any(data) AS erased_data, any(before_ms) AS before_ms "
        "FROM pingliu.erasing GROUP BY of_source, of_id) AS e ON l.source = e.of_source AND l.id = e.of_id)"
    )
    rows = database.rows(
        f"SELECT {TOPIC} AS topic, partition, offset, source, id, toString({fingerprint()}) AS before, "
        f"toString({fingerprint('erased_data', _NOBODY)}) AS after, before_ms, toInt64({now_ms}) AS erased_ms "
        f"FROM {there}"
    )
    _note(database, notary, [note for note in map(note_of, rows) if note.before != note.after])  # 3.
    database.execute(
        f"INSERT INTO pingliu.{EVENTS} SELECT * EXCEPT (erased_data, before_ms) "
        f"REPLACE (erased_data AS data, {_NOBODY} AS rater_hash) FROM {there}"
    )  # 4.
    database.execute(
        f"ALTER TABLE pingliu.{EVENTS} DELETE WHERE {_IN_ERASING} AND (source, id, data, rater_hash) NOT IN "
        f"(SELECT source, id, data, {_NOBODY} FROM pingliu.erasing) {_SYNCED}"
    )  # 5.
    database.execute("TRUNCATE TABLE pingliu.erasing")


_NOBODY: Final = "''"


def _find(database: Database, whom: Whom) -> dict[str, list[object]]:
    """Rows for `erasing`: what stays of the next events. What is said of ratings comes before the ratings."""
    rows = database.rows(
        f"SELECT source, id, type, data FROM pingliu.{EVENTS} FINAL WHERE (source, id) IN "
        f"(SELECT source, id FROM pingliu.{EVENTS} WHERE {_events(whom)}) "
        f"ORDER BY type = '{RATING}', source, id LIMIT {_PAGE}"
    )
    if not rows:
        return {}
    return {
        "source": [row["source"] for row in rows],
        "id": [row["id"] for row in rows],
        "data": [erased_text(str(row["type"]), str(row["data"])) for row in rows],
        "before_ms": [whom.before_ms for _ in rows],
    }


def _events(whom: Whom) -> str:
    """The condition that a row of `event_log` holds something to be erased. Repeats that merges left are rows too."""
    if isinstance(whom, Older):
        return f"time_ms < {whom.before_ms} AND {_HOLDS_SOMETHING}"
    theirs = f"rater_hash != '' AND {_is_named('rater_hash', whom.hashes)}"
    return (
        f"({theirs} OR (type != '{RATING}' AND rating != '' AND {_HOLDS_SOMETHING} "
        f"AND rating IN (SELECT rating FROM pingliu.{EVENTS} WHERE {theirs})))"
    )


def _is_named(column: str, hashes: Sequence[str]) -> str:
    salt = token_hex(16)
    digests = ", ".join(quoted(sha256(f"{one}{salt}".encode()).hexdigest()) for one in hashes)
    return f"lower(hex(SHA256(concat({column}, '{salt}')))) IN ({digests})"


def _holds_something() -> str:
    """The condition, in SQL, that `schemas.erasure` would take something away."""
    kinds = ", ".join(f"'{kind}'" for kind in KEPT)
    kept = _by_kind({kind: sorted(names) for kind, names in KEPT.items()})
    blanked = _by_kind({kind: sorted(names) for kind, names in BLANKED.items()})
    more = (
        f"arrayExists(field -> NOT has({kept}, field.1) OR (has({blanked}, field.1) AND field.2 != '\"{BLANK}\"'), "
        "JSONExtractKeysAndValuesRaw(data))"
    )
    # Integers of any size are stored, and unreadable to ClickHouse.
    return f"type IN ({kinds}) AND (rater_hash != '' OR NOT isValidJSON(data) OR {more})"


def _by_kind(names: dict[str, list[str]]) -> str:
    cases = ", ".join(f"type = '{kind}', {fields}" for kind, fields in names.items())
    return f"multiIf({cases}, emptyArrayString())"


_HOLDS_SOMETHING: Final = _holds_something()


def _erase_rejects(database: Database, whom: Whom, notary: Notary, now_ms: int) -> int:
    if isinstance(whom, Older):
        condition = _old_rejects(whom)
        number = _count(database, REJECTED, condition)
    else:
        places = list(_rejects(database, whom))
        _note(database, notary, [Note(*place, "", "", 0, 0, 0, now_ms) for place in places])
        condition = (
            f"(topic, partition, offset) IN (SELECT topic, partition, offset FROM pingliu.{ERASURES} "
            f"WHERE source = '' AND topic != '') AND {_HAS_BYTES}"
        )
        number = len(places)
    if _count(database, REJECTED, condition):
        database.execute(f"ALTER TABLE pingliu.{REJECTED} UPDATE raw = '', sealed = '' WHERE {condition} {_SYNCED}")
    return number


_HAS_BYTES: Final = "(raw != '' OR sealed != '')"


def _old_rejects(whom: Older) -> str:
    return f"received_ms < {whom.before_ms} AND {_HAS_BYTES}"


def _rejects(database: Database, person: Person) -> Iterator[tuple[str, int, int]]:
    """Places of the rejects whose original bytes are the person's."""
    after = "('', 0, 0)"
    while rows := database.rows(
        f"SELECT topic, partition, offset, hex(sealed) AS sealed FROM pingliu.{REJECTED} FINAL "
        f"WHERE (topic, partition, offset) > {after} AND {_HAS_BYTES} "
        f"ORDER BY topic, partition, offset LIMIT {_REJECTS}"
    ):
        for row in rows:
            topic, partition, offset = str(row["topic"]), int(str(row["partition"])), int(str(row["offset"]))
            if person.is_theirs(bytes.fromhex(str(row["sealed"])), f"{topic}/{partition}/{offset}"):
                yield topic, partition, offset
            after = f"({quoted(topic)}, {partition}, {offset})"


def _letters(whom: Whom) -> str:
    if isinstance(whom, Older):
        return f"received_ms < {whom.before_ms} AND table_name IN ('{EVENTS}', '{REJECTED}')"
    return f"table_name = '{EVENTS}' AND {_is_named(_HASH_OF_LETTER, whom.hashes)}"


_HASH_OF_LETTER: Final = "JSONExtractString(row, 'rater_hash')"


def _note(database: Database, notary: Notary, notes: Sequence[Note]) -> None:
    if notes:
        database.insert(f"pingliu.{ERASURES}", notary.columns(notes))


def _count(database: Database, table: str, condition: str, what: str = "count()") -> int:
    (row,) = database.rows(f"SELECT {what} AS n FROM pingliu.{table} WHERE {condition}")
    return int(str(row["n"]))


def _await_gone(database: Database) -> bool:
    """Whether the parts that were replaced are off the disk, after some patience; False where that can't be seen."""
    tables = ", ".join(f"'{table}'" for table in _TABLES)
    parts = f"SELECT 1 AS n FROM system.parts WHERE database = 'pingliu' AND table IN ({tables}) AND NOT active LIMIT 1"
    deadline = time.monotonic() + _PATIENCE_SECONDS
    try:
        while database.rows(parts):
            if time.monotonic() > deadline:
                return False
            time.sleep(_AGAIN_SECONDS)
    except ClickHouseError as error:
        if error.code != _ACCESS_DENIED:
            raise
        return False
    return True
