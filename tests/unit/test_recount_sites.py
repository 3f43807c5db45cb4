"""The recount's scores of sites, held to some worked out by hand."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.recount.assessment import AssessmentRules, Post, assess
from tests.recount.assessment.bill import losses
from tests.recount.assessment.numbers import q
from tests.recount.assessment.site_quarter import Quarter, site_quarters
from tests.recount.assessment.site_year import site_years
from tests.unit.november import ALWAYS, CENTRE, MONTH, SMALL, STATION, W1, W3, Log, district, line, points


def test_participation_is_by_services_and_their_workdays() -> None:
    log = Log()
    for number in range(10):
        log.serve(f"V{number}")
    log.rate("R0", "satisfied", "09 23:59", service="V0").rate("R1", "satisfied", "10 00:00", service="V1")
    log.rate("R2", "satisfied", "02 11:00", service="V2").rate("R3", "satisfied", "02 11:00", service="V3")
    assessed = log.assessed()
    # 3 of 10: half of the way from 10 % to 50 %.
    assert line(assessed, CENTRE, "participation.low")[:3] == (-5, 7, 10)
    row = assessed.site_months[MONTH, CENTRE]
    assert (row["participation"], row["rated_services"], row["services"]) == (Decimal("0.3"), 3, 10)


def test_closing_counts_what_is_done_or_was_due_before_the_freeze() -> None:
    log = Log().rate("R1", "dissatisfied").rate("R2", "dissatisfied").rate("R3", "dissatisfied", "30 10:00")
    log.rate("R4", "dissatisfied", "30 10:00").rate("R5", "dissatisfied").verify("R5", "none", "void")
    for rating in ("R1", "R3"):
        log.add("rectification.contacted", "03 23:59", rating=rating, by="O")
    log.add("rectification.completed", "09 23:59", rating="R1", measure="")
    # The month freezes at the end of December 10: R4 is due by then, R6 a day later.
    log.rate("R6", "dissatisfied", "30 10:00")
    for rating, workdays in (("R4", 3), ("R6", 4)):
        log.add("rectification.extended", "30 11:00", rating=rating, workdays=workdays, reason="", approved_by="O")
    assessed = log.assessed()
    assert points(assessed, CENTRE, "closing", "site") == [
        ("rectified.full", 12),
        ("rectified.late", -9),
        ("response.full", 4),
        ("response.late", -2.4),
        ("revisit.full", 4),
        ("revisit.missing", -4),
    ]
    assert line(assessed, CENTRE, "rectified.full") == (12, 4, 4, ["e000", "e001", "e002", "e003"])
    assert line(assessed, CENTRE, "rectified.late") == (-9, 3, 4, ["e001", "e002", "e003"])
    assert line(assessed, CENTRE, "response.late") == (-2.4, 3, 5, ["e001", "e003", "e009"])
    assert line(assessed, CENTRE, "revisit.full") == (4, 1, 1, ["e000"])


def test_waiting_is_from_the_ticket_to_its_first_call() -> None:
    log = Log()
    for number in range(2):
        ticket = f"T{number}"
        log.add("ticket.issued", "02 10:00", ticket=ticket).add("ticket.called", f"02 10:{15 + number}", ticket=ticket)
        log.add("ticket.called", "02 10:20", ticket=ticket).serve(f"V{number}", "02 10:30", ticket=ticket)
    assert points(log.assessed(), CENTRE, "efficiency", "site")[1:] == [("waiting.full", 5), ("waiting.long", -2.5)]


def opening(*events: tuple[str, str]) -> tuple[float, list[str]]:
    """Rate and too long pauses of the one window of a station that is manned on one workday, 09:00 to 10:40."""
    log = Log()
    for kind, time in events:
        more = {"reason": "meal"} if kind == "paused" else {}
        log.add(f"window.{kind}", time, window=W3, **more)
    posts = [Post("C", W3, "community", date(2026, 11, 1), date(2026, 11, 2)), Post("A", W1, "street", ALWAYS)]
    assessed = log.assessed(SMALL, (MONTH,), *posts)
    return float(assessed.site_months[MONTH, STATION]["opening"]), [
        name for found in assessed.bill_lines[MONTH, "site", STATION] if found["rule"] == "opening.low"
        for _, name in found["events"]
    ]  # fmt: skip


def test_opening_is_what_sessions_cover_less_what_pauses_exceed() -> None:
    assert opening(("opened", "02 08:50"), ("closed", "02 10:20")) == (0.8, [])
    assert opening(("opened", "02 09:10")) == (0.9, [])
    assert opening(("opened", "01 09:00"), ("closed", "02 09:50")) == (0, [])
    paused = (("opened", "02 09:00"), ("paused", "02 09:20"), ("resumed", "02 10:00"))
    assert opening(*paused) == (0.9, ["e001"])
    assert opening(*paused[:2], ("closed", "02 09:40")) == (0.4, [])
    assert opening(("paused", "02 09:00")) == (0, ["e000"])
    assert opening(("paused", "02 10:10")) == (0, [])


def test_opening_is_worth_nothing_up_to_eighty_percent() -> None:
    log = Log().add("window.opened", "02 09:00").add("window.closed", "02 10:29")
    posts = (Post("A", W1, "street", date(2026, 11, 2), date(2026, 11, 2)), Post("C", W3, "community", ALWAYS))
    # 89 of 100 minutes: half of the way from 80 % to 98 %.
    assert line(log.assessed(SMALL, (MONTH,), *posts), CENTRE, "opening.low") == (-5, 11, 100, [])


def test_devices_are_online_while_they_are_heard_of() -> None:
    log = Log()
    for device, kind, times in (("D1", "rating", ("09:00", "09:04", "09:20")), ("D2", "camera", ("09:00",))):
        for time in times:
            log.add("device.heartbeat", f"02 {time}", device=device, kind=kind)
    log.add("device.heartbeat", "10-30 09:00", device="D3", kind="rating")
    rules = {**SMALL, "calendar": {"rest": [date(2026, 11, day) for day in range(3, 31)]}}
    assessed = assess([], district(), AssessmentRules.of(rules), [MONTH], heartbeats=log.messages)
    # 4 + 10 + 10 minutes of the one workday's 100.
    assert line(assessed, CENTRE, "online.full") == (4, 100, 100, [])
    assert assessed.site_months[MONTH, CENTRE]["online"] == Decimal("0.24")
    assert line(assessed, CENTRE, "online.low") == (-4, 76, 100, [])
    assert assessed.site_months[MONTH, STATION]["online"] is None


def test_unmatched_ratings_and_late_uploads() -> None:
    log = Log().rate("R1", "satisfied", "04 10:01").rate("R2", "satisfied", "03 10:00", service="V1")
    log.rate("R3", "satisfied", "03 10:01", service="V2").add("suggestion.received", "12-09 00:00", **BOOK)
    log.add("suggestion.received", "05 00:00", **BOOK)
    assessed = log.assessed()
    assert line(assessed, CENTRE, "unmatched.high") == (-3, 1, 3, ["e000"])
    # More than a day behind is R2 alone; the one of December 9 is too far away to be looked at.
    assert line(assessed, CENTRE, "upload.late") == (-3, 1, 4, ["e001"])
    assert assessed.site_months[MONTH, CENTRE]["late_uploads"] == Decimal("0.25")


BOOK = {"suggestion": "G", "text": "", "via": "book"}


def test_patrols_supervision_and_bonus_of_a_site() -> None:
    log = Log().site("site-notice", incident="x").site("site-unattended", incident="x").site("site-commended", points=9)
    for matter, due in (("M1", "2026-11-04"), ("M2", "2026-11-04"), ("M3", "2026-12-01")):
        log.add("supervision.opened", "02 10:00", matter=matter, due=due)
    log.add("supervision.closed", "04 23:59", matter="M1").add("supervision.closed", "05 00:00", matter="M2")
    assessed = log.assessed()
    assert points(assessed, CENTRE, "patrol", "site") == [
        ("patrol.full", 5),
        ("site-notice", -1),
        ("site-unattended", 0),
        ("supervision.overdue", -2),
    ]
    assert line(assessed, CENTRE, "supervision.overdue")[3] == ["e004"]
    assert points(assessed, CENTRE, "bonus", "site") == [("site-commended", 9), ("bonus.cap", -4)]
    assert assessed.site_months[MONTH, CENTRE]["overdue"] == 1


def test_losses_are_the_three_largest_sums() -> None:
    lines = [
        {"rule": rule, "points": q(points)} for rule, points in (("b", -2), ("a", -1), ("a", -1), ("c", -3), ("d", -1))
    ]
    assert losses([*lines, {"rule": "c", "points": q(9)}]) == [("c", q(-3)), ("a", q(-2)), ("b", q(-2))]


def site_row(site: str, score: str, tier: str = "street", **more: Any) -> dict[str, Any]:
    counts = {"ranked": 1, "services": 9}
    return {"site": site, "street": site[:2], "tier": tier, "score": Decimal(score), **counts, **more}


def test_a_street_s_quarter_is_its_own_and_its_stations() -> None:
    month = {
        "s1-0": site_row("s1-0", "90"),
        "s1-1": site_row("s1-1", "70", "community"),
        "s1-2": site_row("s1-2", "80", "community"),
        "s1-3": site_row("s1-3", "99", "community", ranked=0),
        "s2-0": site_row("s2-0", "76.504"),
        "s3-0": site_row("s3-0", "76.496"),
    }
    overdue = {"s1-0": [("s", "1")] * 6, "s2-0": [], "s3-0": []}
    quarter = Quarter("2026-Q4", AssessmentRules(), [month, month], {}, overdue)
    rows, bills = site_quarters(quarter, {"s2-0": {"last": 1, "rank": 3}})
    # Own: 0.7·90 + 0.3·90 − 10 = 80; the street: 0.7·80 + 0.3·75 = 78.5.
    assert [(row["rule"], row["points"]) for row in bills["centre", "s1-0"]] == [
        ("month", q(Fraction("31.5"))),
        ("month", q(Fraction("31.5"))),
        ("inspection.missing", 27),
        ("supervision.overdue", -10),
    ]
    assert [row["points"] for row in bills["site", "s1-0"]] == [56, q(Fraction("10.5")), 12]
    names = ("score", "band", "rank", "rank_in_street", "last", "interview", "communities")
    found = {site: tuple(row[name] for name in names) for site, row in rows.items()}
    # 76.504 and 76.496 both show as 76.50: both are last, and one was before.
    assert found["s1-0"] == (Decimal("78.5"), "pass", 1, 0, 0, "", 2)
    assert found["s2-0"] == (Decimal("76.504"), "pass", 2, 0, 1, "last", 0)
    assert found["s3-0"][1:6] == ("pass", 2, 0, 1, "")
    assert found["s1-1"] == (70, "pass", 2, 2, 0, "", 0)
    assert found["s1-3"] == (None, "", 0, 0, 0, "", 0)


def test_an_inspection_replaces_the_months_mean_and_adjustments_are_held() -> None:
    log = Log()
    for number in range(20):
        log.serve(f"V{number}", f"{2 + number % 5:02d} 10:00")
    log.site("site-inspection", points=50).site("site-inspection", points=120)
    log.site("site-adjustment", points=-4).site("site-adjustment", points=-3)
    assessed = log.assessed()
    quarter, year = assessed.site_quarters["2026-Q4", CENTRE], assessed.site_years["2026", CENTRE]
    month = Fraction(assessed.site_months[MONTH, CENTRE]["score"])
    assert (quarter["inspection"], quarter["own"]) == (100, q(Fraction("0.7") * month) + 30)
    assert (year["adjustment"], year["score"]) == (-5, quarter["score"] - 5)
    assert [row["rule"] for row in assessed.bill_lines["2026", "site", CENTRE]] == ["quarter", "adjustment"]


def test_the_last_inspection_is_that_of_the_latest_month_whenever_it_came() -> None:
    log = (
        Log()
        .site("site-inspection", points=50, time="11-05 10:00")
        .site("site-inspection", points=70, time="10-05 10:00")
    )
    for month in ("10", "11"):
        log.serve(f"V{month}", f"{month}-06 10:00")
    assessed = log.assessed(SMALL, ("2026-10", MONTH))
    assert assessed.site_quarters["2026-Q4", CENTRE]["inspection"] == 50


def test_a_year_is_the_mean_of_its_quarters() -> None:
    def quarter(a: str, b: str | None) -> dict[str, dict[str, Any]]:
        return {"a": site_row("a", a), "b": {**site_row("b", "0"), "score": b and Decimal(b)}}

    rows, _ = site_years(
        "2026", AssessmentRules(), [quarter("80", None), quarter("90", "85")], {}, {}, {"a": {"rank": 2}}
    )
    assert [(row["score"], row["rank"], row["previous_rank"], row["quarters"]) for row in rows.values()] == [
        (85, 1, 2, 2),
        (85, 1, 0, 1),
    ]
