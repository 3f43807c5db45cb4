"""How fast the log and Faust on it are: `python -m bench.transport`. Prints rates, and ratios, which travel better.

Events are of the size and kind that devices send; the log is in a directory given as argument, else a temporary one.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import faust

from streams.transport import Entry, Log
from streams.transport.sqlite import recommended_settings
from streams.transport.sqlite_producer import Producer

_PARTITIONS = 4
_dice = random.Random(1)


def _entries(count: int, topic: str = "events") -> list[Entry]:
    return [
        Entry(topic, n % _PARTITIONS, 1_760_000_000_000 + n, b"%d" % (530102000 + n % 50), _event(n))
        for n in range(count)
    ]


def _event(n: int) -> bytes:
    street = f"{530102000 + n % 50}"
    data = {
        "rating": f"R-{n:09d}",
        "service": f"V-{_dice.getrandbits(32)}",
        "level": "satisfied",
        "channel": "hall_terminal",
    }
    event = {
        "specversion": "1.0", "id": f"{_dice.getrandbits(128):032x}", "source": f"terminal/DG-{n % 500:05d}",
        "type": "rating.submitted",
        "time": f"2026-11-02T10:{n // 60 % 60:02d}:{n % 60:02d}+08:00", "street": street, "site": f"{street}-00",
        "window": f"{street}-00-{n % 30:02d}", "staff": f"S{n % 300:04d}", "data": data,
    }  # fmt: skip
    return json.dumps(event, separators=(",", ":")).encode()


class _Rates:
    def __init__(self) -> None:
        self._rates: dict[str, float] = {}

    def add(self, name: str, rate: float, than: str | None = None) -> None:
        self._rates[name] = rate
        ratio = f"  {rate / self._rates[than]:6.1f} x {than}" if than else ""
        print(f"{name:28} {rate:12,.0f} /s{ratio}", flush=True)


def _timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _measure_log(path: Path, rates: _Rates) -> None:
    with Log(path) as log:
        log.create_topic("events", _PARTITIONS)
        one, many = _entries(300), _entries(200_000)
        rates.add("append one by one", len(one) / _timed(lambda: [log.append([entry]) for entry in one]))
        rates.add("append 10,000 at once", len(many) / _timed(lambda: list(_appended(log, many))), "append one by one")
        rates.add("read", len(many) / _timed(lambda: list(_read(log))), "append 10,000 at once")
        checks = 10_000
        rates.add("ask whether it changed", checks / _timed(lambda: [log.changed() for _ in range(checks)]))
        size = sum(len(entry.value or b"") for entry in many)
        print(f"{'size on disk':28} {path.stat().st_size / size:12.2f} of the events'")


def _appended(log: Log, entries: list[Entry]) -> Iterator[int]:
    for start in range(0, len(entries), 10_000):
        yield from log.append(entries[start : start + 10_000])


def _read(log: Log) -> Iterator[int]:
    for partition in range(_PARTITIONS):
        offset = 0
        while records := log.read("events", partition, offset):
            offset = records[-1].offset + 1
            yield len(records)


async def _consume(path: Path, name: str, count: int, in_batches: bool, handle: Callable[[Any], int]) -> float:
    """Events in a second, of an app that does nothing with them."""
    app = _app(path, name)
    if in_batches:
        app.batch_topics = frozenset({"events"})  # type: ignore[attr-defined]
    done, seen = asyncio.Event(), 0
    # The first event comes with the start; time and count begin after it.
    first: tuple[float, int] | None = None

    async def agent(stream: Any) -> None:
        nonlocal seen, first
        async for event in stream.events():
            seen += handle(event.value)
            first = first or (time.perf_counter(), seen)
            if seen >= count:
                done.set()

    app.agent(app.topic("events", key_serializer="raw", value_serializer="raw"))(agent)
    await app.start()
    await done.wait()
    assert first is not None
    rate = (seen - first[1]) / (time.perf_counter() - first[0])
    await app.stop()
    return rate


async def _produce(path: Path, rates: _Rates) -> None:
    app = _app(path, "producing")
    topic = app.topic("out", key_serializer="raw", value_serializer="raw", partitions=_PARTITIONS)
    entries = _entries(10_000, "out")
    await app.start()
    producer = cast(Producer, app.producer)
    await topic.maybe_declare()
    began = time.perf_counter()
    for future in [await topic.send(key=entry.key, value=entry.value) for entry in entries]:
        await future
    rates.add("Faust topic.send", len(entries) / (time.perf_counter() - began))
    began = time.perf_counter()
    await producer.send_many(entries)
    rates.add("producer.send_many", len(entries) / (time.perf_counter() - began), "Faust topic.send")
    await app.stop()


async def _latency(path: Path) -> None:
    """From another connection's append to the agent."""
    app = _app(path, "waiting")
    waited: list[float] = []

    async def agent(stream: Any) -> None:
        async for value in stream:
            waited.append(time.time() - float(value))  # noqa: PERF401 - it never ends

    app.agent(app.topic("clock", value_serializer="raw"))(agent)
    await app.start()
    with Log(path) as log:
        for _ in range(100):
            log.append([Entry("clock", 0, 0, None, str(time.time()).encode())])
            await asyncio.sleep(0.017)
    began = time.process_time()
    await asyncio.sleep(2)
    idle = (time.process_time() - began) / 2
    await app.stop()
    waited.sort()
    median, most = waited[len(waited) // 2] * 1000, waited[-1] * 1000
    print(f"{'append to agent':28} {median:12.0f} ms at the median, {most:.0f} at most")
    print(f"{'idle':28} {idle:12.1%} of a core")


def _app(path: Path, name: str) -> faust.App:
    settings = recommended_settings() | {"store": "memory://", "web_enabled": False, "datadir": str(path.parent / name)}
    return faust.App(name, broker=f"sqlite:///{path}", topic_partitions=_PARTITIONS, **settings)


async def _measure_faust(path: Path, rates: _Rates) -> None:
    rates.add("Faust, record by record", await _consume(path, "single", 10_000, False, lambda _: 1))
    rates.add("Faust, in batches", await _consume(path, "batched", 200_000, True, len), "Faust, record by record")
    await _produce(path, rates)
    await _latency(path)


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as directory:
        path, rates = Path(directory) / "log.db", _Rates()
        _measure_log(path, rates)
        asyncio.run(_measure_faust(path, rates))


if __name__ == "__main__":
    main()
