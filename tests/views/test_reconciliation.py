"""`reconciliation` says where live days and official facts differ, and nothing else."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.views.log import STREET, Log
from tests.views.warehouse import Warehouse

_DAY: Final = "2026-11-02"


def differing(warehouse: Warehouse) -> dict[tuple[Any, ...], tuple[Any, Any]]:
    """(live, facts) by street, day and measure."""
    return {key: (row["live"], row["facts"]) for key, row in warehouse.table("reconciliation").items()}


def visit() -> Log:
    """A visit with all that is counted, the rating last."""
    log = Log().add("ticket.issued", f"{_DAY} 09:00:00").add("ticket.called", f"{_DAY} 09:10:00")
    log.add("service.started", f"{_DAY} 09:10:05").add("service.completed", f"{_DAY} 09:20:05")
    log.add("ticket.issued", f"{_DAY} 09:20:10", ticket="T-2").add("ticket.abandoned", f"{_DAY} 09:20:20", ticket="T-2")
    return log.add("rating.submitted", f"{_DAY} 09:21:00")


def test_nothing_differs_where_nothing_is_late_lost_or_changed(warehouse: Warehouse) -> None:
    warehouse.store(visit().messages)
    assert differing(warehouse) == {}


def test_voids_redeliveries_and_corrections_are_no_difference(warehouse: Warehouse) -> None:
    log = visit().add("rating.voided", f"{_DAY} 10:00:00").add("rectification.verified", f"{_DAY} 10:01:00")
    for message in log.messages[:7]:
        log.put(message.value)
    log.add("ticket.issued", f"{_DAY} 10:05:00").add("service.completed", f"{_DAY} 10:06:00")
    log.add("rating.submitted", f"{_DAY} 10:07:00", rating="R-2")
    warehouse.store(log.messages)
    assert differing(warehouse) == {}


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (f"{_DAY} 10:00:00", {}),
        (f"{_DAY} 09:59:59.999", {(STREET, _DAY, "tickets"): (0, 1)}),
    ],
)
def test_an_event_more_than_seven_days_behind_is_in_the_facts_alone(
    warehouse: Warehouse, late: str, expected: dict[tuple[Any, ...], tuple[Any, Any]]
) -> None:
    warehouse.store(Log().add("window.resumed", "2026-11-09 10:00:00").add("ticket.issued", late).messages)
    assert differing(warehouse) == expected


def test_days_are_those_of_shanghai(warehouse: Warehouse) -> None:
    log = Log().add("window.resumed", "2026-11-20 10:00:00").add("ticket.issued", f"{_DAY} 00:00:00")
    log.add("ticket.issued", f"{_DAY} 23:59:59.999", ticket="T-2")
    log.add("ticket.issued", "2026-11-03 00:00:00", ticket="T-3", street="530102002", site="530102002-00", window=None)
    warehouse.store(log.messages)
    assert differing(warehouse) == {(STREET, _DAY, "tickets"): (0, 2)}


@pytest.mark.parametrize("counter", ["tickets", "calls", "points", "wait_ms", "handle_count", "satisfied"])
def test_a_live_bucket_that_was_tampered_with_shows(warehouse: Warehouse, counter: str) -> None:
    warehouse.store(visit().messages)
    (bucket,) = warehouse.engine.rows("SELECT * FROM pingliu.live_log FINAL WHERE grain = 'street_days'")
    was = int(str(bucket[counter]))
    changed = {**bucket, counter: was + 1, "version": int(str(bucket["version"])) + 1}
    warehouse.engine.insert("pingliu.live_log", {name: [value] for name, value in changed.items()})
    if counter == "wait_ms":  # a millisecond is enough; it is said in seconds
        assert differing(warehouse) == {(STREET, _DAY, "wait_seconds_sum"): ((was + 1) / 1000, was / 1000)}
    else:
        assert differing(warehouse) == {(STREET, _DAY, counter): (was + 1, was)}


def test_a_live_day_that_no_fact_is_of_shows(warehouse: Warehouse) -> None:
    log = visit()
    warehouse.store_live(log.messages)
    assert differing(warehouse) == {
        (STREET, _DAY, measure): (live, 0)
        for measure, live in {
            "tickets": 2, "calls": 1, "abandoned": 1, "services": 1, "ratings": 1, "dissatisfied": 1, "points": 3,
            "wait_seconds_sum": 600, "wait_count": 1, "handle_seconds_sum": 600, "handle_count": 1,
            "rectifications_opened": 1,
        }.items()
    }  # fmt: skip


@pytest.mark.parametrize(
    ("removed", "expected"),
    [
        (0, {"tickets": (2, 1), "wait_seconds_sum": (600, 0), "wait_count": (1, 0)}),
        (1, {"calls": (1, 0), "wait_seconds_sum": (600, 0), "wait_count": (1, 0)}),
        (2, {"handle_seconds_sum": (600, 0), "handle_count": (1, 0)}),
        (3, {"services": (1, 0), "handle_seconds_sum": (600, 0), "handle_count": (1, 0)}),
        (5, {"abandoned": (1, 0)}),
        (6, {"ratings": (1, 0), "dissatisfied": (1, 0), "points": (3, 0), "rectifications_opened": (1, 0)}),
    ],
)
def test_a_fact_that_was_removed_shows_in_all_that_it_counted_for(
    warehouse: Warehouse, removed: int, expected: dict[str, tuple[int, int]]
) -> None:
    messages = visit().messages
    warehouse.store_live(messages)
    warehouse.store_facts(messages[:removed] + messages[removed + 1 :])
    assert differing(warehouse) == {(STREET, _DAY, measure): pair for measure, pair in expected.items()}


def test_an_id_that_two_streets_use_counts_for_both_live_and_once_in_the_facts(warehouse: Warehouse) -> None:
    elsewhere = {"street": "530102002", "site": "530102002-00", "window": None}
    log = (
        Log()
        .add("ticket.issued", f"{_DAY} 09:00:00")
        .add("ticket.issued", f"{_DAY} 09:01:00", partition=1, **elsewhere)
    )
    warehouse.store(log.messages)
    assert differing(warehouse) == {("530102002", _DAY, "tickets"): (1, 0)}
