"""The public tables of arbitrary small streams against the recount."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.recount import Message
from tests.views.expected import expected_tables
from tests.views.streams import Batch, batches, messages_of, rolled_batch
from tests.views.tables import TABLES, differences
from tests.views.warehouse import Warehouse

_FACTS: Final = ("events", "ratings", "services", "rectifications")

# An example is a batch of streams, for the engine answers five as fast as one. What fails is made smaller here:
# Hypothesis would ask the engine for five minutes.
_some = settings(
    max_examples=max(1, settings().max_examples // 8),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
_MOST_TRIES: Final = 100


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


@pytest.mark.parametrize("seed", range(10))
def test_every_public_table_of_long_streams_equals_the_recount(engine_of_views: Warehouse, seed: int) -> None:
    assert_tables(engine_of_views, rolled_batch(seed, strayed=False), TABLES)


@pytest.mark.parametrize("seed", range(5))
def test_official_facts_of_long_streams_equal_the_recount_whatever_partition_events_came_to(
    engine_of_views: Warehouse, seed: int
) -> None:
    assert_tables(engine_of_views, rolled_batch(seed, strayed=True), _FACTS)


def assert_tables(warehouse: Warehouse, batch: Batch, names: Collection[str]) -> None:
    """The tables equal the recount; if not, the failure shows a few messages for which they don't."""
    messages = messages_of(batch)
    if found := _different(warehouse, messages, names):
        guilty = {line.partition(":")[0].partition(" ")[0] for line in found}
        few = _smaller(messages, lambda some: bool(_different(warehouse, some, guilty)))
        pytest.fail("\n".join([*_different(warehouse, few, guilty), *map(str, few)]), pytrace=False)


def _different(warehouse: Warehouse, messages: list[Message], names: Collection[str]) -> list[str]:
    warehouse.clear()
    warehouse.store(messages, seed=len(messages))
    now_ms, found = warehouse.tables(names)
    expected = expected_tables(messages, now_ms)
    return [line for name in names for line in differences(name, expected[name], found[name])]


def _smaller(messages: list[Message], is_wrong: Callable[[list[Message]], bool]) -> list[Message]:
    """Leaves out what may be left out, in ever smaller pieces."""
    tries = 0
    size = len(messages) // 2
    while size:
        start = 0
        while start < len(messages) and tries < _MOST_TRIES:
            fewer = messages[:start] + messages[start + size :]
            tries += 1
            if is_wrong(fewer):
                messages = fewer
            else:
                start += size
        size //= 2
    return messages
