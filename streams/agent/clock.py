"""How wrong this device's clock is, learnt from the gateway's answers."""

from __future__ import annotations

from typing import Final

# Ten minutes ahead, events are refused; long before, somebody should know.
TOLERATED_MS: Final = 2 * 60_000


class Clock:
    """What is certain of the skew: `skew_ms` is how far this device is ahead at least; behind: below 0; None: unknown.

    The gateway read its clock at some time between the request and the answer; on a slow line that is no short while.
    Of all the skews that there may be, the one nearest to none is taken.
    """

    def __init__(self) -> None:
        self.skew_ms: int | None = None

    def learn(self, sent_ms: int, received_ms: int, gateway_ms: int) -> None:
        """From this device's time of the request and of its answer, and the gateway's in between (epoch ms)."""
        least, most = sent_ms - gateway_ms, received_ms - gateway_ms
        self.skew_ms = min(max(0, least), max(least, most))

    def corrected(self, now_ms: int) -> int:
        """This device's time as the gateway would say it."""
        return now_ms - (self.skew_ms or 0)

    @property
    def is_wrong(self) -> bool:
        """Whether the clock is further off than is tolerated."""
        return abs(self.skew_ms or 0) > TOLERATED_MS
