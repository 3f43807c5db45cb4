"""Brings what waits in a spool to the gateway: in order, a batch at a time, the same again until there are verdicts."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Final, TypeVar

from streams.agent.backoff import Backoff
from streams.agent.client import MOST_BYTES, MOST_EVENTS, Client, Verdict
from streams.agent.errors import BatchRefused, GatewayBusy, NoGateway, NotAdmitted, SpoolFull
from streams.agent.keeper import Keeper
from streams.agent.spool import Refused, Waiting

log = logging.getLogger(__name__)

_T = TypeVar("_T")

# Another process may have put something into the spool; nobody tells.
_LOOK_SECONDS: Final = 1.0
_BRACKETS: Final = 2
# Some minutes of tries in vain.
_TRIES: Final = 10


class Sender:
    """Runs until it is cancelled. `problem`: why nothing gets through, for people; '' while all is well.

    1. `take` from the spool, which keeps what it gives.
    2. Send, and wait, and send the same again, until there are verdicts.
    3. `settle`: only what has a verdict leaves the spool.
    """

    def __init__(self, keeper: Keeper, client: Client, backoff: Backoff, batch: int = MOST_EVENTS) -> None:
        self._keeper = keeper
        self._client = client
        self._backoff = backoff
        self._most = self._batch = min(batch, MOST_EVENTS)
        self._is_clock_wrong = False
        self.problem = ""

    async def run(self) -> None:
        """Sends for ever. Raises what is wrong with the spool but for a lack of room."""
        while True:
            # Step 1.
            batch = await self._with_room(lambda: self._keeper.take(self._batch, MOST_BYTES - _BRACKETS - self._batch))
            if not batch:
                await self._keeper.await_more(_LOOK_SECONDS)
                continue
            # Step 2.
            verdicts = await self._send(batch)
            if verdicts is not None:
                # Step 3.
                await self._settle(batch, verdicts)

    async def _send(self, batch: Sequence[Waiting]) -> list[Verdict] | None:
        """The verdicts; None where a smaller batch is to be tried."""
        for tries in count(1):
            try:
                verdicts = await self._client.send([waiting.event for waiting in batch])
            except GatewayBusy as error:
                self._say(str(error), loudly=False)
                await asyncio.sleep(self._backoff.wait(tries, error.retry_after, _chance()))
                # What is more than the gateway ever lets through, or than the line ever carries, would wait for ever.
                if (error.is_too_much or tries == _TRIES) and self._halve(batch):
                    return None
            except (BatchRefused, NotAdmitted, NoGateway) as error:
                if isinstance(error, BatchRefused) and self._halve(batch):
                    return None
                self._say(str(error), loudly=True)
                await asyncio.sleep(self._backoff.slow)
            else:
                self._say("", loudly=False)
                # Slower than it was halved, so as to be soon where it last went well.
                self._batch = min(self._most, self._batch + max(1, self._batch // 8))
                self._look_at_clock()
                return verdicts
        raise AssertionError("it is tried for ever")

    def _halve(self, batch: Sequence[Waiting]) -> bool:
        """Has half of the batch taken next, if there are two."""
        self._batch = (len(batch) + 1) // 2
        return len(batch) > 1

    async def _settle(self, batch: Sequence[Waiting], verdicts: Sequence[Verdict]) -> None:
        now_ms = time.time_ns() // 1_000_000
        refused = [
            Refused(waiting.seq, now_ms, verdict.reason, verdict.field, verdict.detail, waiting.event)
            for waiting, verdict in zip(batch, verdicts, strict=True)
            if verdict.verdict == "rejected"
        ]
        # Sent again they would only get the same verdicts: it is rather waited for room.
        await self._with_room(lambda: self._keeper.settle([waiting.seq for waiting in batch], refused))
        for (reason, field), number in Counter((one.reason, one.field) for one in refused).items():
            log.warning("%d events were rejected: %s %s; they are kept (pingliu agent rejected)", number, reason, field)

    async def _with_room(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Has something done to the spool, again and again while its disk has no room."""
        tries = 0
        while True:
            try:
                done = await work()
            except SpoolFull as error:
                tries += 1
                self._say(str(error), loudly=True)
                await asyncio.sleep(self._backoff.wait(tries, None, _chance()))
            else:
                if tries:
                    self._say("", loudly=False)
                return done

    def _say(self, problem: str, *, loudly: bool) -> None:
        """Once for each problem; what somebody must mend as an error."""
        if problem == self.problem:
            return
        if problem:
            log.log(
                logging.ERROR if loudly else logging.WARNING, "nothing is lost, but nothing gets through: %s", problem
            )
        else:
            log.info("the gateway takes events again")
        self.problem = problem

    def _look_at_clock(self) -> None:
        clock = self._client.clock
        if clock.is_wrong and not self._is_clock_wrong:
            log.error("this device's clock is %+.0f s off the gateway's: mend it", (clock.skew_ms or 0) / 1000)
        self._is_clock_wrong = clock.is_wrong


def _chance() -> float:
    return random.random()  # noqa: S311 - it spreads the devices, and keeps no secret
