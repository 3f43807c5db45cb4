"""Where an event belongs: heartbeats have a topic of their own, and a street's partition is Kafka's default, murmur2 of
the key; and the way there for events that sit elsewhere (contract §3), for not every producer's default is Kafka's.

A copy sent to the right place says where it comes from in a header, so that one sent again after a crash is known.
The header is sealed with the district's secret: nobody else can make events look like copies.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from schemas.event import Event
from schemas.events import HEARTBEAT
from schemas.secret import Secret
from streams.topics import DEVICES, EVENTS
from streams.transport.partitioner import partition_for
from streams.transport.record import Entry, Headers

_HEADER: Final = "pingliu-origin"
_SEAL_BYTES: Final = 16


class Origin(NamedTuple):
    """The record that a routed copy is of."""

    topic: str
    partition: int
    offset: int


class _Address(msgspec.Struct, gc=False):
    street: str
    type: str = ""


_decode = msgspec.json.Decoder(_Address).decode


def topic_of(type_: str) -> str:
    """The topic of events of a type."""
    return DEVICES if type_ == HEARTBEAT else EVENTS


def partition_of(street: str, partitions: int) -> int:
    """The partition of a street among `partitions`."""
    return partition_for(street.encode(), partitions)


def owned(events: Iterable[Event], topic: str, partition: int, partitions: int) -> list[Event]:
    """Those of events on this partition of a topic that belong there."""
    heartbeats = topic == DEVICES
    return [
        event
        for event in events
        if (event.type == HEARTBEAT) == heartbeats
        and (partitions == 1 or partition_of(event.street, partitions) == partition)
    ]


def entry_of(raw: bytes, partitions: int, now_ms: int) -> Entry:
    """A message as it came, with its topic, partition and key; without a street, on partition 0, to be refused."""
    try:
        found = _decode(raw)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        return Entry(EVENTS, 0, now_ms, None, raw)
    return Entry(topic_of(found.type), partition_of(found.street, partitions), now_ms, found.street.encode(), raw)


class Origins:
    """Writes and reads where a routed copy comes from."""

    def __init__(self, secret: Secret) -> None:
        self._key = secret.key("origin")
        self._keys = secret.keys("origin")

    def headers(self, topic: str, origin: Origin) -> Headers:
        """The headers of a record's copy on `topic`."""
        place = b"%d/%d" % (origin.partition, origin.offset)
        if origin.topic != topic:
            place = origin.topic.encode() + b"/" + place
        return ((_HEADER, place + b"/" + _seal(self._key, topic, place)),)

    def read(self, topic: str, headers: Headers) -> Origin | None:
        """What the record with these headers was routed from; None if it wasn't, by us."""
        for name, value in headers:
            place, _, seal = value.rpartition(b"/")
            if name == _HEADER and any(hmac.compare_digest(seal, _seal(key, topic, place)) for key in self._keys):
                *other, partition, offset = place.split(b"/")
                return Origin(other[0].decode() if other else topic, int(partition), int(offset))
        return None


def _seal(key: bytes, topic: str, place: bytes) -> bytes:
    return hmac.digest(key, topic.encode() + b"/" + place, sha256).hex()[: 2 * _SEAL_BYTES].encode()
