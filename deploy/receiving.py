"""The gateway as a process: over the log of a folder, or over Kafka."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from schemas.adapters import Mappings
from schemas.privacy import Privacy
from schemas.registry import Registry
from schemas.rules import load_rules
from schemas.secret import Seal, load_secret
from streams.broker import Broker
from streams.gateway.admission import Admission
from streams.gateway.devices import DeviceBook, DeviceError
from streams.gateway.judging import Terms
from streams.gateway.limits import LIMITS
from streams.gateway.publishing import Publisher, Write, to_kafka, to_log
from streams.gateway.server import Address, Gateway
from streams.gateway.settings import GatewaySettings
from streams.gateway.terminal import Spot
from streams.gateway.terminal_pages import TerminalPages
from streams.health import Health
from streams.live_view import live_view
from streams.metrics import GatewayMetrics
from streams.settings import Settings
from streams.transport.kafka_producer import client
from streams.transport.log import Log
from streams.transport.sqlite import log_path
from streams.vitals import health_of

log = logging.getLogger(__name__)

# Requests wait for the log in the publisher, which goes on asking; a thread shall not.
_LOG_BUSY_SECONDS: Final = 2.0
# Files a process needs besides its connections.
_OTHER_FILES: Final = 200


async def receive(
    settings: Settings,
    gateway: GatewaySettings,
    district: Path,
    announce: Callable[[Address], None],
    withdraw: Callable[[], None],
    stop: asyncio.Event,
) -> None:
    """Runs until `stop`; raises what broke it. In this order:

    1. The devices and the district's tables for vendors' records are read, the broker is opened, and for terminals'
       pages what is so now is followed.
    2. Health is told.
    3. The gateway listens, and `announce` says where.
    4. At the end, all of this the other way round: what is under way is answered first.
    """
    metrics = GatewayMetrics(LIMITS)
    secret = load_secret(settings.secret)
    book = DeviceBook(gateway.devices, secret)
    if not book.devices().by_name:  # 1.
        log.warning("gateway: no devices yet in %s; `pingliu device add` registers them", gateway.devices)
    registry = Registry.load(district)
    mappings = Mappings.load(district, registry)
    terms = Terms(Privacy.from_secret(secret), settings.partitions, load_rules(settings.rules).limits.clock_ahead_ms)
    _allow_files(gateway.connections + _OTHER_FILES)
    async with AsyncExitStack() as held:
        write = await held.enter_async_context(_broker(settings, gateway.broker_seconds))
        publisher = Publisher(write, metrics, gateway.broker_seconds)
        publishing = asyncio.create_task(publisher.run())
        held.push_async_callback(_end, publishing)
        admission = Admission(gateway, book, metrics)
        terminals = None
        running = [publishing]
        if gateway.terminal:
            view = live_view(settings, notices_kept=0)
            terminals = TerminalPages(view, _spots(registry), admission, gateway.poll_seconds)
            running.append(asyncio.create_task(view.run()))
            held.push_async_callback(_end, running[-1])
        server = Gateway(gateway, terms, mappings, Seal(secret), admission, publisher, metrics, terminals)
        health = _health(settings, metrics, server, book, publisher)
        port = await health.start()  # 2.
        held.push_async_callback(health.stop)
        log.info("gateway: /metrics, /healthz and /readyz at port %d", port)
        held.push_async_callback(server.stop)
        address = await server.start()  # 3.
        log.info("gateway: listening at %s:%d%s", address.host, address.port, " with TLS" if address.tls else "")
        announce(address)
        held.callback(withdraw)
        stopping = asyncio.create_task(stop.wait())
        held.push_async_callback(_end, stopping)
        await asyncio.wait((stopping, *running), return_when=asyncio.FIRST_COMPLETED)
        for broken in running:
            if broken.done():
                log.error("gateway: broken; it stops and must be started again", exc_info=broken.exception())
                await broken


def _spots(registry: Registry) -> dict[str, Spot]:
    """The registry's windows, by code."""
    sites = registry.sites
    return {
        code: Spot(site.street, site.code, f"{site.name} {window.name}")
        for code, window in registry.windows.items()
        for site in (sites[window.site],)
    }


@asynccontextmanager
async def _broker(settings: Settings, patience: float) -> AsyncIterator[Write]:
    if settings.broker.startswith("sqlite:"):
        with Log(log_path(settings.broker), busy_timeout=_LOG_BUSY_SECONDS) as embedded:
            yield to_log(embedded)
        return
    producer = client(Broker.parse(settings.broker, settings.password()).client_options())
    await producer.start()
    try:
        yield to_kafka(producer, patience)
    finally:
        await producer.stop()


def _health(
    settings: Settings, metrics: GatewayMetrics, server: Gateway, book: DeviceBook, publisher: Publisher
) -> Health:
    def unready() -> list[str]:
        reasons = []
        try:
            book.devices()
        except DeviceError as error:
            reasons.append(str(error))
        if publisher.is_failing:
            reasons.append("the broker is busy or away")
        return reasons

    def expose() -> bytes:
        server.observe()
        metrics.ready.set(not unready())
        return metrics.expose()

    return health_of("gateway", settings, expose, unready)


def _allow_files(wanted: int) -> None:
    """A connection is an open file, and few are allowed unless one asks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < wanted:
        log.warning("gateway: only %d files may be open; that is too few for all connections it is to take", most)


async def _end(task: asyncio.Task[None] | asyncio.Task[bool]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task
