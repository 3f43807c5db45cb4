"""What boards and terminals' pages are told of a hall, put into a gateway's log as the aggregate does it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from schemas.live import LiveStreet, LiveWindow, encode_live
from schemas.moments import day_of, iso, to_date
from streams.gateway.devices import now_ms
from streams.routing import partition_of
from streams.topics import LIVE
from streams.transport.log import Log
from streams.transport.record import Entry

DAY_MS = 86_400_000


def street_with(code: str, version: int, *, at_ms: int, **window: Any) -> LiveStreet:
    """A street of which one window is known, on the day of a moment."""
    known = LiveWindow(code, code[:12], "open", **window)
    return LiveStreet(code[:9], version, iso(at_ms), to_date(day_of(at_ms)).isoformat(), windows=[known])


class Hall:
    """A window of the hall whose gateway has its log in a folder."""

    def __init__(self, root: Path, code: str) -> None:
        self._root = root
        self._code = code

    def serves(
        self,
        service: str,
        *,
        started_ms: int | None = None,
        completed_ms: int | None = None,
        after: tuple[str, int] | None = None,
    ) -> None:
        """A service is at the window now; '' where nobody says which. `after`: the one before, and when it was done."""
        moment = now_ms()  # and the version: other halls of the street have one, too
        window = {"service": service, "started": _iso(started_ms), "completed": _iso(completed_ms)}
        if after is not None:
            window |= {"previous": after[0], "previous_completed": iso(after[1])}
        street = street_with(self._code, moment, at_ms=moment, **window)
        with Log(self._root / "log.db") as log:
            partition = partition_of(street.street, log.partitions(LIVE) or 0)
            log.append([Entry(LIVE, partition, now_ms(), street.street.encode(), encode_live(street))])


def _iso(moment_ms: int | None) -> str:
    return "" if moment_ms is None else iso(moment_ms)
