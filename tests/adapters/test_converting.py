"""Whatever comes in: nothing is fatal, nothing is dropped, and what comes out is the contract's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.adapters import NAMES, Converted, Origin, UnknownAdapter, convert
from schemas.adapters.mapping import SHIPPED
from schemas.decoding import MAX_BYTES, decode
from streams.transport.record import Record
from tests.adapters.golden_files import MAPPINGS, cases, converted

_BOUND = Origin("530102001", "530102001-00", "530102001-00-03", "terminal/DG-00042")
_ORIGINS = [_BOUND, _BOUND._replace(window=""), _BOUND._replace(site="", window=""), Origin("", "", "", "")]
_FAR_MS = 4_000_000_000_000
_TIMES = ["2026-11-02T10:15:30+08:00", "2026-11-02 10:15:30", "20261102T101530", "2026-13-02 10:15:30"]
_RATER = "13800138000"


def _accepts(events: tuple[dict[str, Any], ...]) -> bool:
    """Whether the contract's own reader takes all of some events."""
    records = [Record(offset, _FAR_MS, b"", json.dumps(event).encode()) for offset, event in enumerate(events)]
    return len(decode(records).events) == len(events)


def _hold(records: list[Converted]) -> None:
    """What holds of every conversion."""
    for one in records:
        assert bool(one.events) != (one.reject is not None)
        assert _accepts(one.events), one
        if one.reject:
            assert one.reject[2]


_FRAGMENTS = [
    b"{",
    b"}",
    b'{"key":1}',
    b'"',
    b":",
    b",",
    b"[",
    b"]",
    b"\n",
    b" ",
    b"=",
    b"&",
    b"%FF",
    b"\xff",
    b"1e999",
]
_BODIES = st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(_FRAGMENTS), max_size=30).map(b"".join))


@given(st.sampled_from(NAMES), _BODIES, st.sampled_from(_ORIGINS))
def test_no_bytes_are_fatal_or_dropped(name: str, body: bytes, origin: Origin) -> None:
    records = convert(name, body, origin, MAPPINGS)
    _hold(records)
    blanks = b" \t\r\n"
    said = body.removeprefix(b"\xef\xbb\xbf").translate(None, blanks)
    kept = b"".join(one.raw for one in records).translate(None, blanks)
    try:
        elements = json.loads(body)
        assert isinstance(elements, list)
    except (ValueError, AssertionError):
        assert records
        assert kept == said
    else:
        assert len(records) == len(elements)


_JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@st.composite
def _records(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    """An adapter and records that are nearly right for it."""
    name = draw(st.sampled_from(NAMES))
    mapping = SHIPPED.tables[name]
    tables: dict[str, list[str]] = {
        "level": list(mapping.levels),
        "channel": list(mapping.channels),
        "round": list(mapping.rounds),
        "state": list(mapping.happenings),
        "action": [*[""] * len(mapping.actions), *mapping.actions],
        "type": list(mapping.types),
        "source": list(mapping.sources),
        "priority": list(mapping.priorities),
        "reason": list(mapping.pauses),
        "time": [*_TIMES[:1] * 9, *_TIMES],
        "issued_at": [*_TIMES[:1] * 9, *_TIMES],
        "tags": ["510,517", "213|214", "", "1,2,3,4,5,6,7,8,9,10"],
        "window": ["3", "4", "W0103", "530102001-00-03", "530102002-00-01", "x"],
        "to_window": ["3", "4", "530102001-00-04"],
        "site": ["51", "530102001", "530102001000", "530102002-00", "x"],
        "error": ["0", "", "0", "1"],
        "visit": ["1", "2", "3", "二"],
        "call_no": ["0", "2"],
        "reservation": ["", "YY001"],
        "staff": ["S0142", "S0143", "", "x" * 80],
        "rater": [_RATER],
    }
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {"+": _JUNK}
    for field, names in mapping.fields.items():
        right = st.sampled_from(tables.get(field) or ["1", "P-1", "x" * 80])
        for vendors in set(names) - required.keys():
            match draw(st.integers(0, 24)):
                case 0:
                    required[vendors] = st.one_of(_JUNK, st.sampled_from(["", "7", "A012"]))
                case 1 | 2 | 3:
                    optional[vendors] = right
                case _:
                    required[vendors] = right
    optional = {vendors: values for vendors, values in optional.items() if vendors not in required}
    record = st.fixed_dictionaries(required, optional=optional)
    return name, draw(st.lists(record, min_size=1, max_size=4))


@given(_records(), st.sampled_from(_ORIGINS), st.booleans(), st.booleans())
def test_every_record_is_an_event_of_the_contract_or_a_reject_in_any_form_of_body(
    given: tuple[str, list[dict[str, Any]]], origin: Origin, in_lines: bool, is_told: bool
) -> None:
    name, records = given
    mappings = MAPPINGS if is_told else SHIPPED
    lines = [json.dumps(record).encode() for record in records]
    body = b"\n".join(lines) if in_lines else b"[" + b",".join(lines) + b"]"
    found = convert(name, body, origin, mappings)
    assert [one.raw for one in found] == lines
    _hold(found)
    # The same record again, in other words and after others, is a redelivery.
    again = [
        one
        for record in records
        for one in convert(name, json.dumps(dict(reversed(record.items())), indent=1).encode(), origin, mappings)
    ]
    assert [one.events for one in again] == [one.events for one in found]
    for one in found:
        for event in one.events:
            data = {field: value for field, value in event["data"].items() if field != "rater"}
            said = json.dumps([data, {field: value for field, value in event.items() if field != "data"}])
            assert _RATER not in said


def test_every_code_of_every_mapping_gives_an_event_that_the_contract_takes() -> None:
    """The golden files hold every code; those of what the contract has no event for are refused as such."""
    taken = [one for name, body in cases() for one in converted(name, body)]
    _hold(taken)
    assert any(one.reject and one.reject[0] == "unknown_type" for one in taken)


def test_a_record_without_an_identity_is_told_apart_by_its_content_and_by_where_it_is_from() -> None:
    press = {"key": 2, "handleTime": "2026-11-02 10:15:30"}
    elsewhere = _BOUND._replace(window="530102001-00-04")
    found = [
        convert("keybox", json.dumps(record).encode(), origin)[0].events[0]
        for record, origin in [
            (press, _BOUND),
            ({**press, "key": 3}, _BOUND),
            ({**press, "handleTime": "2026-11-02 10:15:31"}, _BOUND),
            (press, elsewhere),
        ]
    ]
    assert len({event["id"] for event in found}) == len({event["data"]["rating"] for event in found}) == len(found)


def test_a_default_rating_is_no_bar_to_a_later_real_one_of_the_same_case() -> None:
    default, real = convert(
        "upload",
        json.dumps(
            [
                {"projectNo": "P-1", "pf": "7", "satisfaction": "3", "assessTime": "2026-11-09 00:00:00"},
                {"projectNo": "P-1", "pf": "5", "satisfaction": "1", "assessTime": "2026-11-10 09:00:00"},
            ]
        ).encode(),
        _BOUND,
    )
    assert default.events[0]["data"]["channel"] == "system_default"
    assert default.events[0]["data"]["service"] == real.events[0]["data"]["service"]
    assert default.events[0]["data"]["rating"] != real.events[0]["data"]["rating"]
    assert default.events[0]["id"] != real.events[0]["id"]


def test_a_rating_at_a_box_of_keys_means_the_service_that_the_queue_completed() -> None:
    ticket = {"qId": 7712, "windowNumber": "530102001-00-03"}
    row = {**ticket, "state": 1, "handleTime": "2026-11-02 10:31:00"}
    press = {**ticket, "key": 3, "handleTime": "2026-11-02 10:31:20"}
    origin = _BOUND._replace(window="")
    (completed,) = convert("queue", json.dumps(row).encode(), origin)
    (rating,) = convert("keybox", json.dumps(press).encode(), origin)
    assert completed.events[0]["data"]["service"] == rating.events[0]["data"]["service"]


@pytest.mark.parametrize("field", ["certkeyGOV", "userName"])
def test_who_rated_is_said_as_the_rater_and_nowhere_else(field: str) -> None:
    record = {"projectNo": "P-1", "pf": "5", "satisfaction": "1", "assessTime": "2026-11-10 09:00:00", field: _RATER,
              "mobile": _RATER, "proManager": _RATER}  # fmt: skip
    (one,) = convert("upload", json.dumps(record).encode(), _BOUND)
    (event,) = one.events
    assert event["data"].pop("rater") == _RATER
    assert _RATER not in json.dumps(event)


def test_what_a_device_is_bound_to_goes_before_what_its_records_say() -> None:
    record = json.dumps({"projectNo": "P-1", "pf": "5", "satisfaction": "1", "assessTime": "2026-11-10 09:00:00",
                         "areaCode": "530102002"}).encode()  # fmt: skip
    assert convert("upload", record, _BOUND, MAPPINGS)[0].events[0]["window"] == _BOUND.window
    street = _BOUND._replace(site="", window="")
    assert convert("upload", record, street, MAPPINGS)[0].reject[:2] == ("misplaced", "areaCode")  # type: ignore[index]


def test_what_is_too_large_itself_or_as_an_event_is_refused_as_such() -> None:
    record = {"projectNo": "P-1", "pf": "5", "satisfaction": "1", "assessTime": "2026-11-10 09:00:00"}
    spare = MAX_BYTES - len(json.dumps({**record, "certkeyGOV": ""}))
    for characters, is_taken in ((100, True), (spare, False), (spare + 1, False)):
        raw = json.dumps({**record, "certkeyGOV": "9" * characters}).encode()
        (one,) = convert("upload", raw, _BOUND)
        assert (one.reject is None) == is_taken
        assert is_taken or (one.reject or ("",))[0] == "too_large"
        assert (len(raw) > MAX_BYTES) == (characters > spare)


def test_a_name_that_is_no_adapter_s_is_said_so() -> None:
    with pytest.raises(UnknownAdapter, match="epoint"):
        convert("epoint", b"{}", _BOUND)
