"""An independent count of a hall, as plain as can be: everything anew from all events, at every one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.live import Live
from tests import recount
from tests.examples import RECEIVED_MS
from tests.recount.times import date_of, day_of, midnight_after
from tests.recount.workdays import workday_after

_MINUTE = 60_000
_HORIZON = 2 * 60 * _MINUTE
_BAD = ("dissatisfied", "very_dissatisfied")


@dataclass
class Told:
    """An event that counts, with the newest event time when it was applied, and the place of a rating."""

    event: recount.Event
    now: int
    place: tuple[str, str] = ("", "")

    @property
    def kind(self) -> str:
        return self.event["type"]

    @property
    def time(self) -> int:
        return self.event["time"]

    @property
    def in_time(self) -> bool:
        return self.now - self.time <= _HORIZON

    @property
    def of_today(self) -> bool:
        return self.in_time and day_of(self.time) == day_of(self.now)

    def data(self, name: str) -> Any:
        return self.event["data"].get(name)


@dataclass
class Naive:
    """What the hall is in the end, and the notices of queues on the way: (kind, site, moment, waiting)."""

    waiting: dict[str, dict[str, int]]
    windows: dict[str, dict[str, Any]]
    ratings: list[str]
    bad: list[str]
    uncontacted: int
    open: list[tuple[int, str]]
    waits: int
    wait_ms: int
    notices: set[tuple[str, str, int, int]]


def naive_hall(values: Sequence[bytes], live: Live) -> Naive:
    """The hall of the one street that the messages are of."""
    told = _told([recount.Message(0, number, RECEIVED_MS, value) for number, value in enumerate(values)])
    now = told[-1].now
    waits = _waits(told)
    effective = [one for one in told if one.kind == "rating.submitted"]
    return Naive(
        waiting=_waiting(told, now),
        windows=_windows(told, now),
        ratings=[one.data("rating") for one in effective if one.in_time][:-21:-1],
        bad=[one.data("rating") for one in effective if one.data("level") in _BAD][:-13:-1],
        uncontacted=_uncontacted(told, effective, now),
        open=_open(told, effective),
        waits=len(waits),
        wait_ms=sum(waits),
        notices=_notices(told, live),
    )


def _told(messages: list[recount.Message]) -> list[Told]:
    """What counts: the first of a (source, id), of tickets and services the first of their kind, effective ratings.

    What doesn't count is there all the same, as it tells the time.
    """
    told: list[Told] = []
    known: set[Any] = set()
    services: dict[str, tuple[str, str]] = {}
    now = -(10**15)

    def is_first(*key: Any) -> bool:
        return key not in known and not known.add(key)  # type: ignore[func-returns-value]

    for event in recount.accepted_events(messages):
        now = max(now, event["time"])
        one = Told(event, now, (event["site"] if event["window"] else "", event["window"]))
        kind, data = event["type"], event["data"]
        counts = is_first("event", event["source"], event["id"])
        if counts and kind in ("ticket.issued", "ticket.abandoned"):
            counts = is_first(kind, data["ticket"])
        elif counts and kind.startswith("service."):
            services.setdefault(data["service"], (event["site"], event["window"]))
            counts = is_first(kind, data["service"])
        elif counts and kind == "rating.submitted":
            counts = data["channel"] != "system_default" and is_first(kind, data["rating"]) and data["round"] != 2
            if counts and data["service"]:
                counts = is_first("rated", data["service"])
            if not event["window"]:
                one.place = services.get(data["service"] or "", ("", ""))
        if not counts:
            event = recount.Event(**{**event, "type": "nothing"})
            one = Told(event, now)
        told.append(one)
    return told


def _waiting(told: list[Told], now: int) -> dict[str, dict[str, int]]:
    """Who waits at `now`, by site, and since when."""
    found: dict[str, dict[str, int]] = {}
    mine = [one for one in told if one.of_today and day_of(one.time) == day_of(now)]
    for ticket in {one.data("ticket") for one in mine if one.kind.startswith("ticket.")}:
        since: tuple[str, int] | None = None
        is_called = is_over = False
        for one in mine:
            if one.data("ticket") != ticket:
                continue
            if one.kind == "ticket.called":
                since, is_called = None, True
            elif one.kind == "ticket.abandoned":
                since, is_over = None, True
            elif not is_over and one.kind in ("ticket.transferred", *([] if is_called else ["ticket.issued"])):
                since = since or (one.event["site"], one.time)
        if since is not None:
            found.setdefault(since[0], {})[ticket] = since[1]
    return found


def _waits(told: list[Told]) -> list[int]:
    first: dict[tuple[str, str, str], int] = {}
    for one in told:
        if one.of_today and one.kind in ("ticket.issued", "ticket.called"):
            first.setdefault((day_of(one.time), one.data("ticket"), one.kind), one.time)
    waits = [
        called - first[day, ticket, "ticket.issued"]
        for (day, ticket, kind), called in first.items()
        if kind == "ticket.called" and (day, ticket, "ticket.issued") in first
    ]
    return [wait for wait in waits if wait >= 0]


def _windows(told: list[Told], now: int) -> dict[str, dict[str, Any]]:
    """Each window as it is at `now`: those that said anything on a day, or were rated."""
    found: dict[str, dict[str, Any]] = {}
    heard = ("window.", "service.", "ticket.called")
    for one in told:
        if one.kind == "rating.submitted":
            code, counts = one.place[1], one.in_time
        else:
            code, counts = one.event["window"], one.of_today and one.kind.startswith(heard)
        if not code or not counts:
            continue
        window = _at(found.get(code), one.now)
        found[code] = window
        if one.kind == "rating.submitted":
            window["ratings"] += 1
        elif one.kind.startswith("window."):
            word = one.kind.removeprefix("window.")
            window["state"] = {"resumed": "open", "opened": "open"}.get(word, word)
            window["since"] = one.time
            window["staff"] = "" if word == "closed" else one.event["staff"]
        elif one.kind == "ticket.called":
            window["called"] = (one.data("ticket"), one.time)
        else:
            step = one.kind.removeprefix("service.")
            service = window["service"]
            if one.data("service") == service.get("id"):
                service[step] = one.time
            elif one.time >= max((service[name] for name in ("started", "completed") if name in service), default=0):
                window["service"] = {"id": one.data("service"), step: one.time}
    return {code: _at(window, now) for code, window in found.items()}


def _at(window: dict[str, Any] | None, now: int) -> dict[str, Any]:
    """A window as it is on a day: after another day's midnight it is closed."""
    today = day_of(now)
    if window is None:
        return {
            "day": today, "state": "closed", "since": None, "staff": "", "called": None, "service": {}, "ratings": 0,
            "midnight": midnight_after(date_of(now)),
        }  # fmt: skip
    if window["day"] == today:
        return window
    since = window["since"] if window["state"] == "closed" else window["midnight"]
    return {**_at(None, now), "since": since, "ratings": window["ratings"]}


def _open(told: list[Told], effective: list[Told]) -> list[tuple[int, str]]:
    """Open rectifications with the moment at which they are due, in that order: all but those that the contract's table
    has as completed, closed or void.
    """
    found = []
    for opening in effective:
        rating = opening.data("rating")
        about = [one for one in told if one.data("rating") == rating]
        words = [one.kind for one in about]
        verdicts = [word for word in words if word in ("rating.voided", "rating.reinstated")]
        if opening.data("level") not in _BAD or verdicts[-1:] == ["rating.voided"]:
            continue
        if any(one.kind == "rectification.verified" and one.data("finding") == "void" for one in about):
            continue
        more = [one.data("workdays") for one in about if one.kind == "rectification.extended"][:1]
        due = midnight_after(workday_after(date_of(opening.time), 5 + sum(more)))
        revisits = [place for place, word in enumerate(words) if word == "rectification.revisited"]
        if revisits and about[revisits[-1]].data("result") != "dissatisfied":
            continue
        if "rectification.completed" in words:
            if not revisits or "rectification.completed" in words[revisits[-1] :]:
                continue
            due = midnight_after(workday_after(date_of(about[revisits[-1]].time), 5))
        found.append((due, rating))
    return sorted(found)


def _uncontacted(told: list[Told], effective: list[Told], now: int) -> int:
    contacted = {one.data("rating") for one in told if one.kind == "rectification.contacted"}
    rated = {one.data("rating"): one.time for one in effective}
    asked = [rated[rating] for _, rating in _open(told, effective) if rating not in contacted]
    return sum(midnight_after(workday_after(date_of(time), 1)) <= now for time in asked)


@dataclass
class _Site:
    """What a site is said to be, and since when it is otherwise."""

    is_congested: bool = False
    turning: int | None = None
    said: list[tuple[str, int, int]] = field(default_factory=list)

    def look(self, now: int, since: list[int], live: Live) -> None:
        """How it is at a moment; it is looked at wherever anything may have changed."""
        longest = now - min(since) if since else -1
        if self.is_congested:
            turns = len(since) < live.cleared_waiting and longest < live.cleared_minutes * _MINUTE
        else:
            turns = len(since) >= live.congested_waiting or longest >= live.congested_minutes * _MINUTE
        if not turns:
            self.turning = None
            return
        self.turning = now if self.turning is None else self.turning
        if now - self.turning >= live.steady_minutes * _MINUTE:
            self.is_congested = not self.is_congested
            self.turning = None
            self.said.append(("queue.congested" if self.is_congested else "queue.cleared", now, len(since)))
            self.look(now, since, live)


def _notices(told: list[Told], live: Live) -> set[tuple[str, str, int, int]]:
    """Follows every site's queue through all moments at which anything may change."""
    sites = {one.event["site"] for one in told}
    found = set()
    for site in sites:
        state = _Site()
        for begin, end, waiting in _pieces(told):
            since = list(waiting.get(site, {}).values())
            state.look(begin, since, live)
            moment = begin
            while moment < end:
                steps = [one + live.congested_minutes * _MINUTE for one in since]
                steps += [one + live.cleared_minutes * _MINUTE for one in since]
                if state.turning is not None:
                    steps.append(state.turning + live.steady_minutes * _MINUTE)
                moment = min([step for step in steps if step > moment] + [end])
                moment = min(moment, end)
                state.look(moment, since, live)
        found |= {(kind, site, moment, count) for kind, moment, count in state.said}
    return found


def _pieces(told: list[Told]) -> Iterator[tuple[int, int, dict[str, dict[str, int]]]]:
    """Stretches of stream time, the ends included, in which no queue changes, with who waits in them."""
    for number, one in enumerate(told):
        waiting = _waiting(told[: number + 1], one.now)
        following = told[number + 1].now if number + 1 < len(told) else one.now
        midnight = midnight_after(date_of(one.now))
        if following >= midnight:
            yield one.now, midnight, waiting
            yield midnight, following, {}
        else:
            yield one.now, following, waiting
