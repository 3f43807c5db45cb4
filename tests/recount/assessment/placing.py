"""Where a broker puts lines: by Kafka's default partitioner, murmur2 of the street."""

import json
import re
from collections.abc import Iterable, Iterator

from tests.recount.rules import Message

_PLAIN = re.compile(
    rb'\{"specversion":"1\.0","id":"[^"\\]*","source":"[^"\\]*","type":"([^"\\]*)","time":"[^"\\]*",'
    rb'"street":"([0-9]{9})",'
)
HEARTBEAT = "device.heartbeat"


def placed(lines: Iterable[bytes], partitions: int, received_ms: int, *, heartbeats: bool = False) -> Iterator[Message]:
    """The messages of pingliu.events, or those of pingliu.devices, that lines become when published in their order.

    What has no street goes to partition 0 of pingliu.events, to be refused. Offsets count up from 0.
    """
    offsets = [0] * partitions
    keys: dict[str, int] = {}
    for line in lines:
        raw = line.rstrip(b"\n")
        kind, street = _kind_and_street(raw)
        if (kind == HEARTBEAT) is not heartbeats:
            continue
        if street not in keys:
            keys[street] = partition_of(street.encode(), partitions) if street else 0
        partition = keys[street]
        yield Message(partition, offsets[partition], received_ms, raw)
        offsets[partition] += 1


def partition_of(key: bytes, partitions: int) -> int:
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """As Kafka's Java client has it."""
    mixer, mask = 0x5BD1E995, 0xFFFFFFFF
    value = 0x9747B28C ^ len(data)
    whole = len(data) // 4 * 4
    for place in range(0, whole, 4):
        word = int.from_bytes(data[place : place + 4], "little") * mixer & mask
        word = (word ^ word >> 24) * mixer & mask
        value = value * mixer & mask ^ word
    if whole < len(data):
        value = (value ^ int.from_bytes(data[whole:], "little")) * mixer & mask
    value = (value ^ value >> 13) * mixer & mask
    return value ^ value >> 15


def _kind_and_street(raw: bytes) -> tuple[str, str]:
    plain = _PLAIN.match(raw)
    if plain is not None and raw.count(b'"type"') == 1 and raw.count(b'"street"') == 1:
        return plain[1].decode("utf-8", "replace"), plain[2].decode()
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    kind, street = body.get("type"), body.get("street")
    if not isinstance(kind, str) or not isinstance(street, str):
        return "", ""
    return kind, street
