"""What is so now: the messages of `pingliu.live`, as JSON, and the numbers that the rules file has for them.

A message is an upsert: LiveStreet under the street's code, LiveDevices under the code and "/devices". Moments are RFC
3339 in Asia/Shanghai and of stream time; what is absent is '' or 0 and left out. No personal data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, Self

import msgspec
from pydantic import Field, model_validator

from schemas.moments import DAY, MINUTE
from schemas.rules_assessment import Section

WindowState = Literal["open", "paused", "closed"]
CONGESTED: Final = "queue.congested"
CLEARED: Final = "queue.cleared"
OFFLINE: Final = "device.offline"
BACK: Final = "device.back"
# A message is smaller, whatever devices send: they may be as many as they like, a board wants one at once.
LIVE_BYTES_MOST: Final = 60 << 10


class Live(Section):
    """When a queue is congested, and how long a device is known."""

    congested_waiting: int = Field(20, ge=1, le=10000, description="so many waiting at a site are too many ...")
    congested_minutes: int = Field(30, ge=1, le=1440, description="... and so is a wait as long as this")
    cleared_waiting: int = Field(10, ge=1, le=10000, description="fewer waiting than this are few again ...")
    cleared_minutes: int = Field(15, ge=1, le=1440, description="... where nobody waits as long as this")
    steady_minutes: int = Field(5, ge=1, le=240, description="so long it must be so before a notice says it")
    forget_days: int = Field(7, ge=1, le=60, description="a device silent for so long is known no more")

    @property
    def congested_ms(self) -> int:
        return self.congested_minutes * MINUTE

    @property
    def cleared_ms(self) -> int:
        return self.cleared_minutes * MINUTE

    @property
    def steady_ms(self) -> int:
        return self.steady_minutes * MINUTE

    @property
    def forget_ms(self) -> int:
        return self.forget_days * DAY

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.cleared_waiting > self.congested_waiting:
            raise ValueError("cleared_waiting: must not exceed congested_waiting")
        if self.cleared_minutes > self.congested_minutes:
            raise ValueError("cleared_minutes: must not exceed congested_minutes")
        return self


class LiveSite(msgspec.Struct, omit_defaults=True, frozen=True):
    """A site's queue. `waiting_since`: of who waits longest; `congested_since`: when the notice of it said so."""

    site: str
    waiting: int = 0
    waiting_since: str = ""
    congested_since: str = ""


class LiveWindow(msgspec.Struct, omit_defaults=True, frozen=True):
    """A window. `since`: of its state. `service` is the current one, or, with `completed`, the last of the day.

    `previous`: the last service before that one that was completed, at `previous_completed`.
    """

    window: str
    site: str
    state: WindowState
    since: str = ""
    reason: str = ""
    planned_minutes: float = 0
    staff: str = ""
    service: str = ""
    ticket: str = ""
    started: str = ""
    completed: str = ""
    called_ticket: str = ""
    called: str = ""
    previous: str = ""
    previous_completed: str = ""


class LiveRating(msgspec.Struct, omit_defaults=True, frozen=True):
    """An effective rating. `came`: when the broker had it; of bad ones alone."""

    rating: str
    level: str
    time: str
    site: str = ""
    window: str = ""
    tags: list[str] = []
    came: str = ""


class LiveRectification(msgspec.Struct, omit_defaults=True, frozen=True):
    """An open rectification. `overdue`: its completion is. `level`: '' where it was opened before this was known.

    `reopened`: a revisit was dissatisfied, and nothing was completed since.
    """

    rating: str
    opened: str
    contact_due: str
    due: str
    level: str = ""
    site: str = ""
    window: str = ""
    contacted: bool = False
    overdue: bool = False
    reopened: bool = False


class LiveStreet(msgspec.Struct, omit_defaults=True, frozen=True):
    """A street now, true for its events below offset `version`; `time` is its stream time, `day` its business day.

    Of open rectifications are overdue or due soon those of which the completion is, and uncontacted those of which the
    contact is overdue. `heard`: when the broker had the newest of these events; a silent street's stands still.
    `today`: the counters of the day's bucket that are not 0. `ratings` are the newest that came in time, `bad` the
    newest bad ones, however late. Lists lose their ends where the message would be too long: first of rectifications,
    those due last, and of `bad` last of all. The numbers count what was left out, too.
    """

    street: str
    version: int
    time: str
    day: str
    waiting: int = 0
    waiting_since: str = ""
    sites_congested: int = 0
    windows_open: int = 0
    windows_paused: int = 0
    rectifications_open: int = 0
    rectifications_overdue: int = 0
    rectifications_due_soon: int = 0
    rectifications_uncontacted: int = 0
    today: dict[str, int] = {}
    sites: list[LiveSite] = []
    windows: list[LiveWindow] = []
    ratings: list[LiveRating] = []
    rectifications: list[LiveRectification] = []
    heard: str = ""
    bad: list[LiveRating] = []


class LiveDevice(msgspec.Struct, omit_defaults=True, frozen=True):
    """A device by its last heartbeat (`last`). `offline_since`: when it was missed, while it is."""

    device: str
    kind: str
    last: str
    site: str = ""
    window: str = ""
    backlog: float = 0
    battery: float | None = None
    firmware: str = ""
    offline_since: str = ""


class LiveDevices(msgspec.Struct, omit_defaults=True, frozen=True):
    """The devices of a street, those offline first. `version`: their partition's offset behind the last change.

    `newest`: the time of their newest heartbeat.
    """

    street: str
    version: int
    known: int = 0
    offline: int = 0
    devices: list[LiveDevice] = []
    newest: str = ""


_encode = msgspec.json.Encoder().encode
# What can be spared first.
_CUT: Final = ("rectifications", "ratings", "windows", "sites", "devices", "bad")


def encode_live(message: LiveStreet | LiveDevices) -> bytes:
    """The message's JSON, of at most LIVE_BYTES_MOST bytes: lists lose their ends where it would be longer."""
    raw = _encode(message)
    for name in _CUT:
        excess = len(raw) - LIVE_BYTES_MOST
        if excess > 0 and (items := getattr(message, name, None)):
            message = msgspec.structs.replace(message, **{name: _without(items, excess)})
            raw = _encode(message)
    return raw


def _without(items: Sequence[Any], excess: int) -> Sequence[Any]:
    """As many of the first items as leave out so many bytes."""
    kept = len(items)
    while kept and excess > 0:
        kept -= 1
        excess -= len(_encode(items[kept])) + 1
    return items[:kept]
