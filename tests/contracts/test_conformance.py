"""What `pingliu conformance` says of a vendor's output: nothing of a right one, of a spoiled one what was spoiled."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from deploy.cli import cli
from deploy.conformance import CHECKS, Report, Sent, as_html, as_text, examine, read_events
from deploy.conformance.reading import origin_of, read_records
from deploy.district import FOLDER
from deploy.simulator import simulate
from schemas.adapters import Mappings
from schemas.events import TYPES
from schemas.moments import day_start, to_day
from schemas.registry import Registry
from streams.routing import partition_of
from tests.simulator.refusal import why_refused

_ROOT = Path(__file__).parents[2]
_NOW_MS = day_start(to_day(date(2026, 12, 1)))
_PARTITIONS = 4
_PHONE = "13800138000"
_CARD = "530102199003071234"
_SAID = (_ROOT / "docs" / "contract" / "examples" / "visit.ndjson").read_bytes().splitlines()
_DISTRICT = Registry.load(FOLDER)
Event = dict[str, Any]


@pytest.fixture
def visit() -> list[Event]:
    """An output that conforms, without a remark: an event of every type, in the order of their times."""
    return [json.loads(line) for line in _SAID]


def _lines(events: list[Event]) -> bytes:
    return b"".join(json.dumps(event, ensure_ascii=False).encode() + b"\n" for event in events)


def _report(events: list[Event]) -> Report:
    return examine(read_events(_lines(events)), _DISTRICT, _NOW_MS, _PARTITIONS)


def _of(events: list[Event], kind: str) -> Event:
    return next(event for event in events if event["type"] == kind)


def _again(events: list[Event], kind: str, id_: str, **data: Any) -> None:
    """Puts a changed copy of an event right behind it."""
    place = events.index(_of(events, kind))
    copied = copy.deepcopy(events[place])
    events.insert(place + 1, {**copied, "id": id_, "data": {**copied["data"], **data}})


def _drop(events: list[Event], kind: str) -> None:
    events.remove(_of(events, kind))


def _set(kind: str, **data: Any) -> Callable[[list[Event]], None]:
    return lambda events: _of(events, kind)["data"].update(data)


def _put(kind: str, **envelope: Any) -> Callable[[list[Event]], None]:
    return lambda events: _of(events, kind).update(envelope)


def _other_content(events: list[Event]) -> None:
    _again(events, "rating.submitted", _of(events, "rating.submitted")["id"], comment="改过")


def _redelivered(events: list[Event]) -> None:
    _again(events, "rating.submitted", _of(events, "rating.submitted")["id"])


def _shift(events: list[Event]) -> None:
    # The same moment, so that nothing else is to be said of it.
    _of(events, "service.started")["time"] = "2026-11-02T02:06:02Z"


# What is spoiled, and the findings that come of it: check and field.
_SPOILED: list[tuple[Callable[[list[Event]], None], set[tuple[str, str]]]] = [
    (_other_content, {("other_content", "id")}),
    (_redelivered, {("redelivered", "")}),
    (_set("suggestion.received", suggestion="M-0005"), {("id_of_two_kinds", "data.matter")}),
    (lambda events: _again(events, "ticket.issued", "again-1"), {("said_twice", "data.ticket")}),
    (lambda events: _again(events, "rating.submitted", "again-1", rating="R-9"), {("rated_twice", "data.service")}),
    (_put("ticket.issued", time="2026-11-02T10:05:41+08:00"), {("implausible_times", "time")}),
    (_put("service.started", time="2026-11-01T10:06:02+08:00"), {("late", "time"), ("implausible_times", "time")}),
    (lambda events: _drop(events, "service.completed"), {("not_completed", "data.service")}),
    (lambda events: _drop(events, "service.started"), {("not_started", "data.service")}),
    (lambda events: _drop(events, "ticket.issued"), {("not_issued", "data.ticket")}),
    (_set("rating.submitted", service=None), {("rating_without_service", "data.service")}),
    (_set("rating.submitted", service="V-9"), {("unknown_service", "data.service")}),
    (lambda events: _drop(events, "window.opened"), {("never_opened", "window")}),
    (_set("rating.submitted", tags=["999"]), {("unknown_tag", "data.tags")}),
    (_set("rating.submitted", tag_version="1999"), {("unknown_tag", "data.tag_version")}),
    (_set("rating.submitted", level="satisfied"), {("tag_of_another_level", "data.tags")}),
    (_set("service.completed", item="IT-9999"), {("unregistered", "data.item")}),
    (_set("ticket.transferred", to_window="530102001-00-99"), {("unregistered", "data.to_window")}),
    (_set("conduct.recorded", target_id="S9999"), {("unregistered", "data.target_id")}),
    (_set("rectification.verified", staff="S9999"), {("unregistered", "data.staff")}),
    (_put("window.paused", staff="S9999"), {("unregistered", "staff")}),
    (_put("window.paused", window="530102001-00-99"), {("unregistered", "window")}),
    (_put("suggestion.received", site="530102001-99"), {("unregistered", "site")}),
    (_put("supervision.opened", street="5" * 9, site="5" * 9), {("unregistered", "street"), ("unregistered", "site")}),
    (_set("rating.submitted", comment=f"电话{_PHONE}"), {("personal", "data.comment")}),
    (_set("rating.submitted", applicantName="某某"), {("personal", "data.applicantName")}),
    (_set("rating.submitted", card={"no": _CARD}), {("personal", "data.card")}),
    (_set("suggestion.received", suggestion=_PHONE), {("personal", "data.suggestion")}),
    (_put("suggestion.received", id=_PHONE), {("personal", "id")}),
    (_shift, {("other_offset", "time")}),
]  # fmt: skip


def test_an_output_without_a_fault_conforms_and_shows_every_type(visit: list[Event]) -> None:
    report = _report(visit)
    assert (report.verdict, report.findings, report.refusals) == ("conforms", [], [])
    assert (report.messages, report.accepted, report.never_shown) == (len(TYPES), len(TYPES), [])


def test_a_second_round_a_default_and_a_recall_are_no_duplicates(visit: list[Event]) -> None:
    _again(visit, "rating.submitted", "default-1", rating="R-9", channel="system_default")
    _again(visit, "rating.submitted", "round-2", rating="R-10", round=2)
    _again(visit, "ticket.called", "recall-1", call_no=2)
    assert _report(visit).findings == []


def test_a_heartbeat_makes_nothing_late_and_is_never_late(visit: list[Event]) -> None:
    heartbeat = _of(visit, "device.heartbeat")
    visit.remove(heartbeat)
    late, early = ({**heartbeat, "id": time, "time": time} for time in ("2026-10-01T00:00:00Z", "2026-11-30T00:00:00Z"))
    report = _report([visit[0], early, *visit[1:], late])
    assert {found.check for found in report.findings} == {"other_offset"}


@pytest.mark.parametrize(("spoil", "expected"), _SPOILED)
def test_what_was_spoiled_is_found_and_nothing_else(
    spoil: Callable[[list[Event]], None], expected: set[tuple[str, str]], visit: list[Event]
) -> None:
    spoil(visit)
    report = _report(visit)
    assert report.refusals == []
    assert {(found.check, place.field) for found in report.findings for place in found.places} == expected
    weights = {found.weight for found in report.findings}
    worst = "does not conform" if "problem" in weights else "conforms with remarks"
    assert report.verdict == ("conforms" if weights == {"note"} else worst)
    for found in report.findings:
        assert found.count == len(found.places)
        for place in found.places:
            at_fault = visit[place.line - 1]
            name = place.field.removeprefix("data.")
            assert not name or name in (at_fault["data"] if name != place.field else at_fault)


def test_every_check_is_spoiled_by_a_test_and_says_what_it_looks_for() -> None:
    assert {name for _, expected in _SPOILED for name, _ in expected} == {check.name for check in CHECKS}
    for check in CHECKS:
        assert check.says.endswith(".")


def test_what_is_refused_is_told_by_line_type_reason_and_field(visit: list[Event]) -> None:
    _of(visit, "rating.submitted")["data"]["level"] = 5
    _of(visit, "window.closed")["time"] = "2036-01-01T00:00:00+08:00"
    line = 1 + visit.index(_of(visit, "rating.submitted"))
    broken = _lines(visit) + b"\n{]\n"
    report = examine(read_events(broken), _DISTRICT, _NOW_MS, _PARTITIONS)
    assert report.verdict == "does not conform"
    told = [(one.type, one.reason, one.field, one.count) for one in report.refusals]
    assert told == [
        ("", "not_json", "", 1),
        ("rating.submitted", "invalid_field", "data.level", 1),
        ("window.closed", "clock_ahead", "time", 1),
    ]
    # The blank line is a line, and no message.
    assert report.refusals[0].places[0].line == len(TYPES) + 2
    assert report.refusals[1].places[0].line == line
    assert "very_satisfied" in report.refusals[1].places[0].detail
    assert (report.accepted, report.refused) == (len(TYPES) - 2, 3)
    of_type = {one.type: (one.accepted, one.refused) for one in report.types}
    assert of_type["rating.submitted"] == of_type["window.closed"] == of_type[""] == (0, 1)
    assert report.never_shown == ["rating.submitted", "window.closed"]


_DEEP = b'{"type":"rating.submitted","a":' + b"[" * 5000


@given(
    st.lists(st.one_of(st.sampled_from([*_SAID, *_SAID, _DEEP, b"{}", b"null"]), st.binary(max_size=20)), max_size=12)
)
def test_whatever_an_output_holds_every_message_is_judged_once(said: list[bytes]) -> None:
    sent = read_events(b"{}\n" + b"\n".join(said))
    report = examine(sent, _DISTRICT, _NOW_MS, _PARTITIONS)
    assert report.accepted + report.refused == report.messages == len(sent)
    assert sum(one.count for one in report.refusals) == report.refused
    assert report.verdict in as_text(report)


def test_an_array_is_judged_as_lines_are_with_the_lines_on_which_events_begin(visit: list[Event]) -> None:
    _of(visit, "rating.submitted")["data"]["level"] = "so-so"
    array = json.dumps(visit, ensure_ascii=False, indent=1).encode()
    report = examine(read_events(array), _DISTRICT, _NOW_MS, _PARTITIONS)
    line = report.refusals[0].places[0].line
    assert array.splitlines()[line - 1].strip() == b"{"
    assert b"so-so" in b"".join(array.splitlines()[line : line + 25])
    of_lines = _report(visit)
    assert report.types == of_lines.types
    assert (report.verdict, report.keys) == (of_lines.verdict, of_lines.keys)
    assert read_events(b" [ [1] ,\n[[2]],{}]") == [Sent(1, b"[1]"), Sent(2, b"[[2]]"), Sent(2, b"{}")]


def test_personal_data_are_named_by_line_and_field_and_never_printed(visit: list[Event]) -> None:
    _of(visit, "rating.submitted")["data"].update({"comment": _PHONE, _PHONE: 1, "idcard": _CARD, "rater": _PHONE})
    _of(visit, "suggestion.received")["data"]["suggestion"] = _PHONE
    _of(visit, "suggestion.received")["staff"] = _CARD
    visit += [{**visit[0], "id": "x", "type": _PHONE}, {**visit[0], "id": "y", "time": _CARD}, {**visit[0], "id": 1}]
    visit += [{**visit[0], "id": _PHONE, "staff": _PHONE}, {**visit[0], "id": _PHONE, "staff": _PHONE}]
    report = _report(visit)
    for text in (as_text(report), as_html(report), repr(report)):
        assert _PHONE not in text
        assert _CARD not in text
    (found,) = [one for one in report.findings if one.check == "personal"]
    fields = {place.field for place in found.places}
    assert fields >= {"data.comment", "data.idcard", "data.***", "data.suggestion", "staff", "id"}
    assert "data.rater" not in fields


def test_keys_tell_topic_and_partition_of_every_street(visit: list[Event]) -> None:
    centre = {"street": "530102000", "site": "530102000-00", "window": "530102000-00-01", "staff": "S0001"}
    visit.append({**_of(visit, "window.opened"), **centre, "id": "centre"})
    keys = {(key.topic, key.key): (key.messages, key.partition) for key in _report(visit).keys}
    assert keys == {
        ("pingliu.devices", "530102001"): (1, partition_of("530102001", _PARTITIONS)),
        ("pingliu.events", "530102001"): (len(TYPES) - 1, partition_of("530102001", _PARTITIONS)),
        ("pingliu.events", "530102000"): (1, partition_of("530102000", _PARTITIONS)),
    }


def test_a_simulated_day_is_judged_as_an_independent_reading_of_the_contract_judges_it() -> None:
    messages = list(simulate(_DISTRICT, date(2026, 10, 12), 1, 7, 0.05))
    report = examine(read_events(b"\n".join(messages)), _DISTRICT, _NOW_MS, _PARTITIONS)
    reasons = Counter(reason for line in messages if (reason := why_refused(line, _NOW_MS)))
    told: Counter[str] = Counter()
    for one in report.refusals:
        told[one.reason] += one.count
    assert told == reasons
    accepted = [json.loads(line) for line in messages if not why_refused(line, _NOW_MS)]
    assert {one.type: one.accepted for one in report.types if one.accepted} == Counter(one["type"] for one in accepted)
    found = {one.check: one.count for one in report.findings}
    again = Counter((one["source"], one["id"]) for one in accepted)
    assert found["redelivered"] == sum(count - 1 for count in again.values())
    known = {*_DISTRICT.staff, *_DISTRICT.items, *_DISTRICT.windows}
    asked = {
        code for one in accepted for code in (one.get("staff"), one.get("window"), one["data"].get("item")) if code
    }
    assert found["unregistered"] == len(asked - known)
    texts = [one["data"].get("comment") or one["data"].get("text") or "" for one in accepted]
    assert found["personal"] == sum(1 for text in texts if re.search(r"1[3-9]\d{9}", text))
    # Nothing but what the simulator does on purpose: late stations, tickets taken twice, completions without a start.
    assert found.keys() <= {"redelivered", "unregistered", "personal", "late", "said_twice", "not_started"}


def test_records_of_a_dialect_are_judged_as_events_and_unread_ones_by_their_number() -> None:
    golden = json.loads((_ROOT / "tests" / "adapters" / "golden" / "upload" / "bound.in.json").read_bytes())
    body = json.dumps([{**golden, "areaCode": None}, {"satisfaction": "9"}]).encode()
    sent, not_read = read_records(
        body, "upload", origin_of("530102001-00-03", _DISTRICT), Mappings.load(FOLDER, _DISTRICT)
    )
    report = examine(sent, _DISTRICT, _NOW_MS, _PARTITIONS, not_read=not_read, unit="record")
    assert (report.accepted, report.refused, report.verdict) == (len(sent), 1, "does not conform")
    assert {one.line for one in sent} == {1}
    assert [(place.line, place.field) for place in report.refusals[0].places] == [(2, not_read[0].path)]
    assert "第2条 record 2" in as_text(report)


def _run(*arguments: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["conformance", *arguments], input=given)


def test_the_command_exits_with_1_only_where_the_output_does_not_conform(visit: list[Event], tmp_path: Path) -> None:
    # Of a year before any in which this test may run: the command judges by the clock.
    right = _lines(visit).replace(b"2026-11", b"2024-11")
    report = tmp_path / "report.json"
    assert _run("-", given=right).exit_code == 0
    assert _run("-", "--out", str(report), given=right.replace(b'"V-55231", "level"', b'"V-1", "level"')).exit_code == 0
    assert json.loads(report.read_bytes())["verdict"] == "conforms with remarks"
    page = tmp_path / "report.html"
    refused = _run("-", "--out", str(page), given=right.replace(b'"rating.submitted"', b'"<script>"'))
    assert refused.exit_code == 1
    assert "Traceback" not in refused.output
    assert "不合规" in page.read_text(encoding="utf-8")
    assert "<script" not in page.read_text(encoding="utf-8")
    assert "&lt;script&gt;" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "arguments", "message"),
    [
        (b"", [], "no event in it"),
        (b"[{]", [], "begins like a JSON array"),
        (b"{}", ["--dialect", "klingon"], "no adapter reads it"),
        (b"{}", ["--dialect", "upload", "--window", "nowhere"], "is not in the registry"),
        (b"{}", ["--window", "530102001-00-03"], "--window goes with --dialect"),
    ],
)
def test_what_can_t_be_judged_is_said_in_a_line(given: bytes, arguments: list[str], message: str) -> None:
    result = _run("-", *arguments, given=given)
    assert result.exit_code == 1
    assert message in result.output
