"""The recount itself, held to figures worked out by hand."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from tests.recount import Accepted, Facts, Message, Registry, Rejected, Rules, facts, judge, live, totals
from tests.recount.times import day_of, minute_of, parse_time
from tests.recount.workdays import workday_after

STREET = "530102001"
SITE = "530102001-00"
W1 = "530102001-00-01"
W2 = "530102001-00-02"
OTHER_SITE = "530102001-07"
OTHER_WINDOW = "530102001-07-01"

DAY = "2026-11-02"  # a Monday
MIDNIGHT = 1_793_548_800  # 2026-11-02T00:00:00+08:00 in epoch seconds: 20,758 days of 86,400 s, and 16 h
LONG_AFTER = (MIDNIGHT + 60 * 86_400) * 1000


def ms(clock: str, day: int = 0) -> int:
    """The epoch milliseconds of HH:MM:SS, so many days after 2026-11-02."""
    hours, minutes, seconds = clock.split(":")
    return (MIDNIGHT + day * 86_400 + int(hours) * 3600 + int(minutes) * 60) * 1000 + round(float(seconds) * 1000)


def body(kind: str, time: str = "10:00:00", **envelope: Any) -> dict[str, Any]:
    """An event on the wire; `day` is a number after 2026-11-02, `data` given as such."""
    day = f"2026-11-{2 + envelope.pop('day', 0):02d}"
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": "e1",
        "source": "terminal/1",
        "type": kind,
        "time": f"{day}T{time}+08:00",
        "street": STREET,
        "site": SITE,
        "window": W1,
        "staff": None,
        "data": {},
    }
    return {**event, **envelope}


def wire(event: object, received_ms: int = LONG_AFTER) -> Message:
    value = event if isinstance(event, bytes) else json.dumps(event, ensure_ascii=False).encode()
    return Message(0, 0, received_ms, value)


class Log:
    """A partition: events get ids and offsets as they are added."""

    def __init__(self, partition: int = 0) -> None:
        self.partition = partition
        self.messages: list[Message] = []

    def add(self, kind: str, time: str = "10:00:00", /, day: int = 0, **fields: Any) -> "Log":
        """Keywords that name an attribute of the envelope go there, all others to the data."""
        envelope = {
            name: fields.pop(name) for name in ("id", "source", "street", "site", "window", "staff") if name in fields
        }
        envelope.setdefault("id", f"p{self.partition}-{len(self.messages)}")
        self.put(body(kind, time, day=day, data=fields, **envelope))
        return self

    def put(self, event: object) -> "Log":
        offset = 10 + 2 * len(self.messages)
        value = wire(event).value
        self.messages.append(Message(self.partition, offset, LONG_AFTER, value))
        return self

    def again(self, index: int = -1) -> "Log":
        """The broker has the message a second time."""
        before = self.messages[index]
        self.messages.append(Message(self.partition, 10 + 2 * len(self.messages), LONG_AFTER, before.value))
        return self

    def rate(self, rating: str, level: str = "satisfied", time: str = "10:00:00", **fields: Any) -> "Log":
        return self.add("rating.submitted", time, **{"rating": rating, "level": level, "channel": "kiosk", **fields})


def counted(bucket: Mapping[str, int] | None) -> dict[str, int]:
    """What isn't zero."""
    return {name: count for name, count in (bucket or {}).items() if count != 0}


def street_day(log: Log, day: str = DAY) -> dict[str, int]:
    return counted(live(log.messages).street_days.get((STREET, day)))


def window_day(log: Log, window: str = W1, site: str = SITE, day: str = DAY) -> dict[str, int]:
    return counted(live(log.messages).window_days.get((STREET, site, window, day)))


def recounted(log: Log, now_ms: int = LONG_AFTER, registry: Registry | None = None) -> Facts:
    return facts(log.messages, Rules(), registry or Registry(), now_ms=now_ms)


# ---------------------------------------------------------------- §1, §2: what is an event

MINIMAL: dict[str, dict[str, Any]] = {
    "ticket.issued": {"ticket": "T1"},
    "ticket.called": {"ticket": "T1"},
    "ticket.abandoned": {"ticket": "T1"},
    "ticket.transferred": {"ticket": "T1", "to_window": W2},
    "service.started": {"service": "V1"},
    "service.completed": {"service": "V1", "outcome": "done"},
    "rating.submitted": {"rating": "R1", "level": "satisfied", "channel": "qr"},
    "rating.voided": {"rating": "R1", "reason": "test", "decided_by": "X"},
    "rating.reinstated": {"rating": "R1", "decided_by": "X"},
    "appeal.filed": {"appeal": "A1", "rating": "R1", "ground": "错按"},
    "appeal.decided": {"appeal": "A1", "rating": "R1", "result": "upheld", "decided_by": "X"},
    "rectification.contacted": {"rating": "R1", "by": "X"},
    "rectification.verified": {"rating": "R1", "finding": "valid", "liable": "staff"},
    "rectification.extended": {"rating": "R1", "workdays": 10, "reason": "等材料", "approved_by": "X"},
    "rectification.completed": {"rating": "R1", "measure": "已整改"},
    "rectification.revisited": {"rating": "R1", "result": "satisfied"},
    "window.opened": {},
    "window.paused": {"reason": "meal"},
    "window.resumed": {},
    "window.closed": {},
    "conduct.recorded": {"record": "C1", "rule": "K1", "target": "staff", "target_id": "S1", "by": "X"},
    "conduct.withdrawn": {"record": "C1", "by": "X"},
    "supervision.opened": {"matter": "M1", "due": "2026-11-30"},
    "supervision.closed": {"matter": "M1"},
    "suggestion.received": {"suggestion": "G1", "text": "多开一个窗口", "via": "12345"},
    "device.heartbeat": {"device": "D1", "kind": "rating"},
}

OPTIONAL: dict[str, dict[str, Any]] = {
    "ticket.issued": {"item": "I1", "priority": "elderly", "channel": "counter"},
    "ticket.called": {"call_no": 1},
    "ticket.abandoned": {"reason": "no_show"},
    "service.started": {"ticket": "T1", "item": "I1", "kind": "consult"},
    "service.completed": {
        "ticket": "T1",
        "item": "I1",
        "case": "K1",
        "kind": "agent",
        "promised_by": "2026-11-05T17:00:00+08:00",
    },
    "rating.submitted": {
        "service": "V1",
        "tags": ["213"] * 8,
        "tag_version": "2020-08",
        "comment": "好" * 500,
        "real_name": False,
        "rater": "13800000000",
        "round": 2,
    },
    "rating.voided": {"document": "昆政务〔2026〕1号"},
    "rectification.verified": {"staff": "S1"},
    "window.paused": {"planned_minutes": 30},
    "conduct.recorded": {"points": -0.5, "incident": "N1", "note": "迟到"},
    "device.heartbeat": {"backlog": 0, "battery": 0.5, "firmware": "1.2"},
}

NEEDS_WINDOW = {
    "ticket.called",
    "ticket.transferred",
    "service.started",
    "service.completed",
    "window.opened",
    "window.paused",
    "window.resumed",
    "window.closed",
}


@pytest.mark.parametrize("kind", MINIMAL)
def test_every_type_is_accepted_with_its_required_fields_alone(kind: str) -> None:
    event = body(kind, data=MINIMAL[kind], staff="S1" if kind == "window.opened" else None)
    if kind not in NEEDS_WINDOW:
        del event["window"]
    assert isinstance(judge(wire(event)), Accepted)


@pytest.mark.parametrize("kind", MINIMAL)
def test_every_type_is_accepted_with_all_fields_with_nulls_and_with_unknown_ones(kind: str) -> None:
    full = {**MINIMAL[kind], **OPTIONAL.get(kind, {}), "brand_new": {"kept": None}}
    nulls = {**MINIMAL[kind], **dict.fromkeys(OPTIONAL.get(kind, {}))}
    for data in (full, nulls):
        verdict = judge(wire(body(kind, staff="S1", data=data, traceparent=7)))
        assert isinstance(verdict, Accepted)
        assert verdict.event["data"] == data


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, data in MINIMAL.items() for name in data])
def test_a_required_field_that_is_missing_null_or_of_another_type_is_refused(kind: str, name: str) -> None:
    for data in (
        {other: value for other, value in MINIMAL[kind].items() if other != name},
        {**MINIMAL[kind], name: None},
        {**MINIMAL[kind], name: True},
        {**MINIMAL[kind], name: ["x"]},
    ):
        assert judge(wire(body(kind, data=data))) == Rejected("invalid_field", f"data.{name}")


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, data in OPTIONAL.items() for name in data])
def test_an_optional_field_of_another_type_is_refused(kind: str, name: str) -> None:
    data = {**MINIMAL[kind], name: {"no": "such"}}
    assert judge(wire(body(kind, data=data))) == Rejected("invalid_field", f"data.{name}")


@pytest.mark.parametrize(
    ("kind", "name", "value", "path"),
    [
        ("ticket.issued", "ticket", "", "data.ticket"),
        ("ticket.issued", "ticket", "票" * 65, "data.ticket"),
        ("ticket.issued", "ticket", 7, "data.ticket"),
        ("ticket.issued", "item", "", "data.item"),
        ("ticket.issued", "priority", "vip", "data.priority"),
        ("ticket.issued", "channel", "qr", "data.channel"),
        ("ticket.called", "call_no", 0, "data.call_no"),
        ("ticket.called", "call_no", "1", "data.call_no"),
        ("ticket.called", "call_no", True, "data.call_no"),
        ("ticket.called", "call_no", 1.0, "data.call_no"),
        ("ticket.abandoned", "reason", "bored", "data.reason"),
        ("service.completed", "outcome", "Done", "data.outcome"),
        ("service.completed", "kind", "other", "data.kind"),
        ("service.completed", "promised_by", "2026-11-05", "data.promised_by"),
        ("rating.submitted", "level", "5", "data.level"),
        ("rating.submitted", "level", 5, "data.level"),
        ("rating.submitted", "channel", "counter", "data.channel"),
        ("rating.submitted", "tags", ["1"] * 9, "data.tags"),
        ("rating.submitted", "tags", "213", "data.tags"),
        ("rating.submitted", "tags", ["213", 214], "data.tags.1"),
        ("rating.submitted", "tags", [""], "data.tags.0"),
        ("rating.submitted", "comment", "差" * 501, "data.comment"),
        ("rating.submitted", "real_name", "true", "data.real_name"),
        ("rating.submitted", "real_name", 1, "data.real_name"),
        ("rating.submitted", "round", 0, "data.round"),
        ("rating.submitted", "round", 3, "data.round"),
        ("rating.submitted", "round", "1", "data.round"),
        ("rating.voided", "reason", "no_service", "data.reason"),
        ("rectification.verified", "liable", "nobody", "data.liable"),
        ("rectification.extended", "workdays", 0, "data.workdays"),
        ("rectification.extended", "workdays", 11, "data.workdays"),
        ("rectification.revisited", "result", "very_satisfied", "data.result"),
        ("window.paused", "reason", "", "data.reason"),
        ("window.paused", "planned_minutes", "30", "data.planned_minutes"),
        ("conduct.recorded", "target", "street", "data.target"),
        ("conduct.recorded", "points", True, "data.points"),
        ("supervision.opened", "due", "2026-02-29", "data.due"),
        ("supervision.opened", "due", "2026-11-30T00:00:00Z", "data.due"),
        ("suggestion.received", "text", "言" * 2001, "data.text"),
        ("suggestion.received", "via", 12345, "data.via"),
        ("device.heartbeat", "kind", "printer", "data.kind"),
    ],
)
def test_a_malformed_field_of_data_is_refused_with_its_path(kind: str, name: str, value: object, path: str) -> None:
    assert judge(wire(body(kind, data={**MINIMAL[kind], name: value}))) == Rejected("invalid_field", path)


BAD_ENVELOPE: dict[str, list[object]] = {
    "id": ["", "x" * 65, 1, None],
    "source": ["", "x" * 129, 1, None],
    "street": ["53010200", "5301020011", "53010200x", "５３０１０２００１", 530102001, None],
    "site": ["", "x" * 65, 1, None],
    "window": ["", "x" * 65, 1, None],
    "staff": ["", "x" * 65, 1, None],
    "data": [[], "{}", None],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in BAD_ENVELOPE.items() for value in values]
)
def test_a_missing_or_malformed_envelope_attribute_is_refused(name: str, value: object) -> None:
    event = body("window.opened", staff="S1")
    assert judge(wire({**event, name: value})) == Rejected("invalid_field", name)
    if value is None:
        del event[name]
        assert judge(wire(event)) == Rejected("invalid_field", name)


def test_an_accepted_event_has_its_envelope_its_data_and_its_place_in_the_log() -> None:
    event = body("ticket.issued", "10:15:30.1239", window=None, staff="S1", data={"ticket": "T1", "item": None})
    assert judge(Message(3, 42, LONG_AFTER, json.dumps(event).encode())) == Accepted(
        {
            "id": "e1",
            "source": "terminal/1",
            "type": "ticket.issued",
            "time": ms("10:15:30.123"),
            "street": STREET,
            "site": SITE,
            "window": "",
            "staff": "S1",
            "data": {"ticket": "T1", "item": None},
            "partition": 3,
            "offset": 42,
            "received_ms": LONG_AFTER,
        }
    )


@pytest.mark.parametrize("kind", sorted(NEEDS_WINDOW))
@pytest.mark.parametrize("absent", [{}, {"window": None}])
def test_a_type_that_needs_a_window_is_refused_without_one(kind: str, absent: dict[str, None]) -> None:
    event = body(kind, staff="S1", data=MINIMAL[kind])
    del event["window"]
    assert judge(wire({**event, **absent})) == Rejected("invalid_field", "window")


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("rectification.extended", "workdays", 1),
        ("rating.submitted", "round", 1),
        ("rating.submitted", "tags", []),
        ("rating.submitted", "comment", ""),
        ("suggestion.received", "text", ""),
        ("suggestion.received", "text", "言" * 2000),
        ("rectification.completed", "measure", ""),
        ("ticket.issued", "ticket", "T"),
    ],
)
def test_a_value_at_the_edge_of_its_bounds_is_accepted(kind: str, name: str, value: object) -> None:
    event = body(kind, id="e", source="t", data={**MINIMAL[kind], name: value})
    assert isinstance(judge(wire(event)), Accepted)


def test_lengths_are_counted_in_characters() -> None:
    event = body("ticket.issued", id="号" * 64, source="端" * 128, data={"ticket": "票" * 64})
    assert isinstance(judge(wire(event)), Accepted)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-02T00:00:00+08:00", MIDNIGHT * 1000),
        ("2026-11-01T16:00:00Z", MIDNIGHT * 1000),
        ("2026-11-01t16:00:00z", MIDNIGHT * 1000),
        ("2026-11-01T16:00:00-00:00", MIDNIGHT * 1000),
        ("2026-11-01T10:30:00-05:30", MIDNIGHT * 1000),
        ("2026-11-02T00:00:00.5+08:00", MIDNIGHT * 1000 + 500),
        ("2026-11-02T00:00:00.1239999999+08:00", MIDNIGHT * 1000 + 123),
        ("1969-12-31T23:59:59.9999Z", -1),
        ("2026-11-02T15:59:00+23:59", MIDNIGHT * 1000),
    ],
)
def test_a_time_is_rfc_3339_cut_to_the_millisecond(text: str, expected: int) -> None:
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-02T10:00:00",
        "2026-11-02 10:00:00+08:00",
        "2026-11-02T10:00+08:00",
        "2026-11-02T10:00:00+0800",
        "2026-11-02T10:00:00+08",
        "2026-11-02T10:00:00.+08:00",
        "2026-11-02T24:00:00+08:00",
        "2026-11-02T10:60:00+08:00",
        "2026-11-02T10:00:61+08:00",
        "2026-11-31T10:00:00+08:00",
        "2026-11-02T10:00:00+24:00",
        "2026-11-02T10:00:00+08:60",
        "2026-11-02T10:00:00+08:00\n",
        "２026-11-02T10:00:00+08:00",
        "1793548800",
        "9999-12-31T16:00:00Z",
        "",
    ],
)
def test_what_is_not_rfc_3339_with_an_offset_is_no_time(text: str) -> None:
    assert parse_time(text) is None
    assert judge(wire({**body("ticket.issued", data={"ticket": "T"}), "time": text})) == Rejected(
        "invalid_field", "time"
    )


# ---------------------------------------------------------------- §3: the reasons


def test_a_message_over_64_kib_is_too_large() -> None:
    event = json.dumps(body("ticket.issued", data={"ticket": "T1"})).encode()
    assert isinstance(judge(wire(event + b" " * (65_536 - len(event)))), Accepted)
    assert judge(wire(event + b" " * (65_537 - len(event)))) == Rejected("too_large")
    assert judge(wire(b"\xff" * 65_537)) == Rejected("too_large")


def test_bytes_that_are_not_utf_8_are_not_utf8() -> None:
    assert judge(wire(b'{"specversion":"1.0","x":"\xd0"')) == Rejected("not_utf8")
    assert judge(wire('{"comment":"差"}'.encode("gbk"))) == Rejected("not_utf8")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"  ",
        b"hello",
        b'{"specversion":"1.0"',
        b'{"specversion":"1.0"} {}',
        b"{'specversion':'1.0'}",
        b'{"specversion":"1.0","x":NaN}',
        b'{"specversion":"1.0","x":[-Infinity]}',
        b'{"specversion":"1.0","x":01}',
        b'{"specversion":"1.0","x":"\n"}',
        b'{"specversion":"1.0","x":"\\ud83d"}',
        b'\xef\xbb\xbf{"specversion":"1.0"}',
        b"[" * 60_000,
    ],
)
def test_what_is_not_json_is_not_json(raw: bytes) -> None:
    assert judge(wire(raw)) == Rejected("not_json")


def test_a_tombstone_is_not_json() -> None:
    assert judge(Message(0, 0, 0, None)) == Rejected("not_json")


@pytest.mark.parametrize(
    "raw",
    [
        b"null",
        b"[]",
        b'"x"',
        b"1",
        b"{}",
        b'{"type":"ticket.issued"}',
        b'{"specversion":"0.3","type":"ticket.issued"}',
        b'{"specversion":1.0,"type":"ticket.issued"}',
        b'{"specversion":"1.0"}',
        b'{"specversion":"1.0","type":""}',
        b'{"specversion":"1.0","type":null}',
        b'{"specversion":"1.0","type":7}',
    ],
)
def test_what_has_no_specversion_or_type_is_not_an_event(raw: bytes) -> None:
    assert judge(wire(raw)) == Rejected("not_an_event")


def test_an_unknown_type_is_told_before_any_field() -> None:
    assert judge(wire({"specversion": "1.0", "type": "ticket.eaten"})) == Rejected("unknown_type", "type")


def test_a_site_of_another_street_and_a_window_of_another_site_are_misplaced() -> None:
    data = {"ticket": "T1"}
    elsewhere = body("ticket.issued", site="530102002-00", data=data)
    assert judge(wire(elsewhere)) == Rejected("misplaced", "site")
    assert judge(wire(body("ticket.issued", window=OTHER_WINDOW, data=data))) == Rejected("misplaced", "window")
    assert isinstance(judge(wire(body("ticket.issued", site=OTHER_SITE, window=None, data=data))), Accepted)


def test_an_event_over_ten_minutes_ahead_of_the_broker_is_clock_ahead() -> None:
    event = body("ticket.issued", "10:10:00", data={"ticket": "T1"})
    assert isinstance(judge(wire(event, received_ms=ms("10:00:00"))), Accepted)
    assert judge(wire(event, received_ms=ms("09:59:59.999"))) == Rejected("clock_ahead", "time")


def test_the_first_reason_that_applies_is_the_one_given() -> None:
    wrong = body("ticket.issued", site="530102002-00", data={})
    assert judge(wire(wrong, received_ms=0)) == Rejected("invalid_field", "data.ticket")
    wrong["data"] = {"ticket": "T1"}
    assert judge(wire(wrong, received_ms=0)) == Rejected("misplaced", "site")
    wrong.update(site=SITE, time="bad", id="")
    assert judge(wire(wrong, received_ms=0)) == Rejected("invalid_field", "id")


def test_numbers_of_any_size_are_json() -> None:
    event = json.dumps(body("conduct.recorded", data=MINIMAL["conduct.recorded"]))
    for number in ("9" * 400, "9" * 5000, "1e999"):
        kept = event.replace('"by": "X"', f'"by": "X", "unknown": {number}')
        assert isinstance(judge(wire(kept.encode())), Accepted)


def test_every_message_is_in_the_totals() -> None:
    log = Log()
    log.add("ticket.issued", ticket="T1").again().add("ticket.issued", ticket="T1").put(b"x").put(b"y").put({})
    assert totals(log.messages).read == 6
    assert totals(log.messages).accepted == 3
    assert totals(log.messages).rejected == {"not_json": 2, "not_an_event": 1}
    assert totals(log.messages).duplicates == 2


# ---------------------------------------------------------------- §4: days and minutes


def test_days_and_minutes_are_those_of_shanghai() -> None:
    assert day_of(ms("00:00:00")) == DAY
    assert day_of(ms("00:00:00") - 1) == "2026-11-01"
    assert minute_of(ms("10:15:59.999")) == MIDNIGHT + 10 * 3600 + 15 * 60
    figures = live(Log().add("ticket.issued", "00:00:30", ticket="T1").messages)
    assert list(figures.street_days) == [(STREET, DAY)]
    assert list(figures.street_minutes) == [(STREET, MIDNIGHT)]


def test_order_is_by_offset_however_the_partitions_interleave() -> None:
    one, two = Log(0), Log(1)
    one.rate("R1", "satisfied", service="V1").rate("R2", "dissatisfied", service="V1")
    two.add("ticket.issued", ticket="T1", street="530102002", site="530102002-00", window=None)
    mixed = [one.messages[1], two.messages[0], one.messages[0]]
    assert live(mixed) == live(one.messages + two.messages)
    assert facts(mixed, now_ms=0) == facts(one.messages + two.messages, now_ms=0)
    assert facts(mixed, now_ms=0).ratings["R1"]["effective"] == 1


# ---------------------------------------------------------------- §4.1, §4.2: first wins


@pytest.mark.parametrize(
    ("kind", "data", "counter"),
    [
        ("ticket.issued", {"ticket": "T1"}, "tickets"),
        ("ticket.called", {"ticket": "T1"}, "calls"),
        ("ticket.abandoned", {"ticket": "T1"}, "abandoned"),
        ("service.completed", {"service": "V1", "outcome": "done"}, "services"),
    ],
)
def test_a_redelivery_changes_nothing_but_duplicates(kind: str, data: dict[str, Any], counter: str) -> None:
    log = Log().add(kind, **data).again().again(0)
    assert street_day(log) == {counter: 1, "duplicates": 2}


@pytest.mark.parametrize("kind", [kind for kind in MINIMAL if kind != "device.heartbeat"])
def test_a_redelivery_of_every_type_counts_as_a_duplicate_at_its_own_time_and_window(kind: str) -> None:
    log = Log()
    log.put(body(kind, "10:00:00", id="same", staff="S1", data=MINIMAL[kind]))
    log.put(body(kind, "11:07:30", id="same", staff="S1", window=W2, data=MINIMAL[kind]))
    figures = live(log.messages)
    minute = MIDNIGHT + 11 * 3600 + 7 * 60
    assert counted(figures.window_minutes[(STREET, SITE, W2, minute)]) == {"duplicates": 1}
    assert counted(figures.street_minutes[(STREET, minute)]) == {"duplicates": 1}


def test_a_redelivery_is_told_by_source_and_id_whatever_else_it_says() -> None:
    log = Log().add("ticket.issued", ticket="T1", id="e").add("service.completed", id="e", service="V1", outcome="done")
    assert street_day(log) == {"tickets": 1, "duplicates": 1}
    assert recounted(log).services == {}
    other = Log().add("ticket.issued", ticket="T1", id="e")
    other.add("service.completed", id="e", source="terminal/2", service="V1", outcome="done")
    assert street_day(other) == {"tickets": 1, "services": 1}


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("ticket.issued", {"ticket": "T1"}, {"tickets": 1, "duplicates": 1}),
        ("ticket.abandoned", {"ticket": "T1"}, {"abandoned": 1, "duplicates": 1}),
        ("service.started", {"service": "V1"}, {"duplicates": 1}),
        ("service.completed", {"service": "V1", "outcome": "done"}, {"services": 1, "duplicates": 1}),
        (
            "rating.submitted",
            {"rating": "R1", "level": "satisfied", "channel": "qr"},
            {"ratings": 1, "satisfied": 1, "points": 8, "duplicates": 1},
        ),
        ("rating.voided", {"rating": "R1", "reason": "test", "decided_by": "X"}, {}),
        ("rectification.completed", {"rating": "R1", "measure": "m"}, {}),
    ],
)
def test_a_later_event_of_the_same_kind_for_the_same_id_is_a_duplicate(
    kind: str, data: dict[str, Any], expected: dict[str, int]
) -> None:
    assert street_day(Log().add(kind, **data).add(kind, "10:05:00", **data)) == expected


def test_a_recall_counts_nowhere_but_its_redelivery_is_a_duplicate() -> None:
    log = Log().add("ticket.called", ticket="T1").add("ticket.called", "10:01:00", ticket="T1", call_no=2)
    log.add("ticket.called", "10:02:00", ticket="T1", call_no=3)
    assert street_day(log) == {"calls": 1}
    assert street_day(log.again()) == {"calls": 1, "duplicates": 1}
    assert recounted(log).tickets["T1"]["called_at"] == ms("10:00:00")
    assert recounted(log).tickets["T1"]["recalls"] == 2


def test_arrival_and_not_the_clock_decides_what_is_first() -> None:
    log = Log().add("service.completed", "10:30:00", service="V1", outcome="done")
    log.add("service.completed", "10:20:00", service="V1", outcome="refused").add(
        "service.started", "10:10:00", service="V1"
    )
    minute = (STREET, MIDNIGHT + 10 * 3600 + 30 * 60)
    assert counted(live(log.messages).street_minutes[minute]) == {
        "services": 1,
        "handle_ms_sum": 1_200_000,
        "handle_count": 1,
    }
    row = recounted(log).services["V1"]
    assert (row["outcome"], row["completed_at"], row["handle_seconds"]) == ("done", ms("10:30:00"), 1200.0)


def test_a_second_issue_or_start_changes_no_span() -> None:
    log = Log().add("ticket.issued", "09:00:00", ticket="T1").add("ticket.issued", "09:30:00", ticket="T1")
    log.add("service.started", "09:00:00", service="V1").add("service.started", "09:30:00", service="V1")
    log.add("ticket.called", ticket="T1").add("service.completed", service="V1", outcome="done", ticket="T1")
    assert (street_day(log)["wait_ms_sum"], street_day(log)["handle_ms_sum"]) == (3_600_000, 3_600_000)
    row = recounted(log).services["V1"]
    assert (row["wait_seconds"], row["handle_seconds"]) == (3600.0, 3600.0)


def test_facts_know_a_redelivery_across_streets_and_live_figures_within_one() -> None:
    one, two = Log(0), Log(1)
    one.add("ticket.issued", ticket="T1", id="same")
    two.add("ticket.issued", ticket="T2", id="same", street="530102002", site="530102002-00", window=None)
    messages = two.messages + one.messages
    assert counted(live(messages).street_days[("530102002", DAY)]) == {"tickets": 1}
    assert list(facts(messages, now_ms=0).tickets) == ["T1"]
    assert [event["partition"] for event in facts(messages, now_ms=0).events] == [0]


# ---------------------------------------------------------------- §4.3: one service, one rating


def test_an_effective_rating_counts_its_level_and_points() -> None:
    log = Log()
    for rating, level in enumerate(
        ("very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied")
    ):
        log.rate(f"R{rating}", level)
    assert window_day(log) == {
        "ratings": 5,
        "very_satisfied": 1,
        "satisfied": 1,
        "basically_satisfied": 1,
        "dissatisfied": 1,
        "very_dissatisfied": 1,
        "points": 27,
        "rectifications_opened": 2,
    }
    assert [row["points"] for row in recounted(log).ratings.values()] == [10, 8, 6, 3, 0]


def test_the_first_rating_of_a_service_is_effective_and_later_ones_are_kept_as_duplicates() -> None:
    log = Log().rate("R1", "dissatisfied", service="V1").rate("R2", "very_satisfied", service="V1")
    assert street_day(log) == {
        "ratings": 1,
        "dissatisfied": 1,
        "points": 3,
        "rectifications_opened": 1,
        "duplicates": 1,
    }
    rows = recounted(log).ratings
    assert [(row["rating"], row["effective"]) for row in rows.values()] == [("R1", 1), ("R2", 0)]


def test_round_two_counts_nowhere_is_no_duplicate_and_takes_no_service() -> None:
    log = Log().rate("R2", "very_dissatisfied", service="V1", round=2).rate("R1", service="V1", round=1)
    log.rate("R3", service="V1", round=2)
    assert street_day(log) == {"ratings": 1, "satisfied": 1, "points": 8}
    assert {row["rating"]: (row["effective"], row["round"]) for row in recounted(log).ratings.values()} == {
        "R2": (0, 2),
        "R1": (1, 1),
        "R3": (0, 2),
    }
    assert recounted(log).rectifications == {}


def test_a_rating_id_submitted_again_is_a_duplicate_in_either_round_and_for_any_service() -> None:
    log = Log().rate("R1", service="V1", round=2).rate("R1", service="V1").rate("R1", service="V2", round=2)
    assert street_day(log) == {"duplicates": 2}
    assert recounted(log).ratings["R1"]["round"] == 2
    # The service is still free.
    assert street_day(log.rate("R9", service="V1")) == {"ratings": 1, "satisfied": 1, "points": 8, "duplicates": 2}


def test_a_duplicate_rating_of_a_service_takes_its_rating_id_all_the_same() -> None:
    log = Log().rate("R1", service="V1").rate("R2", service="V1").rate("R2", service="V2")
    assert street_day(log) == {"ratings": 1, "satisfied": 1, "points": 8, "duplicates": 2}
    assert recounted(log).ratings["R2"]["service"] == "V1"
    assert recounted(log).ratings["R2"]["effective"] == 0


def test_a_rating_without_a_service_counts_by_its_own_id_and_is_flagged() -> None:
    log = Log().rate("R1").rate("R2").rate("R3", service="V1")
    assert street_day(log) == {"ratings": 3, "satisfied": 3, "points": 24}
    assert [row["flags"] for row in recounted(log).ratings.values()] == [["no_service"], ["no_service"], []]


def test_a_system_default_is_never_effective_and_no_bar_to_a_real_rating() -> None:
    log = Log().rate("R1", "basically_satisfied", service="V1", channel="system_default")
    assert live(log.messages).street_days == {}
    assert (recounted(log).ratings["R1"]["effective"], recounted(log).ratings["R1"]["channel"]) == (0, "system_default")
    log.rate("R1", "very_satisfied", service="V1", channel="qr")
    assert street_day(log) == {"ratings": 1, "very_satisfied": 1, "points": 10}
    row = recounted(log).ratings["R1"]
    assert (row["effective"], row["channel"], row["level"]) == (1, "qr", "very_satisfied")
    log.rate("R1", "very_dissatisfied", service="V1", channel="system_default")
    log.rate("R5", "very_dissatisfied", service="V2", channel="system_default")
    assert street_day(log) == {"ratings": 1, "very_satisfied": 1, "points": 10}
    assert recounted(log).ratings["R1"] == row


def test_the_redelivery_of_a_system_default_is_a_duplicate() -> None:
    assert street_day(Log().rate("R1", channel="system_default").again()) == {"duplicates": 1}


# ---------------------------------------------------------------- §4.4: attribution


def test_a_counter_belongs_to_its_own_events_minute_day_and_window() -> None:
    log = Log().add("service.started", "23:59:00", service="V1", window=W1)
    log.add("service.completed", "00:01:00", day=1, service="V1", outcome="done", window=W2)
    figures = live(log.messages)
    expected = {"services": 1, "handle_ms_sum": 120_000, "handle_count": 1}
    assert {key: counted(bucket) for key, bucket in figures.window_minutes.items()} == {
        (STREET, SITE, W2, MIDNIGHT + 86_400 + 60): expected
    }
    assert list(figures.window_days) == [(STREET, SITE, W2, "2026-11-03")]
    row = recounted(log).services["V1"]
    assert (row["window"], row["day"]) == (W1, "2026-11-03")


def test_a_rating_without_a_window_takes_that_of_the_first_applied_event_of_its_service() -> None:
    log = Log().add("service.completed", service="V1", outcome="done", site=OTHER_SITE, window=OTHER_WINDOW)
    log.add("service.started", "09:50:00", service="V1", window=W1).rate("R1", service="V1", window=None)
    assert window_day(log, OTHER_WINDOW, OTHER_SITE)["ratings"] == 1
    assert window_day(log) == {}
    row = recounted(log).ratings["R1"]
    assert (row["site"], row["window"]) == (OTHER_SITE, OTHER_WINDOW)


def test_a_rating_keeps_its_own_window_and_site_over_its_services() -> None:
    log = Log().add("service.started", service="V1", site=OTHER_SITE, window=OTHER_WINDOW)
    log.rate("R1", service="V1", window=W2)
    assert window_day(log, W2) == {"ratings": 1, "satisfied": 1, "points": 8}
    assert recounted(log).ratings["R1"]["site"] == SITE


def test_a_window_that_becomes_known_later_is_not_lent() -> None:
    log = Log().rate("R1", service="V1", window=None).add("service.started", service="V1")
    assert live(log.messages).window_days == {}
    assert street_day(log) == {"ratings": 1, "satisfied": 1, "points": 8}
    row = recounted(log).ratings["R1"]
    assert (row["site"], row["window"]) == (SITE, "")


def test_an_abandonment_without_a_window_takes_that_of_the_tickets_last_call() -> None:
    log = Log().add("ticket.called", ticket="T1", window=W1)
    log.add("ticket.called", "10:01:00", ticket="T1", window=OTHER_WINDOW, site=OTHER_SITE)
    log.add("ticket.transferred", "10:02:00", ticket="T1", window=OTHER_WINDOW, site=OTHER_SITE, to_window=W2)
    log.add("ticket.abandoned", "10:03:00", ticket="T1", window=None)
    assert window_day(log, OTHER_WINDOW, OTHER_SITE) == {"abandoned": 1}
    assert window_day(log, W1) == {"calls": 1}


def test_an_abandonment_before_any_call_counts_for_its_street_alone() -> None:
    log = Log().add("ticket.abandoned", ticket="T1", window=None).add("ticket.called", ticket="T1")
    assert street_day(log) == {"abandoned": 1, "calls": 1}
    assert window_day(log) == {"calls": 1}


def test_a_redelivery_without_a_window_resolves_it_as_known_at_that_moment() -> None:
    log = Log().rate("R1", service="V1", window=None).add("service.started", service="V1", window=W2).again(0)
    assert window_day(log, W2) == {"duplicates": 1}
    tickets = Log().add("ticket.abandoned", ticket="T1", window=None).add("ticket.called", ticket="T1").again(0)
    assert window_day(tickets) == {"calls": 1, "duplicates": 1}
    issues = Log().add("ticket.issued", ticket="T1", window=None).add("ticket.called", ticket="T1").again(0)
    assert window_day(issues)["duplicates"] == 1
    voids = Log().add("rating.voided", rating="R1", reason="test", decided_by="X", window=None).again()
    assert (street_day(voids), live(voids.messages).window_days) == ({"duplicates": 1}, {})


def test_a_redelivered_call_is_not_a_tickets_last_call() -> None:
    log = Log().add("ticket.called", ticket="T1", window=W1).add("ticket.called", ticket="T1", window=W2).again(0)
    log.add("ticket.abandoned", ticket="T1", window=None)
    assert window_day(log, W2) == {"abandoned": 1}


def test_tickets_count_in_the_street_tables_alone() -> None:
    log = Log().add("ticket.issued", ticket="T1", window=W1)
    assert street_day(log) == {"tickets": 1}
    assert live(log.messages).window_days == {}


def test_staff_is_the_envelopes_else_the_windows_else_the_services() -> None:
    log = Log().add("window.opened", "09:00:00", staff="A").add("service.started", service="V1", window=W2, staff="C")
    log.rate("R1", service="V1", staff="B").rate("R2", service="V1").rate("R3", service="V1", window=W2).rate("R4")
    log.rate("R5", "satisfied", "08:59:59")
    assert [row["staff"] for row in recounted(log).ratings.values()] == ["B", "A", "C", "A", ""]


def test_who_had_opened_the_window_is_told_by_event_time_whatever_the_order_of_arrival() -> None:
    log = Log().rate("R1", time="10:00:00").rate("R2", time="12:30:00").rate("R3", time="15:00:00")
    log.add("window.opened", "14:00:00", staff="B").add("window.closed", "12:00:00")
    log.add("window.opened", "09:00:00", staff="A").add("window.paused", "09:30:00", reason="meal")
    assert [row["staff"] for row in recounted(log).ratings.values()] == ["A", "", "B"]


def test_in_the_same_millisecond_the_larger_offset_is_the_later() -> None:
    log = Log().add("window.opened", staff="A").rate("R1").add("window.closed").rate("R2")
    log.add("window.opened", staff="B").rate("R3")
    assert [row["staff"] for row in recounted(log).ratings.values()] == ["A", "", "B"]


def test_a_service_has_its_completions_staff_else_its_starts_else_the_openers_at_its_completion() -> None:
    log = Log().add("window.opened", "09:00:00", staff="A").add("window.opened", "10:30:00", staff="B")
    for service, start, end in (("V1", "S", "E"), ("V2", "S", None), ("V3", None, None)):
        log.add("service.started", "10:00:00", service=service, staff=start)
        log.add("service.completed", "11:00:00", service=service, outcome="done", staff=end)
    log.add("service.started", "10:00:00", service="V4")
    assert [row["staff"] for row in recounted(log).services.values()] == ["E", "S", "B", "A"]


# ---------------------------------------------------------------- §4.5: times


@pytest.mark.parametrize("call_first", [False, True])
def test_a_wait_is_settled_by_whichever_arrives_last_in_the_calls_bucket(call_first: bool) -> None:
    log = Log()
    issue, call = ("ticket.issued", "09:50:00", None), ("ticket.called", "10:00:00.250", W2)
    for kind, time, window in (call, issue) if call_first else (issue, call):
        log.add(kind, time, ticket="T1", window=window)
    figures = live(log.messages)
    wait = {"calls": 1, "wait_ms_sum": 600_250, "wait_count": 1}
    at_ten, at_ten_to = MIDNIGHT + 36_000, MIDNIGHT + 35_400
    assert counted(figures.window_minutes[(STREET, SITE, W2, at_ten)]) == wait
    assert counted(figures.street_minutes[(STREET, at_ten)]) == wait
    assert counted(figures.street_minutes[(STREET, at_ten_to)]) == {"tickets": 1}
    assert recounted(log).tickets["T1"]["wait_seconds"] == 600.25


def test_a_wait_of_zero_and_one_of_24_hours_count() -> None:
    log = Log().add("ticket.issued", ticket="T1").add("ticket.called", ticket="T1")
    assert street_day(log) == {"tickets": 1, "calls": 1, "wait_count": 1}
    log = Log().add("ticket.issued", ticket="T1").add("ticket.called", day=1, ticket="T1")
    assert street_day(log, "2026-11-03") == {"calls": 1, "wait_ms_sum": 86_400_000, "wait_count": 1}


@pytest.mark.parametrize(("time", "day"), [("09:59:59.999", 0), ("10:00:00.001", 1)])
def test_a_span_that_is_negative_or_over_24_hours_is_not_counted_and_flagged(time: str, day: int) -> None:
    log = Log().add("ticket.issued", ticket="T1").add("ticket.called", time, day, ticket="T1")
    assert "wait_count" not in street_day(log, f"2026-11-0{2 + day}")
    log.add("service.started", time, day, service="V1", ticket="T1")
    row = recounted(log).services["V1"]
    assert (row["wait_seconds"], row["flags"]) == (None, ["implausible_time"])

    log = Log().add("service.started", service="V1").add("service.completed", time, day, service="V1", outcome="done")
    assert street_day(log, f"2026-11-0{2 + day}") == {"services": 1}
    row = recounted(log).services["V1"]
    assert (row["handle_seconds"], row["flags"]) == (None, ["implausible_time"])


def test_a_recall_neither_settles_nor_changes_a_wait() -> None:
    log = Log().add("ticket.called", "10:00:00", ticket="T1").add("ticket.called", "10:05:00", ticket="T1")
    log.add("ticket.issued", "09:59:00", ticket="T1")
    assert street_day(log)["wait_ms_sum"] == 60_000


# ---------------------------------------------------------------- §4.6: rectifications

TUESDAY_END = ms("23:59:59", 1)
NEXT_MONDAY_END = ms("23:59:59", 7)


def rectified(log: Log, now_ms: int = ms("00:00:00", 3)) -> dict[str, Any]:
    return recounted(log, now_ms).rectifications["R1"]


def bad(**fields: Any) -> Log:
    return Log().rate("R1", "dissatisfied", "10:00:00", staff="S1", **fields)


def test_a_bad_effective_rating_opens_a_rectification_with_deadlines_in_workdays() -> None:
    assert rectified(bad()) == {
        "rating": "R1",
        "opened_at": ms("10:00:00"),
        "contact_due": TUESDAY_END,
        "due": NEXT_MONDAY_END,
        "state": "open",
        "contacted_at": None,
        "completed_at": None,
        "revisited_at": None,
        "finding": "",
        "liable": "",
        "on_time": None,
        "street": STREET,
        "site": SITE,
        "window": W1,
        "staff": "S1",
    }


def test_workdays_follow_chinas_calendar_with_its_make_up_days() -> None:
    # 1 to 7 October 2026 are holidays; Saturday the 10th is worked instead.
    assert workday_after(date(2026, 9, 29), 1) == date(2026, 9, 30)
    assert workday_after(date(2026, 9, 29), 2) == date(2026, 10, 8)
    assert workday_after(date(2026, 9, 29), 4) == date(2026, 10, 10)
    assert workday_after(date(2026, 9, 29), 5) == date(2026, 10, 12)
    assert workday_after(date(2026, 11, 7), 1) == date(2026, 11, 9)
    # No notice yet: plain weekends.
    assert workday_after(date(2031, 1, 3), 1) == date(2031, 1, 6)


def test_the_first_extension_adds_its_workdays_and_no_other_does() -> None:
    log = bad().add("rectification.extended", rating="R1", workdays=2, reason="r", approved_by="X")
    log.add("rectification.extended", rating="R1", workdays=10, reason="r", approved_by="X")
    assert rectified(log)["due"] == ms("23:59:59", 9)
    assert rectified(log)["contact_due"] == TUESDAY_END


def test_a_rating_that_is_good_duplicate_default_or_round_two_opens_none() -> None:
    log = Log().rate("R1", "basically_satisfied", service="V1").rate("R2", "dissatisfied", service="V1")
    log.rate("R3", "dissatisfied", round=2).rate("R4", "dissatisfied", channel="system_default")
    assert recounted(log).rectifications == {}


def test_a_rectification_shows_the_first_of_each_kind_and_its_state_the_furthest() -> None:
    log = bad()
    states = []
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("contacted", "11:00:00", {"by": "X"}),
        ("contacted", "10:30:00", {"by": "X"}),
        ("verified", "12:00:00", {"finding": "valid", "liable": "department"}),
        ("verified", "12:30:00", {"finding": "explained", "liable": "none"}),
        ("completed", "13:00:00", {"measure": "m"}),
        ("completed", "13:30:00", {"measure": "m"}),
        ("revisited", "14:00:00", {"result": "dissatisfied"}),
        ("completed", "15:00:00", {"measure": "m"}),
        ("revisited", "16:00:00", {"result": "basically_satisfied"}),
        ("revisited", "16:30:00", {"result": "dissatisfied"}),
    ]
    for kind, time, data in steps:
        log.add(f"rectification.{kind}", time, rating="R1", **data)
        states.append(rectified(log)["state"])
    assert states == [
        "contacted",
        "contacted",
        "verified",
        "verified",
        "completed",
        "completed",
        "reopened",
        "completed",
        "closed",
        "reopened",
    ]
    row = rectified(log)
    assert (row["contacted_at"], row["completed_at"], row["revisited_at"]) == (
        ms("11:00:00"),
        ms("13:00:00"),
        ms("16:30:00"),
    )
    assert (row["finding"], row["liable"], row["on_time"]) == ("valid", "department", 1)


def test_a_completion_before_the_next_midnight_is_on_time() -> None:
    for day, time, expected in ((7, "23:59:59.999", 1), (8, "00:00:00", 0)):
        log = bad().add("rectification.completed", time, day, rating="R1", measure="m")
        assert rectified(log, now_ms=0)["on_time"] == expected


def test_what_is_not_completed_is_late_from_the_midnight_after_it_was_due() -> None:
    assert rectified(bad(), ms("23:59:59.999", 7))["on_time"] is None
    assert rectified(bad(), ms("00:00:00", 8))["on_time"] == 0


def test_a_void_finding_or_a_voided_rating_closes_a_rectification_as_void() -> None:
    log = bad().add("rectification.verified", rating="R1", finding="void", liable="none")
    assert (rectified(log, LONG_AFTER)["state"], rectified(log, LONG_AFTER)["on_time"]) == ("void", None)

    log = bad().add("rating.voided", rating="R1", reason="malicious", decided_by="X")
    assert (rectified(log, LONG_AFTER)["state"], rectified(log, LONG_AFTER)["on_time"]) == ("void", None)
    log.add("rating.reinstated", rating="R1", decided_by="X")
    assert (rectified(log, LONG_AFTER)["state"], rectified(log, LONG_AFTER)["on_time"]) == ("open", 0)

    log = bad().add("rating.voided", rating="R1", reason="test", decided_by="X")
    log.add("rectification.completed", rating="R1", measure="m")
    assert (rectified(log)["state"], rectified(log)["on_time"]) == ("void", 1)


# ---------------------------------------------------------------- §4.7: late


def test_minutes_take_counts_up_to_two_hours_behind_and_days_up_to_seven_days() -> None:
    log = Log().add("suggestion.received", "10:00:00", day=7, suggestion="G1", text="t", via="box")
    for ticket, (time, day) in enumerate(
        [("08:00:00", 7), ("07:59:59.999", 7), ("10:00:00", 0), ("09:59:59.999", 0)],
    ):
        log.add("ticket.issued", time, day, ticket=f"T{ticket}")
    figures = live(log.messages)
    assert list(figures.street_minutes) == [(STREET, MIDNIGHT + 7 * 86_400 + 8 * 3600)]
    assert {key: bucket["tickets"] for key, bucket in figures.street_days.items()} == {
        (STREET, "2026-11-09"): 2,
        (STREET, DAY): 1,
    }
    assert len(recounted(log).tickets) == 4
    assert recounted(log).street_days[(STREET, DAY)]["tickets"] == 2


def test_late_is_measured_against_the_streets_own_newest_event() -> None:
    log = Log().add("ticket.issued", day=20, ticket="T1", street="530102002", site="530102002-00", window=None)
    log.add("ticket.issued", ticket="T2")
    assert street_day(log) == {"tickets": 1}


def test_redeliveries_and_round_two_make_the_stream_newer_and_rejects_do_not() -> None:
    log = Log().add("ticket.issued", "10:00:00", ticket="T1", id="e")
    log.put(body("ticket.issued", "10:00:00", day=20, data={}))
    log.add("ticket.issued", "09:00:00", ticket="T2")
    assert street_day(log) == {"tickets": 2}
    log.put(body("ticket.issued", "10:00:00", day=20, id="e", data={"ticket": "T1"}))
    log.add("ticket.issued", "09:00:00", ticket="T3")
    assert street_day(log) == {"tickets": 2}
    assert street_day(log, "2026-11-22") == {"duplicates": 1}


def test_a_span_settled_late_is_measured_by_its_call_or_completion() -> None:
    log = Log().add("ticket.called", "10:00:00", ticket="T1")
    log.add("service.completed", "10:00:00", service="V1", outcome="done")
    log.add("window.resumed", "10:00:01", day=7)
    log.add("ticket.issued", "09:55:00", ticket="T1").add("service.started", "09:55:00", service="V1")
    assert street_day(log) == {"calls": 1, "services": 1}
    assert recounted(log).street_days[(STREET, DAY)]["wait_count"] == 1
    assert recounted(log).street_days[(STREET, DAY)]["handle_ms_sum"] == 300_000


def test_a_first_that_came_too_late_to_count_is_first_all_the_same() -> None:
    log = Log().add("window.resumed", day=8).rate("R1", service="V1").rate("R2", day=8, service="V1").again(-2)
    assert street_day(log) == {}
    assert street_day(log, "2026-11-10") == {"duplicates": 1}
    assert totals(log.messages).duplicates == 2
    assert recounted(log).ratings["R1"]["effective"] == 1


# ---------------------------------------------------------------- §4.8, §4.9: voids, order


def test_a_void_marks_the_rating_leaves_live_figures_and_hands_the_service_to_no_other() -> None:
    log = Log().add("rating.voided", rating="R1", reason="test", decided_by="X")
    log.rate("R1", service="V1").rate("R2", service="V1")
    assert street_day(log) == {"ratings": 1, "satisfied": 1, "points": 8, "duplicates": 1}
    rows = recounted(log).ratings
    assert (rows["R1"]["effective"], rows["R1"]["voided"], rows["R2"]["effective"]) == (1, 1, 0)
    assert recounted(log).street_days[(STREET, DAY)]["ratings"] == 1


def test_the_last_decision_by_offset_decides_whether_a_rating_is_void() -> None:
    log = Log().rate("R1").add("rating.reinstated", "12:00:00", rating="R1", decided_by="X")
    assert recounted(log).ratings["R1"]["voided"] == 0
    log.add("rating.voided", "11:00:00", rating="R1", reason="test", decided_by="X")
    assert recounted(log).ratings["R1"]["voided"] == 1


def test_official_order_is_partition_then_offset() -> None:
    one, two = Log(0), Log(1)
    two.rate("R1", "dissatisfied", street="530102002", site="530102002-00", window=None)
    one.rate("R1", "satisfied")
    rows = facts(two.messages + one.messages, now_ms=0).ratings
    assert (rows["R1"]["level"], rows["R1"]["street"]) == ("satisfied", STREET)


# ---------------------------------------------------------------- §5: rows


def test_a_rating_has_a_row_with_everything_it_said() -> None:
    log = Log().add("service.completed", "09:59:00", service="V1", outcome="done", item="I1", staff="S1")
    log.rate(
        "R1",
        service="V1",
        tags=["213", "108"],
        tag_version="2020-08",
        comment="慢",
        real_name=True,
        rater="13800000000",
        window=None,
    )
    assert recounted(log, registry=Registry(departments={"I1": "D1"})).ratings["R1"] == {
        "rating": "R1",
        "service": "V1",
        "level": "satisfied",
        "points": 8,
        "channel": "kiosk",
        "tags": ["213", "108"],
        "tag_version": "2020-08",
        "comment": "慢",
        "real_name": 1,
        "rater": "13800000000",
        "round": 1,
        "time": ms("10:00:00"),
        "day": DAY,
        "street": STREET,
        "site": SITE,
        "window": W1,
        "staff": "S1",
        "item": "I1",
        "department": "D1",
        "effective": 1,
        "voided": 0,
        "flags": [],
    }


def test_a_service_has_a_row_of_its_first_completion_and_start() -> None:
    log = Log().add("ticket.issued", "09:00:00", ticket="T1").add("ticket.called", "09:10:00", ticket="T1")
    log.add("service.started", "09:11:00", service="V1", ticket="T1", item="I1", kind="consult", staff="S1")
    log.add(
        "service.completed",
        "09:20:30",
        service="V1",
        item="I2",
        case="K1",
        outcome="supplement",
        promised_by="2026-11-03T00:00:00+08:00",
    )
    assert recounted(log).services["V1"] == {
        "service": "V1",
        "ticket": "T1",
        "item": "I2",
        "case": "K1",
        "kind": "consult",
        "outcome": "supplement",
        "started_at": ms("09:11:00"),
        "completed_at": ms("09:20:30"),
        "wait_seconds": 600.0,
        "handle_seconds": 570.0,
        "promised_by": ms("00:00:00", 1),
        "street": STREET,
        "site": SITE,
        "window": W1,
        "staff": "S1",
        "department": "",
        "day": DAY,
        "flags": [],
    }


def test_a_service_that_only_started_has_a_row_of_its_starts_day() -> None:
    row = recounted(Log().add("service.started", "23:00:00", service="V1")).services["V1"]
    assert (row["completed_at"], row["handle_seconds"], row["outcome"], row["day"]) == (None, None, "", DAY)
    assert recounted(Log().add("service.started", service="V1")).street_days == {}


def test_a_ticket_has_a_row_of_its_first_issue_call_and_abandonment() -> None:
    log = Log().add("ticket.abandoned", "10:09:00", ticket="T1", reason="left", window=None)
    log.add("ticket.called", "09:59:00", ticket="T1", site=OTHER_SITE, window=OTHER_WINDOW)
    log.add("ticket.issued", "10:00:00", ticket="T1", item="I1", priority="elderly", channel="kiosk", window=None)
    row = {
        "ticket": "T1",
        "item": "I1",
        "priority": "elderly",
        "channel": "kiosk",
        "issued_at": ms("10:00:00"),
        "called_at": ms("09:59:00"),
        "abandoned_at": ms("10:09:00"),
        "recalls": 0,
        "wait_seconds": None,
        "street": STREET,
        "site": OTHER_SITE,
        "window": OTHER_WINDOW,
        "flags": ["implausible_time"],
    }
    assert recounted(log).tickets == {"T1": row}
    unknown = recounted(log, registry=Registry(items=frozenset()))
    assert unknown.tickets["T1"]["flags"] == ["implausible_time", "unregistered"]


@pytest.mark.parametrize(
    ("registry", "flags"),
    [
        (Registry(), []),
        (Registry(frozenset({SITE}), frozenset({W1}), frozenset({"S1"}), frozenset({"I1"})), []),
        (Registry(sites=frozenset()), ["unregistered"]),
        (Registry(windows=frozenset({W2})), ["unregistered"]),
        (Registry(staff=frozenset({"S2"})), ["unregistered"]),
        (Registry(items=frozenset()), ["unregistered"]),
    ],
)
def test_a_row_with_a_name_the_registry_does_not_know_is_flagged(registry: Registry, flags: list[str]) -> None:
    log = Log().add("service.completed", service="V1", outcome="done", item="I1", staff="S1").rate("R1", service="V1")
    assert recounted(log, registry=registry).services["V1"]["flags"] == flags
    assert recounted(log, registry=registry).ratings["R1"]["flags"] == flags


def test_an_empty_name_is_not_unregistered() -> None:
    log = Log().rate("R1", service="V1", window=None)
    nobody = Registry(frozenset({SITE}), frozenset(), frozenset(), frozenset())
    assert recounted(log, registry=nobody).ratings["R1"]["flags"] == []


def test_flags_are_sorted() -> None:
    log = Log().add("service.started", service="V1").add("service.completed", "09:00:00", service="V1", outcome="done")
    log.rate("R1")
    unknown = recounted(log, registry=Registry(windows=frozenset()))
    assert unknown.services["V1"]["flags"] == ["implausible_time", "unregistered"]
    assert unknown.ratings["R1"]["flags"] == ["no_service", "unregistered"]


def test_a_heartbeat_is_kept_among_the_events_and_applied_to_nothing() -> None:
    log = Log().add("device.heartbeat", day=20, device="D1", kind="queue").again().add("ticket.issued", ticket="T1")
    assert {key: counted(bucket) for key, bucket in live(log.messages).street_days.items()} == {
        (STREET, DAY): {"tickets": 1}
    }
    assert [event["type"] for event in recounted(log).events] == ["device.heartbeat", "ticket.issued"]


def test_the_streets_days_of_the_facts_are_the_live_ones_when_nothing_is_late_but_for_duplicates() -> None:
    log = Log().add("ticket.issued", "09:00:00", ticket="T1").add("ticket.called", "09:10:00", ticket="T1").again()
    log.add("service.completed", "09:30:00", service="V1", outcome="done", ticket="T1")
    log.add("service.started", "09:11:00", service="V1").add("ticket.abandoned", "09:40:00", ticket="T2")
    log.rate("R1", "very_dissatisfied", service="V1").rate("R2", service="V1").rate("R3", round=2)
    expected = {
        "tickets": 1,
        "calls": 1,
        "abandoned": 1,
        "services": 1,
        "ratings": 1,
        "very_dissatisfied": 1,
        "rectifications_opened": 1,
        "wait_ms_sum": 600_000,
        "wait_count": 1,
        "handle_ms_sum": 1_140_000,
        "handle_count": 1,
    }
    assert counted(recounted(log).street_days[(STREET, DAY)]) == expected
    assert street_day(log) == {**expected, "duplicates": 2}


def test_the_rules_of_a_district_replace_the_defaults() -> None:
    rules = Rules(
        points=(5, 4, 3, 2, 1),
        bad_levels=("very_dissatisfied",),
        clock_ahead_ms=0,
        implausible_ms=60_000,
        contact_workdays=2,
        completion_workdays=3,
    )
    log = Log().rate("R1", "dissatisfied").rate("R2", "very_dissatisfied")
    log.add("ticket.issued", "09:00:00", ticket="T1").add("ticket.called", "09:01:00.001", ticket="T1")
    bucket = counted(live(log.messages, rules).street_days[(STREET, DAY)])
    assert (bucket["points"], bucket["rectifications_opened"], "wait_count" in bucket) == (3, 1, False)
    row = facts(log.messages, rules, now_ms=0).rectifications["R2"]
    assert (row["contact_due"], row["due"]) == (ms("23:59:59", 2), ms("23:59:59", 3))
    event = body("ticket.issued", data={"ticket": "T1"})
    assert judge(wire(event, ms("09:59:59.999")), rules) == Rejected("clock_ahead", "time")
