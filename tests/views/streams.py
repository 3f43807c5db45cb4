"""Arbitrary streams of two streets on two partitions: few ids, so that they meet, also across the streets.

Streams of one batch share an engine's round trip: each has streets and ids of its own, by its number.
Every decision is a choice among some values, so that Hypothesis can make it, which looks for what is odd, or plain
dice, which are fast and fair.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from hypothesis import strategies as st

from schemas.moments import DAY, HOUR, MINUTE, SECOND, iso
from tests.examples import EXAMPLES
from tests.recount import Message

T = TypeVar("T")

MOST_STREAMS: Final = 5

# Evenings before days off, Asia/Shanghai: Mid-Autumn, National Day with its make-up Saturday, a weekend, and a weekend
# that no test will live to see overdue.
_BEGINNINGS: Final = tuple(
    int(datetime.fromisoformat(text).timestamp()) * SECOND
    for text in (
        "2026-09-24T23:30:00+08:00",
        "2026-09-30T17:59:00+08:00",
        "2026-11-06T16:00:00+08:00",
        "2045-03-03T23:59:00+08:00",
    )
)
# All messages come this long after their stream's beginning: later than all of their times but the one at its edge.
_RECEIVED_AFTER: Final = 90 * DAY
_CLOCK_AHEAD: Final = 10 * MINUTE
# Mostly a little forward; sometimes far, or back: edges of horizons, days and plausible times exactly.
_STEPS: Final = (0, 1, 999, SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 10 * MINUTE, HOUR) * 5 + (
    2 * HOUR, 2 * HOUR + 1, DAY - 1, DAY, DAY, DAY + 1, 3 * DAY, 7 * DAY, 7 * DAY + 1,
    -1, -SECOND, -MINUTE, -HOUR, -2 * HOUR, -2 * HOUR - 1, -DAY, -DAY, -7 * DAY, -7 * DAY - 1, -9 * DAY,
)  # fmt: skip
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# A stream is about some of these, so that it is a story and not a list.
_SUBJECTS: Final[dict[str, tuple[str, ...]]] = {
    "tickets": ("ticket.issued", "ticket.issued", "ticket.called", "ticket.abandoned", "ticket.transferred"),
    "services": ("service.started", "service.completed", "service.started", "service.completed", "ticket.called"),
    "ratings": ("rating.submitted", "rating.submitted", "rating.submitted", "rating.voided", "rating.reinstated"),
    "rectifications": (
        "rating.submitted", "rating.submitted", "rating.submitted", "rectification.contacted",
        "rectification.verified", "rectification.extended", "rectification.completed", "rectification.revisited",
    ),
    "windows": ("window.opened", "window.opened", "window.opened", "window.closed", "window.paused", "window.resumed"),
    "others": (
        "appeal.filed", "appeal.decided", "conduct.recorded", "conduct.withdrawn", "supervision.opened",
        "supervision.closed", "suggestion.received", "device.heartbeat",
    ),
}  # fmt: skip
_WITH_WINDOW: Final = ("ticket.called", "ticket.transferred", "service.", "window.")

# The last is in no registry.
_STAFF: Final = ("", "", "", "S0001", "S0002", "S9999")
# Of a street: two windows of its centre, one of a station, one in no registry; sites without a window.
_PLACES: Final = ("00-01", "00-01", "00-02", "01-01", "00-99", "00", "00", "01", "77")
_ABSENT: Final = "absent"
_OTHERS: Final = "the id of another thing"

# What the fields of data may hold; other fields are those of the examples.
_FIELDS: Final[dict[str, dict[str, tuple[Any, ...]]]] = {
    "ticket.issued": {"item": (_ABSENT, "IT-0001"), "priority": (_ABSENT, "elderly")},
    "service.started": {
        "ticket": (_ABSENT, _OTHERS, _OTHERS),
        "item": (_ABSENT, None, "IT-0001", "IT-9999"),
        "kind": (_ABSENT, "consult"),
    },
    "service.completed": {
        "ticket": (_ABSENT, _OTHERS, _OTHERS),
        "item": (_ABSENT, None, "IT-0002"),
        "kind": (_ABSENT, "accept"),
        "case": (_ABSENT, "C-1"),
        "outcome": ("done", "refused"),
        "promised_by": (_ABSENT, None, "2026-11-09T18:00:00.5006+08:00", "2026-10-10T00:00:00Z"),
    },
    "rating.submitted": {
        "service": (_ABSENT, None, _OTHERS, _OTHERS, _OTHERS, _OTHERS),
        "level": (
            "very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied", "dissatisfied",
            "dissatisfied",
        ),
        "channel": ("hall_pad", "hall_pad", "hall_pad", "qr", "system_default"),
        "round": (_ABSENT, _ABSENT, _ABSENT, None, 1, 2),
        "tags": (_ABSENT, None, [], ["213", "很\"好'\\"]),
        "comment": (_ABSENT, None, "", "太慢\n\t\"'\\", "𝄞\u0000<&>"),
        "real_name": (_ABSENT, None, True, False),
        "rater": (_ABSENT, "", "13800000000", "张三"),
        "vendor": (_ABSENT, {"seq": [1, 2.5, None, 2**70]}),
    },
    "rectification.verified": {
        "finding": ("valid", "valid", "explained", "explained", "void"),
        "liable": ("staff", "none"),
    },
    "rectification.extended": {"workdays": (1, 2, 10)},
    "rectification.revisited": {"result": ("satisfied", "basically_satisfied", "dissatisfied")},
}  # fmt: skip
_BROKEN: Final = (
    b"",
    b"{",
    b"\xff\xfe",
    b"[]",
    b'{"specversion":"1.0"}',
    b'{"specversion":"1.0","type":"no.such","id":"1"}',
    b'{"specversion":"1.0","type":"window.closed","id":""}',
    b'{"specversion":"1.0","type":"window.closed","id":"\\ud800"}',
    b" " * (64 * 1024 + 1),
)


class Choose(Protocol):
    """Decides on one of some values."""

    def __call__(self, options: Sequence[T], /) -> T: ...


class Said(NamedTuple):
    """A message: the partition it came to, when, and what it was."""

    partition: int
    received_ms: int
    value: bytes


Batch = list[list[Said]]


@st.composite
def batches(draw: st.DrawFn, *, strayed: bool) -> Batch:
    """Some streams that can be stored together. `strayed`: events may come to any partition, not only the right one."""

    def choose(options: Sequence[T], /) -> T:
        return draw(st.sampled_from(options))

    return [_stream(choose, number, range(10, 61), "ABC", strayed=strayed) for number in range(choose((1, 2, 5, 5, 5)))]


def rolled_batch(seed: int, *, strayed: bool) -> Batch:
    """The same by dice, and longer."""
    choose = random.Random(seed).choice
    return [_stream(choose, number, range(40, 121), "ABCDEFGH", strayed=strayed) for number in range(MOST_STREAMS)]


def messages_of(batch: Batch) -> list[Message]:
    """The streams one after the other, as their partitions hold them."""
    next_offsets = [0, 0]
    messages = []
    for said in (said for stream in batch for said in stream):
        messages.append(Message(said.partition, next_offsets[said.partition], said.received_ms, said.value))
        next_offsets[said.partition] += 1
    return messages


def _stream(choose: Choose, number: int, lengths: range, letters: str, *, strayed: bool) -> list[Said]:
    writer = _Writer(choose, number, letters, strayed=strayed)
    for _ in range(choose(lengths)):
        writer.write()
    return writer.stream


class _Writer:
    """Writes one stream, message by message."""

    def __init__(self, choose: Choose, number: int, letters: str, *, strayed: bool) -> None:
        self.stream: list[Said] = []
        self._choose = choose
        self._number = number
        self._letters = letters
        self._strayed = strayed
        subjects = {choose(tuple(_SUBJECTS)) for _ in range(choose(range(1, 6)))}
        self._kinds = [kind for subject in sorted(subjects) for kind in _SUBJECTS[subject]]
        self._time_ms = choose(_BEGINNINGS)
        self._received_ms = self._time_ms + _RECEIVED_AFTER
        self._ids: list[str] = []

    def write(self) -> None:
        """Adds an event, or sometimes a redelivery or a broken message."""
        match self._choose(range(30)):
            case 1 | 2 if self.stream:
                said = self._choose(self.stream)
                self.stream.append(said._replace(partition=self._partition(said.partition)))
            case 3:
                self.stream.append(Said(self._choose((0, 1)), self._received_ms, self._broken()))
            case dice:
                street, envelope = self._event(id_was_used=dice == 4)
                value = json.dumps(envelope, ensure_ascii=self._choose((True, False))).encode()
                self.stream.append(Said(self._partition(street), self._received_ms, value))

    def _partition(self, right: int) -> int:
        return self._choose((0, 1)) if self._strayed else right

    def _broken(self) -> bytes:
        fault = self._choose(range(len(_BROKEN) + 3))
        if fault < len(_BROKEN):
            return _BROKEN[fault]
        _, envelope = self._event(id_was_used=False)
        changes = (
            {"site": "530102000-00"},
            {"window": "530102000-00-01"},
            {"time": iso(self._received_ms + _CLOCK_AHEAD + 1)},
        )
        return json.dumps({**envelope, **changes[fault - len(_BROKEN)]}).encode()

    def _event(self, *, id_was_used: bool) -> tuple[int, dict[str, Any]]:
        """The number of its street, 0 or 1, and the envelope."""
        choose = self._choose
        kind = choose(self._kinds)
        data = self._data(kind)
        staff = choose(_STAFF) or ("S0003" if kind == "window.opened" else "")
        street, place = choose((0, 0, 0, 1)), choose(_PLACES)
        if kind.startswith(_WITH_WINDOW) and len(place) == 2:
            place += "-01"
        code = f"5301020{self._number * 2 + street + 1:02d}"
        envelope: dict[str, Any] = {
            "specversion": "1.0", "id": self._id(was_used=id_was_used), "source": "test", "type": kind,
            "time": self._time(), "street": code, "site": f"{code}-{place[:2]}", "data": data,
        }  # fmt: skip
        optional = {"window": f"{code}-{place}" if len(place) > 2 else None, "staff": staff or None}
        # What is absent may also be said to be null.
        return street, envelope | {name: value for name, value in optional.items() if value or choose((True, False))}

    def _data(self, kind: str) -> dict[str, Any]:
        drawn = _FIELDS.get(kind, {})
        data = {name: value for name, value in EXAMPLES[kind].items() if name not in drawn}
        own = kind.partition(".")[0]
        if own in ("ticket", "service"):
            data[own] = self._name(own)
        elif "rating" in data:
            data["rating"] = self._name("rating")
        for name, values in drawn.items():
            if (value := self._choose(values)) != _ABSENT:
                data[name] = self._name(name) if value == _OTHERS else value
        return data

    def _name(self, thing: str) -> str:
        """The id of a ticket, service or rating, one of few, which are this stream's alone."""
        return f"{self._number}-{thing}-{self._choose(self._letters)}"

    def _id(self, *, was_used: bool) -> str:
        if was_used and self._ids:
            return self._choose(self._ids)
        self._ids.append(f"{self._number}-{len(self._ids)}")
        return self._ids[-1]

    def _time(self) -> str:
        latest = self._received_ms + _CLOCK_AHEAD
        self._time_ms = min(self._time_ms + self._choose(_STEPS), latest)
        form = self._choose(range(100))
        if form == 99:  # as far ahead as is believed: whatever follows is late
            return iso(latest)
        if form % 2 == 0:
            return iso(self._time_ms)
        # Finer than a millisecond is cut off.
        moment = _EPOCH + timedelta(milliseconds=self._time_ms)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{self._time_ms % SECOND:03d}999z"
