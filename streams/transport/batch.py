"""Batch delivery: a partition's whole fetch as one Faust event, for the topics that ask for it.

Faust handles each event alone, at about 0.1 ms; an agent that takes thousands of records at once pays that per fetch.
An app asks by an attribute, `app.batch_topics = frozenset({"pingliu.events"})`. Events of these topics have the list of
records as their value and the last record's offset as theirs, so acknowledging one acknowledges all of it; batches of
a partition must be acknowledged in order. The topics are declared with `value_serializer="raw"`.
A batch says from where it was fetched: whoever must not miss a record compares that with where the last one ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from streams.transport.record import Headers, Record


class Delivery(Protocol):
    """What a transport hands to Faust as one event: a record, or a batch of them.

    `Record` is one.
    """

    @property
    def offset(self) -> int:
        """Where it is in its partition; of a batch, where its last record is."""

    @property
    def timestamp_ms(self) -> int:
        """When it was made, in milliseconds since 1970."""

    @property
    def key(self) -> bytes | None:
        """The record's key; a batch has none."""

    @property
    def value(self) -> object:
        """The record's bytes or None; of a batch, its records."""

    @property
    def headers(self) -> Headers:
        """The record's headers; a batch has none."""


class Records(list[Record]):
    """The records of one fetch of a partition, in order. `start`: from which offset they were fetched."""

    __slots__ = ("start",)

    def __init__(self, records: Sequence[Record], start: int) -> None:
        super().__init__(records)
        self.start = start


class Batch:
    """Records of one partition, at least one, delivered as one event."""

    __slots__ = ("value",)
    key: None = None
    headers: Headers = ()

    def __init__(self, records: Sequence[Record], start: int) -> None:
        self.value = Records(records, start)

    @property
    def offset(self) -> int:
        """The last record's offset."""
        return self.value[-1].offset

    @property
    def timestamp_ms(self) -> int:
        """The last record's time."""
        return self.value[-1].timestamp_ms


def batch_topics(app: object) -> frozenset[str]:
    """The topics which the app wants in batches; none unless it says so."""
    return frozenset(getattr(app, "batch_topics", ()))


def deliver(records: Sequence[Record], start: int, *, in_batches: bool) -> list[Delivery]:
    """A partition's fetch from `start` on as events: one for all of it, or one for each record."""
    return [Batch(records, start)] if in_batches and records else list(records)
