"""The report of conformance, as programs get it."""

from __future__ import annotations

from typing import Literal

import msgspec

from deploy.conformance.checks import Weight
from schemas.event import Reason

Verdict = Literal["conforms", "conforms with remarks", "does not conform"]


class Place(msgspec.Struct, frozen=True):
    """Where something was found: the line (or record) from 1, the field or '', a sentence. No personal data."""

    line: int
    field: str
    detail: str


class OfType(msgspec.Struct, frozen=True):
    """How many events of a type were accepted and refused; type '' is of messages that say none of the contract's."""

    type: str
    title: str
    accepted: int
    refused: int


class Refusals(msgspec.Struct, frozen=True):
    """Messages of a type that were refused for one reason and field: how many, and the first of them."""

    type: str
    reason: Reason
    field: str
    count: int
    places: list[Place]


class Findings(msgspec.Struct, frozen=True):
    """What a check found: how often, and the first places."""

    check: str
    weight: Weight
    title: str
    says: str
    count: int
    places: list[Place]


class Key(msgspec.Struct, frozen=True):
    """A Kafka key that accepted events need, their topic, how many they are, and their partition."""

    topic: str
    key: str
    messages: int
    partition: int


class Report(msgspec.Struct, frozen=True):
    """The judgement of an output: `messages` = `accepted` + `refused`, records that gave no event left out.

    `unit`: what lines are, `line` or `record`. `never_shown`: types of which there was no accepted event.
    `partitions`: of each topic, for which those of the keys are computed.
    """

    verdict: Verdict
    unit: Literal["line", "record"]
    messages: int
    accepted: int
    refused: int
    types: list[OfType]
    refusals: list[Refusals]
    findings: list[Findings]
    never_shown: list[str]
    keys: list[Key]
    partitions: int
