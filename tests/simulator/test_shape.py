"""The simulated month looks like a real one: hours, queues, ratings, rectifications, and what the registry lacks."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any, get_args

from deploy.simulator.office import EXAM_RULE, RULES
from schemas.data import Channel
from schemas.registry import Registry
from schemas.tags import find_tag
from tests.simulator.conftest import Month
from tests.simulator.refusal import time_ms

_BAD = {"dissatisfied", "very_dissatisfied"}


def _first_ratings(month: Month) -> list[dict[str, Any]]:
    """One rating per service: its first of round 1 that is no default."""
    first: dict[str, dict[str, Any]] = {}
    for event in month.of("rating.submitted"):
        data = event["data"]
        if data["channel"] != "system_default" and data.get("round", 1) == 1:
            first.setdefault(data.get("service", data["rating"]), event)
    return list(first.values())


def test_halls_are_open_on_workdays_only(month: Month) -> None:
    days = {event["time"][:10] for event in month.of("ticket.issued")}
    assert len(days) == 18
    assert "2026-10-07" not in days
    assert "2026-10-10" in days  # a Saturday that is made up for
    hours = Counter(int(event["time"][11:13]) for event in month.of("ticket.issued"))
    assert set(hours) <= set(range(8, 17))
    assert hours[9] > hours[11] > 3 * hours[12]
    assert hours[14] > hours[16]


def test_waits_come_of_queues(month: Month) -> None:
    issued = {event["data"]["ticket"]: time_ms(event) for event in reversed(month.of("ticket.issued"))}
    called = {event["data"]["ticket"]: time_ms(event) for event in reversed(month.of("ticket.called"))}
    waits = sorted(ms - issued[ticket] for ticket, ms in called.items() if ticket in issued)
    assert waits[0] >= 0
    assert waits[-1] > 5 * 60_000
    no_shows = sum(event["data"]["reason"] == "no_show" for event in month.of("ticket.abandoned"))
    assert 0.002 < no_shows / len(issued) < 0.05


def test_half_to_two_thirds_of_services_are_rated_and_nearly_all_ratings_are_good(month: Month) -> None:
    services = {event["data"]["service"] for event in month.of("service.completed")}
    ratings = _first_ratings(month)
    assert 0.5 < len(ratings) / len(services) < 0.7
    share = Counter(event["data"]["level"] for event in ratings)
    assert 0.82 < share["very_satisfied"] / len(ratings) < 0.9
    assert 0.08 < share["satisfied"] / len(ratings) < 0.15
    assert 0.01 < share["basically_satisfied"] / len(ratings) < 0.03
    assert 0.004 < (share["dissatisfied"] + share["very_dissatisfied"]) / len(ratings) < 0.012


def test_five_windows_are_really_bad(month: Month) -> None:
    bad: defaultdict[str, list[bool]] = defaultdict(list)
    for event in _first_ratings(month):
        bad[event.get("window", "")].append(event["data"]["level"] in _BAD)
    shares = sorted((sum(all_) / len(all_) for all_ in bad.values() if len(all_) >= 25), reverse=True)
    assert shares[4] > 0.06
    assert sum(shares[:5]) / 5 > 0.08
    assert sum(share > 0.06 for share in shares) < 12


def test_tags_belong_to_the_level(month: Month) -> None:
    tagged = 0
    for event in month.of("rating.submitted"):
        for code in event["data"].get("tags", ()):
            tag = find_tag(code, event["data"]["tag_version"])
            assert tag is not None
            assert tag.level == event["data"]["level"]
            tagged += 1
    assert tagged > 1_000


def test_every_channel_occurs_and_some_ratings_know_no_window_service_or_staff(month: Month) -> None:
    ratings = month.of("rating.submitted")
    channels = {event["data"]["channel"] for event in ratings}
    assert channels == set(get_args(Channel))
    assert any("window" not in event and "staff" in event for event in ratings)
    assert any("window" in event and "staff" not in event for event in ratings)
    assert any("service" not in event["data"] for event in ratings)
    assert any("1380000" in event["data"].get("comment", "") for event in ratings)
    assert any(event["data"].get("real_name") and event["data"]["rater"].startswith("1380000") for event in ratings)


def test_defaults_come_five_workdays_after_the_service(month: Month) -> None:
    completed = {event["data"]["service"]: event["time"][:10] for event in month.of("service.completed")}
    defaults = [event for event in month.of("rating.submitted") if event["data"]["channel"] == "system_default"]
    assert {completed[event["data"]["service"]] for event in defaults} <= set(completed.values())
    due = {event["time"][:10] for event in defaults if completed[event["data"]["service"]] == "2026-10-08"}
    assert due == {"2026-10-15"}  # 9, 10 (made up), 12, 13, 14 are the five


def test_bad_ratings_are_followed_up_mostly_in_time(month: Month) -> None:
    bad = {event["data"]["rating"] for event in _first_ratings(month) if event["data"]["level"] in _BAD}
    contacted = {event["data"]["rating"] for event in month.of("rectification.contacted")}
    completed = {event["data"]["rating"] for event in month.of("rectification.completed")}
    assert contacted <= bad | {event["data"]["rating"] for event in month.of("rating.submitted")}
    assert 0.75 < len(contacted) / len(bad) <= 1
    assert 0.4 < len(completed) / len(bad) < 0.9
    findings = {event["data"]["finding"] for event in month.of("rectification.verified")}
    assert findings == {"valid", "explained", "void"}
    assert {event["data"]["result"] for event in month.of("appeal.decided")} == {"upheld", "rejected"}


def test_conduct_bears_documented_codes_and_known_targets(month: Month, district: Registry) -> None:
    codes = {rule.code for rule in (*RULES, EXAM_RULE)}
    known = {"staff": district.staff, "window": district.windows, "site": district.sites}
    records = month.of("conduct.recorded")
    assert {event["data"]["rule"] for event in records} <= codes
    assert all(event["data"]["target_id"] in known[event["data"]["target"]] for event in records)
    exams = {event["time"][:10] for event in records if event["data"]["rule"] == EXAM_RULE.code}
    assert exams == {"2026-10-20"}


def test_supervision_is_due_on_a_later_day(month: Month) -> None:
    assert all(event["data"]["due"] > event["time"][:10] for event in month.of("supervision.opened"))


def test_a_few_windows_staff_and_items_are_not_in_the_registry(month: Month, district: Registry) -> None:
    services = month.of("service.completed")
    for codes, known in (
        ([event["window"] for event in services], district.windows),
        ([event["staff"] for event in services], district.staff),
        ([event["data"]["item"] for event in services], district.items),
    ):
        unknown = sum(code not in known for code in codes)
        assert 0 < unknown < len(codes) * 0.02


def test_windows_open_before_they_serve_and_close_after(month: Month) -> None:
    opened: dict[tuple[str, str], int] = {}
    closed: dict[tuple[str, str], int] = {}
    for event in month.of("window.opened"):
        key = (event["window"], event["time"][:10])
        opened[key] = min(opened.get(key, time_ms(event)), time_ms(event))
    for event in month.of("window.closed"):
        key = (event["window"], event["time"][:10])
        closed[key] = max(closed.get(key, 0), time_ms(event))
    for event in month.of("service.started"):
        key = (event["window"], event["time"][:10])
        assert opened[key] <= time_ms(event) <= closed[key]
        assert datetime.fromisoformat(event["time"]).hour < 18
