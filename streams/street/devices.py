"""The devices of a lane (终端): which are there, by their heartbeats, and which are missed. Pure: no I/O, no clock.

Time is the lane's stream time, the newest heartbeat of its partition: a street whose devices are all silent is missed
too, as long as another street of the partition has one that isn't. A heartbeat that isn't newer than its device's
newest changes nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Final

import msgspec

from schemas.event import Event
from schemas.live import BACK, OFFLINE, LiveDevice, LiveDevices
from schemas.moments import MINUTE, iso
from schemas.privacy import mask
from schemas.published import Notice
from schemas.rules import Rules
from streams.street.buckets import BEFORE_ALL_MS
from streams.street.memory import Memory
from streams.street.snapshot import SnapshotError

VERSION: Final = 1
# Any text, for the contract; a version is short, and no place for persons.
_FIRMWARE_MOST: Final = 64


class Device(msgspec.Struct, array_like=True, gc=False):
    """A device as its newest heartbeat says (at `last_ms`, epoch ms). `offline_ms`: when it was missed, while it is."""

    street: str
    device: str
    kind: str
    site: str
    window: str
    last_ms: int
    backlog: float
    battery: float | None
    firmware: str
    offline_ms: int | None


class SavedDevices(msgspec.Struct):
    """One save of a partition's devices. `base`: the whole save's `next_offset` that a delta stands on; its own."""

    version: int
    base: int
    next_offset: int
    newest_ms: int
    devices: list[tuple[int, str, Device]]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SavedDevices)


def read_devices(data: bytes) -> SavedDevices:
    """A save's bytes. Raises SnapshotError."""
    try:
        saved = _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise SnapshotError(f"checkpoint of devices: {error}") from error
    if saved.version != VERSION:
        raise SnapshotError(f"checkpoint of devices: version {saved.version}, this program reads {VERSION}")
    return saved


class Devices:
    """The devices of one partition, told heartbeats. `next_offset`: those at smaller offsets are applied.

    `changed`: the streets of which something changed; for who publishes to clear.
    """

    def __init__(self, rules: Rules) -> None:
        self._offline_after_ms = rules.site_month.offline_minutes * MINUTE
        self._forget_after_ms = rules.live.forget_ms
        self.next_offset = 0
        self.newest_ms = BEFORE_ALL_MS
        # By street and device (a street's code has one length). Put at every heartbeat, so it lives as long as it may
        # be silent.
        self.memory: Memory[str, Device] = Memory(rules.live.forget_ms)
        self.changed: set[str] = set()
        self._streets: dict[str, dict[str, Device]] = {}
        self._notices: list[Notice] = []
        # When a device is to be looked at: missed, or forgotten. A heap; an entry counts if it is the one in `_at`.
        self._due: list[tuple[int, str]] = []
        self._at: dict[str, int] = {}

    def apply(self, heartbeats: Iterable[Event]) -> None:
        """Applies heartbeats in offset order; those applied before are skipped."""
        for event in heartbeats:
            if event.offset < self.next_offset:
                continue
            self.next_offset = event.offset + 1
            # 1. Stream time goes on: who is missed by now is missed, were it the one that is heard of.
            if event.time_ms > self.newest_ms:
                self.newest_ms = event.time_ms
                self._pass()
                self.memory.advance(self.newest_ms)
            # 2. The device is heard of.
            if self.newest_ms - event.time_ms < self._forget_after_ms:
                self._beat(event)
            # 3. It may have been so long ago that it is missed all the same.
            self._pass()

    def take_notices(self) -> list[Notice]:
        """What was noticed since the last call."""
        notices, self._notices = self._notices, []
        return notices

    def known(self, street: str) -> int:
        """How many devices of a street are known."""
        return len(self._streets.get(street, ()))

    def offline(self, street: str) -> int:
        """How many of them are missed."""
        return sum(device.offline_ms is not None for device in self._streets.get(street, {}).values())

    def streets(self) -> list[str]:
        """The streets of which devices are known."""
        return sorted(code for code, devices in self._streets.items() if devices)

    def live(self, street: str) -> LiveDevices:
        """What is published of a street."""
        devices = self._streets.get(street, {}).values()
        ordered = sorted(devices, key=lambda device: (device.offline_ms is None, device.device))
        newest = iso(max(device.last_ms for device in ordered)) if ordered else ""
        return LiveDevices(street, self.next_offset, len(ordered), self.offline(street), [*map(_live, ordered)], newest)

    def save(self, base: int | None) -> bytes:
        """All devices where `base` is None, else what changed since the last save, to stand on that of offset `base`.

        The bytes must become durable, or the devices be thrown away.
        """
        items = self.memory.take_all() if base is None else self.memory.take_changes()
        base = self.next_offset if base is None else base
        return _encoder.encode(SavedDevices(VERSION, base, self.next_offset, self.newest_ms, items))

    def restore(self, saves: Iterable[SavedDevices]) -> None:
        """Makes fresh devices what they were: a whole save first, then those that stand on it in order."""
        for saved in saves:
            self.memory.restore(saved.devices)
            self.next_offset, self.newest_ms = saved.next_offset, saved.newest_ms
        if self.next_offset:
            self.memory.advance(self.newest_ms)
            self._rewatch()

    def _rewatch(self) -> None:
        """Derives the rest from a restored memory."""
        self._streets, self._due, self._at = {}, [], {}
        for key, device in self.memory.values():
            of_street = self._streets.setdefault(device.street, {})
            # The newest first: what follows under the same key was put before.
            if device.device not in of_street and self.newest_ms - device.last_ms < self._forget_after_ms:
                of_street[device.device] = device
                self._watch(key, device)

    def _beat(self, event: Event) -> None:
        data = event.data
        key = event.street + data["device"]
        of_street = self._streets.setdefault(event.street, {})
        known = of_street.get(data["device"])
        if known is not None and event.time_ms <= known.last_ms:
            return
        device = Device(
            street=event.street,
            device=data["device"],
            kind=data["kind"],
            site=event.site,
            window=event.window,
            last_ms=event.time_ms,
            backlog=data.get("backlog") or 0,
            battery=data.get("battery"),
            firmware=mask(data.get("firmware") or "")[:_FIRMWARE_MOST],
            offline_ms=None if known is None else known.offline_ms,
        )
        if device.offline_ms is not None and self.newest_ms - device.last_ms < self._offline_after_ms:
            self._notices.append(_notice(BACK, device, device.last_ms, {"offline_since": iso(device.offline_ms)}))
            device.offline_ms = None
        of_street[device.device] = self.memory.put(key, device)
        self.changed.add(event.street)
        if known is None or known.offline_ms != device.offline_ms:
            self._watch(key, device)

    def _pass(self) -> None:
        """Who is missed, and who is forgotten, by now; in order of the moments."""
        while self._due and self._due[0][0] <= self.newest_ms:
            moment, key = heapq.heappop(self._due)
            device = self._streets[key[:9]].get(key[9:])
            if device is None or self._at[key] != moment:
                continue
            if self._moment(device) > moment:  # it was heard of since
                self._watch(key, device)
            elif device.offline_ms is None:
                device.offline_ms = moment
                self.memory.touch(key)
                self._notices.append(_notice(OFFLINE, device, moment, {"last": iso(device.last_ms)}))
                self.changed.add(device.street)
                self._watch(key, device)
            else:
                del self._streets[device.street][device.device], self._at[key]
                self.changed.add(device.street)

    def _moment(self, device: Device) -> int:
        return device.last_ms + (self._offline_after_ms if device.offline_ms is None else self._forget_after_ms)

    def _watch(self, key: str, device: Device) -> None:
        self._at[key] = self._moment(device)
        heapq.heappush(self._due, (self._at[key], key))


def _notice(kind: str, device: Device, moment_ms: int, data: dict[str, str]) -> Notice:
    identity = f"{kind}/{device.street}/{device.device}/{moment_ms}"
    data = {"device": device.device, "kind": device.kind, **data}
    return Notice(identity, kind, iso(moment_ms), device.street, device.site, device.window, data)


def _live(device: Device) -> LiveDevice:
    return LiveDevice(
        device=device.device,
        kind=device.kind,
        last=iso(device.last_ms),
        site=device.site,
        window=device.window,
        backlog=device.backlog,
        battery=device.battery,
        firmware=device.firmware,
        offline_since="" if device.offline_ms is None else iso(device.offline_ms),
    )
