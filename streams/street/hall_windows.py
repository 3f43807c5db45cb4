"""Windows (窗口) as they are now: open, paused or closed, by whom served, and with what.

Their state is what the last window event said, in order of arrival; a call or a service opens no window. At midnight
all are closed.
"""

from __future__ import annotations

from typing import Final

import msgspec

from schemas.event import Event
from schemas.levels import LEVELS, Level
from schemas.live import LiveWindow, WindowState
from schemas.moments import DAY, day_start, iso
from streams.street.memory import Memory

# A window that says nothing for so long is known no more; until then boards show it as closed.
_REMEMBER_MS: Final = 7 * DAY
_STATES: Final[dict[str, WindowState]] = {
    "window.opened": "open", "window.paused": "paused", "window.resumed": "open", "window.closed": "closed",
}  # fmt: skip


class Window(msgspec.Struct, array_like=True, gc=False):
    """A window on a day (since 1970, Shanghai). Epoch ms; absent texts are ''.

    `since_ms`: of `state`, None where no event has said it. `ratings`: effective ones by level, of all days.
    `previous`: the last service before the current one that was completed, at `previous_ms`.
    """

    day: int
    site: str
    ratings: list[int]
    state: WindowState = "closed"
    since_ms: int | None = None
    reason: str = ""
    planned_minutes: float = 0
    staff: str = ""
    service: str = ""
    ticket: str = ""
    started_ms: int | None = None
    completed_ms: int | None = None
    called_ticket: str = ""
    called_ms: int | None = None
    previous: str = ""
    previous_ms: int | None = None


class Windows:
    """The windows of a street. Told only of events of its business day `day` (since 1970)."""

    __slots__ = ("day", "memory")

    def __init__(self) -> None:
        self.memory: Memory[str, Window] = Memory(_REMEMBER_MS)
        self.day = 0

    def turned(self, event: Event) -> None:
        """A window was opened, paused, resumed or closed."""
        window = self._window(event.site, event.window)
        window.state, window.since_ms = _STATES[event.type], event.time_ms
        window.staff = "" if window.state == "closed" else event.staff or window.staff
        window.reason = event.data["reason"] if window.state == "paused" else ""
        window.planned_minutes = (event.data.get("planned_minutes") or 0) if window.state == "paused" else 0

    def called(self, event: Event) -> None:
        window = self._window(event.site, event.window)
        window.called_ticket, window.called_ms = event.data["ticket"], event.time_ms

    def started(self, event: Event) -> None:
        """A service was started, for the first time."""
        if window := self._serving(event):
            window.started_ms = event.time_ms

    def completed(self, event: Event) -> None:
        """A service was completed, for the first time."""
        if window := self._serving(event):
            window.completed_ms = event.time_ms

    def rated(self, site: str, window: str, level: Level) -> None:
        """An effective rating counts for the window."""
        self._window(site, window).ratings[LEVELS.index(level)] += 1

    def now(self) -> dict[str, Window]:
        """All windows that are known, by code, as they are on this day."""
        known: dict[str, Window] = {}
        for code, window in self.memory.values():
            if code not in known:
                known[code] = self._of_today(window)
        return dict(sorted(known.items()))

    def _window(self, site: str, code: str) -> Window:
        window = self.memory.change(code)
        if window is None:
            return self.memory.put(code, Window(self.day, site, [0] * len(LEVELS)))
        if window.day != self.day:  # put anew each day, so that it isn't forgotten while it is heard of
            return self.memory.put(code, self._of_today(window))
        return window

    def _of_today(self, window: Window) -> Window:
        """A window of before was closed at the end of its day, unless it was already."""
        if window.day == self.day:
            return window
        since_ms = window.since_ms if window.state == "closed" else day_start(window.day + 1)
        return Window(self.day, window.site, list(window.ratings), since_ms=since_ms)

    def _serving(self, event: Event) -> Window | None:
        """The window with the event's service as its current one; None where a later one is there already."""
        window, data = self._window(event.site, event.window), event.data
        if window.service != data["service"]:
            for time_ms in (window.started_ms, window.completed_ms):
                if time_ms is not None and time_ms > event.time_ms:
                    return None
            if window.completed_ms is not None:
                window.previous, window.previous_ms = window.service, window.completed_ms
            window.service, window.ticket, window.started_ms, window.completed_ms = data["service"], "", None, None
        window.ticket = data.get("ticket") or window.ticket
        return window


def live_window(code: str, window: Window) -> LiveWindow:
    """What is published of a window."""
    return LiveWindow(
        window=code,
        site=window.site,
        state=window.state,
        since=iso_if_any(window.since_ms),
        reason=window.reason,
        planned_minutes=window.planned_minutes,
        staff=window.staff,
        service=window.service,
        ticket=window.ticket,
        started=iso_if_any(window.started_ms),
        completed=iso_if_any(window.completed_ms),
        called_ticket=window.called_ticket,
        called=iso_if_any(window.called_ms),
        previous=window.previous,
        previous_completed=iso_if_any(window.previous_ms),
    )


def iso_if_any(time_ms: int | None) -> str:
    """A moment as it is published; '' where there is none."""
    return "" if time_ms is None else iso(time_ms)
