"""The agent: stores what programs on this machine hand in, brings it to the gateway, and says that it is alive."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack

from streams.agent.backoff import Backoff
from streams.agent.beats import Device, beat
from streams.agent.credentials import Bearer, Credentials, Signer
from streams.agent.listener import Listener
from streams.agent.publisher import Publisher
from streams.agent.settings import AgentSettings
from streams.agent.spool import Bounds

log = logging.getLogger(__name__)


async def run_agent(
    settings: AgentSettings, token: Callable[[], str], device: Device | None, stop: asyncio.Event
) -> None:
    """Runs until `stop`. Without a device there are no heartbeats.

    1. The spool is claimed, and what waits in it is sent.
    2. Programs may hand in. Told to stop, nothing more is taken, and what is under way is answered.
    3. What has no verdict yet stays for the next time.

    Raises Unusable for settings that can't be, SpoolTaken, SpoolFormat, SpoolFull, OSError.
    """
    credentials: Credentials = Signer(settings.sign, token) if settings.sign else Bearer(token)
    publisher = Publisher(
        settings.gateway,
        credentials,
        spool=settings.spool,
        source=settings.source,
        bounds=Bounds(settings.spool_events, settings.spool_bytes, settings.spool_refused),
        backoff=Backoff(settings.retry_first, settings.retry_most, settings.retry_slow),
        batch=settings.batch_events,
        ca=settings.ca,
        insecure=settings.insecure,
        timeout=settings.answer_seconds,
    )
    async with AsyncExitStack() as held:
        # Step 1.
        await held.enter_async_context(publisher)
        waiting = await publisher.held()
        log.info("agent: %d events wait in %s for %s", waiting.events, settings.spool, settings.gateway)
        # Step 2.
        if settings.listen_port is not None:
            listener = Listener(publisher, settings.listen_host, settings.listen_port)
            held.push_async_callback(listener.stop)
            log.info("agent: events are taken at http://%s:%d/v1/events", *await listener.start())
        tasks = [asyncio.create_task(stop.wait()), asyncio.create_task(publisher.ended())]
        if device is not None:
            tasks.append(asyncio.create_task(beat(publisher, device, settings.beat_every)))
        try:
            ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks)
    # Step 3.
    log.info("agent: stopped")
