"""Adapters: a vendor's bytes become events or a reject with a reason, the same ones each time.

An input is an adapter (its first byte), where the device is bound (its second), and a body.
"""

from __future__ import annotations

import json
from typing import get_args

from schemas.adapters import NAMES, Origin, convert
from schemas.decoding import decode
from schemas.event import Reason
from streams.transport.record import Record
from tests.adapters.golden_files import MAPPINGS, cases
from tests.examples import RECEIVED_MS

_ORIGINS = (
    Origin("530102001", "530102001-00", "530102001-00-03", "terminal/DG-00042"),
    Origin("530102001", "", "", "queue/1"),
    Origin("", "", "", "office"),
)
# Reasons that say an adapter made no event: it must not.
_MALFORMED = frozenset({"not_utf8", "not_json", "not_an_event", "unknown_type"})
SEEDS = [
    *(bytes([NAMES.index(name), 0]) + path.read_bytes() for name, path in cases()),
    *(bytes([which, bound]) + b'[{"id":1},{}]' for which in range(len(NAMES)) for bound in range(len(_ORIGINS))),
]
_FIELDS = sorted({name for mapping in MAPPINGS.tables.values() for names in mapping.fields.values() for name in names})
WORDS = [
    *(f'"{name}":'.encode() for name in _FIELDS),
    *(b"null", b"1e999", b"-1", b"NaN", b"[", b"]", b"{", b"}", b'"', b"\n", b"\\ud800", b"\xff", b"13812345678"),
]


def check(data: bytes) -> None:
    """A record is events or a reject, never neither; what is made are events, of the device's own place."""
    name, origin = NAMES[data[0] % len(NAMES)] if data else NAMES[0], _ORIGINS[data[1] % 3 if len(data) > 1 else 0]
    body = data[2:]
    converted = convert(name, body, origin, MAPPINGS)
    assert convert(name, body, origin, MAPPINGS) == converted
    # An empty array, and blank lines, have no records.
    assert converted or not body.strip(b"[] \t\r\n"), body
    for one in converted:
        assert bool(one.events) is not bool(one.reject) or (not one.events and one.reject is None)
        if one.reject is not None:
            assert one.reject[0] in get_args(Reason)
            assert one.reject[2]
        for event in one.events:
            raw = json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")
            for reject in decode([Record(0, RECEIVED_MS, None, raw)]).rejects:
                assert reject.reason not in _MALFORMED, (one, reject)
            for part in ("street", "site", "window"):
                bound = getattr(origin, part)
                assert not bound or event[part] == bound, (one, origin)
            assert str(event["source"]).startswith(origin.source)
