"""A request's body into single messages, their bytes as they came. No I/O."""

from __future__ import annotations

from typing import Final

import msgspec

ONE: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
EITHER: Final = "application/json"
LINES: Final = "application/x-ndjson"
TYPES: Final = (ONE, BATCH, EITHER, LINES)

# A thousand events have some ten thousand commas. An array of millions of numbers would cost a hundred megabytes.
_MOST_COMMAS: Final = 200_000

_split = msgspec.json.Decoder(list[msgspec.Raw]).decode


class TooMany(ValueError):  # noqa: N818 - it says what is the case
    """More messages than a request may bring."""


def split(body: bytes, content_type: str, most: int) -> list[bytes]:
    """The messages of a body; never judges them. One that can't be split is a single message. Raises TooMany.

    `content_type`: one of TYPES, or "" for none.
    """
    if content_type == LINES:
        messages = _lines(body, most)
    elif content_type == BATCH or (content_type == EITHER and body.lstrip(b" \t\r\n")[:1] == b"["):
        messages = _array(body)
    else:
        messages = [body]
    if len(messages) > most:
        raise TooMany(f"at most {most} events in a request")
    return messages


def _array(body: bytes) -> list[bytes]:
    if body.count(b",") > _MOST_COMMAS:
        raise TooMany("too many values in a request")
    try:
        return [bytes(raw) for raw in _split(body)]
    except (msgspec.MsgspecError, RecursionError):
        return [body]


def _lines(body: bytes, most: int) -> list[bytes]:
    lines: list[bytes] = []
    start = 0
    while start < len(body) and len(lines) <= most:
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        if line := body[start:end].rstrip(b"\r"):
            lines.append(line)
        start = end + 1
    return lines
