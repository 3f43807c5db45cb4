"""Results of the sample district for July to September 2026, their quarter and the year: plausible, always the same.

They are made here and not assessed: reports only show what stands in the tables.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import msgspec

from deploy.district import FOLDER
from schemas.registry import Pool, Post, Registry, Site
from schemas.rules import Rules
from schemas.workdays import Workdays
from sinks.engine import Engine
from sinks.migrate import migrate
from sinks.reference import load_reference

REGISTRY: Final = Registry.load(FOLDER)
RULES: Final = Rules()
MONTHS: Final = ("2026-07", "2026-08", "2026-09")
QUARTER: Final = "2026-Q3"
YEAR: Final = "2026"

Row = dict[str, Any]
_POSTS: Final[dict[str, Post]] = {post.staff: post for post in REGISTRY.posts}
_STARS: Final = ((97, 5), (94, 4), (90, 3), (80, 2), (70, 1))


def fill(engine: Engine) -> None:
    """All tables that a report reads. They must be empty."""
    migrate(engine)
    load_reference(engine, REGISTRY, RULES, Workdays(RULES.calendar))
    _insert(engine, "rule_sets", [_rule_set()])
    periods = (*MONTHS, QUARTER, YEAR)
    _insert(engine, "assessments", [_assessment(period) for period in periods])
    staff: list[Row] = []
    sites: list[Row] = []
    for month in MONTHS:
        dice = random.Random(month)
        of_month = _staff_month(month, dice)
        staff += of_month
        sites += _site_month(month, of_month, dice)
        _insert(engine, "month_measures", _measures(month, of_month, dice))
    _insert(engine, "staff_months", staff)
    _insert(engine, "site_months", sites)
    _insert(engine, "bill_lines", [line for site in sites for line in _bill(site)])
    staff_quarter = _staff_quarter(staff)
    site_quarter = _site_quarter(sites)
    _insert(engine, "staff_quarters", staff_quarter)
    _insert(engine, "site_quarters", site_quarter)
    _insert(engine, "staff_years", _staff_year(staff_quarter))
    _insert(engine, "site_years", _site_year(site_quarter, sites))


def _insert(engine: Engine, table: str, rows: Sequence[Row]) -> None:
    lines = b"\n".join(map(msgspec.json.encode, rows)).decode()
    # The engine's own insert has no tuples.
    engine.execute(f"INSERT INTO pingliu.{table} FORMAT JSONEachRow {lines}")


def _rule_set() -> Row:
    return {
        "sha256": RULES.sha256, "name": RULES.assessment.name, "effective_from": 0, "published_ms": 0,
        "canonical": RULES.canonical(), "toml": "",
    }  # fmt: skip


def _assessment(period: str) -> Row:
    return {
        "period": period,
        "rules_sha256": RULES.sha256,
        "inputs_sha256": "a1" * 32,
        "results_sha256": "b2" * 32,
        "positions": [
            {"topic": "pingliu.events", "partition": number, "next_offset": 812_345 + 977 * number}
            for number in range(12)
        ],
        "assessed_at": "2026-10-20 02:00:00.000",
        "proof": "",
    }


def _points(dice: random.Random, most: float, spread: float) -> Decimal:
    """Exact points of 8 digits, below the most by about the spread."""
    lost = min(abs(dice.gauss(0, spread)), most)
    return Decimal(round((most - lost) * 10**8)).scaleb(-8)


def _tier(site: Site) -> str:
    return site.level


def _staff_month(month: str, dice: random.Random) -> list[Row]:
    rows: list[Row] = []
    few = {site.code for site in REGISTRY.sites.values() if site.level == "community" and dice.random() < 0.05}
    for code in REGISTRY.staff:
        post = _POSTS[code]
        window = REGISTRY.windows[post.window]
        site = REGISTRY.sites[window.site]
        services = dice.randint(4, 26) if dice.random() < 0.06 else dice.randint(60, 420)
        if site.code in few:
            services = dice.randint(1, 6)
        ratings = round(services * dice.uniform(0.25, 0.7))
        bad = min(dice.choices((0, 1, 2), (80, 15, 5))[0], ratings)
        points = (
            _points(dice, 40, 2.4),
            _points(dice, 20, 1.2),
            Decimal(20 - dice.choices((0, 1, 3), (80, 15, 5))[0]),
            Decimal(20 - dice.choices((0, 2, 5), (82, 12, 6))[0]),
            Decimal(dice.choices((0, 1, 2), (70, 22, 8))[0]),
        )
        score = sum(points, Decimal(0)) if dice.random() > 0.015 else Decimal("68.125")
        if score == Decimal("68.125"):
            points = (Decimal("30.125"), Decimal(15), Decimal(13), Decimal(10), Decimal(0))
        graded = services >= 20
        rows.append({
            "period": month, "staff": code, "street": site.street, "site": site.code, "tier": site.level,
            "window": window.code, "department": window.department, "pool": post.pool, "pioneer": int(post.pioneer),
            "duty_days": 21 if graded else 7, "services": services, "ratings": ratings,
            "good_ratings": max(ratings - bad - dice.randint(0, 2), 0), "bad_ratings": bad,
            "rating_points": points[0], "efficiency_points": points[1], "discipline_points": points[2],
            "service_points": points[3], "bonus_points": points[4], "score": score, "graded": int(graded),
            "band": _band(score, graded), "rank": 0, "pool_size": 0, "bottom": 0, "interview": "",
            "wilson": Decimal("0.9"), "deductions": int(points[2] < 20) + int(points[3] < 20), "liable": int(bad == 2),
            "veto": 0, "proof": "",
        })  # fmt: skip
    for pool in Pool.__args__:  # type: ignore[attr-defined]
        people = [row for row in rows if row["pool"] == pool and row["graded"]]
        _rank(people, lambda row: row["score"], "rank")
        for row in people:
            row["pool_size"] = len(people)
            row["bottom"] = int(row["rank"] > len(people) * 0.95)
            row["interview"] = "fail" if row["score"] < 70 else "bottom" if row["rank"] == len(people) else ""
    return rows


def _band(score: Decimal, graded: bool) -> str:
    if not graded:
        return "ungraded"
    return "excellent" if score >= 95 else "good" if score >= 85 else "pass" if score >= 70 else "fail"


def _rank(rows: Sequence[Row], key: Callable[[Row], Decimal], column: str) -> None:
    """Competition ranks: 1, 2, 2, 4."""
    ordered = sorted(rows, key=key, reverse=True)
    for place, row in enumerate(ordered):
        tied = place and key(ordered[place - 1]) == key(row)
        row[column] = ordered[place - 1][column] if tied else place + 1


def _shown(score: Decimal) -> Decimal:
    return score.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _site_month(month: str, staff: Sequence[Row], dice: random.Random) -> list[Row]:
    rows: list[Row] = []
    for site in REGISTRY.sites.values():
        people = [row for row in staff if row["site"] == site.code]
        services = sum(row["services"] for row in people)
        few = site.level == "community" and services < 20
        ratings = sum(row["ratings"] for row in people)
        bad = sum(row["bad_ratings"] for row in people)
        points = (
            _points(dice, 30, 1.5), _points(dice, 10, 2.5), _points(dice, 20, 2), _points(dice, 15, 1),
            _points(dice, 10, 1.2), Decimal(10 - dice.choices((0, 3, 4), (75, 15, 10))[0]),
            Decimal(5 - dice.choices((0, 1, 2), (80, 14, 6))[0]), Decimal(dice.choices((0, 1), (85, 15))[0]),
        )  # fmt: skip
        losses = [
            ("participation.low", points[1] - 10), ("rectified.late", points[2] - 20),
            ("rating.satisfied", points[0] - 30), ("online.low", points[5] - 10), ("site-notice", points[6] - 5),
        ]  # fmt: skip
        rows.append({
            "period": month, "site": site.code, "street": site.street, "tier": _tier(site), "services": services,
            "ratings": ratings, "good_ratings": max(ratings - bad - dice.randint(0, 4), 0), "bad_ratings": bad,
            "rated_services": round(ratings * 0.96), "average": Decimal("9.5"),
            "participation": Decimal("0.45"), "opening": Decimal("0.97"), "online": Decimal("0.96"),
            "late_uploads": Decimal("0.01"), "rating_points": points[0], "participation_points": points[1],
            "closing_points": points[2], "efficiency_points": points[3], "opening_points": points[4],
            "quality_points": points[5], "patrol_points": points[6], "bonus_points": points[7],
            "score": sum(points, Decimal(0)), "ranked": int(not few), "rank": 0, "rank_in_street": 0,
            "previous_rank": 0, "overdue": int(points[6] == 3),
            "losses": [
                {"rule": rule, "points": lost}
                for rule, lost in sorted(losses, key=lambda loss: (loss[1], loss[0]))[:3]
                if lost < 0
            ],
            "proof": "",
        })  # fmt: skip
    _rank_sites(rows, dice)
    return rows


def _rank_sites(rows: Sequence[Row], dice: random.Random) -> None:
    ranked = [row for row in rows if row["ranked"]]
    for tier in ("district", "street", "community"):
        of_tier = [row for row in ranked if row["tier"] == tier]
        _rank(of_tier, lambda row: _shown(row["score"]), "rank")
        for row in of_tier:
            row["previous_rank"] = min(max(row["rank"] + dice.randint(-3, 3), 1), len(of_tier))
    for street in REGISTRY.streets:
        stations = [row for row in ranked if row["street"] == street and row["tier"] == "community"]
        _rank(stations, lambda row: _shown(row["score"]), "rank_in_street")


def _measures(month: str, staff: Sequence[Row], dice: random.Random) -> list[Row]:
    rows = []
    for one in staff:
        items = dice.sample(REGISTRY.items_at(one["tier"]), 2)
        half, fine = one["services"] // 2, (one["ratings"] - one["bad_ratings"]) // 2
        for item, services, ratings, bad in (
            (items[0], half, fine, 0),
            (items[1], one["services"] - half, one["ratings"] - fine, one["bad_ratings"]),
        ):
            rows.append({
                "period": month, "street": one["street"], "site": one["site"], "window": one["window"],
                "staff": one["staff"], "item": item.code, "services": services, "promised": services,
                "promised_on_time": services, "timed": services, "timed_in_standard": services, "waited": services,
                "waited_in_time": services, "rated_services": round(ratings * 0.96),
                "unresolved": int(dice.random() < 0.03), "ratings": ratings, "very_satisfied": ratings - bad,
                "satisfied": 0, "basically_satisfied": 0, "dissatisfied": bad, "very_dissatisfied": 0,
                "points": 10 * (ratings - bad) + 3 * bad, "good_ratings": ratings - bad, "defaults": services // 10,
                "voided": int(dice.random() < 0.02), "unmatched": int(dice.random() < 0.05), "not_theirs": 0,
                "proof": "",
            })  # fmt: skip
    return rows


def _bill(site: Row) -> Iterable[Row]:
    bad = site["bad_ratings"]
    late = min(1, bad) if site["closing_points"] < 17 else 0
    full = [("rectified.full", bad), ("rectified.late", late), ("response.full", bad), ("revisit.full", bad - late)]
    lines = [(rule, cases, Decimal(0)) for rule, cases in full if cases or rule.endswith("full")]
    lines += [(loss["rule"], 1, loss["points"]) for loss in site["losses"] if loss["rule"] != "rectified.late"]
    if late:
        lines = [(rule, cases, Decimal(-12) if rule == "rectified.late" else points) for rule, cases, points in lines]
    for number, (rule, cases, points) in enumerate(lines, 1):
        yield {
            "period": site["period"], "scope": "site", "subject": site["site"], "street": site["street"],
            "line": number, "block": "closing", "rule": rule, "points": points, "count": cases, "of": max(cases, bad),
            "detail": "", "events": [], "proof": "",
        }  # fmt: skip


def _exact(number: Decimal) -> Decimal:
    return number.quantize(Decimal("1E-8"), ROUND_HALF_UP)


def _staff_quarter(months: Sequence[Row]) -> list[Row]:
    dice = random.Random(QUARTER)
    rows: list[Row] = []
    for code in REGISTRY.staff:
        own = [row for row in months if row["staff"] == code]
        graded = [row["score"] for row in own if row["graded"]]
        rated = len(graded) >= 2
        same = ("staff", "street", "site", "tier", "window", "department", "pool", "pioneer")
        sums = ("services", "ratings", "good_ratings", "deductions", "liable", "veto")
        veto = int(dice.random() < 0.005)
        rows.append({
            "period": QUARTER, **{name: own[-1][name] for name in same}, "graded_months": len(graded),
            **{name: sum(row[name] for row in own) for name in sums}, "wilson": Decimal("0.9"), "rated": int(rated),
            "score": _exact(sum(graded, Decimal(0)) / len(graded)) if rated else None, "rank": 0, "pool_size": 0,
            "star": 0, "proof": "",
        })  # fmt: skip
        rows[-1]["veto"] = veto
    for pool in Pool.__args__:  # type: ignore[attr-defined]
        rated_rows = [row for row in rows if row["pool"] == pool and row["rated"]]
        ranked = [row for row in rated_rows if not row["veto"]]
        _rank(ranked, lambda row: row["score"], "rank")
        for row in rated_rows:
            row["pool_size"] = len(rated_rows)
            star = next((star for from_, star in _STARS if row["score"] >= from_), 0)
            limits = {5: len(rated_rows) * 0.1, 4: len(rated_rows) * 0.3}
            while star >= 4 and row["rank"] > limits[star]:
                star -= 1
            row["star"] = 0 if row["veto"] else star
    return rows


def _site_quarter(months: Sequence[Row]) -> list[Row]:
    dice = random.Random(QUARTER)
    rows: list[Row] = []
    for site in REGISTRY.sites.values():
        own = [row for row in months if row["site"] == site.code]
        scores = [row["score"] for row in own if row["ranked"] and row["services"]]
        inspection = _points(dice, 100, 7) if dice.random() < 0.9 else None
        mean = sum(scores, Decimal(0)) / len(scores) if scores else None
        score = None
        if mean is not None:
            score = _exact(mean * Decimal("0.7") + (mean if inspection is None else inspection) * Decimal("0.3"))
        rows.append({
            "period": QUARTER, "site": site.code, "street": site.street, "tier": _tier(site), "months": len(scores),
            "inspection": inspection, "overdue": sum(row["overdue"] for row in own), "own": score, "communities": 0,
            "score": score, "band": _site_band(score), "ranked": int(score is not None), "rank": 0,
            "rank_in_street": 0, "previous_rank": 0, "last": 0, "interview": "", "proof": "",
        })  # fmt: skip
    for row in rows:
        if row["tier"] == "street":
            stations = [
                one["score"]
                for one in rows
                if one["street"] == row["street"] and one["tier"] == "community" and one["ranked"]
            ]
            row["communities"] = len(stations)
            if stations and row["own"] is not None:
                row["score"] = _exact(row["own"] * Decimal("0.7") + sum(stations) / len(stations) * Decimal("0.3"))
                row["band"] = _site_band(row["score"])
    _rank_sites(rows, dice)
    streets = [row for row in rows if row["tier"] == "street"]
    last = max(streets, key=lambda row: int(row["rank"]))
    last["last"], last["interview"] = 1, "last"
    return rows


def _site_band(score: Decimal | None) -> str:
    if score is None:
        return ""
    return "excellent" if score >= 90 else "good" if score >= 80 else "pass" if score >= 60 else "fail"


def _staff_year(quarters: Sequence[Row]) -> list[Row]:
    dice = random.Random(YEAR)
    rows: list[Row] = []
    same = ("staff", "street", "site", "tier", "window", "department", "pool", "pioneer", "veto")
    for one in quarters:
        review = _points(dice, 100, 6) if one["rated"] else None
        score = None
        if review is not None:
            score = _exact(one["score"] * Decimal("0.7") + Decimal(one["star"]) * 4 + review * Decimal("0.1"))
        rows.append({
            "period": YEAR, **{name: one[name] for name in same}, "quarters": 3 if one["rated"] else 1,
            "stars": one["star"] * 3, "star_quarters": 2 if one["star"] >= 4 else 0, "lowest_star": one["star"],
            "review": review, "score": score, "eligible": int(one["star"] >= 4 and score is not None), "rank": 0,
            "pool_size": 0, "places": 0, "candidate": 0, "proposed": 0, "proof": "",
        })  # fmt: skip
    for pool in Pool.__args__:  # type: ignore[attr-defined]
        people = [row for row in rows if row["pool"] == pool and row["score"] is not None]
        eligible = [row for row in people if row["eligible"]]
        _rank(eligible, lambda row: row["score"], "rank")
        places = max(1, len(people) // 20)
        for row in rows:
            if row["pool"] == pool:
                row["places"], row["pool_size"] = places, len(people)
        for row in eligible:
            row["candidate"] = int(row["rank"] <= -(-places * 3 // 2))
            row["proposed"] = int(row["rank"] <= min(places, 3))
    return rows


def _site_year(quarters: Sequence[Row], months: Sequence[Row]) -> list[Row]:
    dice = random.Random(YEAR)
    lost = {row["site"]: row["losses"] for row in months if row["period"] == MONTHS[-1]}
    rows: list[Row] = []
    for one in quarters:
        adjustment = Decimal(dice.choices((0, 1, -1), (8, 1, 1))[0])
        score = None if one["score"] is None else one["score"] + adjustment
        rows.append({
            "period": YEAR, "site": one["site"], "street": one["street"], "tier": one["tier"],
            "quarters": int(score is not None), "adjustment": adjustment, "score": score, "ranked": one["ranked"],
            "rank": 0, "rank_in_street": 0, "previous_rank": 0, "losses": lost[one["site"]], "proof": "",
        })  # fmt: skip
    _rank_sites(rows, dice)
    return rows
