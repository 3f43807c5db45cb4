"""Publishing that survives: what `publish` returned for is on disk, and gets to the gateway in its own time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self, TypeVar

from streams.agent.backoff import Backoff
from streams.agent.client import MOST_EVENTS, Client
from streams.agent.clock import Clock
from streams.agent.credentials import Credentials
from streams.agent.event import Draft, draft_of
from streams.agent.keeper import Keeper
from streams.agent.sender import Sender
from streams.agent.spool import Bounds, Held, Spool

_Part = TypeVar("_Part")


class Publisher:
    """Context manager of one event loop, the only one over its spool. `url`, `token`, `ca` and so on: see `Client`.

    `spool`: a folder, made if missing. `source`: that of events which name none. Raises Unusable or OSError for what
    `Client` won't use; entered, SpoolTaken, SpoolFormat, SpoolFull, OSError.
    """

    def __init__(
        self,
        url: str,
        token: str | Callable[[], str] | Credentials,
        *,
        spool: Path,
        source: str = "",
        bounds: Bounds = Bounds(),  # noqa: B008 - frozen
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
        batch: int = MOST_EVENTS,
        ca: Path | None = None,
        insecure: bool = False,
        timeout: float = 60.0,
    ) -> None:
        self._client = Client(url, token, ca=ca, insecure=insecure, timeout=timeout)
        self._folder = spool
        self._bounds = bounds
        self._source = source
        self._backoff = backoff
        self._batch = batch
        self._held = AsyncExitStack()
        self._keeper: Keeper | None = None
        self._sender: Sender | None = None
        self._sending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as held:
            spool = held.enter_context(Spool(self._folder, self._bounds))
            held.enter_context(spool.claim())
            self._keeper = await held.enter_async_context(Keeper(spool))
            await held.enter_async_context(self._client)
            self._sender = Sender(self._keeper, self._client, self._backoff, self._batch)
            self._sending = asyncio.create_task(self._sender.run())
            self._held = held.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends at once; what has no verdict yet stays in the spool for the next time."""
        if self._sending is not None:
            self._sending.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sending
        await self._held.aclose()

    async def publish(self, event: Mapping[str, Any]) -> str:
        """Stores an event and returns its id: it is on disk, and will be sent. Raises InvalidEvent, SpoolFull."""
        (id_,) = await self.publish_all([event])
        return id_

    async def publish_all(self, events: Iterable[Mapping[str, Any]]) -> list[str]:
        """The same for several, all or none of them."""
        return await self.put([draft_of(event, self._source) for event in events])

    async def put(self, drafts: Sequence[Draft]) -> list[str]:
        """The same for drafts. Raises SpoolFull, and what broke the sending."""
        self._check()
        made = await self._entered(self._keeper).put(drafts)
        return [draft.id or id_ for draft, id_ in zip(drafts, made, strict=True)]

    async def held(self) -> Held:
        """What is in the spool."""
        return await self._entered(self._keeper).held()

    async def drained(self) -> None:
        """Waits until there is a verdict on all that was stored. Raises what broke the sending."""
        draining = asyncio.create_task(self._entered(self._keeper).drained())
        try:
            await asyncio.wait([draining, self._entered(self._sending)], return_when=asyncio.FIRST_COMPLETED)
            self._check()
        finally:
            draining.cancel()

    async def ended(self) -> None:
        """Waits for as long as it is sent. Raises what broke the sending."""
        await asyncio.wait([self._entered(self._sending)])
        self._check()

    @property
    def problem(self) -> str:
        """Why nothing gets through, for people; '' while all is well."""
        return self._entered(self._sender).problem

    @property
    def clock(self) -> Clock:
        """How wrong this device's clock is."""
        return self._client.clock

    def _check(self) -> None:
        if self._entered(self._sending).done():
            self._entered(self._sending).result()

    @staticmethod
    def _entered(part: _Part | None) -> _Part:
        if part is None:
            raise RuntimeError("a publisher is a context manager")
        return part
