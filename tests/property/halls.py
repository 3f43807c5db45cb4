"""A street with its hall under test, the streams it is told, and heartbeats: few ids, so that they meet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Final

from hypothesis import strategies as st

from schemas.decoding import decode
from schemas.live import Live, LiveStreet
from schemas.moments import DAY, HOUR, MINUTE, SECOND, iso
from schemas.published import Notice
from schemas.rules import Horizons, Rules
from schemas.workdays import Workdays
from streams.street import Street
from streams.street.snapshot import read, restore, save
from streams.transport.record import Record
from tests.examples import RECEIVED_MS, event

STREET: Final = "530102001"
SITES: Final = ("530102001-00", "530102001-01")
# So small that the few events of a stream reach them.
LIVE: Final = Live(
    congested_waiting=2, congested_minutes=20, cleared_waiting=2, cleared_minutes=10, steady_minutes=5, forget_days=1
)
RULES: Final = Rules(horizons=Horizons(redelivery_days=400, remember_days=400), live=LIVE)
_WORKDAYS: Final = Workdays()
# A Sunday, 22:00 in Shanghai: midnight and workdays are near.
START_MS: Final = 1_793_541_600_000


def hall_street() -> Street:
    """The street under test."""
    return Street(STREET, RULES, _WORKDAYS)


class Run:
    """A street over the messages of a partition, saved and broken off anywhere; `notices` as they were said last."""

    def __init__(self, values: Sequence[bytes]) -> None:
        self._records = [Record(offset, RECEIVED_MS, None, value) for offset, value in enumerate(values)]
        self._saves: list[bytes] = []
        self._base: int | None = None
        self.street = hall_street()
        self.notices: dict[str, Notice] = {}
        self.position = 0

    @property
    def is_done(self) -> bool:
        return self.position == len(self._records)

    def take(self, count: int) -> None:
        self.street.apply(deepcopy(decode(self._records[self.position : self.position + count]).events))
        self.position = min(self.position + count, len(self._records))

    def publish(self) -> None:
        for notice in self.street.take_outputs().notices:
            assert self.notices.setdefault(notice.id, notice) == notice

    def save(self) -> None:
        self.publish()
        self._saves.append(save(self.street, self._base))
        self._base = self.street.next_offset if self._base is None else self._base

    def crash(self) -> None:
        """Forgets what was not saved."""
        self.street = hall_street()
        restore(self.street, map(read, self._saves))
        self.position = self.street.next_offset

    @property
    def live(self) -> LiveStreet:
        live = self.street.live()
        assert live is not None
        return live

    def finish(self) -> None:
        while not self.is_done:
            self.take(7)
        self.publish()


_number = st.sampled_from(["1", "2", "3"])
_window = st.sampled_from(["01", "02"])
# What a stream is about: only some kinds of events, so that they meet, or all.
_ABOUT: Final = (
    ("ticket.issued", "ticket.issued", "ticket.issued", "ticket.called", "ticket.abandoned", "ticket.transferred"),
    (
        "rating.submitted", "rating.submitted", "service.started", "rating.voided", "rating.reinstated",
        "rectification.contacted", "rectification.verified", "rectification.extended", "rectification.completed",
        "rectification.completed", "rectification.revisited", "rectification.revisited",
    ),
    (
        "window.opened", "window.paused", "window.resumed", "window.closed", "service.started", "service.completed",
        "service.completed", "rating.submitted", "ticket.called",
    ),
)  # fmt: skip
_ALL: Final = tuple(kind for kinds in _ABOUT for kind in kinds)
# Those of an hour, in which queues are congested and cleared; and all.
_SHORT: Final = (
    0, 0, SECOND, MINUTE, 4 * MINUTE, 5 * MINUTE - 1, 5 * MINUTE, 6 * MINUTE, 10 * MINUTE, 15 * MINUTE, 20 * MINUTE,
    20 * MINUTE + 1, -SECOND, -MINUTE, -10 * MINUTE,
)  # fmt: skip
_LONG: Final = (
    *_SHORT, HOUR, HOUR, 2 * HOUR, 9 * HOUR, DAY, 2 * DAY, -HOUR, -2 * HOUR, -2 * HOUR - 1, -9 * HOUR,
)  # fmt: skip
# Windows are remembered for a week: no stream is longer.
_END_MS: Final = START_MS + 6 * DAY


@st.composite
def halls(draw: st.DrawFn) -> list[bytes]:
    """The values of a street's messages, in offset order."""
    values: list[bytes] = []
    time_ms = START_MS
    kinds = st.sampled_from(draw(st.sampled_from([*_ABOUT, _ALL])))
    steps = st.sampled_from(draw(st.sampled_from([_SHORT, _LONG])))
    sites = st.sampled_from(draw(st.sampled_from([SITES, SITES[:1]])))
    for number in range(draw(st.integers(1, 40))):
        if values and draw(st.integers(0, 15)) == 0:
            values.append(draw(st.sampled_from(values)))  # a redelivery
            continue
        time_ms = min(time_ms + draw(steps), _END_MS)
        kind, site = draw(kinds), draw(sites)
        of = kind.split(".")[0]
        changes: dict[str, Any] = {
            "id": f"e{number}", "street": STREET, "site": site, "time": iso(time_ms),
            "window": f"{site}-{draw(_window)}", "staff": draw(st.sampled_from(["S1", "S2"])),
        }  # fmt: skip
        if of == "ticket":
            changes["ticket"] = f"T{draw(st.integers(1, 6))}"
        elif of == "service":
            changes |= {"service": f"V{draw(_number)}", "ticket": draw(st.sampled_from([None, "T1"]))}
        elif of in ("rating", "rectification"):
            changes["rating"] = f"R{draw(_number)}"
        if kind == "rating.submitted":
            changes |= {
                "window": draw(st.sampled_from([None, changes["window"]])), "rating": f"R{draw(st.integers(1, 5))}",
                "service": draw(st.sampled_from([None, None, "V1", "V2", "V3"])),
                "round": draw(st.sampled_from([1, 1, 2])),
                "level": draw(st.sampled_from(["satisfied", "dissatisfied", "very_dissatisfied"])),
                "channel": draw(st.sampled_from(["qr", "qr", "qr", "system_default"])),
            }  # fmt: skip
        elif kind == "rectification.verified":
            changes["finding"] = draw(st.sampled_from(["valid", "void"]))
        elif kind == "rectification.revisited":
            changes["result"] = draw(st.sampled_from(["satisfied", "dissatisfied", "dissatisfied"]))
        values.append(json.dumps(event(kind, **changes)).encode())
    return values


_beat_steps = st.sampled_from(
    [
        0, SECOND, MINUTE, 5 * MINUTE, 10 * MINUTE - 1, 10 * MINUTE, 11 * MINUTE, HOUR, DAY, -MINUTE, -12 * MINUTE,
        -DAY,
    ]
)  # fmt: skip


@st.composite
def heartbeats(draw: st.DrawFn) -> list[bytes]:
    """The values of a partition's heartbeats: two streets, three devices each."""
    values: list[bytes] = []
    time_ms = START_MS
    for number in range(draw(st.integers(1, 30))):
        time_ms = min(time_ms + draw(_beat_steps), RECEIVED_MS)
        street = draw(st.sampled_from([STREET, "530102002"]))
        changes = {
            "id": f"h{number}", "street": street, "site": f"{street}-00", "window": None, "time": iso(time_ms),
            "device": f"D{draw(_number)}", "backlog": draw(st.sampled_from([None, 0, 7])),
        }  # fmt: skip
        values.append(json.dumps(event("device.heartbeat", **changes)).encode())
    return values
