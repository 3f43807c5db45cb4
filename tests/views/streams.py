"""Arbitrary streams of two streets on two partitions: few ids, so that they meet, also across the streets.

Streams of one batch share an engine's round trip: each has streets and ids of its own, by its number.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

from schemas.moments import DAY, HOUR, MINUTE, SECOND, iso
from tests.examples import EXAMPLES
from tests.recount import Message

MOST_STREAMS: Final = 5

# Evenings before days off, Asia/Shanghai: Mid-Autumn, National Day with its make-up Saturday, a weekend, and a weekend
# that no test will live to see overdue.
_BEGINNINGS: Final = tuple(
    int(datetime.fromisoformat(text).timestamp()) * SECOND
    for text in (
        "2026-09-24T23:30:00+08:00", "2026-09-30T17:59:00+08:00", "2026-11-06T16:00:00+08:00", "2045-03-03T23:59:00+08:00",
    )
)  # fmt: skip
# All messages come this long after their stream's beginning: later than all of their times but the one at its edge.
_RECEIVED_AFTER: Final = 90 * DAY
_CLOCK_AHEAD: Final = 10 * MINUTE
# Mostly forward, sometimes far back; edges of horizons, days and plausible times exactly.
_STEPS: Final = (
    0, 0, 1, 999, SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, HOUR, 2 * HOUR, 2 * HOUR + 1, DAY - 1, DAY, DAY + 1, 3 * DAY,
    7 * DAY, 7 * DAY + 1, -1, -SECOND, -MINUTE, -HOUR, -2 * HOUR, -2 * HOUR - 1, -DAY, -7 * DAY, -7 * DAY - 1, -9 * DAY,
)  # fmt: skip
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

# A stream is about some of these, so that it is a story and not a list.
_SUBJECTS: Final[dict[str, tuple[str, ...]]] = {
    "tickets": ("ticket.issued", "ticket.called", "ticket.called", "ticket.abandoned", "ticket.transferred"),
    "services": ("service.started", "service.completed", "service.started", "service.completed", "ticket.called"),
    "ratings": ("rating.submitted", "rating.submitted", "rating.submitted", "rating.voided", "rating.reinstated"),
    "rectifications": (
        "rating.submitted", "rating.submitted", "rating.voided", "rectification.contacted", "rectification.verified",
        "rectification.extended", "rectification.completed", "rectification.revisited", "rectification.revisited",
    ),
    "windows": ("window.opened", "window.opened", "window.opened", "window.closed", "window.paused", "window.resumed"),
    "others": (
        "appeal.filed", "appeal.decided", "conduct.recorded", "conduct.withdrawn", "supervision.opened",
        "supervision.closed", "suggestion.received", "device.heartbeat",
    ),
}  # fmt: skip
_WITH_WINDOW: Final = ("ticket.called", "ticket.transferred", "service.", "window.")

_letters = st.sampled_from("ABC")
_levels = st.sampled_from(
    ["very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied", "dissatisfied"]
)
# The last is in no registry.
_staff = st.sampled_from(["", "", "", "S0001", "S0002", "S9999"])
# Of a street: two windows of its centre, one of a station, one in no registry; sites without a window.
_places = st.sampled_from(["00-01", "00-01", "00-02", "01-01", "00-99", "00", "00", "01", "77"])
_ABSENT: Final = "absent"

_FIELDS: Final[dict[str, dict[str, st.SearchStrategy[Any]]]] = {
    "ticket.issued": {"item": st.sampled_from([_ABSENT, "IT-0001"]), "priority": st.sampled_from([_ABSENT, "elderly"])},
    "service.started": {
        "ticket": st.sampled_from([_ABSENT, "TA", "TB"]),
        "item": st.sampled_from([_ABSENT, None, "IT-0001", "IT-9999"]),
        "kind": st.sampled_from([_ABSENT, "consult"]),
    },
    "service.completed": {
        "ticket": st.sampled_from([_ABSENT, "TA", "TB"]),
        "item": st.sampled_from([_ABSENT, None, "IT-0002"]),
        "kind": st.sampled_from([_ABSENT, "accept"]),
        "case": st.sampled_from([_ABSENT, "C-1"]),
        "outcome": st.sampled_from(["done", "refused"]),
        "promised_by": st.sampled_from([_ABSENT, None, "2026-11-09T18:00:00.5006+08:00", "2026-10-10T00:00:00Z"]),
    },
    "rating.submitted": {
        "service": st.sampled_from([_ABSENT, None, "VA", "VB", "VC"]),
        "level": _levels,
        "channel": st.sampled_from(["hall_pad", "hall_pad", "qr", "system_default"]),
        "round": st.sampled_from([_ABSENT, None, 1, 1, 2]),
        "tags": st.sampled_from([_ABSENT, None, [], ["213", "很\"好'\\"]]),
        "comment": st.sampled_from([_ABSENT, None, "", "太慢\n\t\"'\\", "𝄞\u0000<&>"]),
        "real_name": st.sampled_from([_ABSENT, None, True, False]),
        "rater": st.sampled_from([_ABSENT, "", "13800000000", "张三"]),
        "vendor": st.sampled_from([_ABSENT, {"seq": [1, 2.5, None, 2**63]}]),
    },
    "rectification.verified": {
        "finding": st.sampled_from(["valid", "valid", "explained", "void"]),
        "liable": st.sampled_from(["staff", "none"]),
    },
    "rectification.extended": {"workdays": st.sampled_from([1, 2, 10])},
    "rectification.revisited": {"result": st.sampled_from(["satisfied", "basically_satisfied", "dissatisfied"])},
}
# Fields of the examples that a stream's events do without, unless they are drawn.
_OPTIONAL: Final = (
    "ticket item priority channel kind case promised_by tags tag_version comment real_name rater round service".split()
)
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


class Said(NamedTuple):
    """A message: the partition it came to, when, and what it was."""

    partition: int
    received_ms: int
    value: bytes


@st.composite
def batches(draw: st.DrawFn, *, strayed: bool) -> list[list[Said]]:
    """Some streams that can be stored together. `strayed`: events may come to any partition, not their street's alone."""
    count = draw(st.integers(1, MOST_STREAMS))
    return [draw(_stream(number, strayed=strayed)) for number in range(count)]


def messages_of(batch: Sequence[Sequence[Said]]) -> list[Message]:
    """The streams one after the other, as their partitions hold them."""
    next_offsets = [0, 0]
    messages = []
    for said in (said for stream in batch for said in stream):
        messages.append(Message(said.partition, next_offsets[said.partition], said.received_ms, said.value))
        next_offsets[said.partition] += 1
    return messages


@st.composite
def _stream(draw: st.DrawFn, number: int, *, strayed: bool) -> list[Said]:
    writer = _Writer(draw, number, strayed=strayed)
    for _ in range(draw(st.integers(1, 30))):
        writer.write()
    return writer.stream


class _Writer:
    """Draws one stream, message by message."""

    def __init__(self, draw: st.DrawFn, number: int, *, strayed: bool) -> None:
        self.stream: list[Said] = []
        self._draw = draw
        self._number = number
        self._strayed = strayed
        subjects = draw(st.lists(st.sampled_from(sorted(_SUBJECTS)), min_size=1, max_size=4, unique=True))
        self._kinds = st.sampled_from([kind for subject in subjects for kind in _SUBJECTS[subject]])
        self._time_ms = draw(st.sampled_from(_BEGINNINGS))
        self._received_ms = self._time_ms + _RECEIVED_AFTER
        self._ids: list[str] = []

    def write(self) -> None:
        """Adds an event, or sometimes a redelivery or a broken message."""
        draw = self._draw
        match draw(st.integers(0, 19)):
            case 0 | 1 if self.stream:
                said = draw(st.sampled_from(self.stream))
                partition = draw(st.integers(0, 1)) if self._strayed else said.partition
                self.stream.append(said._replace(partition=partition))
            case 2:
                self.stream.append(Said(draw(st.integers(0, 1)), self._received_ms, self._broken()))
            case dice:
                street, envelope = self._event(id_was_used=dice == 3)
                partition = draw(st.integers(0, 1)) if self._strayed else street
                value = json.dumps(envelope, ensure_ascii=draw(st.booleans())).encode()
                self.stream.append(Said(partition, self._received_ms, value))

    def _broken(self) -> bytes:
        fault = self._draw(st.integers(0, len(_BROKEN) + 2))
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
        draw = self._draw
        kind = draw(self._kinds)
        data = {name: self._own(name, value) for name, value in self._data(kind).items() if value != _ABSENT}
        staff = draw(_staff)
        if kind == "window.opened":
            staff = staff or "S0003"
        street, place = int(draw(st.integers(0, 3)) == 0), draw(_places)
        if kind.startswith(_WITH_WINDOW) and len(place) == 2:
            place += "-01"
        if kind.startswith("service.") and not staff:
            # Who opened the window is asked of one window, where a service was begun and ended without staff.
            street, place = (1, "00-02") if data["service"].endswith("C") else (0, "00-01")
        code = f"5301020{self._number * 2 + street + 1:02d}"
        envelope: dict[str, Any] = {
            "specversion": "1.0", "id": self._id(id_was_used), "source": "test", "type": kind, "time": self._time(),
            "street": code, "site": f"{code}-{place[:2]}", "data": data,
        }  # fmt: skip
        for name, value in (("window", f"{code}-{place}" if len(place) > 2 else ""), ("staff", staff)):
            if value or draw(st.booleans()):
                envelope[name] = value or None
        return street, envelope

    def _data(self, kind: str) -> dict[str, Any]:
        draw = self._draw
        data = {name: value for name, value in EXAMPLES[kind].items() if name not in _OPTIONAL or name == kind[:6]}
        subject = kind.partition(".")[0]
        if subject == "ticket":
            data["ticket"] = f"T{draw(_letters)}"
        elif subject == "service":
            data["service"] = f"V{draw(_letters)}"
        elif "rating" in EXAMPLES[kind]:
            data["rating"] = f"R{draw(_letters)}"
        return data | {name: draw(values) for name, values in _FIELDS.get(kind, {}).items()}

    def _own(self, name: str, value: Any) -> Any:
        """Ids that are this stream's alone."""
        return f"{self._number}-{value}" if value and name in ("ticket", "service", "rating") else value

    def _id(self, was_used: bool) -> str:
        if was_used and self._ids:
            return self._draw(st.sampled_from(self._ids))
        self._ids.append(f"{self._number}-{len(self._ids)}")
        return self._ids[-1]

    def _time(self) -> str:
        latest = self._received_ms + _CLOCK_AHEAD
        self._time_ms = min(self._time_ms + self._draw(st.sampled_from(_STEPS)), latest)
        if self._draw(st.integers(0, 99)) == 99:
            return iso(latest)
        if self._draw(st.booleans()):
            return iso(self._time_ms)
        # Finer than a millisecond is cut off.
        moment = _EPOCH + timedelta(milliseconds=self._time_ms)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{self._time_ms % SECOND:03d}999z"
