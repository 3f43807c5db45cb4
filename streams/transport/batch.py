"""Batch delivery: a partition's whole fetch as one Faust event, for the topics that ask for it.

Faust handles each event alone, at about 0.1 ms; an agent that takes thousands of records at once pays that per fetch.
An app asks by an attribute, `app.batch_topics = frozenset({"pingliu.events"})`. Events of these topics have the list of
records as their value and the last record's offset as theirs, so acknowledging one acknowledges all of it; batches of
a partition must be acknowledged in order. The topics are declared with `value_serializer="raw"`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Delivery(Protocol):
    """What a transport hands to Faust as one event: a record, or a batch of them.

    `Record` is one. Kafka's ConsumerRecord says `timestamp` for `timestamp_ms`: its transport makes a `Record` of it.
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
        """The record's bytes or None; of a batch, the list of its records."""


class Batch:
    """Records of one partition, at least one and in order, delivered as one event."""

    __slots__ = ("value",)
    key: None = None

    def __init__(self, records: Sequence[Delivery]) -> None:
        self.value = list(records)

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


def deliver(records: Sequence[Delivery], *, in_batches: bool) -> list[Delivery]:
    """A partition's fetch as events: one for all of it, or one for each record."""
    return [Batch(records)] if in_batches and records else list(records)
