"""The flags of suspicious ratings (docs/semantics.md, Suspicions), by looking at all events of a street at once."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from tests.recount.messages import Event, accepted_events, field_of
from tests.recount.rules import DAY, HOUR, MINUTE, SECOND, Message, Rules
from tests.recount.times import date_of, day_of
from tests.recount.workdays import is_workday

_SHANGHAI = 8 * HOUR


@dataclass(frozen=True, slots=True)
class Suspicion:
    """The numbers of the rules; a district may change them. `hours`: minutes after midnight."""

    onsite: tuple[str, ...] = ("hall_terminal", "hall_pad")
    short_ms: int = 20 * SECOND
    burst_ratings: int = 5
    burst_ms: int = 60 * SECOND
    repeat_ratings: int = 4
    served_ms: int = 10 * MINUTE
    wait_ms: int = 30 * MINUTE
    grace_ms: int = 15 * MINUTE
    hours: tuple[tuple[int, int], ...] = ((540, 720), (780, 1020))
    uniform_ratings: int = 50
    prompt_ms: int = 2 * SECOND
    silent_services: int = 20
    silent_percent: int = 98


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. `rating` is '' for a month's; times are epoch ms."""

    rule: str
    street: str
    rating: str
    time: int
    site: str
    window: str
    staff: str
    source: str
    count: int
    of: int
    evidence: tuple[str, ...]


def flags(
    messages: Iterable[Message],
    rules: Rules = Rules(),  # noqa: B008  frozen
    suspicion: Suspicion = Suspicion(),
) -> set[Flag]:
    """All flags after all messages."""
    streets: dict[str, list[Event]] = {}
    for event in accepted_events(messages, rules):
        if event["type"] != "device.heartbeat":
            streets.setdefault(event["street"], []).append(event)
    found = [flag for events in streets.values() for flag in _Street(events, rules, suspicion).flags()]
    assert len(found) == len(set(found)), "no flag is said twice"
    return set(found)


@dataclass(frozen=True, slots=True)
class _Rating:
    """An effective rating in time: at which step it was applied, and what it counts for."""

    step: int
    event: Event
    name: str
    service: str
    site: str
    window: str
    staff: str

    @property
    def time(self) -> int:
        return self.event["time"]

    @property
    def day(self) -> str:
        return day_of(self.time)

    def flag(self, rule: str, evidence: list["_Rating"], count: int, source: str = "") -> Flag:
        names = tuple(rating.name for rating in evidence)[:10]
        street = self.event["street"]
        return Flag(rule, street, self.name, self.time, self.site, self.window, self.staff, source, count, 0, names)


class _Street:
    """A street's events in their order; a step is the place of one in it."""

    def __init__(self, events: list[Event], rules: Rules, suspicion: Suspicion) -> None:
        self.events = events
        self.rules = rules
        self.numbers = suspicion
        self.newest: list[int] = []
        for event in events:
            self.newest.append(max(self.newest[-1], event["time"]) if self.newest else event["time"])
        known: set[tuple[str, str]] = set()
        self.fresh: list[int] = []
        """The steps that are no redeliveries."""
        for step, event in enumerate(events):
            if (event["source"], event["id"]) not in known:
                self.fresh.append(step)
            known.add((event["source"], event["id"]))
        self.first_start = self.first_of("service.started", "service")
        self.first_end = self.first_of("service.completed", "service")
        self.first_call = self.first_of("ticket.called", "ticket")
        self.shifts: dict[tuple[str, str], list[int]] = {}
        """The steps of a window's openings and closings of a day, those in time."""
        for step in self.fresh:
            if events[step]["type"] in ("window.opened", "window.closed") and self.in_time(step):
                shift = (events[step]["window"], day_of(events[step]["time"]))
                self.shifts.setdefault(shift, []).append(step)
        self.ratings = list(self.effective())

    def first_of(self, kind: str, name: str) -> dict[str, int]:
        """The first step of a kind for each id."""
        found: dict[str, int] = {}
        for step in self.fresh:
            if self.events[step]["type"] == kind:
                found.setdefault(field_of(self.events[step], name), step)
        return found

    def behind(self, step: int) -> int:
        return self.newest[step] - self.events[step]["time"]

    def in_time(self, step: int) -> bool:
        return self.behind(step) <= self.rules.days_horizon_ms

    def effective(self) -> Iterator[_Rating]:
        """The effective ratings that are in time, in their order."""
        submitted, rated = set(), set()
        for step in self.fresh:
            event = self.events[step]
            if event["type"] != "rating.submitted" or field_of(event, "channel") == "system_default":
                continue
            name, service = field_of(event, "rating"), field_of(event, "service")
            if name in submitted:
                continue
            submitted.add(name)
            if event["data"].get("round") == 2 or service in rated:
                continue
            if service:
                rated.add(service)
            if self.in_time(step):
                site, window = self.place(step)
                yield _Rating(step, event, name, service, site, window, self.staff(step, window))

    def place(self, step: int) -> tuple[str, str]:
        event = self.events[step]
        if event["window"]:
            return event["site"], event["window"]
        service = field_of(event, "service")
        steps = [first[service] for first in (self.first_start, self.first_end) if service in first]
        lender = min((other for other in steps if other < step), default=None)
        return ("", "") if lender is None else (self.events[lender]["site"], self.events[lender]["window"])

    def staff(self, step: int, window: str) -> str:
        event = self.events[step]
        if event["staff"] or not window:
            return event["staff"]
        best: tuple[int, int, str] | None = None
        for other in self.shifts.get((window, day_of(event["time"])), []):
            shift = self.events[other]
            if other < step and shift["time"] <= event["time"]:
                who = shift["staff"] if shift["type"] == "window.opened" else ""
                best = max(best or (shift["time"], other, who), (shift["time"], other, who))
        return "" if best is None else best[2]

    def flags(self) -> Iterator[Flag]:
        for number, rating in enumerate(self.ratings):
            yield from self.short_service(rating)
            yield from self.repeat_rater(rating, self.ratings[: number + 1])
            if field_of(rating.event, "channel") in self.numbers.onsite:
                yield from self.terminal_burst(rating, self.ratings[: number + 1])
                yield from self.unserved_window(rating)
                yield from self.off_hours(rating)
        yield from self.months()

    def short_service(self, rating: _Rating) -> Iterator[Flag]:
        start, end = self.first_start.get(rating.service), self.first_end.get(rating.service)
        if rating.service and start is not None and end is not None:
            handling = self.events[end]["time"] - self.events[start]["time"]
            settled = self.newest[max(rating.step, start, end)]
            if 0 <= handling < self.numbers.short_ms and settled - rating.time <= self.rules.days_horizon_ms:
                yield rating.flag("short_service", [rating], 1)

    def terminal_burst(self, rating: _Rating, until: list[_Rating]) -> Iterator[Flag]:
        same = [
            other
            for other in until
            if (other.event["source"], other.day) == (rating.event["source"], rating.day)
            and field_of(other.event, "channel") in self.numbers.onsite
        ][-self.numbers.burst_ratings :]
        times = [other.time for other in same]
        if len(same) == self.numbers.burst_ratings and max(times) - min(times) < self.numbers.burst_ms:
            yield rating.flag("terminal_burst", same, len(same), rating.event["source"])

    def repeat_rater(self, rating: _Rating, until: list[_Rating]) -> Iterator[Flag]:
        rater = field_of(rating.event, "rater")
        wanted = (rater, rating.window, rating.day)
        same = [other for other in until if (field_of(other.event, "rater"), other.window, other.day) == wanted]
        if rater and rating.window and len(same) >= self.numbers.repeat_ratings:
            yield rating.flag("repeat_rater", same, len(same))

    def unserved_window(self, rating: _Rating) -> Iterator[Flag]:
        numbers, horizon = self.numbers, self.rules.minutes_horizon_ms
        if not rating.window or self.behind(rating.step) > horizon - numbers.wait_ms - numbers.served_ms:
            return
        due = self.newest[rating.step] + numbers.wait_ms
        judged = bisect_left(self.newest, due)
        if judged == len(self.newest):
            return
        known = (self.first_start.get(rating.service, judged), self.first_end.get(rating.service, judged))
        if rating.service and min(known) < judged:
            return
        first, last = ((rating.time + reach) // MINUTE for reach in (-numbers.served_ms, numbers.served_ms))
        for step in (*self.first_call.values(), *self.first_end.values()):
            event = self.events[step]
            is_there = (event["site"], event["window"]) == (rating.site, rating.window)
            is_counted = step < judged and self.behind(step) <= horizon
            if is_there and is_counted and first <= event["time"] // MINUTE <= last:
                return
        yield rating.flag("unserved_window", [rating], 1)

    def off_hours(self, rating: _Rating) -> Iterator[Flag]:
        of_day = (rating.time + _SHANGHAI) % DAY
        grace = self.numbers.grace_ms
        hours = ((begin * MINUTE - grace, end * MINUTE + grace) for begin, end in self.numbers.hours)
        if not is_workday(date_of(rating.time)) or not any(begin <= of_day < end for begin, end in hours):
            yield rating.flag("off_hours", [rating], 1)

    def months(self) -> Iterator[Flag]:
        numbers, completions = self.numbers, dict[tuple[str, str], int]()
        for step in self.first_end.values():
            event = self.events[step]
            staff = self.staff(step, event["window"])
            if staff and self.in_time(step):
                month = day_of(event["time"])[:7]
                completions[month, staff] = completions.get((month, staff), 0) + 1
        ratings: dict[tuple[str, str], list[_Rating]] = {}
        for rating in self.ratings:
            if rating.staff:
                ratings.setdefault((rating.day[:7], rating.staff), []).append(rating)
        for (month, staff), given in ratings.items():
            end = _end_of(month)
            if self.newest[-1] < end + self.rules.days_horizon_ms:
                continue
            names = tuple(rating.name for rating in given)[:10]
            quick = sum(_is_quick(rating.event["data"].get("prompt_ms"), numbers.prompt_ms) for rating in given)
            place = (self.events[0]["street"], "", end - 1, "", "", staff, "")
            same = all(field_of(rating.event, "level") == "very_satisfied" for rating in given)
            if same and len(given) >= numbers.uniform_ratings and 2 * quick > len(given):
                yield Flag("uniform_month", *place, len(given), 0, names)
            done, of_services = completions.get((month, staff), 0), sum(rating.service != "" for rating in given)
            wordless = not any(field_of(rating.event, "comment") for rating in given)
            if done >= numbers.silent_services and 100 * of_services > numbers.silent_percent * done and wordless:
                yield Flag("silent_month", *place, of_services, done, names)


def _is_quick(prompt: object, limit: int) -> bool:
    return type(prompt) in (int, float) and 0 <= prompt < limit  # type: ignore[operator]


def _end_of(month: str) -> int:
    """The first moment of the next month, epoch ms."""
    year, number = int(month[:4]), int(month[5:])
    following = date(year + number // 12, number % 12 + 1, 1)
    return (following - date(1970, 1, 1)).days * DAY - _SHANGHAI
