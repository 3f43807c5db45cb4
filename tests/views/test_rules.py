"""Figures follow the district's rules, as they are when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from schemas.moments import DAY, HOUR
from schemas.rules import Calendar, Deadlines, Horizons, Limits, Rating, Rules
from tests import recount
from tests.views.expected import expected_tables
from tests.views.log import Log
from tests.views.streams import messages_of, rolled_batch
from tests.views.tables import TABLES, differences
from tests.views.warehouse import RULES, Warehouse

_POINTS = (100, 70, 50, 20, 10)
_THEIRS = Rules(
    rating=Rating(points=dict(zip(RULES.rating.points, _POINTS, strict=True))),
    deadlines=Deadlines(contact_workdays=2, completion_workdays=3),
    horizons=Horizons(minute_hours=1, day_days=3, redelivery_days=400, remember_days=400),
    limits=Limits(implausible_hours=1),
)
_THEIRS_RECOUNTED = recount.Rules(
    points=_POINTS,
    minutes_horizon_ms=HOUR,
    days_horizon_ms=3 * DAY,
    implausible_ms=HOUR,
    contact_workdays=2,
    completion_workdays=3,
)


@pytest.fixture
def warehouse(warehouse: Warehouse) -> Iterator[Warehouse]:
    yield warehouse
    warehouse.judge_by(RULES)


@pytest.mark.parametrize("seed", range(3))
def test_points_deadlines_horizons_and_limits_are_the_districts(warehouse: Warehouse, seed: int) -> None:
    messages = messages_of(rolled_batch(seed, strayed=False))
    warehouse.judge_by(_THEIRS)
    warehouse.store(messages)
    now_ms, found = warehouse.tables()
    expected = expected_tables(messages, now_ms, rules=_THEIRS_RECOUNTED)
    assert not [line for name in TABLES for line in differences(name, expected[name], found[name])]


def test_a_district_may_rest_and_work_on_other_days_than_china(warehouse: Warehouse) -> None:
    rest, work = (date(2026, 11, 3), date(2026, 11, 9)), (date(2026, 11, 8),)
    warehouse.judge_by(RULES.model_copy(update={"calendar": Calendar(rest=rest, work=work)}))
    warehouse.store(Log().add("rating.submitted", "2026-11-02 10:00:00").messages)
    shown = warehouse.engine.rows("SELECT toDate(contact_due) AS contact, toDate(due) AS due FROM rectifications")
    assert shown == [{"contact": "2026-11-04", "due": "2026-11-10"}]


def test_official_figures_are_judged_by_the_rules_of_now(warehouse: Warehouse) -> None:
    warehouse.store(Log().add("rating.submitted", "2026-11-02 10:00:00").messages)
    assert [row["points"] for row in warehouse.table("ratings").values()] == [3]
    warehouse.judge_by(_THEIRS)
    assert [row["points"] for row in warehouse.table("ratings").values()] == [20]
