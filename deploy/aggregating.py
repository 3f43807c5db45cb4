"""The aggregate role as a process."""

from __future__ import annotations

import asyncio

from streams.aggregate import Aggregate
from streams.settings import Settings


async def aggregate(settings: Settings, stop: asyncio.Event) -> None:
    """Runs until `stop`; raises what broke it."""
    await Aggregate(settings).run(stop)
