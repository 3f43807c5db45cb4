"""Notices and suspicions as auditors read them: every flag once, in words, with what became of its rating."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tests.views.log import OTHER_WINDOW, STREET, WINDOW, Log
from tests.views.warehouse import Warehouse

_NOON: Final = "2026-11-02 12:30:00"
_NIGHT: Final = "2026-11-02 22:00:00"


def _rated(log: Log, rating: str, time: str, **changes: Any) -> Log:
    said = {"rating": rating, "service": f"V{rating}", "level": "satisfied", "channel": "hall_pad", **changes}
    log.add("service.started", time, service=f"V{rating}")
    return log.add("rating.submitted", time, **said)


@pytest.fixture
def log() -> Log:
    """Three ratings outside hours, one of them voided and one voided and reinstated, and a bad one."""
    log = _rated(_rated(_rated(Log(), "R-1", _NOON), "R-2", _NIGHT, window=OTHER_WINDOW), "R-3", _NIGHT)
    for rating in ("R-2", "R-3"):
        log.add("rating.voided", _NIGHT, rating=rating)
    log.add("rating.reinstated", _NIGHT, rating="R-3")
    return _rated(log, "R-4", "2026-11-03 10:00:00", level="dissatisfied")


def test_every_flag_is_there_once_with_its_meaning_and_what_its_rating_counts_for_now(
    warehouse: Warehouse, log: Log
) -> None:
    for seed in (0, 1):  # stored again, in other cuts: said again, a notice is the same
        warehouse.store(log.messages, seed=seed)
        rows = warehouse.engine.rows(
            "SELECT rating, rule, meaning, street, window, staff, evidence, toString(flagged_at) AS at, effective, "
            "voided"
            " FROM pingliu.suspicions ORDER BY rating"
        )
        same = {"rule": "off_hours", "meaning": "非工作时间评价", "street": STREET, "staff": "S0142", "effective": 1}
        night = "2026-11-02 22:00:00.000"
        assert rows == [
            {"rating": "R-1", **same, "window": WINDOW, "evidence": ["R-1"], "at": f"{_NOON}.000", "voided": 0},
            {"rating": "R-2", **same, "window": OTHER_WINDOW, "evidence": ["R-2"], "at": night, "voided": 1},
            {"rating": "R-3", **same, "window": WINDOW, "evidence": ["R-3"], "at": night, "voided": 0},
        ]
    warehouse.merge()
    assert warehouse.engine.rows("SELECT count() AS n FROM pingliu.suspicions") == [{"n": 3}]


def test_all_notices_are_there_by_type(warehouse: Warehouse, log: Log) -> None:
    warehouse.store(log.messages)
    found = warehouse.engine.rows("SELECT type, rating FROM pingliu.notices ORDER BY type, rating")
    assert [(row["type"], row["rating"]) for row in found] == [
        ("rating.flagged", "R-1"),
        ("rating.flagged", "R-2"),
        ("rating.flagged", "R-3"),
        ("rectification.opened", "R-4"),
    ]


def test_a_month_s_flag_has_no_rating_and_says_nothing_of_one(warehouse: Warehouse) -> None:
    log = Log()
    for number in range(20):
        time = f"2026-11-02 10:{number:02}:00"
        log.add("service.started", f"2026-11-02 09:{number:02}:00", service=f"V{number}")
        log.add("service.completed", time, service=f"V{number}")
        log.add(
            "rating.submitted",
            time,
            rating=f"R{number}",
            service=f"V{number}",
            level="satisfied",
            comment="",
            rater=None,
        )
    log.add("window.closed", "2026-12-08 00:00:00")
    warehouse.store(log.messages)
    rows = warehouse.engine.rows(
        "SELECT rating, staff, window, ratings, of_services, length(evidence) AS named, meaning, effective, voided"
        " FROM pingliu.suspicions WHERE rule = 'silent_month'"
    )
    assert rows == [
        {
            "rating": "", "staff": "S0142", "window": "", "ratings": 20, "of_services": 20, "named": 10,
            "meaning": "主动评价率过高且无文字评价", "effective": None, "voided": None,
        }
    ]  # fmt: skip
