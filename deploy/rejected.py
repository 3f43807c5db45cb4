"""Rejects: what was refused and why, the original bytes, and sending them again, repaired or as they were."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from deploy.asking import ask_rows
from deploy.folder import Folder
from deploy.mistake import Mistake
from schemas.event import Reason
from schemas.secret import Seal, load_secret
from streams.routing import entry_of
from streams.topics import create_topics
from streams.transport.log import Log

_COLUMNS: Final = "reason, detail, path, topic, partition, offset, received_at"


class NoSuchReject(Mistake):
    """There is no reject at that place."""


def list_rejects(folder: Folder, reason: Reason | None, limit: int) -> list[dict[str, Any]]:
    """The newest rejects, of one reason or of all; `place` names one for `show` and `resend`."""
    where = f"WHERE reason = '{reason}'" if reason else ""
    place = "concat(topic, '/', toString(partition), '/', toString(offset)) AS place"
    newest_first = f"ORDER BY received_at DESC, topic, partition, offset DESC LIMIT {limit}"
    return ask_rows(folder, f"SELECT {place}, {_COLUMNS}, length(raw) AS bytes FROM rejected {where} {newest_first}")


def original(folder: Folder, place: str) -> tuple[dict[str, Any], bytes]:
    """A reject's row, and its bytes as they came. Raises NoSuchReject, SecretError."""
    topic, partition, offset = _parse(place)
    rows = ask_rows(
        folder,
        "SELECT reason, detail, path, fromUnixTimestamp64Milli(received_ms, 'Asia/Shanghai') AS received_at,"
        " hex(sealed) AS sealed FROM rejected_log FINAL"
        f" WHERE topic = '{topic}' AND partition = {partition} AND offset = {offset}",
    )
    if not rows:
        raise NoSuchReject(f"{place}: no such reject")
    row = rows[0]
    seal = Seal(load_secret(folder.secret))
    return row, seal.open(bytes.fromhex(row.pop("sealed")), place)


def resend(folder: Folder, places: Sequence[str], repaired: bytes | None) -> int:
    """Appends the originals (or, for a single one, its repaired bytes) to the log again; returns how many.

    They are judged anew like any other message. Raises NoSuchReject, SecretError.
    """
    messages = [_bytes(folder, place) if repaired is None else repaired for place in places]
    now_ms = time.time_ns() // 1_000_000
    partitions = folder.settings(None).partitions
    with Log(folder.log) as log:
        create_topics(log, partitions)
        log.append([entry_of(message, partitions, now_ms) for message in messages])
    return len(messages)


def _bytes(folder: Folder, place: str) -> bytes:
    _, raw = original(folder, place)
    if not raw:
        raise NoSuchReject(f"{place}: there is nothing to send: it was empty, or its bytes were erased")
    return raw


def _parse(place: str) -> tuple[str, int, int]:
    topic, _, rest = place.rpartition("/")[0].rpartition("/")
    offset = place.rpartition("/")[2]
    if not topic.startswith("pingliu.") or not topic.replace(".", "").isalpha() or not (rest + offset).isdigit():
        raise NoSuchReject(f"{place}: a place looks like pingliu.events/0/42")
    return topic, int(rest), int(offset)
