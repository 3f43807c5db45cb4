"""What is delivered as one event, whatever transport it comes from."""

from __future__ import annotations

from types import SimpleNamespace

from streams.transport import Batch, Record, deliver
from streams.transport.batch import Records, batch_topics

_RECORDS = [Record(7, 70, b"a", b"x"), Record(9, 60, b"b", b"y")]


def test_a_batch_is_at_its_last_record_and_holds_all_of_them_and_says_from_where_they_were_fetched() -> None:
    (batch,) = deliver(_RECORDS, 5, in_batches=True)

    assert isinstance(batch, Batch)
    assert (batch.offset, batch.timestamp_ms, batch.key, batch.value) == (9, 60, None, _RECORDS)
    assert isinstance(batch.value, Records)
    assert batch.value.start == 5


def test_other_topics_come_record_by_record_and_nothing_comes_of_nothing() -> None:
    assert deliver(_RECORDS, 7, in_batches=False) == _RECORDS
    assert deliver([], 7, in_batches=True) == []


def test_an_app_has_batch_topics_only_if_it_says_so() -> None:
    assert batch_topics(SimpleNamespace(batch_topics={"events"})) == {"events"}
    assert batch_topics(SimpleNamespace()) == frozenset()
