"""Three days of the sample district, as its terminals would send them, against the recount, table by table."""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

import pytest

from deploy.simulator import simulate_timed
from streams import topics
from streams.routing import entry_of
from tests import recount
from tests.recount import Message
from tests.views.expected import expected_tables
from tests.views.tables import TABLES, Table, differences
from tests.views.warehouse import REGISTRY, Warehouse

# Two workdays after the National Day holiday and the Saturday that makes up for it.
_START: Final = date(2026, 10, 8)
_DAYS: Final = 3
_SCALE: Final = 0.06
_PARTITIONS: Final = 4


class Simulated(NamedTuple):
    """The messages by topic, and the tables that they came to."""

    messages: dict[str, list[Message]]
    now_ms: int
    found: dict[str, Table]
    expected: dict[str, Table]


@pytest.fixture(scope="module")
def simulated(engine_of_views: Warehouse) -> Simulated:
    messages: dict[str, list[Message]] = {topics.EVENTS: [], topics.DEVICES: []}
    next_offsets: dict[tuple[str, int], int] = {}
    for arrived_ms, line in simulate_timed(REGISTRY, _START, _DAYS, 7, _SCALE):
        topic, partition, *_ = entry_of(line, _PARTITIONS, 0)
        offset = next_offsets.get((topic, partition), 0)
        next_offsets[topic, partition] = offset + 1
        messages[topic].append(Message(partition, offset, arrived_ms, line))
    engine_of_views.clear()
    for topic, of_topic in messages.items():
        engine_of_views.store(of_topic, topic=topic)
    now_ms, found = engine_of_views.tables()
    expected = expected_tables(messages[topics.EVENTS], now_ms, heartbeats=messages[topics.DEVICES])
    return Simulated(messages, now_ms, found, expected)


@pytest.mark.parametrize("name", TABLES)
def test_every_column_of_every_public_table_equals_the_recount(simulated: Simulated, name: str) -> None:
    assert not differences(name, simulated.expected[name], simulated.found[name])


def test_suspicious_ratings_are_those_that_the_recount_finds(simulated: Simulated, engine_of_views: Warehouse) -> None:
    rows = engine_of_views.engine.rows(
        "SELECT rule, street, rating, window, staff, source, ratings, of_services, evidence FROM pingliu.suspicions"
    )
    expected = {
        (flag.rule, flag.street, flag.rating, flag.window, flag.staff, flag.source, flag.count, flag.of, flag.evidence)
        for flag in recount.flags(simulated.messages[topics.EVENTS])
    }
    assert {tuple(tuple(v) if isinstance(v, list) else v for v in row.values()) for row in rows} == expected
    assert len(rows) == len(expected) > 0


def test_the_stream_is_large_and_varied_enough_to_mean_something(simulated: Simulated) -> None:
    assert 10_000 <= sum(map(len, simulated.messages.values())) <= 25_000
    assert {name for name, table in simulated.found.items() if not table} == {"reconciliation"}
    assert {row["effective"] for row in simulated.found["ratings"].values()} == {0, 1}


def test_storing_everything_again_in_other_batches_changes_no_answer(
    engine_of_views: Warehouse, simulated: Simulated
) -> None:
    for topic, of_topic in simulated.messages.items():
        engine_of_views.store(of_topic, topic=topic, seed=1)
    assert_same(engine_of_views, simulated)


def test_merging_what_was_stored_again_and_again_changes_no_answer(
    engine_of_views: Warehouse, simulated: Simulated
) -> None:
    engine_of_views.merge()
    assert_same(engine_of_views, simulated)
    engine_of_views.store(simulated.messages[topics.EVENTS][:3000], seed=2)
    assert_same(engine_of_views, simulated)


def assert_same(warehouse: Warehouse, simulated: Simulated) -> None:
    """All tables are what they were at first."""
    _, found = warehouse.tables()
    for name, table in found.items():
        assert not differences(name, simulated.found[name], table)
