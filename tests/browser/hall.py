"""A district as it is right now: what its queue systems and terminals send, so that a board has everything to show."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from deploy.district import FOLDER
from schemas.levels import LEVELS
from schemas.moments import SHANGHAI
from schemas.registry import Registry, Window
from schemas.tags import tags_of
from streams.routing import entry_of
from streams.transport.log import Log

# Windows whose terminal is the page; nothing else happens there.
TERMINALS: Final = ("530102001-06-01", "530102001-07-01", "530102001-08-01")
# Where too many wait, where terminals are silent, and where rectifications are late.
CROWDED: Final = "530102002"
SILENT: Final = "530102003"
LATE: Final = "530102001"
# Where a hundred windows serve at once.
FULL: Final = "530102000"
_WINDOWS: Final = 6
_VISITS: Final = 7
_CROWD: Final = 24
# Places in LEVELS: most are content, as they are.
_LEVELS: Final = (0, 1, 0, 0, 2, 0, 1, 0, 0, 3, 1, 0, 0, 1, 0, 2, 0, 0, 1, 0, 0, 4, 1, 0, 0, 1, 0, 0, 0)
_MINUTE: Final = timedelta(minutes=1)
_Said = tuple[datetime, dict[str, Any]]


class Hall:
    """Sends events as queue systems do, straight to the log of a folder."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._numbers = count(1)

    def fill(self) -> None:
        """All that happened until now."""
        self._send(_until(_now()))

    def serve(self, window: str) -> str:
        """A service comes to its end at a window; returns its number."""
        service = f"V-{window}-{next(self._numbers)}-{time.time_ns()}"
        ticket = f"A{next(self._numbers):03}"
        self._send(
            [
                _said(_now(), "service.started", window, service=service, ticket=ticket),
                _said(_now(), "service.completed", window, service=service, ticket=ticket, outcome="done"),
            ]
        )
        return service

    def rate(self, level: str, window: str) -> str:
        """A rating by another terminal; returns its number."""
        name = f"R-{window}-{next(self._numbers)}-{time.time_ns()}"
        self._send([_said(_now(), "rating.submitted", window, rating=name, level=level, channel="hall_terminal")])
        return name

    def _send(self, said: Iterable[_Said]) -> None:
        now_ms = time.time_ns() // 1_000_000
        with Log(self._log) as log:
            partitions = log.partitions("pingliu.events") or 0
            log.append([entry_of(json.dumps(event).encode(), partitions, now_ms) for _, event in said])


def _now() -> datetime:
    return datetime.now(SHANGHAI)


def _until(now: datetime) -> list[_Said]:
    """In the order in which it happened."""
    windows: dict[str, list[Window]] = {}
    for window in Registry.load(FOLDER).windows.values():
        windows.setdefault(window.site[:9], []).append(window)
    found: list[_Said] = []
    for place, (street, its) in enumerate(windows.items()):
        some = its[: _WINDOWS - place % 3]
        for number, window in enumerate(some):
            found += _day(window.code, now, place + number)
        found += _queue(some[0], now, _CROWD if street == CROWDED else place % 4)
        found += _devices(some, now, is_silent=street == SILENT)
        if street == FULL:
            found += _busy(its[_WINDOWS:], now)
    found += _long_ago(windows[LATE][0].code, now)
    return sorted(found, key=lambda said: said[0])


def _day(window: str, now: datetime, seed: int) -> Iterator[_Said]:
    """A window's last two hours: it serves, most people rate, and at the end it is busy, idle or paused."""
    began = now - 120 * _MINUTE
    yield _said(began, "window.opened", window)
    for visit in range(_VISITS):
        name, start = f"{window}-{visit}", began + (15 * visit + seed % 7 + 1) * _MINUTE
        done = start + (6 + seed % 5) * _MINUTE
        yield _said(start, "service.started", window, service=f"V-{name}", ticket=f"A{visit:03}")
        yield _said(done, "service.completed", window, service=f"V-{name}", ticket=f"A{visit:03}", outcome="done")
        if (seed + visit) % 5 != 3:
            level = LEVELS[_LEVELS[(seed * 5 + visit) % len(_LEVELS)]]
            tags = [tag.code for tag in tags_of(level)[: (seed + visit) % 3]]
            yield _rated(done + 0.5 * _MINUTE, window, name, level, tags)
    if seed % 3 == 0:
        yield _said(now - 4 * _MINUTE, "service.started", window, service=f"V-{window}-last", ticket="A099")
    elif seed % 3 == 1:
        yield _said(now - 9 * _MINUTE, "window.paused", window, reason="material", planned_minutes=15)


def _busy(windows: Iterable[Window], now: datetime) -> Iterator[_Said]:
    """Windows that have served their first visitor since four minutes ago."""
    for window in windows:
        yield _said(now - 5 * _MINUTE, "window.opened", window.code)
        ticket = f"A{int(window.code.rpartition('-')[2]):04}"
        yield _said(now - 4 * _MINUTE, "service.started", window.code, service=f"V-{window.code}-first", ticket=ticket)


def _queue(window: Window, now: datetime, waiting: int) -> Iterator[_Said]:
    """Who waits at a window's site."""
    for place in range(waiting):
        at = now - (8 + 1.1 * place) * _MINUTE
        yield _said(at, "ticket.issued", window.code, ticket=f"W-{window.site}-{place}", window=None, staff=None)


def _devices(windows: Iterable[Window], now: datetime, *, is_silent: bool) -> Iterator[_Said]:
    """A terminal at each window; where they are silent, every other one was heard an hour ago."""
    for number, window in enumerate(windows):
        last = now - (70 if is_silent and number % 2 else 1) * _MINUTE
        named = {"device": f"DG-{window.code[6:]}", "kind": "rating", "backlog": number, "firmware": "2.4.1"}
        yield _said(last, "device.heartbeat", window.code, **named)


def _long_ago(window: str, now: datetime) -> Iterator[_Said]:
    """Bad ratings that nobody has settled since."""
    for days in (25, 20, 2):
        yield _rated(now - timedelta(days=days), window, f"{window}-old-{days}", "dissatisfied", ["207"])


def _rated(at: datetime, window: str, name: str, level: str, tags: list[str]) -> _Said:
    said = {"rating": f"R-{name}", "service": f"V-{name}", "level": level, "channel": "hall_terminal", "tags": tags}
    return _said(at, "rating.submitted", window, **said)


def _said(at: datetime, kind: str, place: str, /, **data: Any) -> _Said:
    """An event at a window; its attributes may be changed by name, to None for none."""
    identity = data.get("service") or data.get("rating") or data.get("ticket") or data.get("device") or place
    return at, {
        "specversion": "1.0", "id": f"{kind}/{identity}", "source": "hall", "type": kind,
        "time": at.isoformat(timespec="milliseconds"), "street": place[:9], "site": place[:12],
        "window": data.pop("window", place), "staff": data.pop("staff", f"S{int(place[-2:]):04}"), "data": data,
    }  # fmt: skip
