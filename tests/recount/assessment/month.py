"""The facts of a month, grouped by what scores group them by."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from tests.recount.assessment.conduct import Record, records_of
from tests.recount.assessment.district import District
from tests.recount.assessment.events import Event, OtherEvent
from tests.recount.assessment.facts import Rating, Service, ratings_of, services_of
from tests.recount.assessment.past import Past, past_of
from tests.recount.assessment.periods import Month, day_at, workday_after, works
from tests.recount.assessment.rectified import Rectification, rectification
from tests.recount.assessment.rules import AssessmentRules
from tests.recount.assessment.subjects import Subject, subjects_of
from tests.recount.rules import Rules
from tests.recount.times import midnight_after

Row = TypeVar("Row")


@dataclass(frozen=True, eq=False)
class Log:
    """Everything that ever happened."""

    events: list[Event]
    past: Past
    services: list[Service]
    ratings: list[Rating]
    rated_by: dict[str, Rating]
    """The effective, not voided rating of each service."""

    @staticmethod
    def of(events: list[Event], judging: Rules) -> "Log":
        past = past_of(events)
        ratings = ratings_of(past)
        rated_by = {rating.service: rating for rating in ratings if rating.counts and rating.service != ""}
        return Log(events, past, services_of(past, judging), ratings, rated_by)


@dataclass(frozen=True, eq=False)
class MonthFacts:
    """Of one month: services, ratings and so on are in the order of their names, records in that of the log."""

    month: Month
    rules: AssessmentRules
    district: District
    log: Log
    subjects: dict[str, Subject]
    services: list[Service]
    rated: set[str]
    """The services that were rated in time."""
    ratings: list[Rating]
    """Those that count."""
    not_theirs: set[str]
    rectifications: list[Rectification]
    records: list[Record]
    overdue: dict[str, list[OtherEvent]]
    """Openings of supervision matters overdue in the month, by site."""
    workdays: list[date]
    freeze_day: date

    @staticmethod
    def of(period: str, rules: AssessmentRules, district: District, log: Log) -> "MonthFacts":
        month = Month(period)
        begin, end = month.begin_ms, month.end_ms
        services = [service for service in log.services if begin <= service.completed_at < end]
        ratings = [rating for rating in log.ratings if rating.counts and begin <= rating.time < end]
        rectifications = [
            rectification(rating, log.past.rectifications.get(rating.rating, ()), rules)
            for rating in ratings
            if rating.bad
        ]
        return MonthFacts(
            month,
            rules,
            district,
            log,
            subjects_of(district, month),
            services,
            _rated_in_time(services, log, rules),
            ratings,
            {matter.rating.rating for matter in rectifications if matter.laid_elsewhere},
            rectifications,
            records_of(log.past, month, rules),
            _overdue(log.past, month),
            [day for day in month.days if works(day, rules.calendar)],
            workday_after(month.last, rules.assessment.freeze_workday, rules.calendar),
        )

    def points(self, level: str) -> int:
        """What a rating of the level is worth this month."""
        return self.rules.rating.points[level]

    def good(self, rating: Rating) -> bool:
        return rating.level in self.rules.rating.good_levels


def grouped(rows: Iterable[Row], key: Callable[[Row], str]) -> defaultdict[str, list[Row]]:
    """Rows by key, in their order."""
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def _rated_in_time(services: list[Service], log: Log, rules: AssessmentRules) -> set[str]:
    ends: dict[date, int] = {}
    rated = set()
    for service in services:
        rating = log.rated_by.get(service.service)
        if rating is None:
            continue
        day = day_at(service.completed_at)
        if day not in ends:
            last = workday_after(day, rules.assessment.rating_workdays, rules.calendar)
            ends[day] = midnight_after(last)
        if rating.time < ends[day]:
            rated.add(service.service)
    return rated


def _overdue(past: Past, month: Month) -> dict[str, list[OtherEvent]]:
    openings = []
    for matter, opening in past.matters.items():
        due = date.fromisoformat(opening.text("due"))
        if month.first <= due <= month.last:
            closing = past.closings.get(matter)
            if closing is None or closing.time >= midnight_after(due):
                openings.append(opening)
    openings.sort(key=lambda event: event.order)
    return grouped(openings, lambda event: event.site)
