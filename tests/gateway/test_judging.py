"""What becomes of what a device hands in: verdicts, and what is published of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.decoding import CLOCK_AHEAD_MS, MAX_BYTES, decode
from schemas.events import TYPES
from schemas.privacy import Privacy
from schemas.secret import Secret
from streams.gateway.devices import Device
from streams.gateway.judging import DEVICE_TYPES, TOPIC, Judged, Submission, Terms, judge, submitted
from streams.routing import partition_of
from streams.transport.record import Record
from tests.examples import RECEIVED_MS, event

_PRIVACY = Privacy.from_secret(Secret(bytes(range(32))))
_TERMS = Terms(_PRIVACY, 4, CLOCK_AHEAD_MS)
_DEVICE = Device("DG-00042", "terminal/DG-00042", "530102001", "530102001-00", "530102001-00-03")
_OFFICE = Device("office", "office", role="office")
_PHONE = "13800000000"


def _raw(kind: str, /, **changes: Any) -> bytes:
    return json.dumps(event(kind, **changes), ensure_ascii=False).encode()


def _judge(*raws: bytes, device: Device = _DEVICE) -> Judged:
    return judge([submitted(raw) for raw in raws], device, RECEIVED_MS, _TERMS)


def _said(judged: Judged) -> list[tuple[str, str, str]]:
    return [(one.verdict, one.reason, one.field) for one in judged.verdicts]


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_a_device_says_what_is_a_device_s_and_an_office_all(kind: str) -> None:
    by_office = _judge(_raw(kind, source="office/2"), device=_OFFICE)
    assert _said(by_office) == [("accepted", "", "")]
    by_device = _judge(_raw(kind))
    expected = ("accepted", "", "") if kind in DEVICE_TYPES else ("rejected", "forbidden", "type")
    assert _said(by_device) == [expected]
    assert len(by_device.events) == (kind in DEVICE_TYPES)
    assert by_device.rejects == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": "terminal/DG-00043"}, "source"),
        ({"source": "terminal/DG-000421"}, "source"),
        ({"source": "terminal"}, "source"),
        ({"window": "530102001-00-04"}, "window"),
        ({"window": None}, "window"),
        ({"street": "530102002", "site": "530102002-00", "window": "530102002-00-03"}, "street"),
        ({"site": "530102001-01", "window": "530102001-01-03"}, "site"),
    ],
)
def test_a_device_speaks_for_itself_and_its_window_alone(changes: dict[str, Any], field: str) -> None:
    judged = _judge(_raw("rating.submitted", **changes))
    assert _said(judged) == [("rejected", "forbidden", field)]
    assert (judged.events, judged.rejects, judged.verdicts[0].kept) == ([], [], "")


def test_a_device_may_tell_its_parts_apart() -> None:
    assert _said(_judge(_raw("rating.submitted", source="terminal/DG-00042/left"))) == [("accepted", "", "")]


def test_a_device_that_is_bound_to_a_site_or_a_street_speaks_for_any_window_of_it() -> None:
    raw = _raw("rating.submitted", window="530102001-00-09")
    for bound in (("530102001", "530102001-00", ""), ("530102001", "", ""), ("", "", "")):
        assert _said(_judge(raw, device=Device("queue", _DEVICE.source, *bound))) == [("accepted", "", "")]


def test_a_rejected_event_is_kept_at_a_place_that_the_same_event_again_has_too() -> None:
    wrong = _raw("rating.submitted", level="fine")
    judged = _judge(wrong, _raw("rating.submitted", id="2"), wrong)
    assert _said(judged)[0] == _said(judged)[2] == ("rejected", "invalid_field", "data.level")
    first, again = judged.rejects
    assert first == again
    assert (first.reject.raw, first.partition) == (wrong, partition_of("530102001", 4))
    assert judged.verdicts[0].kept == f"{TOPIC}/{first.partition}/{first.reject.offset}"
    assert 0 <= first.reject.offset < 2**63
    # Another device's is another reject, and both say whose.
    other = _judge(wrong, device=Device("DG-2", "terminal/DG-00042")).rejects[0]
    assert other.reject.offset != first.reject.offset
    assert "(device DG-00042)" in first.reject.detail
    assert "(device DG-2)" in other.reject.detail


def test_the_same_source_and_id_again_in_a_request_is_a_duplicate_and_published_once() -> None:
    judged = _judge(_raw("rating.submitted"), _raw("rating.submitted", level="satisfied"), _raw("window.closed"))
    assert [one.verdict for one in judged.verdicts] == ["accepted", "duplicate", "accepted"]
    assert len(judged.events) == 2


def test_what_holds_nothing_personal_is_published_byte_for_byte() -> None:
    for raw in (_raw("service.completed"), json.dumps(event("ticket.called"), indent=1).encode()):
        (entry,) = _judge(raw).events
        assert entry.value == raw
        assert (entry.topic, entry.partition) == ("pingliu.events", partition_of("530102001", 4))
    assert _judge(_raw("device.heartbeat")).events[0].topic == "pingliu.devices"


@pytest.mark.parametrize(
    "raw",
    [
        _raw("rating.submitted", rater=_PHONE, comment=f"打 {_PHONE}"),
        _raw("service.completed", phone=_PHONE),
        _raw("window.closed").replace(b'{"spec', b'{"phone": "13800000000", "spec'),
        _raw("window.closed").replace(b'"data": {}', b'"data": {"note": "13800000000"}, "data": {}'),
        _raw("window.closed", more={"a": 1}).replace(b'"a": 1', b'"a": "13800000000", "a": 1'),
    ],
    ids=[
        "a rater and a comment",
        "a vendor's field",
        "an attribute nobody knows",
        "data said twice",
        "a field said twice",
    ],
)
def test_what_is_published_holds_no_person_wherever_one_hides(raw: bytes) -> None:
    (entry,) = _judge(raw).events
    assert entry.value is not None
    assert _PHONE.encode() not in entry.value
    (said,), (before,) = (decode([Record(0, RECEIVED_MS, None, text)]).events for text in (entry.value, raw))
    # What is stored of it is what would have been stored of the event as it came.
    assert _PRIVACY.clean(said.type, said.data).keys() == _PRIVACY.clean(before.type, before.data).keys()
    if before.data.get("rater"):
        hashes = [_PRIVACY.rater_hash(one.data["rater"], RECEIVED_MS) for one in (said, before)]
        assert hashes[0] == hashes[1]
        assert _PHONE not in hashes[0]


def test_numbers_beyond_any_machine_s_are_published_as_what_can_be_read_again() -> None:
    raw = _raw("rating.submitted", big=10**30).replace(b'"big": 1', b'"huge": 1e999, "big": 1')
    (entry,) = _judge(raw).events
    (said,) = decode([Record(0, RECEIVED_MS, None, entry.value)]).events
    assert (said.data["big"], said.data["huge"]) == (10**30, None)


def test_an_event_that_grows_too_large_with_its_rater_s_hash_is_refused_before_it_is_accepted() -> None:
    raw = _raw("rating.submitted", rater="x", padding="")
    room = MAX_BYTES - len(raw)
    for size, expected in ((room - 200, "accepted"), (room, "rejected")):
        judged = _judge(_raw("rating.submitted", rater="x", padding="x" * size))
        assert [one.verdict for one in judged.verdicts] == [expected]
        assert all(len(entry.value or b"") <= MAX_BYTES for entry in judged.events)


def test_a_vendor_s_record_gets_one_verdict_and_is_published_whole_or_not_at_all() -> None:
    good, other, bad = _raw("ticket.issued"), _raw("ticket.called"), _raw("ticket.called", call_no=0)
    unread = Submission(b"vendor's", (), ("invalid_field", "state", "no such state"))
    judged = judge(
        [Submission(b"a", (good, bad)), Submission(b"b", (good, other)), Submission(b"c", (good,)), unread],
        _DEVICE,
        RECEIVED_MS,
        _TERMS,
    )
    assert [(one.verdict, one.reason, one.field) for one in judged.verdicts] == [
        ("rejected", "invalid_field", "data.call_no"),
        ("accepted", "", ""),
        ("duplicate", "", ""),
        ("rejected", "invalid_field", "state"),
    ]
    assert [entry.value for entry in judged.events] == [good, other]
    assert [kept.reject.raw for kept in judged.rejects] == [b"a", b"vendor's"]
