"""One small October, made once: what all these tests look at."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, NamedTuple

import pytest

from deploy.district import FOLDER
from deploy.simulator import simulate_timed
from schemas.registry import Registry
from tests.simulator.refusal import why_refused

START, DAYS, SEED, SCALE = date(2026, 10, 1), 31, 7, 0.12


class Accepted(NamedTuple):
    """An accepted message: when it arrived, what it says, and whether it was said before."""

    arrived_ms: int
    event: dict[str, Any]
    redelivered: bool


class Month(NamedTuple):
    """A month's messages as they arrive, the accepted ones, and the reasons of the others by position."""

    arrivals: list[tuple[int, bytes]]
    accepted: list[Accepted]
    refused: dict[int, str]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The events of a type, redeliveries left out."""
        return [event for _, event, redelivered in self.accepted if event["type"] == kind and not redelivered]


@pytest.fixture(scope="session")
def district() -> Registry:
    return Registry.load(FOLDER)


@pytest.fixture(scope="session")
def month(district: Registry) -> Month:
    arrivals = list(simulate_timed(district, START, DAYS, SEED, SCALE))
    accepted: list[Accepted] = []
    refused: dict[int, str] = {}
    seen: set[tuple[str, str]] = set()
    for position, (ms, line) in enumerate(arrivals):
        reason = why_refused(line, ms)
        if reason:
            refused[position] = reason
            continue
        event = json.loads(line)
        key = (event["source"], event["id"])
        accepted.append(Accepted(ms, event, key in seen))
        seen.add(key)
    return Month(arrivals, accepted, refused)
