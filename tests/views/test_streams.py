"""The public tables of arbitrary small streams against the recount."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings

from tests.views.expected import expected_tables
from tests.views.streams import MOST_STREAMS, Batch, batches, messages_of, rolled_batch
from tests.views.tables import TABLES, differences
from tests.views.warehouse import Warehouse

_FACTS: Final = ("events", "ratings", "services", "rectifications")

# An example is a batch of streams, for the engine answers five as fast as one. Shrinking, when something is wrong, takes
# up to five minutes.
_some = settings(
    max_examples=max(1, settings().max_examples // 8),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
pytestmark = pytest.mark.timeout(900)


def assert_tables(warehouse: Warehouse, batch: Batch, names: Iterable[str]) -> None:
    messages = messages_of(batch)
    warehouse.clear()
    warehouse.store(messages, seed=len(messages))
    now_ms, found = warehouse.tables(names)
    expected = expected_tables(messages, now_ms)
    assert not [line for name in names for line in differences(name, expected[name], found[name])]


@_some
@given(batches(strayed=False))
def test_every_public_table_of_any_stream_equals_the_recount(engine_of_views: Warehouse, batch: Batch) -> None:
    assert_tables(engine_of_views, batch, TABLES)


@_some
@given(batches(strayed=True))
def test_official_facts_equal_the_recount_whatever_partition_events_came_to(
    engine_of_views: Warehouse, batch: Batch
) -> None:
    assert_tables(engine_of_views, batch, _FACTS)


@pytest.mark.parametrize("seed", range(8))
def test_every_public_table_of_long_streams_equals_the_recount(engine_of_views: Warehouse, seed: int) -> None:
    assert_tables(engine_of_views, rolled_batch(seed, strayed=False), TABLES)


@pytest.mark.parametrize("seed", range(4))
def test_official_facts_of_long_streams_equal_the_recount_whatever_partition_events_came_to(
    engine_of_views: Warehouse, seed: int
) -> None:
    assert_tables(engine_of_views, rolled_batch(seed, strayed=True), _FACTS)
