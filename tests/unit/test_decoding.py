"""Contract §1–§3: what is accepted, and the one reason for which anything else is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.decoding import MAX_BYTES, decode
from schemas.event import Reject
from schemas.events import TYPES
from tests import recount
from tests.examples import EXAMPLES, RECEIVED_MS, event


@dataclass(frozen=True)
class Raw:
    offset: int
    value: bytes | None
    timestamp_ms: int = RECEIVED_MS


def encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def only_reject(raw: bytes | None) -> Reject:
    decoded = decode([Raw(0, raw)])
    assert not decoded.events
    return decoded.rejects[0]


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_every_type_of_the_contract_is_accepted(kind: str) -> None:
    decoded = decode([Raw(7, encode(event(kind)))])
    assert not decoded.rejects
    accepted = decoded.events[0]
    assert (accepted.offset, accepted.type, accepted.received_ms) == (7, kind, RECEIVED_MS)
    assert accepted.data == EXAMPLES[kind]


@pytest.mark.parametrize(
    ("time", "ms"),
    [
        ("2026-11-02T10:15:30+08:00", 0),
        ("2026-11-02T02:15:30Z", 0),
        ("2026-11-01T20:45:30-05:30", 0),
        ("2026-11-02t02:15:30.1239999z", 123),
        ("2026-11-02T02:15:30.12345678Z", 123),
        ("2026-11-02T10:15:30.123+08:00", 123),
        ("2026-11-01T20:45:30.004-05:30", 4),
        ("2026-11-02T10:15:30.5+08:00", 500),
    ],
)
def test_event_time_is_read_to_the_millisecond_and_finer_digits_are_cut(time: str, ms: int) -> None:
    accepted = decode([Raw(0, encode(event("window.closed", time=time)))]).events[0]
    assert accepted.time_ms == 1_793_585_730_000 + ms


@pytest.mark.parametrize(
    ("raw", "reason", "path"),
    [
        (b"{" + b" " * MAX_BYTES, "too_large", ""),
        (b'{"specversion":"1.0","x":"\xff"}', "not_utf8", ""),
        (b"", "not_json", ""),
        (None, "not_json", ""),
        (b'{"a":1', "not_json", ""),
        (b'{"a":NaN}', "not_json", ""),
        (b'{"a":"\\ud800"}', "not_json", ""),
        (b"\xef\xbb\xbf{}", "not_json", ""),
        (b"[" * 5000, "not_json", ""),
        (b"[]", "not_an_event", ""),
        (b'"text"', "not_an_event", ""),
        (b"{}", "not_an_event", "specversion"),
        (encode(event("window.closed", specversion="0.3")), "not_an_event", "specversion"),
        (encode(event("window.closed", type=None)), "not_an_event", "type"),
        (encode(event("window.closed", type="")), "not_an_event", "type"),
        (encode(event("window.closed", type="window.painted")), "unknown_type", "type"),
        (encode(event("window.closed", id="")), "invalid_field", "id"),
        (encode(event("window.closed", id="x" * 65)), "invalid_field", "id"),
        (encode(event("window.closed", id=5)), "invalid_field", "id"),
        (encode(event("window.closed", source="x" * 129)), "invalid_field", "source"),
        (encode(event("window.closed", time="2026-11-02 10:15:30+08:00")), "invalid_field", "time"),
        (encode(event("window.closed", time="2026-11-02T10:15:30")), "invalid_field", "time"),
        (encode(event("window.closed", time="2026-13-02T10:15:30Z")), "invalid_field", "time"),
        (encode(event("window.closed", time="2026-11-02T10:15:30+08:80")), "invalid_field", "time"),
        (encode(event("window.closed", time="2026-11-02T10:15:30+24:00")), "invalid_field", "time"),
        (encode(event("window.closed", time="2026-02-29T10:15:30Z")), "invalid_field", "time"),
        (encode(event("window.closed", street="53010200")), "invalid_field", "street"),
        (encode(event("window.closed", window=None)), "invalid_field", "window"),
        (encode(event("window.opened", staff=None)), "invalid_field", "staff"),
        (encode(event("rating.submitted", data=[])), "invalid_field", "data"),
        (encode(event("rating.submitted", level="happy")), "invalid_field", "data.level"),
        (encode(event("rating.submitted", channel="fax")), "invalid_field", "data.channel"),
        (encode(event("rating.submitted", tags=["1"] * 9)), "invalid_field", "data.tags"),
        (encode(event("rating.submitted", comment="评" * 501)), "invalid_field", "data.comment"),
        (encode(event("rating.submitted", round=3)), "invalid_field", "data.round"),
        (encode(event("rating.submitted", real_name="true")), "invalid_field", "data.real_name"),
        (encode(event("ticket.called", call_no=0)), "invalid_field", "data.call_no"),
        (encode(event("rectification.extended", workdays=11)), "invalid_field", "data.workdays"),
        (encode(event("service.completed", promised_by="tomorrow")), "invalid_field", "data.promised_by"),
        (encode(event("supervision.opened", due="2026-02-30")), "invalid_field", "data.due"),
        (encode(event("window.closed", site="530102002-00")), "misplaced", "site"),
        (encode(event("window.closed", window="530102001-01-03")), "misplaced", "window"),
        (encode(event("window.closed", time="2036-11-02T10:15:30+08:00")), "clock_ahead", "time"),
    ],
)
def test_a_message_is_refused_for_the_first_reason_that_applies(raw: bytes | None, reason: str, path: str) -> None:
    reject = only_reject(raw)
    assert (reject.reason, reject.path) == (reason, path)
    assert reject.raw == (raw or b"")
    assert reject.detail


def test_reasons_come_in_the_contracts_order() -> None:
    wrong_everywhere: dict[str, Any] = event("window.closed", site="530102002-00", time="2036-11-02T10:15:30+08:00")
    assert only_reject(encode(wrong_everywhere)).reason == "misplaced"
    assert only_reject(encode({**wrong_everywhere, "id": ""})).reason == "invalid_field"
    assert only_reject(encode({**wrong_everywhere, "id": "", "type": "x.y"})).reason == "unknown_type"
    assert only_reject(encode({**wrong_everywhere, "type": "x.y", "specversion": "2"})).reason == "not_an_event"


def test_a_clock_may_be_ten_minutes_ahead_of_the_broker_and_no_more() -> None:
    raw = encode(event("window.closed", time="2026-11-02T10:15:30+08:00"))
    at = 1_793_585_730_000
    assert not decode([Raw(0, raw, at - 600_000)]).rejects
    assert decode([Raw(0, raw, at - 600_001)]).rejects[0].reason == "clock_ahead"


def test_unknown_fields_of_data_are_kept_and_null_means_absent() -> None:
    raw = encode(event("rating.submitted", pf="4", service=None) | {"staff": None, "traceparent": "00-1"})
    accepted = decode([Raw(0, raw)]).events[0]
    assert accepted.data["pf"] == "4"
    assert accepted.data["service"] is None
    assert accepted.staff == ""


GOOD = [encode(event(kind, id=f"{kind}-{n}")) for n, kind in enumerate(sorted(TYPES))]
# Each is malformed alone, and together they could close each other's brackets.
BORROWERS = [b'{"a":1', b'"y":2}', GOOD[0] + b"," + GOOD[1], GOOD[2][:-1], b'"z":3}', b"{}", b"[", b"]", b"", b" "]


@given(st.lists(st.sampled_from([*GOOD, *BORROWERS, b" " + GOOD[3], b"\xff", b"{}"]), max_size=60))
def test_a_batch_is_judged_as_its_messages_are_one_by_one(raws: list[bytes]) -> None:
    together = decode([Raw(n, raw) for n, raw in enumerate(raws)])
    alone = [decode([Raw(n, raw)]) for n, raw in enumerate(raws)]
    assert together.events == [e for decoded in alone for e in decoded.events]
    assert together.rejects == [r for decoded in alone for r in decoded.rejects]
    assert len(together.events) + len(together.rejects) == len(raws)


_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=70)
    | st.sampled_from(
        ["1", "x" * 64, "x" * 65, "530102001", "530102001-00", "very_satisfied", "qr", "1.0", "2026-11-02"]
    )
    | st.sampled_from(
        ["2026-11-02T10:15:30Z", "2026-11-02T24:00:00Z", "2036-01-01T00:00:00+08:00", "0001-01-01T00:00:00Z"]
    )
)
_values: st.SearchStrategy[Any] = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
_FIELDS = sorted({field for data in EXAMPLES.values() for field in data})
_ATTRIBUTES = ["specversion", "id", "source", "type", "time", "street", "site", "window", "staff", "data"]


@settings(max_examples=400)
@given(
    st.sampled_from(sorted(TYPES)),
    st.dictionaries(st.sampled_from(_ATTRIBUTES), _values, max_size=2),
    st.dictionaries(st.sampled_from([*_FIELDS, "x"]), _values, max_size=2),
)
def test_every_envelope_is_judged_as_an_independent_reader_judges_it(
    kind: str, attributes: Mapping[str, Any], fields: Mapping[str, Any]
) -> None:
    envelope = event(kind)
    envelope["data"] |= fields
    raw = encode({**envelope, **attributes})
    decoded = decode([Raw(0, raw)])
    verdict = recount.judge(recount.Message(0, 0, RECEIVED_MS, raw))
    if isinstance(verdict, recount.Accepted):
        assert [e.time_ms for e in decoded.events] == [verdict.event["time"]]
        assert decoded.events[0].data == verdict.event["data"]
    else:
        reject = decoded.rejects[0]
        assert reject.reason == verdict.reason
        # The contract's reader names no field of what is no event; we name the one that makes it none.
        assert reject.path == verdict.path or reject.reason == "not_an_event"


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_no_bytes_are_fatal_or_dropped(raws: list[bytes]) -> None:
    decoded = decode([Raw(n, raw) for n, raw in enumerate(raws)])
    assert sorted([e.offset for e in decoded.events] + [r.offset for r in decoded.rejects]) == list(range(len(raws)))
