"""月评分: a person's month."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any

from tests.recount.assessment.bill import Bill, Burden, Line, cap_bonus, charge, once
from tests.recount.assessment.conduct import Record
from tests.recount.assessment.facts import BAD_LEVELS, Rating, Service
from tests.recount.assessment.month import MonthFacts, grouped
from tests.recount.assessment.numbers import q, ranks, wilson
from tests.recount.assessment.periods import day_at
from tests.recount.assessment.rated import Pool, rate
from tests.recount.assessment.rectified import Rectification
from tests.recount.assessment.subjects import Subject

Row = dict[str, Any]
BLOCKS = ("rating", "efficiency", "discipline", "service", "bonus")


@dataclass
class _Own:
    """What is a person's of the month."""

    subject: Subject
    ratings: list[Rating] = field(default_factory=list)
    bad_ratings: int = 0
    services: list[Service] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    shares: list[Record] = field(default_factory=list)
    liable: list[Rectification] = field(default_factory=list)
    duty_days: set[Any] = field(default_factory=set)


def staff_months(facts: MonthFacts, before: Mapping[str, Row]) -> tuple[dict[str, Row], dict[str, list[Line]]]:
    """Rows and bills by staff, given the rows of the month before."""
    people = _people(facts)
    pools: defaultdict[str, Pool] = defaultdict(Pool)
    for own in people.values():
        pools[own.subject.pool].take(facts, own.ratings)
    rows, bills = {}, {}
    for staff, own in people.items():
        burdens = once(_burdens(facts, own))
        bill = _bill(facts, own, burdens, pools[own.subject.pool])
        rows[staff] = _row(facts, own, burdens, bill)
        bills[staff] = bill.lines
    _rank(facts, rows, before)
    return rows, bills


def _people(facts: MonthFacts) -> dict[str, _Own]:
    people = {staff: _Own(subject) for staff, subject in facts.subjects.items()}
    nobody = _Own(Subject("", "", "", "", "", "", "", 0))
    for rating in facts.ratings:
        own = people.get(rating.staff, nobody)
        own.bad_ratings += rating.bad
        if rating.rating not in facts.not_theirs:
            own.ratings.append(rating)
    for service in facts.services:
        own = people.get(service.staff, nobody)
        own.services.append(service)
        own.duty_days.add(day_at(service.completed_at))
    for happenings in facts.log.past.windows.values():
        for event in happenings:
            if event.kind == "window.opened" and facts.month.begin_ms <= event.time < facts.month.end_ms:
                people.get(event.staff, nobody).duty_days.add(day_at(event.time))
    for record in facts.records:
        people.get(record.staff, nobody).records.append(record)
        if record.code.shared:
            for staff in _leads(facts, record) - {record.staff}:
                people[staff].shares.append(record)
    for matter in facts.rectifications:
        people.get(matter.burdened, nobody).liable.append(matter)
    return people


def _leads(facts: MonthFacts, record: Record) -> set[str]:
    return {
        post.staff
        for post in facts.district.posts
        if post.lead and post.held_on(record.day) and facts.district.windows[post.window].site == record.place
    }


def _burdens(facts: MonthFacts, own: _Own) -> list[Burden]:
    """Records, liable bad ratings and lead shares, in the order of their lines."""
    rules = facts.rules.staff_month
    burdens = [Burden.of(record) for record in own.records if record.code.block in BLOCKS]
    worth = {"dissatisfied": rules.bad_dissatisfied, "very_dissatisfied": rules.bad_very_dissatisfied}
    for matter in sorted(own.liable, key=lambda matter: (BAD_LEVELS.index(matter.rating.level), matter.rating.order)):
        rating = matter.rating
        events = [rating.name] + ([matter.verified] if matter.verified is not None else [])
        burdens.append(
            Burden(
                "service",
                f"bad.{rating.level}",
                q(worth[rating.level]),
                rating.rating,
                rating.order,
                tuple(events),
            )
        )
    for record in own.shares:
        share = q(record.points * rules.lead_share)
        burdens.append(
            Burden(record.code.block, f"{record.rule}.lead", share, record.incident, record.order, (record.name,))
        )
    return burdens


def _bill(facts: MonthFacts, own: _Own, burdens: list[Burden], pool: Pool) -> Bill:
    rules, bill = facts.rules.staff_month, Bill()
    rate(bill, facts, own.ratings, pool, rules.rating_factor, rules.rating_max)
    promised = [service for service in own.services if service.promised is not None]
    bill.full("efficiency", "ontime", rules.ontime_max, [service.name for service in promised])
    late = [service.name for service in promised if service.late]
    bill.loss("efficiency", "ontime.late", rules.ontime_max, late, len(promised))
    timed = [
        service for service in own.services if service.handled is not None and service.item in facts.district.items
    ]
    bill.full("efficiency", "standard", rules.standard_max, [service.name for service in timed])
    over = [service.name for service in timed if (service.handled or 0) > facts.district.items[service.item]]
    bill.loss("efficiency", "standard.over", rules.standard_max, over, len(timed))
    bill.close("efficiency", rules.ontime_max + rules.standard_max)
    for block, most in (("discipline", rules.discipline_max), ("service", rules.service_max)):
        bill.full(block, block, most, [])
        charge(bill, (burden for burden in burdens if burden.block == block))
        bill.close(block, most)
    charge(bill, (burden for burden in burdens if burden.block == "bonus"))
    cap_bonus(bill, own.records)
    bill.close("bonus", rules.bonus_max)
    return bill


def _row(facts: MonthFacts, own: _Own, burdens: list[Burden], bill: Bill) -> Row:
    good = sum(facts.good(rating) for rating in own.ratings)
    score, rules = bill.score, facts.rules.staff_month
    graded = len(own.duty_days) >= rules.min_duty_days and len(own.services) >= rules.min_services
    return {
        "period": facts.month.period,
        **own.subject.columns(),
        "duty_days": len(own.duty_days),
        "services": len(own.services),
        "ratings": len(own.ratings),
        "good_ratings": good,
        "bad_ratings": own.bad_ratings,
        **{f"{block}_points": bill.sum_of(block) for block in BLOCKS},
        "score": score,
        "graded": int(graded),
        "band": _band(facts, Fraction(score)) if graded else "ungraded",
        "rank": 0,
        "pool_size": 0,
        "bottom": 0,
        "interview": "",
        "wilson": wilson(good, len(own.ratings), facts.rules.assessment.wilson_z),
        "deductions": sum(burden.points < 0 for burden in burdens),
        "liable": len(own.liable) + sum(record.code.complaint for record in own.records),
        "veto": sum(record.code.block == "veto" for record in own.records),
    }


def _band(facts: MonthFacts, score: Fraction) -> str:
    rules = facts.rules.staff_month
    for band, least in (("excellent", rules.excellent), ("good", rules.good), ("pass", rules.passed)):
        if score >= least:
            return band
    return "fail"


def _rank(facts: MonthFacts, rows: dict[str, Row], before: Mapping[str, Row]) -> None:
    """Ranks of the graded in their pools, who is at the bottom, and whom to speak with."""
    for pool in grouped(rows.values(), lambda row: str(row["pool"])).values():
        graded = {row["staff"]: row for row in pool if row["graded"]}
        places = ranks({staff: -row["score"] for staff, row in graded.items()})
        last = floor(len(graded) * facts.rules.staff_month.interview_share)
        for row in pool:
            row["pool_size"] = len(graded)
        for staff, row in graded.items():
            row["rank"] = places[staff]
            row["bottom"] = int(sum(other["score"] < row["score"] for other in graded.values()) < last)
            if row["band"] == "fail":
                row["interview"] = "fail"
            elif row["bottom"] and before.get(staff, {}).get("bottom"):
                row["interview"] = "bottom"
