"""The decoder: a verdict for each message, the same alone as in a batch, and the one an independent reader gives."""

from __future__ import annotations

import json
from dataclasses import dataclass

from schemas.decoding import decode
from schemas.event import Event, Reject
from schemas.events import TYPES
from tests import recount
from tests.examples import EXAMPLES, RECEIVED_MS, event

# Parts an input into messages; JSON has no place for it, so it costs no kind of message.
SEPARATOR = b"\x1e"
WORDS = [
    SEPARATOR,
    *(f'"{name}":'.encode() for name in sorted({*event("window.closed"), *(n for d in EXAMPLES.values() for n in d)})),
    *(f'"{kind}"'.encode() for kind in sorted(TYPES)),
    *(b"null", b"1e999", b"-0", b"NaN", b"{", b"}", b"[", b"]", b'"', b"\\u0000", b"\\ud800", b"\xef\xbb\xbf", b"\xff"),
]  # fmt: skip
_SAID = [json.dumps(event(kind), ensure_ascii=False).encode() for kind in sorted(TYPES)]
# What readers of JSON differ on.
_ODD = [_SAID[0].replace(b'"data": {', b'"data": {"x": %s, ' % odd) for odd in (
    b"NaN", b"-Infinity", b"1e999", b"-0.0", b"1" * 400, b'"\\ud83d"', b'"\\u0000"', b"[" * 300, b"0x1", b"01",
)]  # fmt: skip
SEEDS = [*_SAID, *_ODD, SEPARATOR.join(_SAID[:3]), b"{" + SEPARATOR + b"}", _SAID[0][:-1] + SEPARATOR + b'"x":1}']


@dataclass(frozen=True)
class Raw:
    """A broker's record."""

    offset: int
    value: bytes
    timestamp_ms: int = RECEIVED_MS


def check(data: bytes) -> None:
    """G1, G2."""
    raws = [Raw(offset, value) for offset, value in enumerate(data.split(SEPARATOR))]
    events, rejects = decode(raws)
    offsets = [one.offset for one in events], [one.offset for one in rejects]
    assert offsets == (sorted(offsets[0]), sorted(offsets[1]))
    assert sorted(offsets[0] + offsets[1]) == list(range(len(raws)))
    both: list[Event | Reject] = [*events, *rejects]
    by_offset = {one.offset: one for one in both}
    for reject in rejects:
        assert reject.raw == raws[reject.offset].value
        assert reject.detail
    for raw in raws:
        alone = decode([raw])
        assert [*alone.events, *alone.rejects] == [by_offset[raw.offset]]
        if b"\\ud" in raw.value.lower():
            # Half a character in a member that is said again makes it no JSON; the independent reader doesn't see it.
            continue
        verdict = recount.judge(recount.Message(0, raw.offset, RECEIVED_MS, raw.value))
        if isinstance(verdict, recount.Accepted):
            assert [one.data for one in alone.events] == [verdict.event["data"]], verdict
        else:
            assert [one.reason for one in alone.rejects] == [verdict.reason], verdict
