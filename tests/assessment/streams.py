"""Months of the small district, rolled by dice: a little of everything that scores are made of, and much that is odd.

Everything that the simulator never does is here: rating terminals' heartbeats, caps, floors, vetoes, entries, incidents
across blocks, deadlines around the freeze, transfers, months without ratings. Ids are few, so that they meet.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from schemas.moments import DAY, HOUR, MINUTE, SECOND, iso
from tests.assessment.arrivals import Said, arrived
from tests.assessment.desk import Case
from tests.assessment.district import ITEMS, SITES, STREETS, WINDOWS, posted
from tests.assessment.rolled_rules import CODES, rolled_rules

YEAR: Final = tuple(f"2025-{month:02}" for month in (11, 12)) + tuple(f"2026-{month:02}" for month in range(1, 13))
PARTITIONS: Final = {street: number % 2 for number, street in enumerate(STREETS)}

_LEVELS: Final = (
    *("very_satisfied",) * 7, *("satisfied",) * 3, "basically_satisfied", *("dissatisfied",) * 2, "very_dissatisfied",
)  # fmt: skip
_DELAYS: Final = (0,) * 30 + (MINUTE, HOUR, HOUR + 1, DAY, 25 * HOUR, 3 * DAY, 9 * DAY, 30 * DAY)
_HANDLED: Final = (0, 6 * SECOND, 2 * MINUTE, 2 * MINUTE, 2 * MINUTE + 1, 330 * SECOND, 10 * MINUTE, DAY, DAY + 1)
_WAITED: Final = (0, MINUTE, MINUTE, MINUTE + 1, 15 * MINUTE, 15 * MINUTE + 1, HOUR, -SECOND, 25 * HOUR)
_PROMISED: Final = (None, None, 0, 0, DAY, DAY, -1, -HOUR)
_RATED_AFTER: Final = (SECOND, MINUTE, MINUTE, HOUR, DAY, 2 * DAY, 3 * DAY, 8 * DAY, -MINUTE)
_PAUSED: Final = (0, MINUTE, 10 * MINUTE, 30 * MINUTE, 30 * MINUTE + 1, 31 * MINUTE, 2 * HOUR, 9 * HOUR)
_SAID_POINTS: Final = (None,) * 8 + (
    0, 2.5, -0.1, 1.23455, 1.00005, 0.06545, 0.00005, 2**70, 2000, -2000, -7, 88.88885, 99.99995, 120, 1e-05, 3,
)  # fmt: skip
_BEAT_EVERY: Final = (MINUTE, 5 * MINUTE, 10 * MINUTE, 10 * MINUTE + 1, 3 * HOUR)
_EXAMPLE_OF_DUE: Final = ("1900-01-01", "9999-12-31")
_ENTRIES: Final = [code for code, entry in CODES.items() if entry["block"] in ("review", "inspection", "adjustment")]
# Somebody without a post, of each street, so that what is said of one person comes from one street.
_OUTSIDERS: Final = dict(zip(STREETS, ("S15", "S16", "S17"), strict=True))
_OF_SITES: Final = ("patrol", "site_bonus", "inspection", "adjustment")


def rolled_case(seed: int, months: Sequence[str] = YEAR, *, rare: float = 0.4, strays: bool = True) -> Case:
    """Months of events and the rule sets they are judged by, of which there may be two."""
    dice = random.Random(seed)
    rules = [rolled_rules(dice, rare=rare)]
    if dice.random() < rare:
        rules.append(rolled_rules(dice, f"2026-{dice.choice((2, 5, 6, 9)):02}-01", rare=rare))
    messages, beats = arrived(rolled(dice, months), PARTITIONS, dice, strays=strays)
    return Case(messages, beats, rules)


def rolled(dice: random.Random, months: Sequence[str]) -> list[Said]:
    """What happened in these months."""
    writer = _Writer(dice)
    for month in months:
        # A month may have no services, and so not exist, or no ratings, or little of anything.
        writer.write(month, services=dice.choice((3, 3, 3, 2, 1, 0)), rated=dice.choice((0.7, 0.7, 0.9, 0)))
    return writer.said


class _Writer:
    """Writes one month after the other."""

    def __init__(self, dice: random.Random) -> None:
        self.said: list[Said] = []
        self._dice = dice
        self._number = 0
        # Of each street: ids of ratings and incidents, which later events may name.
        self._incidents: dict[str, list[str]] = {street: [] for street in STREETS}

    def write(self, month: str, *, services: int, rated: float) -> None:
        first = date.fromisoformat(f"{month}-01")
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        days = {first, last, *(first + timedelta(days=self._dice.randrange(last.day)) for _ in range(3))}
        for day in sorted(days):
            for window in WINDOWS:
                if self._dice.random() < 0.7:
                    self._window_day(window, day, services, rated)
        for _ in range(self._dice.randrange(14)):
            self._conduct(self._day_of(first, last))
        for _ in range(self._dice.randrange(3)):
            self._supervision(self._day_of(first, last))
        for site in SITES:
            for device in range(self._dice.choice((0, 1, 2))):
                self._beats(site, f"D{device}", self._dice.choice(sorted(days)))

    def _day_of(self, first: date, last: date) -> date:
        days = [first + timedelta(days=self._dice.randrange(last.day)) for _ in range(6)]
        return self._dice.choice((first, last, *days))

    def _window_day(self, window: str, day: date, services: int, rated: float) -> None:
        dice, staff = self._dice, self._staff_of(window, day)
        time = _at(day) + dice.choice((0, 8 * HOUR, 9 * HOUR, 9 * HOUR + 30 * MINUTE, 12 * HOUR))
        if dice.random() < 0.9:
            self._add("window.opened", time, window, staff)
        if dice.random() < 0.5:
            self._add("window.paused", time + dice.choice((0, HOUR, 2 * HOUR)), window, reason="meal")
            if dice.random() < 0.7:
                kind = dice.choice(("resumed", "resumed", "closed", "opened", "paused"))
                more = {"reason": "other"} if kind == "paused" else {}
                self._add(f"window.{kind}", time + HOUR + dice.choice(_PAUSED), window, staff, **more)
        for _ in range(dice.randrange(services + 1)):
            self._service(window, time + dice.randrange(8) * HOUR + dice.randrange(60) * MINUTE, staff, rated)
        if dice.random() < 0.1 and rated:
            self._rate(window, time + HOUR, staff, "")
        if dice.random() < 0.7:
            end = dice.choice((17 * HOUR, 17 * HOUR + 30 * MINUTE, 23 * HOUR, DAY - 1, DAY, 30 * HOUR))
            self._add("window.closed", _at(day) + end, window)

    def _service(self, window: str, time: int, staff: str, rated: float) -> None:
        dice, service = self._dice, self._name("V")
        about: dict[str, Any] = {"item": dice.choice((*ITEMS, *ITEMS, "IT-9", None))}
        who = dice.choice((staff, staff, None))
        if dice.random() < 0.6:
            about["ticket"] = self._name("T")
            self._add("ticket.issued", time - dice.choice(_WAITED), window, ticket=about["ticket"])
            for call in range(dice.choice((1, 1, 1, 0, 2))):
                self._add("ticket.called", time + call * MINUTE, window, ticket=about["ticket"])
        if dice.random() < 0.8:
            self._add("service.started", time, window, who, service=service, **about)
        end = time + dice.choice(_HANDLED)
        promised = dice.choice(_PROMISED)
        for _ in range(dice.choice((1,) * 12 + (0, 2))):
            # A service may be completed a second time, somewhere else and later: only the first counts.
            said = {"service": service, "outcome": dice.choice(("done", "done", "unresolved")), **about}
            self._add(
                "service.completed", end, window, dice.choice((who, staff)),
                **said, promised_by=None if promised is None else iso(end + promised),
            )  # fmt: skip
            end += HOUR
        for _ in range(dice.choice((1, 1, 1, 1, 2))):
            if dice.random() < rated:
                self._rate(window, end + dice.choice(_RATED_AFTER), staff, service)

    def _rate(self, window: str, time: int, staff: str, service: str) -> None:
        dice, rating, level = self._dice, self._name("R"), self._dice.choice(_LEVELS)
        more: dict[str, Any] = {"service": service} if service else {}
        more["round"] = dice.choice((1,) * 9 + (2,))
        default = dice.random() < 0.06
        self._add(
            "rating.submitted", time, dice.choice((window, window, window[:12])), dice.choice((staff, None, None)),
            rating=rating, level="very_satisfied" if default else level,
            channel="system_default" if default else dice.choice(("kiosk", "qr")), **more,
        )  # fmt: skip
        self._incidents[window[:9]].append(rating)
        if dice.random() < 0.04:
            self._add("rating.voided", time + HOUR, window[:12], rating=rating, reason="test", decided_by="P")
            if dice.random() < 0.4:
                self._add("rating.reinstated", time + DAY, window[:12], rating=rating, decided_by="P")
        if level in ("dissatisfied", "very_dissatisfied"):
            self._rectify(window, time, rating)

    def _rectify(self, window: str, time: int, rating: str) -> None:
        dice, site = self._dice, window[:12]
        midnight = (time + 8 * HOUR) // DAY * DAY - 8 * HOUR

        def add(kind: str, chance: float, **data: Any) -> None:
            if dice.random() < chance:
                edge = midnight + dice.randrange(1, 14) * DAY + dice.choice((-1, 0, 9 * HOUR))
                self._add(f"rectification.{kind}", edge, site, rating=rating, **data)

        finding, liable = (
            dice.choice(("valid",) * 5 + ("explained", "void")),
            dice.choice(("staff",) * 4 + ("item", "none")),
        )
        other = {"staff": self._staff_of(window, _day(time))} if dice.random() < 0.3 else {}
        add("contacted", 0.7, by="P")
        add("verified", 0.8, finding=finding, liable=liable, **other)
        add("verified", 0.1, finding="void", liable="none")
        add("extended", 0.3, workdays=dice.choice((1, 2, 5, 10)), reason="x", approved_by="P")
        add("completed", 0.7, measure="x")
        add("revisited", 0.6, result=dice.choice(("satisfied", "dissatisfied")))

    def _conduct(self, day: date) -> None:
        dice, window = self._dice, self._dice.choice(WINDOWS)
        code = dice.choice((*CODES, *_ENTRIES, "unknown"))
        at_site = code in CODES and CODES[code]["block"] in _OF_SITES
        target, name = ("site", window[:12]) if at_site else ("staff", self._staff_of(window, day))
        if dice.random() < 0.1:
            others = (("site", window[:12]), ("window", window), ("staff", name), ("staff", _OUTSIDERS[window[:9]]))
            target, name = dice.choice(others)
        street = window[:9]
        if dice.random() < 0.4:
            self._incidents[street].append(self._name("I"))
        incident = dice.choice((None, *self._incidents[street][-4:]))
        record, time = self._name("B"), _at(day) + dice.choice((0, 10 * HOUR, DAY - 1))
        for _ in range(dice.choice((1,) * 9 + (2,))):
            self._add(
                "conduct.recorded", time, window[:12], record=record, rule=code, target=target, target_id=name,
                points=dice.choice(_SAID_POINTS), incident=incident, by="P",
            )  # fmt: skip
        if dice.random() < 0.1:
            self._add("conduct.withdrawn", time + 3 * DAY, window[:12], record=record, by="P")

    def _supervision(self, day: date) -> None:
        dice, site, matter = self._dice, self._dice.choice(SITES), self._name("M")
        due = day + timedelta(days=dice.randrange(40))
        said = dice.choice((*((due.isoformat(),) * 12), *_EXAMPLE_OF_DUE))
        self._add("supervision.opened", _at(day) + 9 * HOUR, site, matter=matter, due=said)
        for _ in range(dice.choice((0, 1, 1, 2))):
            closed = _at(due) + dice.choice((0, DAY - 1, DAY, -DAY, 3 * DAY))
            self._add("supervision.closed", closed, site, matter=matter)

    def _beats(self, site: str, device: str, day: date) -> None:
        dice, time = self._dice, _at(day) + self._dice.choice((0, 8 * HOUR + 55 * MINUTE, 16 * HOUR, 23 * HOUR))
        kind = dice.choice(("rating", "rating", "rating", "camera"))
        for _ in range(dice.randrange(1, 12)):
            self._add("device.heartbeat", time, site, device=device, kind=kind)
            time += dice.choice(_BEAT_EVERY)

    def _staff_of(self, window: str, day: date) -> str:
        """Mostly somebody who is posted there; at times whoever is of the same street on another day."""
        return self._dice.choice((*posted(window, day) * 4, *posted(window, date(2026, 4, 20))))

    def _name(self, letter: str) -> str:
        self._number += 1
        return f"{letter}{self._number}"

    def _add(self, kind: str, time: int, place: str, staff: str | None = None, /, **data: Any) -> None:
        """`place`: a window, or a site."""
        body: dict[str, Any] = {
            "specversion": "1.0", "id": f"e{len(self.said)}", "source": "test", "type": kind, "time": iso(time),
            "street": place[:9], "site": place[:12],
        }  # fmt: skip
        optional = {"window": place if len(place) > 12 else None, "staff": staff}
        body |= {name: value for name, value in optional.items() if value is not None}
        body["data"] = {name: value for name, value in data.items() if value is not None}
        self.said.append(Said(time + self._dice.choice(_DELAYS), body))


def _at(day: date) -> int:
    """The day's first moment in Shanghai."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * SECOND - 8 * HOUR


def _day(time: int) -> date:
    return date(1970, 1, 1) + timedelta(days=(time + 8 * HOUR) // DAY)
