"""The canary: a message of our own that is sent again and again, by which the way of events is timed: to the published
figures and notices, and to ClickHouse.

It lies among a street's events and is worked up with them, in their order, and says nothing: the aggregate and the sink
take its time and leave it out, so no figure, table, seal or board has it. That goes for what bears our seal alone, so
nobody else can send an event that is left out. To whoever else reads the topic it is a heartbeat that strayed, which
changes no figure either.

Its time is the record's own, by the clock of the aggregate that sent it. Durations are in seconds.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Final

import msgspec
from prometheus_client import Histogram

from schemas.events import HEARTBEAT
from schemas.moments import iso
from schemas.secret import Secret
from streams.metrics import Reading
from streams.routing import partition_of
from streams.topics import EVENTS
from streams.transport.record import Entry, Record

# Nobody's device may have it, nor what lies within `pingliu`.
SOURCE: Final = "pingliu/canary"
SECONDS: Final = 10.0
_HEADER: Final = "pingliu-canary"
_ID_BYTES: Final = 8


class Canaries:
    """Makes canaries, and tells them from what others sent."""

    def __init__(self, secret: Secret) -> None:
        self._key = secret.key("canary")
        self._keys = secret.keys("canary")

    def entry(self, street: str, partitions: int, now_ms: int) -> Entry:
        """The canary of this moment among the events of a street, whose code need not be registered."""
        value = msgspec.json.encode(
            {
                "specversion": "1.0",
                "id": secrets.token_hex(_ID_BYTES),
                "source": SOURCE,
                "type": HEARTBEAT,
                "time": iso(now_ms),
                "street": street,
                "site": f"{street}-00",
                "data": {"device": "canary", "kind": "kiosk"},
            }
        )
        headers = ((_HEADER, _sealed(self._key, value)),)
        return Entry(EVENTS, partition_of(street, partitions), now_ms, street.encode(), value, headers)

    def apart(self, records: Sequence[Record]) -> tuple[Sequence[Record], list[int]]:
        """The records without canaries, and when those were sent (epoch ms)."""
        if not any(record.headers for record in records):
            return records, []
        sent = {record.offset: record.timestamp_ms for record in records if self._is_one(record)}
        return [record for record in records if record.offset not in sent], list(sent.values())

    def _is_one(self, record: Record) -> bool:
        value = record.value or b""
        return any(
            hmac.compare_digest(seal, _sealed(key, value))
            for name, seal in record.headers
            if name == _HEADER
            for key in self._keys
        )


class Arrivals:
    """How long canaries took to where a role brings them: `seconds`, and `age`, the time since the newest was sent."""

    def __init__(self, seconds: Histogram, age: Reading) -> None:
        self._seconds = seconds
        self._newest_ms: int | None = None
        age.read(self._age)

    def note(self, sent_ms: Iterable[int]) -> None:
        """Canaries have arrived now."""
        for sent in sent_ms:
            self._seconds.observe(_since(sent))
            self._newest_ms = max(sent, self._newest_ms or sent)

    def forget(self) -> None:
        """Another worker may tell of them now."""
        self._newest_ms = None

    def _age(self) -> Iterator[tuple[tuple[str | int, ...], float]]:
        if self._newest_ms is not None:
            yield (), _since(self._newest_ms)


def _sealed(key: bytes, value: bytes) -> bytes:
    return hmac.digest(key, value, sha256)


def _since(moment_ms: int) -> float:
    """Seconds; the clock of who sent it may be ahead of ours."""
    return max(0.0, time.time() - moment_ms / 1000)
