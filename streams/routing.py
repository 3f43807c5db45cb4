"""Which partition a street belongs to: Kafka's default, murmur2 of the key; and the way there for events that sit on
another (contract §3), for not every producer's default is Kafka's.

A copy sent to the right partition says where it comes from in a header, so that one sent again after a crash is known.
The header is sealed with the district's secret: nobody else can make events look like copies.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from typing import Final

import msgspec

from schemas.events import HEARTBEAT
from schemas.secret import Secret
from streams.topics import DEVICES, EVENTS
from streams.transport.partitioner import partition_for
from streams.transport.record import Entry, Headers

_HEADER: Final = "pingliu-origin"
_SEAL_BYTES: Final = 16


class _Address(msgspec.Struct, gc=False):
    street: str
    type: str = ""


_decode = msgspec.json.Decoder(_Address).decode


def partition_of(street: str, partitions: int) -> int:
    """The partition of a street among `partitions`."""
    return partition_for(street.encode(), partitions)


def entry_of(raw: bytes, partitions: int, now_ms: int) -> Entry:
    """A message as it came, with its topic, partition and key; without a street, on partition 0, to be refused."""
    try:
        found = _decode(raw)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        return Entry(EVENTS, 0, now_ms, None, raw)
    topic = DEVICES if found.type == HEARTBEAT else EVENTS
    return Entry(topic, partition_of(found.street, partitions), now_ms, found.street.encode(), raw)


class Origins:
    """Writes and reads where a routed copy comes from."""

    def __init__(self, secret: Secret) -> None:
        self._key = secret.key("origin")
        self._keys = secret.keys("origin")

    def headers(self, topic: str, partition: int, offset: int) -> Headers:
        """The headers of a copy of the record at that place."""
        place = b"%d/%d" % (partition, offset)
        return ((_HEADER, place + b"/" + _seal(self._key, topic, place)),)

    def read(self, topic: str, headers: Headers) -> tuple[int, int] | None:
        """Partition and offset that a record was routed from; None if it wasn't, by us."""
        for name, value in headers:
            place, _, seal = value.rpartition(b"/")
            if name == _HEADER and any(hmac.compare_digest(seal, _seal(key, topic, place)) for key in self._keys):
                partition, _, offset = place.partition(b"/")
                return int(partition), int(offset)
        return None


def _seal(key: bytes, topic: str, place: bytes) -> bytes:
    return hmac.digest(key, topic.encode() + b"/" + place, sha256).hex()[: 2 * _SEAL_BYTES].encode()
