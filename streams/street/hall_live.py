"""What is published of a hall."""

from __future__ import annotations

from schemas.live import LiveSite, LiveStreet
from schemas.moments import iso, to_date
from schemas.published import COUNTERS
from streams.street.buckets import Buckets
from streams.street.hall import Hall
from streams.street.hall_queue import NOBODY
from streams.street.hall_windows import iso_if_any, live_window


def live_street(code: str, version: int, heard_ms: int, hall: Hall, buckets: Buckets) -> LiveStreet:
    """The street `code` as it is, true for its events below `version`, the newest of which the broker had at `heard_ms`
    (epoch ms; 0: unknown). Not to be asked before its first event.
    """
    windows = hall.windows.now()
    states = [window.state for window in windows.values()]
    since = [line.since_ms for line in hall.queue.lines.values() if line.since_ms is not None]
    counters = buckets.days.get(("", "", hall.day)) or ()
    sites = _sites(hall)
    return LiveStreet(
        street=code,
        version=version,
        time=iso(buckets.newest_ms),
        day=to_date(hall.day).isoformat(),
        waiting=sum(map(len, hall.queue.lines.values())),
        waiting_since=iso_if_any(min(since, default=None)),
        sites_congested=sum(bool(site.congested_since) for site in sites),
        windows_open=states.count("open"),
        windows_paused=states.count("paused"),
        rectifications_open=len(hall.rectifications),
        rectifications_overdue=hall.rectifications.overdue(buckets.newest_ms),
        rectifications_due_soon=hall.rectifications.due_soon(buckets.newest_ms),
        rectifications_uncontacted=hall.rectifications.uncontacted(buckets.newest_ms),
        today={name: value for name, value in zip(COUNTERS, counters, strict=False) if value},
        sites=sites,
        windows=[live_window(window, state) for window, state in windows.items()],
        ratings=hall.last_ratings(),
        rectifications=hall.rectifications.shown(buckets.newest_ms),
        heard=iso_if_any(heard_ms or None),
        bad=hall.last_bad_ratings(),
    )


def _sites(hall: Hall) -> list[LiveSite]:
    """The sites where somebody waits, or where it is congested."""
    sites = []
    for site in sorted(hall.queue.lines.keys() | hall.congestion.sites()):
        line = hall.queue.lines.get(site, NOBODY)
        congested_ms = hall.congestion.congested_ms(site)
        if len(line) or congested_ms is not None:
            sites.append(LiveSite(site, len(line), iso_if_any(line.since_ms), iso_if_any(congested_ms)))
    return sites
