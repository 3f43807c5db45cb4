"""Terminals at windows: what their programs hand in, and a process that hosts some of them.

A program hands in events one after the other, each only when it was told that the one before is on disk, and notes that
in a file. After a power cut it goes on with the first that it was not told about: the very same event again.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from streams.agent import Backoff, Publisher, event

LEVELS = ("very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied")
# Soon again: a test has no minutes.
_BACKOFF = Backoff(first=0.05, most=0.5, slow=0.5)


class Terminal(msgspec.Struct, frozen=True):
    """One terminal: whose line is at `url`, and whose events begin at `begins` (RFC 3339), one a second."""

    name: str
    url: str
    token: str
    street: str
    site: str
    window: str
    folder: str
    begins: str
    events: int
    seed: int

    @property
    def told(self) -> Path:
        """Where its program notes what it was told about: a number a line."""
        return Path(self.folder) / "told"

    @property
    def spool(self) -> Path:
        return Path(self.folder) / "spool"

    def event(self, number: int) -> dict[str, Any]:
        """Its events by their numbers: visit after visit a call, a completion, a rating; one is not its own to say."""
        visit, step = divmod(number, 3)
        key = f"{self.name}-{visit}"
        match step:
            case 0:
                kind, data = "ticket.called", {"ticket": f"T-{key}"}
            case 1:
                kind, data = "service.completed", {"service": f"S-{key}", "outcome": "done"}
            case _:
                level = LEVELS[(self.seed + visit) % len(LEVELS)]
                kind = "rating.submitted"
                data = {"rating": f"R-{key}", "service": f"S-{key}", "level": level, "channel": "hall_terminal"}
        return event(
            kind,
            data,
            id=f"{self.name}-{number}",
            source=f"terminal/{self.name}",
            time=datetime.fromisoformat(self.begins) + timedelta(seconds=number),
            street=self.street,
            site=self.site,
            window=self.window if number != self.stray else f"{self.window}9",
        )

    @property
    def stray(self) -> int:
        """The number of the event that names another's window, which the gateway forbids."""
        return 3 * (self.seed % (self.events // 3))

    async def live(self) -> None:
        """Hands in what it was not told about yet, and ends when all has a verdict."""
        chance = random.Random(self.seed)
        publisher = Publisher(self.url, self.token, spool=self.spool, backoff=_BACKOFF, batch=7, timeout=10)
        told = os.open(self.told, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            begun = len(self.told.read_bytes().splitlines())
            async with publisher:
                for number in range(begun, self.events):
                    await publisher.publish(self.event(number))
                    os.write(told, b"%d\n" % number)
                    await asyncio.sleep(chance.random() / 2)
                await publisher.drained()
        finally:
            os.close(told)


async def _host(terminals: list[Terminal]) -> None:
    await asyncio.gather(*(terminal.live() for terminal in terminals))


if __name__ == "__main__":
    asyncio.run(_host(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=list[Terminal])))
