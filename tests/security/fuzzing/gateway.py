"""What the gateway makes of a body: no message without its verdict, and nothing published that may not be.

An input is a kind of content (its first byte) and a body.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from schemas.decoding import CLOCK_AHEAD_MS, decode
from schemas.event import Event
from schemas.events import KNOWN_FIELDS
from schemas.privacy import Privacy
from schemas.secret import Secret
from streams.gateway.devices import Device
from streams.gateway.judging import DEVICE_TYPES, Judged, Terms, judge, submitted
from streams.gateway.messages import TYPES, TooMany, split
from streams.transport.record import Record
from tests.examples import RECEIVED_MS, event
from tests.security.fuzzing import decoding
from tests.security.fuzzing.masking import phones

_MOST = 100
_PARTITIONS = 4
_DEVICE = Device("DG-00042", "terminal/DG-00042", "530102001", "530102001-00", "530102001-00-03")
_TERMS = Terms(Privacy.from_secret(Secret(bytes(32))), _PARTITIONS, CLOCK_AHEAD_MS)
# Free text of the contract's types that a device may say.
_TEXTS = frozenset({"comment", "text"})
_SAID = [json.dumps(event(kind, id=kind), ensure_ascii=False).encode() for kind in sorted(DEVICE_TYPES)]
_SAID += [
    json.dumps(event("rating.submitted", comment="回电 13812345678", phone="13812345678")).encode(),
    json.dumps(event("rating.submitted", source="terminal/DG-00043")).encode(),
    json.dumps(event("rating.voided")).encode(),
]
WORDS = [*decoding.WORDS, b"13812345678", b'"terminal/DG-00042/1"', b"\n", b",\n", b"hmac-sha256:"]
SEEDS = [
    *(b"\x00" + said for said in _SAID),
    *(b"\x01[" + b",".join(said) + b"]" for said in (_SAID[:2], _SAID[-3:], [_SAID[0]] * 2)),
    *(b"\x03" + b"\r\n".join(said) for said in (_SAID[:2], _SAID[-3:], [_SAID[0]] * 2)),
    b"\x01[" + _SAID[0] + b"," + _SAID[1][:-1],
]


def check(data: bytes) -> None:
    """G70: of what comes in through the gateway nothing is dropped, and nothing gets by."""
    content_type, body = ("", *TYPES)[data[0] % (len(TYPES) + 1)] if data else "", data[1:]
    try:
        messages = split(body, content_type, _MOST)
    except TooMany:
        return
    _check_split(body, messages)
    judged = judge([submitted(message) for message in messages], _DEVICE, RECEIVED_MS, _TERMS)
    _check_verdicts(messages, judged)
    for entry in judged.events:
        _check_published(entry.value or b"")


def _check_split(body: bytes, messages: Sequence[bytes]) -> None:
    """Of the body nothing is lost but what parts its messages."""
    rest = body
    for message in [message for message in messages if message]:
        before, found, rest = rest.partition(message)
        assert found == message
        assert not before.strip(b"[], \t\r\n"), (body, messages)
    assert not rest.strip(b"[], \t\r\n"), (body, messages)


def _check_verdicts(messages: Sequence[bytes], judged: Judged) -> None:
    verdicts, entries, rejects = judged
    assert [one.index for one in verdicts] == list(range(len(messages)))
    kept = iter(rejects)
    names: list[tuple[str, str]] = []
    for verdict, message in zip(verdicts, messages, strict=True):
        alone = decode([Record(0, RECEIVED_MS, None, message)])
        if verdict.verdict == "rejected" and verdict.reason != "forbidden":
            reject = next(kept).reject
            assert (reject.raw, reject.reason) == (message, verdict.reason)
            assert verdict.kept
            assert alone.rejects or verdict.reason == "too_large", (message, verdict)
            continue
        assert not verdict.kept
        (said,) = alone.events
        assert (said.source, said.id) == (verdict.source, verdict.id)
        assert (verdict.reason == "forbidden") is not _is_allowed(said), (message, verdict)
        if verdict.verdict == "accepted":
            names.append((said.source, said.id))
        elif verdict.verdict == "duplicate":
            assert (said.source, said.id) in names
    assert next(kept, None) is None
    assert len(set(names)) == len(names)
    published = decode([Record(n, RECEIVED_MS, None, entry.value) for n, entry in enumerate(entries)])
    assert [(one.source, one.id) for one in published.events] == names, entries


def _is_allowed(said: Event) -> bool:
    """docs/gateway.md, who may send."""
    of_device = said.source == _DEVICE.source or said.source.startswith(f"{_DEVICE.source}/")
    place = (said.street, said.site, said.window) == (_DEVICE.street, _DEVICE.site, _DEVICE.window)
    return of_device and place and said.type in DEVICE_TYPES


def _check_published(value: bytes) -> None:
    """What is published holds no person, and is what comes of it again."""
    (said,) = decode([Record(0, RECEIVED_MS, None, value)]).events
    assert (
        not said.data.get("rater") or said.type != "rating.submitted" or said.data["rater"].startswith("hmac-sha256:")
    )
    known = KNOWN_FIELDS[said.type] - _TEXTS
    for text in _texts({name: item for name, item in said.data.items() if name not in known}):
        assert not list(phones(text)), value
    (again,) = judge([submitted(value)], _DEVICE, RECEIVED_MS, _TERMS).events
    assert json.loads(again.value or b"") == json.loads(value)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, int | str) and not isinstance(value, bool):
        yield str(value)
