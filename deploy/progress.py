"""How far a log's messages have come: appended, aggregated, stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from time import sleep
from typing import Final

from streams import topics
from streams.checkpoint import Totals, read_totals
from streams.transport.log import Log

_POLL_SECONDS: Final = 0.05
# In the order of the stream. What waits for people is nobody's figure.
_GROUPS: Final = {f"pingliu-{role}": topics.GROUPS[role] for role in ("aggregate", "sink")}


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of all messages of a log so far."""

    accepted: int
    duplicates: int
    rejected: Counter[str]

    def since(self, before: Tally) -> Tally:
        """What came on top of an earlier tally."""
        return Tally(
            self.accepted - before.accepted,
            self.duplicates - before.duplicates,
            Counter({reason: n for reason in self.rejected if (n := self.rejected[reason] - before.rejected[reason])}),
        )


def tally(log: Log) -> Tally:
    """The totals of the last checkpoint of every partition."""
    found = [
        totals for partition in range(log.partitions(topics.CHECKPOINTS) or 0) for totals in _totals(log, partition)
    ]
    rejected: Counter[str] = Counter()
    for totals in found:
        rejected.update(totals.rejected)
    return Tally(sum(t.accepted for t in found), sum(t.duplicates for t in found), rejected)


def lag(log: Log) -> dict[str, int]:
    """How many messages each role is behind."""
    return {group: sum(log.lag(group, names).values()) for group, names in _GROUPS.items()}


def wait_drained(log: Log, check: Callable[[], None], tell: Callable[[dict[str, int]], None]) -> None:
    """Waits until every message is aggregated, and all that came of it is stored.

    `check` is called again and again and may raise; `tell` gets the lag of the roles.
    """
    for group in _GROUPS:  # in the order of the stream: when the first is through, its outputs are in the log
        while True:
            behind = lag(log)
            tell(behind)
            if behind[group] == 0:
                break
            check()
            sleep(_POLL_SECONDS)


def _totals(log: Log, partition: int) -> list[Totals]:
    records = log.read_all(topics.CHECKPOINTS, partition)
    return [read_totals(records, topic, partition) for topic in (topics.EVENTS, topics.DEVICES)]
