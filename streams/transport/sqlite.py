"""Faust's transport over a `Log`: the broker is `sqlite:////absolute/path/log.db`.

Found by Faust through the entry point `faust.transports`. Agents, tables and their recovery run unmodified on it. What
differs from Kafka: a consumer group is one process, and there are no headers, no topic patterns, no transactions of
Faust's (`processing_guarantee`), and no client-only apps.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any, ClassVar, ParamSpec, TypeVar

from faust.exceptions import ImproperlyConfigured, NotReady
from faust.transport import base
from faust.types import TP
from mode import Seconds, get_logger, want_seconds
from yarl import URL

from streams.transport.errors import LogBusy, LogFull
from streams.transport.log import Log
from streams.transport.record import Record
from streams.transport.sqlite_consumer import Consumer
from streams.transport.sqlite_producer import Producer
from streams.transport.tables import PromptTables

logger = get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

# Short, since waiting goes on here, where it can be said and can end with the app.
_BUSY_TIMEOUT = 2.0
_FIRST_DELAY, _LONGEST_DELAY = 0.01, 1.0
_SAY_EVERY = 10.0
# How long a stopping app goes on trying to write what is left to a busy or full log. What can't be written then was
# not acknowledged either, so it comes again.
_STOP_PATIENCE = 5.0


class Conductor(base.Conductor):
    """Faust's, which subscribes again a second after topics were added, for here that costs little."""

    _resubscribe_sleep_lock_seconds = 1.0


class Transport(base.Transport):
    """A log for an app's consumer and producer: open while one of them runs, and used on threads of its own."""

    Consumer: ClassVar[Any] = Consumer
    Producer: ClassVar[Any] = Producer
    Conductor: ClassVar[Any] = Conductor
    driver_version = f"sqlite={sqlite3.sqlite_version}"
    default_port = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.path = log_path(self.url[0])
        self._users = 0
        self._log: Log | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._stopping_since: float | None = None

    @property
    def log(self) -> Log:
        """The log; `NotReady` unless a consumer or producer runs."""
        if self._log is None:
            raise NotReady(f"the log {self.path} is not open")
        return self._log

    def hold(self) -> None:
        """Open the log for one more user."""
        if self._log is None:
            self._log = Log(self.path, busy_timeout=_BUSY_TIMEOUT)
            # One reads, one appends, one commits or maintains.
            self._threads = ThreadPoolExecutor(max_workers=3, thread_name_prefix="log")
            self._stopping_since = None
        self._users += 1

    async def release(self) -> None:
        """Close the log after its last user, once the calls under way have ended."""
        self._users -= 1
        if self._users == 0 and self._threads is not None:
            log, threads = self.log, self._threads
            self._log = self._threads = None
            await asyncio.get_running_loop().run_in_executor(threads, log.close)
            threads.shutdown(wait=False)

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a method of the log on a thread."""
        if self._threads is None:
            raise NotReady(f"the log {self.path} is not open")
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: function(*args, **kwargs))

    async def write(self, what: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a method of the log that writes, again and again while the log is busy or full.

        Raise `LogBusy` or `LogFull` only when the app is stopping and has waited long enough.
        """
        delay, began, said = _FIRST_DELAY, time.monotonic(), None
        while True:
            try:
                result = await self.call(function, *args, **kwargs)
            except (LogBusy, LogFull) as error:
                now = time.monotonic()
                if self._has_waited_enough(now):
                    raise
                if said is None or now - said >= _SAY_EVERY:
                    logger.warning("Waiting to write %s: %s", what, error)
                    said = now
                with getattr(self.app, "waiting", nullcontext)():
                    await asyncio.sleep(delay)
                delay = min(2 * delay, _LONGEST_DELAY)
            else:
                if said is not None:
                    logger.warning("Wrote %s after %.1f s", what, time.monotonic() - began)
                return result

    async def read_all(self, topic: str, partitions: Iterable[int]) -> dict[int, list[Record]]:
        """All records of partitions that there are now, whatever the consumer does."""
        return {partition: await self.call(self.log.read_all, topic, partition) for partition in partitions}

    async def ends(self, partitions: Iterable[TP]) -> dict[TP, int]:
        """The offset that each partition's next record will get."""
        return {tp: await self.call(self.log.end, *tp) for tp in partitions}

    async def create_topic(
        self, topic: str, partitions: int, *, retention: Seconds | None = None, compacting: bool | None = None
    ) -> None:
        """Create a topic; one that exists stays as it is, as with Kafka."""
        existing = self.log.partitions(topic)
        if existing is None:
            await self.write(
                f"topic {topic}",
                self.log.create_topic,
                topic,
                partitions,
                compacted=bool(compacting),
                retention_ms=int(want_seconds(retention) * 1000) if retention else None,
            )
        elif existing != partitions:
            logger.warning("Topic %s exists with %d partitions, not %d", topic, existing, partitions)

    def _has_waited_enough(self, now: float) -> bool:
        if not self.app.should_stop:
            return False
        if self._stopping_since is None:
            self._stopping_since = now
        return now - self._stopping_since > _STOP_PATIENCE


def recommended_settings() -> dict[str, Any]:
    """Settings for `faust.App(..., **recommended_settings())`, on this transport and with batch topics on any.

    A stock app runs without them; it then starts a second later, and holds more in memory than it needs.
    """
    return {
        # A second less at every start.
        "TableManager": PromptTables,
        # An event may be a batch of thousands of records: more than a few waiting only fill memory.
        "stream_buffer_maxsize": 8,
        # At-least-once needs no waiting for agents at the end, and an agent that holds events until its next checkpoint
        # would be waited for in vain.
        "stream_wait_empty": False,
        # One member has no leader to elect and nobody to stand by.
        "topic_disable_leader": True,
        "table_standby_replicas": 0,
    }


def log_path(broker: URL | str) -> Path:
    """Where the log of a broker's URL is. Raise ImproperlyConfigured if it isn't an absolute path."""
    url = URL(broker)
    # yarl writes sqlite:///x and sqlite:/x the same, so a relative path can't be told; a log should not follow the
    # working directory anyway.
    if url.host or url.path.strip("/") == "":
        raise ImproperlyConfigured(f"the broker is sqlite:////absolute/path/log.db, not {url}")
    return Path("/" + url.path.lstrip("/"))
