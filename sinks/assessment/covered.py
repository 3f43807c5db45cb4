"""What events looked like when a seal first covered them: fingerprints, by which a fact that was touched is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sinks.assessment.database import Database, quoted
from sinks.assessment.period import Period
from sinks.assessment.positions import Positions, below
from sinks.assessment.results import sha256_of
from sinks.erasures import TABLE as ERASURES
from sinks.erasures import Notary, Note, by_place, follows
from streams.topics import DEVICES, EVENTS

# Offsets that one row of fingerprints holds.
_STRETCH: Final = 8192
TOPIC: Final = f"if(type = 'device.heartbeat', '{DEVICES}', '{EVENTS}')"
_ERASED: Final = "erased"
# Fingerprints of a row of them in text, alike on every backend.
_DIGEST: Final = "lower(hex(SHA256(concat(toString(offsets), toString(hashes)))))"


@dataclass(frozen=True, slots=True)
class Touched:
    """An event that isn't what it was when it was sealed. `name`: its source and id, if it is still there.

    `is_erased`: it is what a note of ours says that it was erased to.
    """

    topic: str
    partition: int
    offset: int
    what: str
    name: str

    @property
    def is_erased(self) -> bool:
        return self.what == _ERASED


def fingerprint(data: str = "data", rater_hash: str = "rater_hash") -> str:
    """Of everything that the log holds of an event, in SQL, or would with other data; precedence is its place."""
    return (
        f"reinterpretAsUInt64(substring(SHA256(toString(tuple(source, id, type, time_ms, street, site, window, staff, "
        f"{data}, received_ms, ticket, service, rating, case_id, item, kind, outcome, level, channel, round, "
        f"promised_ms, {rater_hash}, precedence))), 1, 8))"
    )


def cover(database: Database, period: Period, positions: Positions, covered: Positions) -> None:
    """Stores the fingerprints of the events below `positions` that no seal before covered."""
    database.execute(
        f"INSERT INTO pingliu.sealed_facts SELECT {quoted(period.text)}, topic, partition, stretch, "
        "arrayMap(p -> p.1, pairs), arrayMap(p -> p.2, pairs) FROM ("
        "SELECT topic, partition, stretch, arraySort(groupArray((offset, hash))) AS pairs "
        f"FROM ({_each(positions, covered)}) GROUP BY topic, partition, stretch)"
    )


def digest(database: Database, period: Period) -> str:
    """What names the fingerprints that were stored with a period's seal."""
    rows = database.rows(
        f"SELECT topic, partition, stretch, {_DIGEST} AS digest FROM pingliu.sealed_facts "
        f"WHERE period = {quoted(period.text)} ORDER BY topic, partition, stretch"
    )
    return sha256_of("".join(f"{row['topic']} {row['partition']} {row['stretch']} {row['digest']}\n" for row in rows))


def touched(database: Database, periods: Sequence[Period], positions: Positions, notary: Notary) -> Iterator[Touched]:
    """The events that the seals of these periods cover, up to `positions`, that were changed, removed, added or erased
    since.

    Fingerprints are compared one by one only in stretches whose digest differs.
    """
    sealed = (
        "SELECT topic, partition, stretch, pair.1 AS offset, pair.2 AS hash FROM pingliu.sealed_facts "
        "ARRAY JOIN arrayZip(offsets, hashes) AS pair "
        f"WHERE period IN ({', '.join(quoted(one.text) for one in periods)})"
    )
    now = _each(positions, {})
    before, after = _digests(database, sealed), _digests(database, now)
    for place in sorted(before.keys() | after.keys()):
        if before.get(place) == after.get(place):
            continue
        was, there = _hashes(database, sealed, place), _hashes(database, now, place)
        names, notes = _names(database, place), _notes(database, place)
        for offset in sorted(was.keys() | there.keys()):
            if was.get(offset) != there.get(offset):
                what = _what(was.get(offset, []), there.get(offset, []), notes.get(offset, []), notary)
                yield Touched(place[0], place[1], offset, what, names.get(offset, ""))


def _each(positions: Positions, covered: Positions) -> str:
    beyond = f" AND NOT {below(covered)}" if covered else ""
    return (
        f"SELECT {TOPIC} AS topic, partition, intDiv(offset, {_STRETCH}) AS stretch, offset, {fingerprint()} AS hash "
        f"FROM pingliu.event_log FINAL WHERE {below(positions)}{beyond}"
    )


_Place = tuple[str, int, int]


def _digests(database: Database, each: str) -> dict[_Place, str]:
    """What names the fingerprints of a stretch, by topic, partition and stretch."""
    rows = database.rows(
        "SELECT topic, partition, stretch, "
        "lower(hex(SHA256(toString(arraySort(groupArray((offset, hash))))))) AS digest "
        f"FROM ({each}) GROUP BY topic, partition, stretch"
    )
    return {
        (str(row["topic"]), int(str(row["partition"])), int(str(row["stretch"]))): str(row["digest"]) for row in rows
    }


def _hashes(database: Database, each: str, place: _Place) -> dict[int, list[str]]:
    """Of each offset; that more than one event has it is what forgery may come to."""
    topic, partition, stretch = place
    rows = database.rows(
        f"SELECT offset, hex(hash) AS hash FROM ({each}) "
        f"WHERE topic = {quoted(topic)} AND partition = {partition} AND stretch = {stretch} ORDER BY offset, hash"
    )
    found: dict[int, list[str]] = {}
    for row in rows:
        found.setdefault(int(str(row["offset"])), []).append(str(row["hash"]))
    return found


def _notes(database: Database, place: _Place) -> dict[int, list[tuple[Note, str]]]:
    topic, partition, stretch = place
    return by_place(
        database.rows(
            "SELECT topic, partition, offset, source, id, toString(before) AS before, toString(after) AS after, "
            f"before_ms, erased_ms, mac FROM pingliu.{ERASURES} WHERE source != '' AND topic = {quoted(topic)} "
            f"AND partition = {partition} AND intDiv(offset, {_STRETCH}) = {stretch}"
        )
    )


def _what(was: list[str], there: list[str], notes: list[tuple[Note, str]], notary: Notary) -> str:
    """What became of an event; fingerprints are hexadecimal digits."""
    if not there or not was:
        return "added" if there else "removed"
    if len(was) == len(there) == 1 and notes:
        if follows(int(was[0], 16), int(there[0], 16), notes, notary):
            return _ERASED
        if not notary.has_secret:
            return "changed; that it was erased is noted, and only the district's secret tells whether it was"
    return "changed"


def _names(database: Database, place: _Place) -> dict[int, str]:
    topic, partition, stretch = place
    rows = database.rows(
        "SELECT offset, arrayStringConcat(arraySort(groupArray(concat(source, ' ', id))), ', ') AS name "
        f"FROM pingliu.event_log FINAL WHERE {TOPIC} = {quoted(topic)} AND partition = {partition} "
        f"AND intDiv(offset, {_STRETCH}) = {stretch} GROUP BY offset"
    )
    return {int(str(row["offset"])): str(row["name"]) for row in rows}
