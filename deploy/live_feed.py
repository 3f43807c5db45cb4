"""The live part of the demonstration: simulated devices hand in their events at the gateway, at real speed.

They speak under sources of the demonstration's own, so that those that people would choose are free.
"""

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
_SOURCES: Final = "demo"
_SOURCE_MEMBER: Final = b'"source":"'
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
            device = Device(f"simulated-{kind}", f"{_SOURCES}/{kind}", role="office")
            self._clients[kind] = self._held.enter_context(BlockingClient(Client(self._url, self._token(device))))
        return self

    def tablet(self, street: str, site: str, window: str) -> str:
        """The token of a tablet at a window, which is its from now on: the one before it is good no more."""
        return self._token(Device(f"tablet-{window}", f"{_SOURCES}/tablet/{window}", street, site, window))

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def step(self) -> float:
        """Sends, and says after how many seconds to call it again. What a busy gateway didn't take, waits."""
        now = datetime.now(UTC)
        for when, line in self._arrivals:
            if when > now:
                self._arrivals = chain([(when, line)], self._arrivals)
                break
            ours = line.replace(_SOURCE_MEMBER, b"%b%b/" % (_SOURCE_MEMBER, _SOURCES.encode()), 1)
            self._waiting[_kind(line)].append(ours)
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

    def _token(self, device: Device) -> str:
        if device.name in self._book.devices().by_name:
            return self._book.rotate(device.name, now_ms(), 0)
        return self._book.add(device, now_ms())


def _kind(line: bytes) -> str:
    try:
        kind = _decode(line).source.partition("/")[0]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _BROKEN
    return kind if kind in _KINDS else _BROKEN_DEVICE
