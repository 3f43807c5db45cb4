"""The same for programs without asyncio: an event loop on a thread of its own, which every call waits for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any, Generic, Self, TypeVar

from streams.agent.client import Client, Verdict
from streams.agent.publisher import Publisher

_T = TypeVar("_T")
_Inner = TypeVar("_Inner", Client, Publisher)


class _Blocking(Generic[_Inner]):
    """Context manager around one that is asynchronous. Any thread may call."""

    def __init__(self, inner: _Inner) -> None:
        self._inner: _Inner = inner
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="publishing")

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._wait(self._inner.__aenter__())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._wait(self._inner.__aexit__(None, None, None))
        finally:
            self._end()

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class BlockingClient(_Blocking[Client]):
    """`with BlockingClient(Client(url, token)) as client: verdicts = client.send(events)`."""

    def send(self, events: Sequence[Mapping[str, Any] | bytes]) -> list[Verdict]:
        """As `Client.send`."""
        return self._wait(self._inner.send(events))


class BlockingPublisher(_Blocking[Publisher]):
    """`with BlockingPublisher(Publisher(url, token, spool=…)) as publisher: publisher.publish(event)`."""

    def publish(self, event: Mapping[str, Any]) -> str:
        """As `Publisher.publish`."""
        return self._wait(self._inner.publish(event))

    def publish_all(self, events: Iterable[Mapping[str, Any]]) -> list[str]:
        """As `Publisher.publish_all`."""
        return self._wait(self._inner.publish_all(events))

    def drained(self) -> None:
        """As `Publisher.drained`."""
        self._wait(self._inner.drained())
