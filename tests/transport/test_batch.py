"""What is delivered as one event, whatever transport it comes from."""

from __future__ import annotations

from types import SimpleNamespace
from typing import NamedTuple

from streams.transport import Batch, deliver
from streams.transport.batch import batch_topics


class Foreign(NamedTuple):
    """Another transport's record: it has what a delivery needs, and no more."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes


def test_a_batch_is_at_its_last_record_and_holds_all_of_them() -> None:
    records = [Foreign(7, 70, b"a", b"x"), Foreign(9, 60, b"b", b"y")]

    (batch,) = deliver(records, in_batches=True)

    assert isinstance(batch, Batch)
    assert (batch.offset, batch.timestamp_ms, batch.key, batch.value) == (9, 60, None, records)


def test_other_topics_come_record_by_record_and_nothing_comes_of_nothing() -> None:
    records = [Foreign(7, 70, b"a", b"x"), Foreign(9, 60, b"b", b"y")]

    assert deliver(records, in_batches=False) == records
    assert deliver([], in_batches=True) == []


def test_an_app_has_batch_topics_only_if_it_says_so() -> None:
    assert batch_topics(SimpleNamespace(batch_topics={"events"})) == {"events"}
    assert batch_topics(SimpleNamespace()) == frozenset()
