"""月通报: a site's month."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.recount.assessment.bill import Bill, Burden, Line, cap_bonus, charge, losses, once
from tests.recount.assessment.conduct import Record
from tests.recount.assessment.district import Site
from tests.recount.assessment.events import OtherEvent
from tests.recount.assessment.facts import Rating, Service
from tests.recount.assessment.month import MonthFacts, grouped
from tests.recount.assessment.numbers import half_up, held, q, ranks, shown
from tests.recount.assessment.opening import Covered, online_of, opening_of
from tests.recount.assessment.rated import Pool, rate
from tests.recount.assessment.rectified import Rectification
from tests.recount.assessment.uploads import Uploads, uploads_of
from tests.recount.rules import MINUTE

Row = dict[str, Any]
BLOCKS = ("rating", "participation", "closing", "efficiency", "opening", "quality", "patrol", "bonus")


@dataclass
class _Own:
    """What is a site's of the month."""

    site: Site
    ratings: list[Rating]
    services: list[Service]
    rectifications: list[Rectification]
    """The valid ones."""
    records: list[Record]
    overdue: list[OtherEvent]
    opening: Covered
    online: Covered | None
    uploads: Uploads


def site_months(facts: MonthFacts, before: Mapping[str, Row]) -> tuple[dict[str, Row], dict[str, list[Line]]]:
    """Rows and bills by site, given the rows of the month before."""
    sites = _sites(facts)
    pools: defaultdict[str, Pool] = defaultdict(Pool)
    for own in sites.values():
        pools[own.site.tier].take(facts, own.ratings)
    rows, bills = {}, {}
    for site, own in sites.items():
        bill = _bill(facts, own, pools[own.site.tier])
        rows[site] = _row(facts, own, bill)
        bills[site] = bill.lines
    for row in rows.values():
        row["previous_rank"] = before.get(row["site"], {}).get("rank", 0)
    rank_sites(rows)
    return rows, bills


def rank_sites(rows: Mapping[str, Row]) -> None:
    """Ranks of the ranked, by their scores as shown: within the tier, and of stations within their street."""
    ranked = [row for row in rows.values() if row["ranked"]]
    stations = [row for row in ranked if row["tier"] == "community"]
    for column, candidates, group in (("rank", ranked, "tier"), ("rank_in_street", stations, "street")):
        for rivals in grouped(candidates, lambda row, group=group: str(row[group])).values():  # type: ignore[misc]
            places = ranks({row["site"]: -shown(row["score"]) for row in rivals})
            for row in rivals:
                row[column] = places[row["site"]]


def _sites(facts: MonthFacts) -> dict[str, _Own]:
    ratings = grouped(facts.ratings, lambda rating: rating.site)
    services = grouped(facts.services, lambda service: service.site)
    valid = [matter for matter in facts.rectifications if not matter.void]
    rectifications = grouped(valid, lambda matter: matter.rating.site)
    records = grouped(facts.records, lambda record: record.site)
    opening, online, uploads = opening_of(facts), online_of(facts), uploads_of(facts)
    return {
        code: _Own(
            site,
            ratings[code],
            services[code],
            rectifications[code],
            records[code],
            facts.overdue.get(code, []),
            opening[code],
            online.get(code),
            uploads,
        )
        for code, site in sorted(facts.district.sites.items())
    }


def _bill(facts: MonthFacts, own: _Own, pool: Pool) -> Bill:
    rules, bill = facts.rules.site_month, Bill()
    rate(bill, facts, own.ratings, pool, rules.rating_factor, rules.rating_max)
    _participation(bill, facts, own)
    _closing(bill, facts, own)
    promised = [service for service in own.services if service.promised is not None]
    bill.full("efficiency", "ontime", rules.ontime_max, [service.name for service in promised])
    late = [service.name for service in promised if service.late]
    bill.loss("efficiency", "ontime.late", rules.ontime_max, late, len(promised))
    waited = [service for service in own.services if service.waited is not None]
    bill.full("efficiency", "waiting", rules.waiting_max, [service.name for service in waited])
    long = [service.name for service in waited if (service.waited or 0) > rules.waiting_minutes * MINUTE]
    bill.loss("efficiency", "waiting.long", rules.waiting_max, long, len(waited))
    bill.close("efficiency", rules.ontime_max + rules.waiting_max)
    _opening(bill, facts, own)
    _quality(bill, facts, own)
    burdens = once(Burden.of(record) for record in own.records if record.code.block in ("patrol", "site_bonus"))
    bill.full("patrol", "patrol", rules.patrol_max, [])
    charge(bill, (burden for burden in burdens if burden.block == "patrol"))
    for opening in own.overdue:
        bill.add("patrol", "supervision.overdue", rules.supervision_points, 1, 1, [opening.name])
    bill.close("patrol", rules.patrol_max)
    for burden in burdens:
        if burden.block == "site_bonus":
            bill.add("bonus", burden.rule, burden.points, 1, 1, burden.events)
    cap_bonus(bill, own.records)
    bill.close("bonus", rules.bonus_max)
    return bill


def _participation(bill: Bill, facts: MonthFacts, own: _Own) -> None:
    rules = facts.rules.site_month
    names = [service.name for service in own.services]
    bill.full("participation", "participation", rules.participation_max, names)
    others = [service.name for service in own.services if service.service not in facts.rated]
    if names:
        rate_of = Fraction(len(names) - len(others), len(names))
        lost = 1 - _between(rate_of, rules.participation_from, rules.participation_full)
        if lost > 0:
            points = -rules.participation_max * lost
            bill.add("participation", "participation.low", points, len(others), len(names), others)
    bill.close("participation", rules.participation_max)


def _closing(bill: Bill, facts: MonthFacts, own: _Own) -> None:
    rules, valid, freeze = facts.rules.site_month, own.rectifications, facts.freeze_day

    def part(rule: str, loss: str, most: Fraction, basis: list[Rectification], bad: Callable[..., bool]) -> None:
        bill.full("closing", rule, most, [matter.rating.name for matter in basis])
        missed = [matter.rating.name for matter in basis if bad(matter)]
        bill.loss("closing", loss, most, missed, len(basis))

    due = [matter for matter in valid if matter.completed_at is not None or matter.due_day <= freeze]
    part("rectified", "rectified.late", rules.rectified_max, due, lambda matter: matter.late)
    due = [matter for matter in valid if matter.contacted_at is not None or matter.contact_day <= freeze]
    part("response", "response.late", rules.response_max, due, lambda matter: matter.response_late)
    done = [matter for matter in valid if matter.completed_at is not None and matter.contacted_at is not None]
    part("revisit", "revisit.missing", rules.revisit_max, done, lambda matter: not matter.revisited)
    bill.close("closing", rules.rectified_max + rules.response_max + rules.revisit_max)


def _opening(bill: Bill, facts: MonthFacts, own: _Own) -> None:
    rules, seen = facts.rules.site_month, own.opening
    bill.full("opening", "opening", rules.opening_max, [], _minutes(seen.of))
    if seen.of > 0:
        lost = 1 - _between(Fraction(seen.covered, seen.of), rules.opening_from, rules.opening_full)
        if lost > 0:
            closed, minutes = _minutes(seen.of - seen.covered), _minutes(seen.of)
            bill.add("opening", "opening.low", -rules.opening_max * lost, closed, minutes, sorted(seen.pauses))
    bill.close("opening", rules.opening_max)


def _quality(bill: Bill, facts: MonthFacts, own: _Own) -> None:
    rules, site = facts.rules.site_month, own.site.code
    seen = own.online or Covered()
    bill.full("quality", "online", rules.online_max, [], _minutes(seen.of))
    if seen.of > 0 and Fraction(seen.covered, seen.of) < rules.online_share:
        bill.add("quality", "online.low", -rules.online_max, _minutes(seen.of - seen.covered), _minutes(seen.of))
    bill.full("quality", "unmatched", rules.unmatched_max, [], len(own.ratings))
    unmatched = [rating.name for rating in own.ratings if rating.service == ""]
    if own.ratings and Fraction(len(unmatched), len(own.ratings)) > rules.unmatched_share:
        bill.add("quality", "unmatched.high", -rules.unmatched_max, len(unmatched), len(own.ratings), unmatched)
    late, events = own.uploads.late.get(site, []), own.uploads.events[site]
    bill.full("quality", "upload", rules.upload_max, [], events)
    if events and Fraction(len(late), events) > rules.upload_share:
        bill.add("quality", "upload.late", -rules.upload_max, len(late), events, late)
    bill.close("quality", rules.online_max + rules.unmatched_max + rules.upload_max)


def _row(facts: MonthFacts, own: _Own, bill: Bill) -> Row:
    site = own.site.code
    services, ratings = len(own.services), len(own.ratings)
    rated = sum(service.service in facts.rated for service in own.services)
    late, events = len(own.uploads.late.get(site, [])), own.uploads.events[site]
    online = own.online or Covered()
    ranked = own.site.tier != "community" or services >= facts.rules.site_month.min_services
    return {
        "period": facts.month.period,
        "site": site,
        "street": own.site.street,
        "tier": own.site.tier,
        "services": services,
        "ratings": ratings,
        "good_ratings": sum(facts.good(rating) for rating in own.ratings),
        "bad_ratings": sum(rating.bad for rating in own.ratings),
        "rated_services": rated,
        "average": _share(sum(facts.points(rating.level) for rating in own.ratings), ratings),
        "participation": _share(rated, services),
        "opening": _share(own.opening.covered, own.opening.of),
        "online": _share(online.covered, online.of),
        "late_uploads": _share(late, events),
        **{f"{block}_points": bill.sum_of(block) for block in BLOCKS},
        "score": bill.score,
        "ranked": int(ranked),
        "rank": 0,
        "rank_in_street": 0,
        "previous_rank": 0,
        "overdue": len(own.overdue),
        "losses": losses(bill.lines),
    }


def _between(rate_of: Fraction, least: Fraction, most: Fraction) -> Fraction:
    return held((rate_of - least) / (most - least), Fraction(0), Fraction(1))


def _share(part: int, of: int) -> Any:
    return q(Fraction(part, of)) if of else None


def _minutes(milliseconds: int) -> int:
    return half_up(Fraction(milliseconds, MINUTE))
