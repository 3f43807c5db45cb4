"""The public tables of arbitrary small streams against the recount."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import HealthCheck, given, settings

from tests.views.expected import expected_tables
from tests.views.streams import MOST_STREAMS, Said, batches, messages_of
from tests.views.tables import TABLES, differences
from tests.views.warehouse import Warehouse

_FACTS = ("events", "ratings", "services", "rectifications")

# An example is a batch of streams, for the engine answers about five as fast as about one. Shrinking, when something is
# wrong, takes up to five minutes.
_some = settings(
    max_examples=max(1, settings().max_examples // MOST_STREAMS), suppress_health_check=list(HealthCheck)
)
pytestmark = pytest.mark.timeout(900)


def assert_tables(warehouse: Warehouse, batch: list[list[Said]], names: Iterable[str]) -> None:
    messages = messages_of(batch)
    warehouse.clear()
    warehouse.store(messages, seed=len(messages))
    now_ms, found = warehouse.tables(names)
    expected = expected_tables(messages, now_ms)
    assert not [line for name in names for line in differences(name, expected[name], found[name])]


@_some
@given(batches(strayed=False))
def test_every_public_table_of_any_stream_equals_the_recount(warehouse: Warehouse, batch: list[list[Said]]) -> None:
    assert_tables(warehouse, batch, TABLES)


@_some
@given(batches(strayed=True))
def test_official_facts_equal_the_recount_whatever_partition_events_came_to(
    warehouse: Warehouse, batch: list[list[Said]]
) -> None:
    assert_tables(warehouse, batch, _FACTS)
