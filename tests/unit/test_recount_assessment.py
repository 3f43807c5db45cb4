"""Numbers and reading of the recount of assessment."""

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.recount import Message, Rules, accepted_events
from tests.recount.assessment.numbers import q, ranks, shown, wilson
from tests.recount.assessment.placing import murmur2, placed
from tests.recount.assessment.reading import read
from tests.unit.november import LATER, STATION, Log


def test_numbers_round_half_away_from_zero_and_display_half_up() -> None:
    assert (q(Fraction(1, 3)), q(Fraction(-5, 10**9))) == (Decimal("0.33333333"), Decimal("-0.00000001"))
    assert [shown(Decimal("89.995")), shown(Decimal("-0.005"))] == [90, 0]
    assert ranks({"a": -3, "b": -5, "c": -3, "d": 0}) == {"b": 1, "a": 2, "c": 2, "d": 4}
    # 8 of 10 at 95 %: (8 + 1.9208 − 1.96·√(1.6 + 0.9604)) / 13.8416.
    assert [wilson(8, 10, Fraction("1.96")), wilson(0, 0, Fraction(2))] == [Decimal("0.49015685"), 0]


def test_lines_are_placed_by_murmur2_of_their_street() -> None:
    assert [murmur2(key) for key in (b"21", b"foobar")] == [-973932308 + 2**32, -790332482 + 2**32]
    beat = b'{"specversion":"1.0","id":"1","source":"s","type":"device.heartbeat","time":"","street":"530102001",'
    lines = [b"nonsense\n", beat + b'"x":1}\n', b'{"street":"530102001","type":"x"}\n']
    assert [message.value for message in placed(lines, 4, 0, heartbeats=True)] == [lines[1].strip()]
    assert [message.value for message in placed(lines, 4, 0)] == [lines[0].strip(), lines[2].strip()]


FAULTS: list[dict[str, Any]] = [
    {},
    {"specversion": "1"},
    {"type": "vendor.x"},
    {"type": ["x"]},
    {"id": ""},
    {"id": 7},
    {"source": "s" * 129},
    {"time": "2026-11-02 10:00:00+08:00"},
    {"time": "2026-11-02T10:00:00.1234567+08:00"},
    {"time": "2026-11-31T10:00:00Z"},
    {"time": "3000-11-30T10:00:00Z"},
    {"street": "53010200１"},
    {"site": "530102002-00"},
    {"window": None},
    {"window": ""},
    {"window": f"{STATION}-01"},
    {"staff": None},
    {"staff": ""},
    {"data": []},
    {"data": {"service": "V", "outcome": "lost"}},
    {"data": {"service": None, "outcome": "done"}},
    {"data": {"service": "V", "outcome": "done", "promised_by": "tomorrow"}},
    {"data": {"service": "V", "outcome": "done", "promised_by": None, "more": 1.5}},
    {"data": {"service": "V", "outcome": "done", "more": "\ud800"}},
]


@pytest.mark.parametrize("fault", FAULTS)
def test_the_short_way_of_reading_judges_as_the_long_way(fault: dict[str, Any]) -> None:
    message = Log().serve("V").messages[0]
    body = {**json.loads(message.value or b""), **fault}
    messages = [Message(0, 0, LATER, json.dumps(body).encode()), message]
    expected = [(event["id"], event["time"], event["offset"]) for event in accepted_events(messages)]
    found = [(event.name[1], event.time, event.order) for event in read(messages, Rules())]
    assert found == list({name: (name, *rest) for name, *rest in reversed(expected)}.values())
