"""Edges that arbitrary streams seldom meet, by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from tests.recount import Message
from tests.views.expected import expected_tables
from tests.views.log import OTHER_WINDOW, SITE, WINDOW, Log
from tests.views.tables import TABLES, Row, Table, differences
from tests.views.warehouse import Warehouse


def tables(warehouse: Warehouse, messages: Sequence[Message], *, but: Iterable[str] = ()) -> dict[str, Table]:
    """All tables after the messages; they equal the recount, except where they are not looked at."""
    warehouse.store(messages)
    now_ms, found = warehouse.tables()
    expected = expected_tables(messages, now_ms)
    assert not [line for name in TABLES.keys() - set(but) for line in differences(name, expected[name], found[name])]
    return found


def rectification(warehouse: Warehouse, log: Log) -> Row:
    """The rectification of the only bad rating."""
    (row,) = tables(warehouse, log.messages)["rectifications"].values()
    return row


@pytest.mark.parametrize(
    ("begin", "end", "seconds"),
    [
        ("2026-11-02 10:00:00", "2026-11-02 10:00:00", 0.0),
        ("2026-11-02 10:00:00.001", "2026-11-02 10:00:00", None),
        ("2026-11-02 10:00:00.001", "2026-11-02 10:00:01.124", 1.123),
        ("2026-11-02 10:00:00", "2026-11-03 10:00:00", 86_400.0),
        ("2026-11-02 10:00:00", "2026-11-03 10:00:00.001", None),
    ],
)
def test_waits_and_handlings_of_nothing_and_of_a_day_count_and_others_beyond_do_not(
    warehouse: Warehouse, begin: str, end: str, seconds: float | None
) -> None:
    log = Log().add("ticket.issued", begin).add("ticket.called", end)
    log.add("service.started", begin).add("service.completed", end)
    (service,) = tables(warehouse, log.messages)["services"].values()
    assert (service["wait_seconds"], service["handle_seconds"]) == (seconds, seconds)
    assert service["flags"] == ([] if seconds is not None else ["implausible_time"])


def test_who_opens_a_window_in_the_same_millisecond_counts_from_its_own_offset_on(warehouse: Warehouse) -> None:
    log = Log()
    for rating, opener in (("R1", "S0001"), ("R2", "S0002"), ("R3", None), ("R4", None)):
        log.add("rating.submitted", "2026-11-02 10:00:00.500", rating=rating, service=None, staff=None)
        if opener:
            log.add("window.opened", "2026-11-02 10:00:00.500", staff=opener)
        else:
            log.add("window.closed", "2026-11-02 10:00:00.500")
    ratings = tables(warehouse, log.messages)["ratings"]
    assert [ratings[rating,]["staff"] for rating in ("R1", "R2", "R3", "R4")] == ["", "S0001", "S0002", ""]


def test_a_service_ended_at_another_window_is_of_who_had_opened_that_one(warehouse: Warehouse) -> None:
    log = Log().add("window.opened", "2026-11-02 09:00:00", staff="S0001")
    log.add("window.opened", "2026-11-02 09:00:00", staff="S0002", window=OTHER_WINDOW)
    log.add("service.started", "2026-11-02 10:00:00", staff=None)
    log.add("service.completed", "2026-11-02 10:05:00", staff=None, window=OTHER_WINDOW)
    (service,) = tables(warehouse, log.messages)["services"].values()
    assert (service["window"], service["staff"]) == (WINDOW, "S0002")


def test_a_revisit_without_a_completion_reopens_even_as_the_first_message_ever(warehouse: Warehouse) -> None:
    log = Log().add("rectification.revisited", "2026-11-09 10:00:00", result="dissatisfied")
    log.add("rating.submitted", "2026-11-02 10:00:00")
    assert rectification(warehouse, log)["state"] == "reopened"


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ("completed dissatisfied", "reopened"),
        ("dissatisfied completed", "completed"),
        ("completed dissatisfied completed", "completed"),
        ("completed dissatisfied completed dissatisfied", "reopened"),
        ("dissatisfied satisfied", "closed"),
        ("completed satisfied dissatisfied", "reopened"),
        ("completed satisfied dissatisfied completed basically_satisfied", "closed"),
    ],
)
def test_the_last_revisit_decides_and_reopens_unless_completed_after_it(
    warehouse: Warehouse, steps: str, state: str
) -> None:
    log = Log().add("rating.submitted", "2026-11-02 10:00:00")
    # Their clocks run backwards: offsets count.
    for hour, step in enumerate(steps.split()):
        kind = "completed" if step == "completed" else "revisited"
        changes: dict[str, Any] = {} if step == "completed" else {"result": step}
        log.add(f"rectification.{kind}", f"2026-11-05 {20 - hour}:00:00", **changes)
    row = rectification(warehouse, log)
    assert row["state"] == state


@pytest.mark.parametrize(
    ("completed", "on_time"), [("2026-11-09 23:59:59.999", 1), ("2026-11-10 00:00:00", 0), (None, 0)]
)
def test_before_the_midnight_after_the_due_day_is_on_time(
    warehouse: Warehouse, completed: str | None, on_time: int
) -> None:
    log = Log().add("rating.submitted", "2026-11-02 10:00:00")
    if completed:
        log.add("rectification.completed", completed)
    assert rectification(warehouse, log)["on_time"] == on_time


def test_workdays_leave_out_the_national_day_holiday_and_count_its_make_up_saturday(warehouse: Warehouse) -> None:
    warehouse.store(Log().add("rating.submitted", "2026-09-30 17:59:00").messages)
    shown = warehouse.engine.rows("SELECT toString(contact_due) AS contact, toString(due) AS due FROM rectifications")
    assert shown == [{"contact": "2026-10-08 23:59:59", "due": "2026-10-13 23:59:59"}]


@pytest.mark.parametrize("time", ["1970-01-01 08:00:00", "2000-01-01 00:00:00"])
def test_what_a_terminal_with_an_empty_battery_says_counts_on_the_day_it_says(warehouse: Warehouse, time: str) -> None:
    found = tables(warehouse, _with_a_lost_clock(time).messages)
    assert found["services"]["V-old",]["day"] == time[:10]
    row = found["rectifications"]["R-old",]
    assert row["due"] is not None
    assert (row["state"], row["on_time"]) == ("contacted", 0)


@pytest.mark.parametrize("time", ["0001-01-03 08:00:00", "1969-12-31 23:59:59.999"])
def test_days_that_no_calendar_of_the_database_has_break_no_table(warehouse: Warehouse, time: str) -> None:
    warehouse.store(_with_a_lost_clock(time).messages)
    _, found = warehouse.tables()
    assert {"V-old", "V-1"} == {service for (service,) in found["services"]}
    assert {"R-old", "R-1"} == {rating for (rating,) in found["rectifications"]}


def _with_a_lost_clock(time: str) -> Log:
    log = Log()
    for when, name in (("2026-11-02 10:00:00", "1"), (time, "old")):
        log.add("ticket.issued", when, ticket=f"T-{name}").add("ticket.called", when, ticket=f"T-{name}")
        log.add("service.started", when, service=f"V-{name}", ticket=f"T-{name}")
        log.add("service.completed", when, service=f"V-{name}", ticket=f"T-{name}", promised_by=None)
        log.add("rating.submitted", when, rating=f"R-{name}", service=f"V-{name}")
        log.add("rectification.contacted", when, rating=f"R-{name}")
    return log


@pytest.mark.parametrize("number", ["123456789012345678901234567890", "-9223372036854775809", "1e400", "0.1e-400"])
def test_numbers_of_any_size_in_unknown_fields_take_nothing_from_the_known_ones(
    warehouse: Warehouse, number: str
) -> None:
    log = Log()
    rating: dict[str, Any] = {"comment": "太慢", "tags": ["213"], "real_name": True, "vendor": "NUMBER"}
    log.add("rating.submitted", "2026-11-02 10:00:00", **rating)
    raw = (log.messages.pop().value or b"").replace(b'"NUMBER"', b"[%s, 99999999999999999999]" % number.encode())
    (row,) = tables(warehouse, log.put(raw).messages, but=["events"])["ratings"].values()
    assert (row["comment"], row["tags"], row["real_name"]) == ("太慢", ["213"], 1)


def test_a_rating_without_a_window_is_of_its_services_if_that_was_known_by_then(warehouse: Warehouse) -> None:
    log = Log().add("rating.submitted", "2026-11-02 10:10:00", rating="R1", window=None, site="530102001-07")
    log.add("service.started", "2026-11-02 10:00:00")
    log.add("rating.submitted", "2026-11-02 10:10:00", rating="R2", window=None, site="530102001-07")
    ratings = tables(warehouse, log.messages)["ratings"]
    assert [(row["site"], row["window"]) for row in (ratings["R1",], ratings["R2",])] == [
        ("530102001-07", ""), (SITE, WINDOW)
    ]  # fmt: skip
