"""The way from a device to the broker: latency, disorder, redelivery, outages, and now and then a mangled message."""

from __future__ import annotations

from typing import Final, NamedTuple

from deploy.simulator.clock import stamp
from deploy.simulator.dice import Dice
from deploy.simulator.faults import mangle
from schemas.moments import HOUR, SECOND

# Shares of all messages. One throw decides, so each is a stretch of [0, 1).
_REDELIVERED: Final = 0.02
_DELAYED: Final = 0.05
_MANGLED: Final = 0.0004
_MISHAPS: Final = _REDELIVERED + _DELAYED + _MANGLED
_PRECISE_ABOVE: Final = 0.9  # devices that write milliseconds

# A backlog goes out this many times faster than it came about.
_UPLOAD_SPEED: Final = 200


class Outage(NamedTuple):
    """A site without a network: what it says from `begins_ms` on arrives from `ends_ms` on, in a burst."""

    begins_ms: int
    ends_ms: int


class Arrival(NamedTuple):
    """A message and when it reaches the broker."""

    ms: int
    line: bytes


class Wire:
    """Sends events of one sender of one period; `sent` is what arrives, in order of sending."""

    __slots__ = ("_count", "_dice", "_outage", "_prefix", "sent")

    def __init__(self, dice: Dice, prefix: str, sent: list[Arrival], outage: Outage | None = None) -> None:
        self.sent = sent
        self._dice = dice
        self._prefix = prefix
        self._outage = outage
        self._count = 0

    def send(self, kind: str, source: str, time_ms: int, place: str, data: str, sent_ms: int = 0) -> int:
        """Sends an event that happened at `time_ms`, then or at `sent_ms`; returns when it arrives, never before that.

        `place` holds the JSON members from `street` to `staff`, `data` those of the data.
        """
        self._count += 1
        chance = self._dice.random()
        line = (
            f'{{"specversion":"1.0","id":"{self._prefix}{self._count}","source":"{source}","type":"{kind}",'
            f'"time":"{stamp(time_ms, chance > _PRECISE_ABOVE)}",{place},"data":{{{data}}}}}'
        )
        arrival = (sent_ms or time_ms) + 40 + int(1_500 * chance)
        outage = self._outage
        if outage is not None and outage.begins_ms <= time_ms < outage.ends_ms:
            arrival = outage.ends_ms + (time_ms - outage.begins_ms) // _UPLOAD_SPEED
        if chance < _MISHAPS:
            return self._mishap(chance, line, time_ms, arrival)
        self.sent.append(Arrival(arrival, line.encode()))
        return arrival

    def _mishap(self, chance: float, line: str, time_ms: int, arrival: int) -> int:
        raw = line.encode()
        if chance < _REDELIVERED:
            # Most resend within seconds for want of an answer, some when they are switched on again.
            hours = self._dice.random() * 10 if self._dice.random() < 0.3 else 0
            again = arrival + int(hours * HOUR) + int((2 + 28 * self._dice.random()) * SECOND)
            self.sent.append(Arrival(again, raw))
        elif chance < _REDELIVERED + _DELAYED:
            arrival += int((2 + 38 * self._dice.random()) * SECOND)
        else:
            self.sent.append(Arrival(arrival, mangle(self._dice, line, time_ms)))
        self.sent.append(Arrival(arrival, raw))
        return arrival
