"""Limits: how fast, how many, how much. Pure bookkeeping; times are given, in seconds of a clock that only goes on."""

from __future__ import annotations

import ipaddress
import math
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

# Names of limits, as metrics have them.
Limit = Literal["rate", "requests", "waiting", "broker", "connections", "peer", "failures"]
LIMITS: Final[tuple[Limit, ...]] = ("rate", "requests", "waiting", "broker", "connections", "peer", "failures")


class Rates:
    """A bucket of tokens for each name: `rate` a second come in, up to `burst`; what was done is taken out.

    At most `kept` names are remembered, those used last; one that was forgotten begins full.
    """

    def __init__(self, rate: float, burst: float, kept: int) -> None:
        self._rate = rate
        self._burst = burst
        self._kept = kept
        # By name, the tokens it had and when.
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, name: str, cost: float, now: float) -> float:
        """After how many seconds so many tokens will be there; 0 where they are."""
        return max(0.0, (cost - self._level(name, now)) / self._rate)

    def take(self, name: str, cost: float, now: float) -> float:
        """Takes tokens and returns 0, or takes none and returns after how many seconds they will be there."""
        level = self._level(name, now)
        if level < cost:
            return (cost - level) / self._rate
        self._buckets[name] = (level - cost, now)
        self._buckets.move_to_end(name)
        while len(self._buckets) > self._kept:
            self._buckets.popitem(last=False)
        return 0.0

    def _level(self, name: str, now: float) -> float:
        level, at = self._buckets.get(name, (self._burst, now))
        return min(self._burst, level + (now - at) * self._rate)


class Crowd:
    """How many there are at a time, in all and of one name."""

    def __init__(self, most: int, most_each: int) -> None:
        self._most = most
        self._most_each = most_each
        self._each: Counter[str] = Counter()
        self.count = 0

    def enter(self, name: str) -> Literal["all", "each"] | None:
        """Lets one more in, or says what is full."""
        if self.count >= self._most:
            return "all"
        if self._each[name] >= self._most_each:
            return "each"
        self.count += 1
        self._each[name] += 1
        return None

    def leave(self, name: str) -> None:
        """One that was let in goes."""
        self.count -= 1
        self._each[name] -= 1
        if not self._each[name]:
            del self._each[name]


class Budget:
    """Bytes that may be under way at a time, in all and of one name."""

    def __init__(self, most: int, most_each: int) -> None:
        self._most = most
        self._most_each = most_each
        self._each: Counter[str] = Counter()
        self.used = 0

    @contextmanager
    def share(self, name: str) -> Iterator[Share]:
        """A share that grows, and is given back at the end."""
        share = Share(self, name)
        try:
            yield share
        finally:
            self.used -= share.size
            self._each[name] -= share.size
            if not self._each[name]:
                del self._each[name]

    def grow(self, name: str, size: int) -> bool:
        """Whether so much more has room, and then it is taken."""
        if self.used + size > self._most or self._each[name] + size > self._most_each:
            return False
        self.used += size
        self._each[name] += size
        return True


class Share:
    """What one request has of a budget."""

    def __init__(self, budget: Budget, name: str) -> None:
        self._budget = budget
        self._name = name
        self.size = 0

    def grow(self, size: int) -> bool:
        """Whether so much more has room, and then it is taken."""
        if not self._budget.grow(self._name, size):
            return False
        self.size += size
        return True


def retry_after(seconds: float) -> int:
    """Whole seconds for a Retry-After."""
    return max(1, math.ceil(seconds))


def peer_of(address: str) -> str:
    """An address as limits count it: of IPv6 the network, for who has one has all its addresses."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))
