"""What is so now, as `pingliu.live` and `pingliu.notices` say it: held in memory, for boards and terminals' pages.

One task follows the topics (`run`); all others of the event loop look, and wait for what they look at to change.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final, TypeVar

import msgspec

from schemas.live import LiveDevices, LiveStreet, LiveWindow
from schemas.published import Notice
from streams.broker import Broker
from streams.settings import Settings
from streams.tail import Away, KafkaTail, LogTail, Tail
from streams.topics import LIVE, NOTICES
from streams.transport.record import Record
from streams.transport.sqlite import log_path

log = logging.getLogger(__name__)

NOTICES_KEPT: Final = 200
_T = TypeVar("_T")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0
_STREET_DIGITS: Final = 9
_DEVICES: Final = "/devices"

_decode_street = msgspec.json.Decoder(LiveStreet).decode
_decode_devices = msgspec.json.Decoder(LiveDevices).decode
_decode_notice = msgspec.json.Decoder(Notice).decode


class _Change:
    """How often something changed, and what wakes who waits for the next time."""

    __slots__ = ("count", "next")

    def __init__(self) -> None:
        self.count = 0
        self.next = asyncio.Event()

    def tell(self) -> None:
        self.count += 1
        self.next.set()
        self.next = asyncio.Event()


class LiveView:
    """What is so now. `tail` gives records of LIVE and NOTICES.

    `streets` and `devices` by street. `notices` in order of arrival, the newest first, so many of each type: what is
    many doesn't push out what is rare. `newest_ms` is the broker's time (epoch ms) of the newest message of LIVE that
    is held, 0 before there is one. `is_complete`: what was there at the start is all here. `is_away`: the broker
    doesn't answer, so that what is here may be old.
    """

    def __init__(self, tail: Tail, notices_kept: int = NOTICES_KEPT) -> None:
        self.streets: dict[str, LiveStreet] = {}
        self.devices: dict[str, LiveDevices] = {}
        self.notices: Sequence[Notice] = ()
        self.newest_ms = 0
        self.is_complete = False
        self.is_away = False
        self._tail = tail
        self._notices_kept = notices_kept
        # As they came, with when.
        self._told: list[tuple[int, Notice]] = []
        self._windows: dict[str, dict[str, LiveWindow]] = {}
        self._changes: defaultdict[str, _Change] = defaultdict(_Change)

    def window(self, code: str) -> LiveWindow | None:
        """A window as it is; None where nothing is known of it."""
        return self._windows.get(code[:_STREET_DIGITS], {}).get(code)

    def version(self, street: str = "") -> int:
        """A number that grows whenever the street changes; '': whenever anything does, `is_away` too."""
        return self._changes[street].count

    async def changed(self, seen: int, street: str = "") -> int:
        """Returns when `version` isn't `seen` any more, and what it is. It may be cancelled."""
        change = self._changes[street]
        while change.count == seen:
            await change.next.wait()
        return change.count

    async def run(self) -> None:
        """Follows the topics until cancelled. A broker that is away is asked again, with pauses that grow."""
        pause = _FIRST_PAUSE
        try:
            while True:
                try:
                    found = await self._tail.read()
                except Away as error:
                    if not self.is_away:
                        log.warning("live: the broker is busy or away: %s", error)
                    self._note(is_away=True)
                    await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - not for secrets
                    pause = min(2 * pause, _LONGEST_PAUSE)
                else:
                    pause = _FIRST_PAUSE
                    self.take(found)
                    self._note(is_away=False)
        finally:
            await self._tail.close()

    def take(self, found: Sequence[tuple[str, Record]]) -> None:
        """Holds what records say, and wakes who waits for it. Of several of one key only the newest is looked at."""
        live: dict[bytes, list[Record]] = {}
        notices: list[tuple[int, Notice]] = []
        for topic, record in found:
            if topic == LIVE:
                live.setdefault(record.key or b"", []).append(record)
            elif record.value is not None and (notice := _understood(_decode_notice, topic, record)) is not None:
                notices.append((record.timestamp_ms, notice))
        touched = {street for said in live.values() for street in self._hold(_newest(said))}
        for street in touched:
            self._changes[street].tell()
        if notices:
            self._notify(notices)
        if touched or notices:
            self._changes[""].tell()

    def _note(self, *, is_away: bool) -> None:
        is_complete = self.is_complete or self._tail.is_complete
        if (is_away, is_complete) != (self.is_away, self.is_complete):
            self.is_away, self.is_complete = is_away, is_complete
            self._changes[""].tell()

    def _hold(self, record: Record) -> list[str]:
        """The street that changed, if one did. What a former owner says late is older, and doesn't count."""
        key = (record.key or b"").decode("utf-8", "replace")
        street = key.removesuffix(_DEVICES)
        hold = self._hold_street if street == key else self._hold_devices
        if not hold(street, record):
            return []
        self.newest_ms = max(self.newest_ms, record.timestamp_ms)
        return [street]

    def _hold_street(self, street: str, record: Record) -> bool:
        if record.value is None:
            self._windows.pop(street, None)
            return self.streets.pop(street, None) is not None
        found, known = _understood(_decode_street, LIVE, record), self.streets.get(street)
        if found is None or (known is not None and found.version < known.version):
            return False
        self.streets[street] = found
        self._windows[street] = {window.window: window for window in found.windows}
        return True

    def _hold_devices(self, street: str, record: Record) -> bool:
        if record.value is None:
            return self.devices.pop(street, None) is not None
        found, known = _understood(_decode_devices, LIVE, record), self.devices.get(street)
        if found is None or (known is not None and found.version < known.version):
            return False
        self.devices[street] = found
        return True

    def _notify(self, came: Sequence[tuple[int, Notice]]) -> None:
        """Puts notices where they came; one that is said again stays where it came first."""
        by_id = {notice.id: (came_ms, notice) for came_ms, notice in self._told}
        for came_ms, notice in came:
            by_id[notice.id] = (by_id.get(notice.id, (came_ms,))[0], notice)
        counts: defaultdict[str, int] = defaultdict(int)
        kept = []
        # It is stable: what came at once stays in the log's order.
        in_order = sorted(by_id.values(), key=itemgetter(0))
        for came_ms, notice in reversed(in_order):
            counts[notice.type] += 1
            if counts[notice.type] <= self._notices_kept:
                kept.append((came_ms, notice))
        self._told = kept[::-1]
        self.notices = tuple(notice for _, notice in kept)


class _Head(msgspec.Struct):
    version: int = 0


_decode_head = msgspec.json.Decoder(_Head).decode


def _newest(said: Sequence[Record]) -> Record:
    """Of messages with one key the last of the highest version; what was removed before is no matter then."""
    newest, best = said[-1], -1
    for record in said if len(said) > 1 else ():
        head = None if record.value is None else _understood(_decode_head, LIVE, record)
        if head is not None and head.version >= best:
            newest, best = record, head.version
    return said[-1] if said[-1].value is None else newest


def _understood(decode: Callable[[bytes], _T], topic: str, record: Record) -> _T | None:
    """What a record says; None, and a word in the log, where another version of us has written it."""
    try:
        return decode(record.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        log.warning("live: a message of %s at offset %d is not understood: %s", topic, record.offset, error)
        return None


def live_view(settings: Settings, notices_kept: int = NOTICES_KEPT) -> LiveView:
    """A view of the settings' log, or of its cluster with `partitions` as the topics have them. Raises BrokerError."""
    wanted = {LIVE: None, NOTICES: notices_kept}
    if settings.broker.startswith("sqlite:"):
        return LiveView(LogTail(log_path(settings.broker), wanted), notices_kept)
    options = Broker.parse(settings.broker, settings.password()).client_options()
    return LiveView(KafkaTail(options, wanted, settings.partitions), notices_kept)
