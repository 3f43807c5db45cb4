"""How much of the published hours a site's windows were open, and its rating devices heard of."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from tests.recount.assessment.events import Name, OtherEvent
from tests.recount.assessment.month import MonthFacts
from tests.recount.assessment.periods import day_at
from tests.recount.assessment.spans import Span, length, overlap, published
from tests.recount.rules import MINUTE
from tests.recount.times import midnight_after


@dataclass
class Covered:
    """So many milliseconds of so many; and the pauses that were too long."""

    of: int = 0
    covered: int = 0
    pauses: list[Name] = field(default_factory=list)


@dataclass
class _Day:
    """A window's day: sessions, and what pauses exceed."""

    sessions: list[Span] = field(default_factory=list)
    excesses: list[Span] = field(default_factory=list)
    pauses: list[Name] = field(default_factory=list)
    """Whose the excesses are."""


def opening_of(facts: MonthFacts) -> dict[str, Covered]:
    """By site, of the windows and days that have published hours."""
    sites = {site: Covered() for site in facts.district.sites}
    rules = facts.rules.site_month
    posts = defaultdict(list)
    for post in facts.district.posts:
        posts[post.window].append(post)
    for window, held in posts.items():
        seen = sites[facts.district.windows[window].site]
        days = _days(facts.log.past.windows.get(window, []), rules.pause_minutes * MINUTE)
        for workday in facts.workdays:
            if not any(post.held_on(workday) for post in held):
                continue
            hours, day = published(workday, rules), days.get(workday, _Day())
            seen.of += length(hours)
            seen.covered += max(0, overlap(day.sessions, hours) - overlap(day.excesses, hours))
            excesses = zip(day.pauses, day.excesses, strict=True)
            seen.pauses += [name for name, excess in excesses if overlap([excess], hours) > 0]
    return sites


def _days(happenings: list[OtherEvent], allowed: int) -> dict[date, _Day]:
    """Of a window's events by time."""
    days: defaultdict[date, _Day] = defaultdict(_Day)
    for place, event in enumerate(happenings):
        on = day_at(event.time)
        if event.kind == "window.opened":
            end = _next(happenings, place, ("window.opened", "window.closed"), on)
            days[on].sessions.append((event.time, end))
        elif event.kind == "window.paused":
            end = _next(happenings, place, ("window.opened", "window.paused", "window.resumed", "window.closed"), on)
            if end - event.time > allowed:
                days[on].excesses.append((event.time + allowed, end))
                days[on].pauses.append(event.name)
    return days


def _next(happenings: list[OtherEvent], place: int, kinds: tuple[str, ...], day: date) -> int:
    """When the next event of these kinds ends what began at that place, at the latest at the end of the day."""
    end = midnight_after(day)
    for index in range(place + 1, len(happenings)):
        if happenings[index].kind in kinds:
            return min(happenings[index].time, end)
    return end


def online_of(facts: MonthFacts) -> dict[str, Covered]:
    """By site with devices of kind `rating` that sent a heartbeat in the month."""
    rules, month = facts.rules.site_month, facts.month
    beats: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for event in facts.log.past.beats:
        if event.text("kind") == "rating" and month.begin_ms <= event.time < month.end_ms:
            beats[event.site, event.text("device")].append(event.time)
    hours = [span for day in facts.workdays for span in published(day, rules)]
    sites: defaultdict[str, Covered] = defaultdict(Covered)
    for (site, _), times in beats.items():
        times.sort()
        longest = rules.offline_minutes * MINUTE
        ends = [*times[1:], times[-1] + longest]
        spans = [(time, min(after, time + longest)) for time, after in zip(times, ends, strict=True)]
        seen = sites[site]
        seen.of += length(hours)
        seen.covered += sum(overlap([span], hours) for span in spans)
    return dict(sites)
