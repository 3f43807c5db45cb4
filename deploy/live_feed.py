"""The live part of the demonstration: simulated devices hand in their events at the gateway, at real speed."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Final, Self

import msgspec

from deploy.folder import Folder
from schemas.secret import load_secret
from streams.agent import BlockingClient, Client, GatewayBusy
from streams.gateway.devices import Device, DeviceBook, now_ms

# What the simulator's sources begin with: one device each stands for all of them.
_KINDS: Final = ("counter", "gateway", "hotline", "kiosk", "office", "platform", "queue", "terminal")
# What is no JSON goes alone, by a device that would send such: in a batch it would be the whole batch's fault.
_BROKEN, _BROKEN_DEVICE = "", "terminal"
_STEP_SECONDS: Final = 0.2
_BATCH: Final = 500


class _Source(msgspec.Struct):
    source: str = ""


_decode = msgspec.json.Decoder(_Source).decode


class LiveFeed:
    """Context manager: `step` hands in what has arrived by now. `url`: the gateway's; arrivals bear aware times."""

    def __init__(self, folder: Folder, url: str, arrivals: Iterator[tuple[datetime, bytes]]) -> None:
        self._url = url
        self._arrivals = arrivals
        self._book = DeviceBook(folder.devices, load_secret(folder.secret))
        self._clients: dict[str, BlockingClient] = {}
        self._waiting: defaultdict[str, deque[bytes]] = defaultdict(deque)
        self._held = ExitStack()

    def __enter__(self) -> Self:
        for kind in _KINDS:
            self._clients[kind] = self._held.enter_context(BlockingClient(Client(self._url, self._token(kind))))
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def step(self) -> float:
        """Sends, and says after how many seconds to call it again. What a busy gateway didn't take, waits."""
        now = datetime.now(UTC)
        for when, line in self._arrivals:
            if when > now:
                self._arrivals = chain([(when, line)], self._arrivals)
                break
            self._waiting[_kind(line)].append(line)
        for kind, lines in self._waiting.items():
            self._send(self._clients[kind or _BROKEN_DEVICE], lines, _BATCH if kind else 1)
        return _STEP_SECONDS

    def _send(self, client: BlockingClient, lines: deque[bytes], most: int) -> None:
        try:
            while batch := list(islice(lines, most)):
                client.send(batch)
                for _ in batch:
                    lines.popleft()
        except GatewayBusy:
            return

    def _token(self, kind: str) -> str:
        name = f"demo-{kind}"
        if name in self._book.devices().by_name:
            return self._book.rotate(name, now_ms(), 0)
        return self._book.add(Device(name, kind, role="office"), now_ms())


def _kind(line: bytes) -> str:
    try:
        kind = _decode(line).source.partition("/")[0]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _BROKEN
    return kind if kind in _KINDS else _BROKEN_DEVICE
