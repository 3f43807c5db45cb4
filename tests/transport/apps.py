"""Faust apps on a log, as tests run them: in the test's own process, or in one of their own to be killed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import faust

from streams.transport.sqlite import recommended_settings
from streams.transport.sqlite_consumer import Consumer
from streams.transport.sqlite_producer import Producer


def make_app(path: Path, name: str = "app", *, stock_settings: bool = False, **settings: Any) -> faust.App:
    """An app with the recommended settings or Faust's, whose topics have one partition unless it says otherwise."""
    defaults = {} if stock_settings else recommended_settings()
    defaults |= {"topic_partitions": 1, "store": "memory://", "web_enabled": False, "datadir": str(path.parent / name)}
    return faust.App(name, broker=f"sqlite:///{path}", **defaults | settings)


def consumer_of(app: faust.App) -> Consumer:
    """The app's consumer, which is ours."""
    return cast(Consumer, app.consumer)


def producer_of(app: faust.App) -> Producer:
    """The app's producer, which is ours."""
    return cast(Producer, app.producer)


@asynccontextmanager
async def running(app: faust.App) -> AsyncIterator[faust.App]:
    """The app, consuming."""
    await app.start()
    try:
        yield app
    finally:
        await app.stop()


def counting_app(path: Path) -> tuple[faust.App, Any]:
    """A stock agent that counts and sums by key in a table, with the offset that each key has applied."""
    app = make_app(path, "counting", topic_partitions=4, broker_commit_interval=0.05)
    numbers = app.topic("numbers", key_serializer="raw", value_serializer="raw")
    totals = app.Table("totals", default=dict, key_type=str)

    async def count(stream: Any) -> None:
        async for event in stream.events():
            key, offset = event.key.decode(), event.message.offset
            total = totals[key] or {"next_offset": 0, "count": 0, "sum": 0}
            if offset >= total["next_offset"]:
                totals[key] = {
                    "next_offset": offset + 1,
                    "count": total["count"] + 1,
                    "sum": total["sum"] + int(event.value),
                }

    app.agent(numbers)(count)
    return app, totals


def run_counting(path: Path) -> None:
    """Run the counting app until it is killed; first print the table as it was recovered."""
    app, totals = counting_app(path)

    async def print_recovered() -> None:
        print(json.dumps(dict(totals)), flush=True)

    app.task(print_recovered)

    async def main() -> None:
        async with running(app):
            await app.wait_until_stopped()

    asyncio.run(main())
