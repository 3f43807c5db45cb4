"""Counts of a month by street, site, window, staff and item."""

from typing import Any

from tests.recount.assessment.facts import Rating, Service
from tests.recount.assessment.month import MonthFacts
from tests.recount.rules import LEVELS, MINUTE

Key = tuple[str, str, str, str, str]
COUNTS = (
    "services",
    "promised",
    "promised_on_time",
    "timed",
    "timed_in_standard",
    "waited",
    "waited_in_time",
    "rated_services",
    "unresolved",
    "ratings",
    *LEVELS,
    "points",
    "good_ratings",
    "defaults",
    "voided",
    "unmatched",
    "not_theirs",
)


def measures(facts: MonthFacts) -> dict[Key, dict[str, Any]]:
    """A row wherever something is counted."""
    rows: dict[Key, dict[str, Any]] = {}

    def row_of(place: Service | Rating) -> dict[str, Any]:
        key = place.street, place.site, place.window, place.staff, place.item
        if key not in rows:
            named = dict(zip(("street", "site", "window", "staff", "item"), key, strict=True))
            rows[key] = {"period": facts.month.period, **named, **dict.fromkeys(COUNTS, 0)}
        return rows[key]

    for service in facts.services:
        _served(facts, row_of(service), service)
    for rating in facts.ratings:
        _rated(facts, row_of(rating), rating)
    for rating in facts.log.ratings:
        if facts.month.begin_ms <= rating.time < facts.month.end_ms:
            if rating.default and not rating.voided:
                row_of(rating)["defaults"] += 1
            if rating.effective and rating.voided:
                row_of(rating)["voided"] += 1
    return rows


def _served(facts: MonthFacts, row: dict[str, Any], service: Service) -> None:
    row["services"] += 1
    if service.promised is not None:
        row["promised"] += 1
        row["promised_on_time"] += not service.late
    standard = facts.district.items.get(service.item)
    if service.handled is not None and standard is not None:
        row["timed"] += 1
        row["timed_in_standard"] += service.handled <= standard
    if service.waited is not None:
        row["waited"] += 1
        row["waited_in_time"] += service.waited <= facts.rules.site_month.waiting_minutes * MINUTE
    row["rated_services"] += service.service in facts.rated
    row["unresolved"] += service.outcome == "unresolved"


def _rated(facts: MonthFacts, row: dict[str, Any], rating: Rating) -> None:
    row["ratings"] += 1
    row[rating.level] += 1
    row["points"] += facts.points(rating.level)
    row["good_ratings"] += facts.good(rating)
    row["unmatched"] += rating.service == ""
    row["not_theirs"] += rating.rating in facts.not_theirs
