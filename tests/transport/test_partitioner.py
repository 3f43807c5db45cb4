"""Keys go to the same partitions on both brokers."""

from __future__ import annotations

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from streams.transport.partitioner import partition_for


@given(key=st.binary(), partitions=st.integers(1, 100))
def test_a_key_has_the_partition_that_kafka_gives_it(key: bytes, partitions: int) -> None:
    every = list(range(partitions))
    assert partition_for(key, partitions) == DefaultPartitioner()(key, every, every)


def test_no_key_means_the_first_partition() -> None:
    assert partition_for(None, 8) == 0
