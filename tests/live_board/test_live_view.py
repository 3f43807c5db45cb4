"""The live view: what is held, who is woken, and a broker that is away. Logs and the cluster are real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.kafka import Kafka
from schemas.live import LiveDevice, LiveDevices, LiveStreet, LiveWindow
from schemas.moments import iso
from schemas.published import Notice
from streams.broker import Broker
from streams.live_view import LiveView
from streams.tail import Away, KafkaTail, LogTail
from streams.topics import LIVE, NOTICES
from streams.transport.kafka_producer import client, send_many
from streams.transport.log import Log
from streams.transport.record import Entry, Record
from tests.live_board.halls import PARTITIONS, SITE, STREET, WINDOW, clock_ms, entry, hall, notice, say

_OTHER = "530102002"
_WANTED = {LIVE: None, NOTICES: 5}


@asynccontextmanager
async def _following(view: LiveView) -> AsyncIterator[LiveView]:
    task = asyncio.create_task(view.run())
    try:
        yield view
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def _until_complete(view: LiveView) -> None:
    seen = view.version()
    while not view.is_complete:
        seen = await view.changed(seen)


async def test_what_was_said_last_of_each_street_is_held_and_what_comes_wakes_who_waits_for_it(tmp_path: Path) -> None:
    log, now = tmp_path / "log.db", clock_ms()
    device = LiveDevice("D-1", "rating", iso(now), offline_since=iso(now))
    say(log, hall(1, now), hall(2, now, waiting=3), hall(7, now, _OTHER), LiveDevices(STREET, 4, 1, 1, [device]))
    say(log, notice("old", now - 60_000), notice("new", now), notice("old", now - 60_000))
    async with _following(LiveView(LogTail(log, _WANTED))) as view:
        await _until_complete(view)
        assert view.streets[STREET] == hall(2, now, waiting=3)
        assert view.streets[_OTHER].version == 7
        assert view.devices[STREET].devices == [device]
        assert [told.id for told in view.notices] == ["new", "old"]
        assert abs(view.newest_ms - clock_ms()) < 3_600_000
        assert not view.is_away
        mine, other = view.version(STREET), view.version(_OTHER)
        waiting = asyncio.create_task(view.changed(other, _OTHER))
        window = LiveWindow(WINDOW, SITE, "open", service="V-1")
        say(log, hall(3, now, windows=[window]))
        assert await view.changed(mine, STREET) > mine
        assert view.window(WINDOW) == window
        assert view.window(f"{SITE}-04") is view.window(f"{_OTHER}-00-01") is view.window("") is None
        assert not waiting.done()
        say(log, hall(8, now, _OTHER))
        assert await waiting > other


async def test_what_is_older_or_not_understood_changes_nothing_and_a_tombstone_removes(tmp_path: Path) -> None:
    log, now = tmp_path / "log.db", clock_ms()
    say(log, hall(5, now, waiting=1))
    view = LiveView(LogTail(log, _WANTED))
    async with _following(view):
        await _until_complete(view)
        # A former owner's, late, alone and right behind the new one's; and what another program writes.
        broken = entry(hall(9, now))._replace(value=b'{"street":5}')
        for waiting, said in (
            (1, [hall(4, now, waiting=9), hall(1, now, _OTHER)]),
            (2, [hall(6, now, waiting=2), hall(5, now, waiting=9), hall(2, now, _OTHER)]),
        ):
            seen = view.version(_OTHER)
            say(log, *said)
            await view.changed(seen, _OTHER)
            assert view.streets[STREET].waiting == waiting
        seen = view.version(_OTHER)
        with Log(log) as topics:
            topics.append([broken, broken._replace(value=b"\xff"), entry(hall(3, now, _OTHER))])
        await view.changed(seen, _OTHER)
        assert view.streets[STREET].waiting == 2
        seen = view.version(STREET)
        with Log(log) as topics:
            topics.append([entry(hall(7, now)), entry(hall(7, now))._replace(value=None)])
        await view.changed(seen, STREET)
        assert view.streets.keys() == {_OTHER}


async def test_only_the_newest_notices_are_read_and_kept(tmp_path: Path) -> None:
    log, now = tmp_path / "log.db", clock_ms()
    say(log, *(notice(f"n{n}", now + n) for n in range(20)))
    async with _following(LiveView(LogTail(log, _WANTED), notices_kept=4)) as view:
        await _until_complete(view)
        assert [told.id for told in view.notices] == ["n19", "n18", "n17", "n16"]
    tail = LogTail(log, _WANTED)
    assert [record.offset for _, record in await tail.read()] == [15, 16, 17, 18, 19]
    await tail.close()


def _record(message: LiveStreet | LiveDevices | Notice, at_ms: int, value: bytes | None = None) -> tuple[str, Record]:
    said = entry(message, at_ms)
    return said.topic, Record(0, at_ms, said.key, value or said.value)


def test_only_what_is_held_makes_the_view_look_fresh() -> None:
    view, now = LiveView(_Fickle()), clock_ms()
    devices = LiveDevices(STREET, 5)
    view.take([_record(hall(5, now), 1000), _record(devices, 2000)])
    assert view.newest_ms == 2000
    # A former owner's, late; and what another program writes.
    older = [_record(hall(4, now), 3000), _record(LiveDevices(STREET, 4), 3000), _record(hall(9, now), 3000, b"[]")]
    view.take(older)
    assert view.newest_ms == 2000
    view.take([_record(hall(5, now), 4000)])
    assert view.newest_ms == 4000


def test_notices_are_as_they_came_and_many_of_one_type_push_out_none_of_another() -> None:
    view, now = LiveView(_Fickle(), notices_kept=3), clock_ms()
    first = notice("first", now, kind="rectification.overdue")
    view.take([_record(first, 1000), _record(notice("b", now), 3000), _record(notice("a", now + 9), 2000)])
    # What is dated long before comes last all the same; what is said again stays where it was.
    view.take([_record(notice("late", now - 10_800_000), 4000), _record(first, 5000)])
    assert [told.id for told in view.notices] == ["late", "b", "a", "first"]
    view.take([_record(notice(f"f{n}", now, kind="rating.flagged"), 6000) for n in range(9)])
    assert [told.id for told in view.notices] == ["f8", "f7", "f6", "late", "b", "a", "first"]


async def test_a_log_without_the_topics_is_empty_until_it_has_them(tmp_path: Path) -> None:
    log = tmp_path / "log.db"
    async with _following(LiveView(LogTail(log, _WANTED))) as view:
        await _until_complete(view)
        assert not view.streets
        seen = view.version(STREET)
        say(log, hall(1, clock_ms()))
        await view.changed(seen, STREET)
        assert view.streets[STREET].version == 1


class _Fickle:
    """A broker that is away at first and then once more; in between it says something."""

    def __init__(self) -> None:
        self.is_complete = False
        self.is_closed = False
        self._answers = ["away", "record", "away", "nothing"]

    async def read(self) -> Sequence[tuple[str, Record]]:
        answer = self._answers.pop(0) if self._answers else "nothing"
        await asyncio.sleep(0)
        if answer == "away":
            raise Away("gone fishing")
        if not self._answers:
            await asyncio.sleep(0.01)
        self.is_complete = True
        said = entry(hall(1, clock_ms()))
        return [(LIVE, Record(0, said.timestamp_ms, said.key, said.value))] if answer == "record" else []

    async def close(self) -> None:
        self.is_closed = True


async def test_a_broker_that_is_away_is_said_waited_for_and_forgotten_when_it_is_back() -> None:
    tail = _Fickle()
    told: list[tuple[bool, bool, int]] = []
    async with _following(LiveView(tail)) as view:
        seen = view.version()
        while len(told) < 5:
            seen = await view.changed(seen)
            told.append((view.is_away, view.is_complete, len(view.streets)))
            if told[-1] == (False, True, 1) and told.count((True, True, 1)):
                break
    assert told[0] == (True, False, 0)
    assert (True, True, 1) in told
    assert told[-1] == (False, True, 1)
    assert tail.is_closed


async def test_a_cluster_s_topics_are_followed_without_a_group_from_where_they_were_asked_for(kafka: Kafka) -> None:
    names = {"live-view-state": None, "live-view-notices": 3}
    options = Broker.parse(f"kafka://{kafka.address}").client_options()
    admin = AIOKafkaAdminClient(**options)
    await admin.start()
    await admin.create_topics([NewTopic(name, 2, 1) for name in names])
    groups = await admin.list_consumer_groups()
    producer = client(options)
    await producer.start()
    for topic in names:
        await send_many(producer, [Entry(topic, n % 2, 1000 + n, b"k", b"%d" % n) for n in range(10)])
    tail = KafkaTail(options, names, 2)
    found: list[tuple[str, int]] = []
    while not tail.is_complete:
        found += [(topic, int(record.value or b"")) for topic, record in await tail.read()]
    assert sorted(n for topic, n in found if topic == "live-view-state") == list(range(10))
    assert sorted(n for topic, n in found if topic == "live-view-notices") == [4, 5, 6, 7, 8, 9]
    await send_many(producer, [Entry("live-view-state", 0, 2000, b"k", b"77")])
    later: list[tuple[str, Record]] = []
    while not later:
        later += await tail.read()
    assert [(topic, record.value, record.timestamp_ms) for topic, record in later] == [("live-view-state", b"77", 2000)]
    assert await admin.list_consumer_groups() == groups
    await tail.close()
    await producer.stop()
    await admin.close()


async def test_a_cluster_that_is_not_there_is_away(free_port: int) -> None:
    tail = KafkaTail({"bootstrap_servers": f"127.0.0.1:{free_port}"}, _WANTED, PARTITIONS)
    for _ in range(2):
        with pytest.raises(Away):
            await tail.read()
    await tail.close()
