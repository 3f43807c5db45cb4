"""The aggregate role of an embedded pingliu."""

from __future__ import annotations

import asyncio
from pathlib import Path

from deploy.folder import Folder
from streams.aggregate import Aggregate


async def aggregate(folder: Folder, rules: Path | None, stop: asyncio.Event) -> None:
    """Runs until `stop`; raises what broke it."""
    await Aggregate(folder.settings(rules)).run(stop)
