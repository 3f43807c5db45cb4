"""What the simulator sends holds to contract §1–§3, and breaks it in every way that is to be refused."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise
from typing import NamedTuple

from schemas.decoding import decode
from tests.simulator.conftest import Month
from tests.simulator.refusal import REASONS, TYPES, time_ms

_DAY_MS = 24 * 3_600_000


class _Message(NamedTuple):
    offset: int
    timestamp_ms: int
    value: bytes


def test_every_type_occurs(month: Month) -> None:
    assert {event["type"] for _, event, _ in month.accepted} == TYPES


def test_every_reason_occurs_and_few_messages_are_refused(month: Month) -> None:
    assert set(month.refused.values()) == REASONS
    assert 0.0002 < len(month.refused) / len(month.arrivals) < 0.0006


def test_the_decoder_refuses_the_same_messages_for_the_same_reasons(month: Month) -> None:
    messages = [_Message(position, ms, line) for position, (ms, line) in enumerate(month.arrivals)]
    decoded = decode(messages)
    assert {reject.offset: reject.reason for reject in decoded.rejects} == month.refused
    assert len(decoded.events) == len(month.accepted)


def test_messages_are_lines_and_come_in_order_of_arrival(month: Month) -> None:
    assert not any(b"\n" in line or b"\r" in line or not line for _, line in month.arrivals)
    assert all(earlier[0] <= later[0] for earlier, later in pairwise(month.arrivals))


def test_no_event_arrives_before_it_happened(month: Month) -> None:
    assert all(time_ms(event) <= arrived_ms for arrived_ms, event, _ in month.accepted)


def test_nothing_accepted_is_a_week_behind_its_street_yet_much_is_two_hours_behind(month: Month) -> None:
    newest: defaultdict[str, int] = defaultdict(int)
    behind = []
    for _, event, _ in month.accepted:
        ms = time_ms(event)
        newest[event["street"]] = max(newest[event["street"]], ms)
        behind.append(newest[event["street"]] - ms)
    assert max(behind) < 6 * _DAY_MS
    assert 0.003 < sum(ms > _DAY_MS / 12 for ms in behind) / len(behind) < 0.03
    assert sum(ms > 1_000 for ms in behind) / len(behind) > 0.04


def test_redeliveries_are_the_same_bytes(month: Month) -> None:
    first: dict[tuple[str, str], bytes] = {}
    redelivered = 0
    lines = (line for position, (_, line) in enumerate(month.arrivals) if position not in month.refused)
    for line, (_, event, again) in zip(lines, month.accepted, strict=True):
        if again:
            redelivered += 1
            assert line == first[event["source"], event["id"]]
        else:
            first[event["source"], event["id"]] = line
    assert 0.015 < redelivered / len(month.accepted) < 0.025


def test_ids_are_unique_but_for_what_two_devices_say(month: Month) -> None:
    for kind, name, most in (
        ("service.started", "service", 0),
        ("service.completed", "service", 0),
        ("conduct.recorded", "record", 0),
        ("suggestion.received", "suggestion", 0),
        ("ticket.issued", "ticket", 0.01),
        ("rating.submitted", "rating", 0.01),
    ):
        said = Counter(event["data"][name] for event in month.of(kind))
        twice = sum(count > 1 for count in said.values())
        assert twice <= len(said) * most
        assert (twice > 0) == (most > 0)


def test_some_times_have_milliseconds(month: Month) -> None:
    precise = sum("." in event["time"] for _, event, _ in month.accepted)
    assert 0.05 < precise / len(month.accepted) < 0.15
