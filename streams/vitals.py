"""A role's vital signs: what it tells of itself over HTTP, and the watchdog that ends it when it stalls."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

from faust.types import TP

from streams.health import Health
from streams.metrics import Metrics
from streams.settings import Settings
from streams.watchdog import Watchdog

if TYPE_CHECKING:
    from streams.role import Role

log = logging.getLogger(__name__)

_SAMPLE_SECONDS: Final = 2.0
# A broker that takes longer to say where its partitions end is away, and then nothing is known to wait.
_ASK_SECONDS: Final = 10.0
# Where the roles tell of themselves, unless told otherwise.
DEFAULT_PORTS: Final = {"aggregate": 9101, "sink": 9102, "gateway": 9103, "notify": 9104, "board": 9105}


def health_of(
    name: str, settings: Settings, expose: Callable[[], bytes], unready: Callable[[], list[str]],
    failure: Callable[[], str | None] = lambda: None,
) -> Health:  # fmt: skip
    """What a role tells of itself, at its own port unless the settings name one; see streams.health."""
    return Health(
        expose,
        unready,
        failure,
        host=settings.listen_host,
        port=DEFAULT_PORTS[name] if settings.listen_port is None else settings.listen_port,
        may_move=settings.listen_port is None,
    )


class Vitals:
    """One per role. `metrics` are the role's own; those that both roles have are kept here."""

    def __init__(self, name: str, settings: Settings, metrics: Metrics) -> None:
        self.metrics = metrics
        self._name = name
        self._role: Role | None = None
        self._watchdog = Watchdog(name, settings.stalled_seconds)
        self._is_assigned = False
        self._done = 0
        self._progress_at = time.monotonic()
        self._lag: dict[TP, int] = {}
        self._health = health_of(name, settings, self._expose, self._unready, self._failure)
        metrics.lag.read(lambda: [((tp.topic, tp.partition), behind) for tp, behind in self._lag.items()])

    def watch(self, role: Role) -> None:
        """Whose signs these are."""
        self._role = role

    def took(self, topic: str, messages: int) -> None:
        """Messages were handled."""
        self.metrics.messages.labels(topic).inc(messages)
        self.progressed()

    def progressed(self) -> None:
        """Something was achieved."""
        self._done += 1
        self._progress_at = time.monotonic()

    def rebalanced(self) -> None:
        """Partitions were given out."""
        self._is_assigned = True
        self.metrics.rebalances.inc()
        self.progressed()

    def waiting(self) -> AbstractContextManager[None]:
        """Meanwhile the role waits for a destination, on purpose."""
        return self._watchdog.waiting()

    async def run(self) -> None:
        """Tells and watches until cancelled. Raises AddressTaken."""
        port = await self._health.start()
        log.info("%s: /metrics, /healthz and /readyz at port %d", self._name, port)
        self._watchdog.start()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watchdog.keep_pulsing())
                group.create_task(self._sample())
        finally:
            self._watchdog.stop()
            await self._health.stop()

    async def _sample(self) -> None:
        while True:
            self._lag = await self._ask_lag()
            self._watchdog.report(sum(self._lag.values()), self._done)
            await asyncio.sleep(_SAMPLE_SECONDS)

    async def _ask_lag(self) -> dict[TP, int]:
        if self._role is None:
            return {}
        try:
            async with asyncio.timeout(_ASK_SECONDS):
                return await self._role.lag()
        except Exception as error:
            # The broker is away, and then nothing is known to wait; the next sample tells.
            log.info("%s: lag unknown: %r", self._name, error)
            return {}

    def _expose(self) -> bytes:
        self.metrics.ready.set(not self._unready() and self._failure() is None)
        self.metrics.progress_age.set(time.monotonic() - self._progress_at)
        return self.metrics.expose()

    def _unready(self) -> list[str]:
        reasons: list[str] = []
        if not self._is_assigned:
            reasons.append("no partitions were given out yet")
        return reasons

    def _failure(self) -> str | None:
        failure = self._role.failure if self._role is not None else None
        return None if failure is None else f"{self._name}: broken: {type(failure).__name__}"
