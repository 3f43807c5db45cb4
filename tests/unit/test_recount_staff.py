"""The recount's scores of people, held to some worked out by hand."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.recount.assessment import AssessmentRules, Post
from tests.recount.assessment.numbers import q
from tests.recount.assessment.staff_quarter import staff_quarters
from tests.recount.assessment.staff_year import staff_years
from tests.unit.november import ALWAYS, CENTRE, MONTH, SMALL, W1, W2, W3, Log, line, points


def test_the_main_post_is_the_one_held_longest_then_latest_then_smallest() -> None:
    def window_of(*spells: tuple[str, int, int]) -> str:
        posts = [Post("A", window, "p", date(2026, 11, a), date(2026, 11, b)) for window, a, b in spells]
        return str(Log().assessed(SMALL, (MONTH,), *posts).staff_months[MONTH, "A"]["window"])

    assert window_of((W1, 1, 10), (W2, 11, 30)) == W2
    assert window_of((W1, 1, 15), (W2, 16, 30)) == W2
    assert window_of((W2, 1, 30), (W1, 1, 30)) == W1
    assert (MONTH, "A") not in Log().assessed(SMALL, (MONTH,), Post("A", W1, "p", date(2026, 12, 1))).staff_months


def test_each_level_loses_its_share_and_the_block_is_four_times_the_average() -> None:
    log = Log()
    for number, level in enumerate(("very_satisfied", "satisfied", "basically_satisfied", "dissatisfied")):
        log.rate(f"R{number}", level)
    assessed = log.assessed()
    assert points(assessed, "A", "rating") == [
        ("rating.full", 40),
        ("rating.satisfied", -2),
        ("rating.basically_satisfied", -4),
        ("rating.dissatisfied", -7),
    ]
    row = assessed.staff_months[MONTH, "A"]
    assert (row["rating_points"], row["ratings"], row["good_ratings"], row["bad_ratings"]) == (27, 4, 2, 1)
    assert line(assessed, "A", "rating.full", "staff")[3] == ["e000", "e001", "e002", "e003"]
    assert row["score"] == 27 + 20 + 20 + 20


def test_few_ratings_are_filled_up_with_the_pool_s_average() -> None:
    log = Log().rate("R1", "satisfied").rate("R2", "satisfied")
    log.rate("R3", "very_satisfied", window=W2, who="B").rate("R4", "very_satisfied", window=W2, who="B")
    # The pool's average is 9. A: 4·(2·8 + 2·9)/4 = 34.
    assert points(log.assessed(), "A", "rating") == [
        ("rating.full", 40),
        ("rating.satisfied", -4),
        ("rating.blend", -2),
    ]
    assert points(log.assessed(), "C", "rating") == [("rating.full", 40)]


def test_a_rating_laid_elsewhere_is_not_the_person_s_but_the_site_s() -> None:
    log = Log().rate("R1", "dissatisfied").rate("R2", "very_dissatisfied").rate("R3", "dissatisfied")
    log.verify("R1", "item", "explained").verify("R2", "staff", staff="B").verify("R3", "staff")
    assessed = log.assessed()
    a, b = assessed.staff_months[MONTH, "A"], assessed.staff_months[MONTH, "B"]
    assert (a["ratings"], a["bad_ratings"], a["liable"], b["ratings"], b["liable"]) == (1, 3, 1, 0, 1)
    assert points(assessed, "A", "service") == [("service.full", 20), ("bad.dissatisfied", -2)]
    assert points(assessed, "B", "service") == [("service.full", 20), ("bad.very_dissatisfied", -3)]
    assert assessed.site_months[MONTH, CENTRE]["ratings"] == 3
    assert sum(row["not_theirs"] for row in assessed.month_measures.values()) == 2


def test_efficiency_is_what_is_on_time_and_within_the_standard() -> None:
    log = Log().serve("V1", "02 10:05", start="02 10:00", item="IT-1", promised_by="2026-11-02T10:05:00+08:00")
    log.serve("V2", "02 10:11", start="02 10:00", item="IT-1", promised_by="2026-11-02T10:10:59+08:00")
    log.serve("V3", "02 10:11", start="02 10:00", item="IT-9")
    assessed = log.assessed()
    assert points(assessed, "A", "efficiency") == [
        ("ontime.full", 12),
        ("ontime.late", -6),
        ("standard.full", 8),
        ("standard.over", -4),
    ]
    assert line(assessed, "A", "ontime.late", "staff") == (-6, 1, 2, ["e003"])


def test_a_block_is_held_within_nothing_and_its_maximum() -> None:
    log = Log()
    for _ in range(5):
        log.record("truancy").record("commended-city").record("praise")
    assessed = log.assessed()
    assert points(assessed, "A", "discipline")[-1] == ("discipline.floor", 5)
    # 15 of the city, 5 − 2 of praise: 18, of which 10 are the most.
    assert points(assessed, "A", "bonus")[-2:] == [("praise.cap", -2), ("bonus.cap", -8)]
    row = assessed.staff_months[MONTH, "A"]
    assert (row["discipline_points"], row["bonus_points"], row["deductions"]) == (0, 10, 5)


def test_one_incident_deducts_once_and_of_equal_ones_the_earliest() -> None:
    log = Log().rate("R1", "dissatisfied").verify("R1", "staff")
    log.record("rude", incident="R1").record("complaint", incident="R1").record("late", incident="x")
    log.record("badge", incident="x").record("late")
    assessed = log.assessed()
    assert points(assessed, "A", "service")[1:] == [
        ("rude", 0),
        ("complaint", -5),
        ("badge", 0),
        ("bad.dissatisfied", 0),
    ]
    assert points(assessed, "A", "discipline")[1:] == [("late", -1), ("late", -1)]
    row = assessed.staff_months[MONTH, "A"]
    assert (row["deductions"], row["liable"]) == (3, 2)


def test_one_incident_deducts_once_whatever_the_code_usually_is() -> None:
    free = {"text": "x", "block": "bonus", "points": 0}
    late = {"text": "x", "block": "discipline", "points": -1}
    shared = {"text": "x", "block": "discipline", "points": -4, "shared": True}
    rules = {**SMALL, "conduct": {"codes": {"free": free, "late": late, "shared": shared}}}
    log = Log().record("free", points=-2, incident="x").record("late", incident="x").record("free", incident="x")
    log.record("late", "L", incident="y").record("shared", incident="y")
    assessed = log.assessed(rules)
    # What takes nothing is no deduction, and stays.
    assert points(assessed, "A", "bonus") == [("free", -2), ("free", 0), ("bonus.floor", 2)]
    assert points(assessed, "A", "discipline")[1:] == [("late", 0), ("shared", -4)]
    # A lead's share goes where the code goes.
    assert points(assessed, "L", "discipline")[1:] == [("late", 0), ("shared.lead", -2)]


def test_leads_of_the_site_bear_their_share_of_a_shared_code() -> None:
    log = Log().record("criticised").record("criticised", "L", incident="y").record("criticised", window=W3)
    assessed = log.assessed()
    assert points(assessed, "A", "service") == [
        ("service.full", 20),
        ("criticised", -15),
        ("criticised", -15),
        ("service.floor", 10),
    ]
    assert points(assessed, "L", "service")[1:] == [
        ("criticised", -15),
        ("criticised.lead", -7.5),
        ("service.floor", 2.5),
    ]
    assert len(points(assessed, "B", "service")) == 1


def test_a_record_s_points_take_the_code_s_sign() -> None:
    log = Log().record("late", points=2.5).record("late", points=-0.1).record("praise", points=-2)
    assessed = log.assessed()
    assert points(assessed, "A", "discipline")[1:] == [("late", -2.5), ("late", -0.1)]
    assert points(assessed, "A", "bonus") == [("praise", 2)]


def test_points_that_are_said_have_four_digits_and_a_limit() -> None:
    log = Log().record("late", points=0.00005).record("late", points=2.34564999).record("late", points=1001)
    log.record("peer-review", points=-1.5).record("peer-review", points=99.99995)
    assessed = log.assessed()
    assert points(assessed, "A", "discipline")[1:4] == [("late", -0.0001), ("late", -2.3456), ("late", -1000)]
    entries = assessed.bill_lines[MONTH, "entry", "A"]
    assert [(entry["line"], entry["points"]) for entry in entries] == [(1, 0), (2, 100)]


def test_a_window_s_record_is_its_opener_s_and_the_withdrawn_and_the_second_count_nowhere() -> None:
    log = Log().add("window.opened", "04 09:00", who="B")
    log.record("late", target="window", target_id=W1).record("late", target="window", target_id=W2)
    log.record("rude", "B", record="X").record("refuse", "B", record="X")
    log.record("rude", "B", record="Y").add("conduct.withdrawn", record="Y", by="O")
    log.record("site-notice", "B").record("unknown", "B").record("late", "B", "12-01 00:00")
    assessed = log.assessed()
    assert points(assessed, "B", "discipline")[1:] == [("late", -1)]
    assert points(assessed, "B", "service")[1:] == [("rude", -2)]
    assert assessed.staff_months[MONTH, "B"]["duty_days"] == 1


def test_bands_ranks_and_talks() -> None:
    people = [f"S{number}" for number in range(4)]
    posts = [Post(staff, W1, "p", ALWAYS) for staff in [*people, "idle"]]
    log = Log()
    for month in ("10", "11"):
        for staff in people:
            log.add("window.opened", f"{month}-09 09:00", who=staff)
        log.record("quarrel", "S2", f"{month}-09 10:00").record("absent-half-day", "S3", f"{month}-09 10:00")
        log.record("truancy", "S1", f"{month}-09 10:00", points=20).record(
            "refuse", "S1", f"{month}-09 10:00", points=20
        )
    rules = {**SMALL, "staff_month": {**SMALL["staff_month"], "interview_share": "0.5"}}
    assessed = log.assessed(rules, ("2026-10", MONTH), *posts)
    names = ("score", "band", "rank", "pool_size", "bottom", "interview")
    found = {staff: [assessed.staff_months[MONTH, staff][name] for name in names] for staff in [*people, "idle"]}
    # Two are at the bottom of four: S1, and those who have fewer than two below: S2 and S3.
    assert found == {
        "S0": [100, "excellent", 1, 4, 0, ""],
        "S1": [60, "fail", 4, 4, 1, "fail"],
        "S2": [97, "excellent", 2, 4, 1, "bottom"],
        "S3": [97, "excellent", 2, 4, 1, "bottom"],
        "idle": [100, "ungraded", 0, 4, 0, ""],
    }
    assert assessed.staff_months["2026-10", "S2"]["interview"] == ""


def month_row(staff: str, score: str, **more: Any) -> dict[str, Any]:
    place = dict.fromkeys(("street", "site", "tier", "window", "department"), "x")
    counts = {"services": 100, "ratings": 30, "good_ratings": 30, "deductions": 0, "liable": 0, "veto": 0}
    return {"staff": staff, **place, "pool": "p", "pioneer": 0, "graded": 1, "score": Decimal(score), **counts, **more}


def stars(*rows: dict[str, Any], months: int = 2) -> dict[str, tuple[int, int]]:
    """Star and rank by staff, every month alike."""
    month = {row["staff"]: row for row in rows}
    found, _ = staff_quarters("2026-Q4", AssessmentRules(), [month] * months)
    return {staff: (row["star"], row["rank"]) for staff, row in found.items()}


def test_stars_need_a_score_a_place_in_the_quota_and_for_the_fifth_more() -> None:
    rows = [month_row(f"S{number}", str(99 - number)) for number in range(5)]
    # Of five, both quotas are one place.
    assert stars(*rows) == {"S0": (5, 1), "S1": (3, 2), "S2": (3, 3), "S3": (3, 4), "S4": (3, 5)}
    assert stars(*rows[:4])["S0"] == (4, 1)
    for more in ({"liable": 1}, {"ratings": 29, "good_ratings": 29}):
        assert stars({**rows[0], **more}, *rows[1:])["S0"] == (4, 1)
    assert stars({**rows[0], "veto": 1}, *rows[1:])["S1"] == (5, 1)
    assert stars({**rows[0], "veto": 1}, *rows[1:])["S0"] == (0, 0)
    assert stars(*rows, months=1)["S0"] == (0, 0)


def test_equal_scores_are_told_apart_by_deductions_then_wilson_then_services() -> None:
    rows = [
        month_row("a", "98", deductions=1),
        month_row("b", "98", good_ratings=29),
        month_row("c", "98", services=101),
        month_row("d", "98"),
        month_row("e", "98"),
    ]
    assert {staff: rank for staff, (_, rank) in stars(*rows).items()} == {"c": 1, "d": 2, "e": 2, "b": 4, "a": 5}


def test_a_year_s_stars_are_proposed_within_the_places() -> None:
    def quarter(**stars: int) -> dict[str, dict[str, Any]]:
        rows = {staff: month_row(staff, "90", rated=1, star=star) for staff, star in stars.items()}
        return {**rows, "e": month_row("e", "90", rated=1, star=5, veto=1), "u": month_row("u", "90", rated=0, star=0)}

    quarters = [quarter(a=5, b=4, c=4, d=5), quarter(a=4, b=4, c=4, d=1), quarter(a=2, b=3, c=2, d=5)]
    rows, bills = staff_years("2026", AssessmentRules(), quarters, {})
    # a: 0.7·90 + 20·11/15; five have a score: one place, two candidates.
    assert [(row["rule"], row["points"]) for row in bills["a"]] == [("quarter", 21)] * 3 + [
        ("stars", q(Fraction(44, 3)))
    ]
    names = ("eligible", "rank", "pool_size", "places", "candidate", "proposed", "lowest_star")
    assert {staff: [row[name] for name in names] for staff, row in rows.items()} == {
        "a": [1, 1, 5, 1, 1, 1, 2],
        "b": [1, 1, 5, 1, 1, 1, 3],
        "c": [1, 3, 5, 1, 0, 0, 2],
        "d": [0, 0, 5, 1, 0, 0, 1],
        "e": [0, 0, 5, 1, 0, 0, 5],
        "u": [0, 0, 5, 1, 0, 0, 0],
    }
