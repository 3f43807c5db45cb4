"""What Faust apps may rely on: agents, tables and producers run on a log as on Kafka, and survive being killed."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import random
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faust
import pytest
from faust.exceptions import ProducerSendError
from faust.types import TP

from streams.transport import Entry, GroupBusy, Log, Record, compaction, sqlite
from streams.transport.database import connect
from streams.transport.membership import Membership
from streams.transport.partitioner import partition_for
from tests.transport.apps import consumer_of, make_app, producer_of, running
from tests.transport.conftest import entries, eventually, everything, read_all, until

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Starting and stopping leaves nothing in the log of warnings, unless a test expects it and clears it."""
    caplog.set_level(logging.WARNING)


def collecting(app: faust.App, topic: str) -> list[Any]:
    """Have an agent collect the topic's events."""
    events: list[Any] = []

    async def collect(stream: Any) -> None:
        async for event in stream.events():
            events.append(event)  # noqa: PERF401 - it never ends

    app.agent(app.topic(topic, key_serializer="raw", value_serializer="raw"), name=topic)(collect)
    return events


async def test_an_agent_gets_every_record_in_order_with_its_key_time_and_offset(path: Path, log: Log) -> None:
    log.create_topic("numbers", 2)
    log.append(entries(range(2_500), partitions=2))
    app = make_app(path)
    events = collecting(app, "numbers")

    async with running(app):
        await eventually(lambda: len(events) == 2_500)
        log.append(entries(range(2_500, 2_600), partitions=2))
        await eventually(lambda: len(events) == 2_600)

    for partition in range(2):
        assert [
            Record(m.offset, round(m.timestamp * 1000), m.key, event.value)
            for event in events
            if (m := event.message).partition == partition
        ] == read_all(log, "numbers", partition)


async def test_a_batch_topic_comes_as_whole_fetches_in_order(path: Path, log: Log) -> None:
    log.create_topic("numbers", 2)
    log.create_topic("single", 1)
    app = make_app(path)
    app.batch_topics = frozenset({"numbers"})  # type: ignore[attr-defined]
    events, single = collecting(app, "numbers"), collecting(app, "single")
    log.append([*entries(range(20_000), partitions=2), *entries(range(3), "single")])

    async with running(app):
        await eventually(lambda: sum(len(event.value) for event in events) == 20_000 and len(single) == 3)
        assert await consumer_of(app).commit()

    assert len(events) == 4
    for partition in range(2):
        batches = [event for event in events if event.message.partition == partition]
        assert [record for batch in batches for record in batch.value] == read_all(log, "numbers", partition)
        assert all(batch.message.offset == batch.value[-1].offset for batch in batches)
        assert all(batch.key is None for batch in batches)
        # Acknowledging a batch acknowledges all of it.
        assert log.committed("app", "numbers", partition) == 10_000


async def test_an_app_goes_on_from_where_it_stopped(path: Path, log: Log) -> None:
    log.create_topic("numbers", 1)
    log.append(entries(range(100)))
    for expected in (range(100), range(100, 150)):
        app = make_app(path)
        events = collecting(app, "numbers")
        async with running(app):
            await eventually(lambda: len(events) == len(expected))  # noqa: B023 - awaited in the same turn
        assert [int(event.value) for event in events] == list(expected)
        log.append(entries(range(100, 150)))


@pytest.mark.parametrize(("reset", "first"), [("earliest", 0), ("latest", 100)])
async def test_a_new_group_begins_where_it_is_told(path: Path, log: Log, reset: str, first: int) -> None:
    log.create_topic("numbers", 1)
    log.append(entries(range(100)))
    app = make_app(path, consumer_auto_offset_reset=reset)
    events = collecting(app, "numbers")

    async with running(app):
        log.append(entries(range(100, 101)))
        await eventually(lambda: events and int(events[-1].value) == 100)

    assert [int(event.value) for event in events] == list(range(first, 101))


def test_a_killed_app_recovers_its_table_and_counts_each_record_once(log: Log, start: Start) -> None:
    log.create_topic("numbers", 4)
    keys = [b"key-%d" % n for n in range(10)]
    log.append([Entry("numbers", partition_for(keys[n % 10], 4), 0, keys[n % 10], b"%d" % n) for n in range(4_000)])
    expected = {key.decode(): (400, sum(range(n, 4_000, 10))) for n, key in enumerate(keys)}
    changelog = "counting-totals-changelog"

    def written() -> int:
        return sum(log.end(changelog, partition) for partition in range(4)) if log.partitions(changelog) else 0

    for _ in range(2):
        app = start("count")
        enough = min(written() + random.randrange(1, 700), 4_000)
        until(lambda end=enough: written() >= end)  # type: ignore[misc]
        app.kill()
        app.wait()

    def figures(table: dict[str, Any]) -> dict[str, tuple[int, int]]:
        return {key: (total["count"], total["sum"]) for key, total in table.items()}

    def newest() -> dict[str, tuple[int, int]]:
        records = [record for partition in range(4) for record in read_all(log, changelog, partition)]
        return figures({json.loads(r.key or b""): json.loads(r.value or b"") for r in records})

    app = start("count")
    until(lambda: newest() == expected)
    app.kill()
    app.wait()

    # Recovery reads the same from a changelog that was compacted.
    for partition in range(4):
        log.compact(changelog, partition)
    app = start("count")
    assert app.stdout is not None
    assert figures(json.loads(app.stdout.readline())) == expected


async def test_what_is_sent_is_on_disk_in_the_order_of_sending(path: Path, log: Log) -> None:
    app = make_app(path, topic_partitions=4)
    squares = app.topic("squares", key_serializer="raw", value_serializer="raw")

    async with running(app):
        sent = [await squares.send(key=b"%d" % (n % 7), value=b"%d" % n) for n in range(3_000)]
        many = producer_of(app).send_many(
            [Entry("squares", 1, 5, b"x", b"last"), Entry("squares", 2, 5, b"x", b"last")]
        )
        last = await many
        metadata = [await future for future in sent]
        assert log.end("squares", 1) == last[0] + 1

    for partition in range(4):
        values = [int(v) for v in everything(log, "squares", partition) if v not in {None, b"last"}]
        assert values == [n for n in range(3_000) if partition_for(b"%d" % (n % 7), 4) == partition]
        offsets = [m.offset for m in metadata if m.partition == partition]
        assert offsets == list(range(len(values)))


async def test_a_producer_waits_while_another_process_writes_and_keeps_the_order(
    path: Path, log: Log, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sqlite, "_BUSY_TIMEOUT", 0.02)
    log.create_topic("numbers", 1)
    app = make_app(path)
    numbers = app.topic("numbers", value_serializer="raw")

    async with running(app):
        other = connect(path, 0)
        other.execute("begin immediate")
        sent = [await numbers.send(value=b"%d" % n) for n in range(100)]
        await eventually(lambda: "Waiting to write" in caplog.text)
        sent += [await numbers.send(value=b"%d" % n) for n in range(100, 200)]
        assert not any(future.done() for future in sent)  # type: ignore[attr-defined]
        assert log.end("numbers", 0) == 0

        other.execute("rollback")
        other.close()
        assert [(await future).offset for future in sent] == list(range(200))

    assert everything(log, "numbers") == [b"%d" % n for n in range(200)]
    assert "Wrote " in caplog.text


async def test_senders_wait_when_too_much_is_unwritten(path: Path, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.transport.sqlite_producer._QUEUE_BYTES", 10_000)
    log.create_topic("numbers", 1)
    app = make_app(path)
    accepted = 0

    async def send() -> None:
        nonlocal accepted
        for n in range(100):
            await producer_of(app).send("numbers", None, b"%d" % n + b" " * 1_000, None, None, None)
            accepted += 1

    async with running(app):
        other = connect(path, 0)
        other.execute("begin immediate")
        sending = asyncio.create_task(send())
        await eventually(lambda: accepted >= 8)
        await asyncio.wait({sending}, timeout=0.05)
        assert accepted < 12

        other.execute("rollback")
        other.close()
        await sending

    assert [int(value or b"") for value in everything(log, "numbers")] == list(range(100))


async def test_a_flush_waits_for_what_is_under_way_from_fausts_buffer(path: Path, log: Log) -> None:
    log.create_topic("numbers", 1)
    app = make_app(path)
    numbers = app.topic("numbers", value_serializer="raw")

    async with running(app):
        producer = producer_of(app)
        for turns in range(6):
            end = log.end("numbers", 0)
            numbers.send_soon(value=b"")
            for _ in range(turns):
                await asyncio.sleep(0)
            await producer.flush()
            assert log.end("numbers", 0) == end + 1


async def test_stopping_writes_what_was_sent(path: Path, log: Log) -> None:
    app = make_app(path)
    async with running(app):
        for n in range(1_000):
            await producer_of(app).send("numbers", None, b"%d" % n, None, None, None)

    assert everything(log, "numbers") == [b"%d" % n for n in range(1_000)]


async def test_a_stopping_app_gives_up_on_a_log_that_stays_busy_and_commits_nothing(
    path: Path, log: Log, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sqlite, "_BUSY_TIMEOUT", 0.02)
    monkeypatch.setattr(sqlite, "_STOP_PATIENCE", 0.1)
    log.create_topic("numbers", 1)
    log.append(entries(range(10)))
    app = make_app(path)
    events = collecting(app, "numbers")

    async with running(app):
        await eventually(lambda: len(events) == 10)
        other = connect(path, 0)
        other.execute("begin immediate")
        lost = await producer_of(app).send("numbers", None, b"lost", None, None, None)
    other.close()

    assert "1 records unwritten" in caplog.text
    with pytest.raises(ProducerSendError, match="not written"):
        await lost
    assert log.end("numbers", 0) == 10
    assert log.committed("app", "numbers", 0) is None


async def test_what_can_not_be_written_is_refused_at_once_and_spares_the_others(path: Path, log: Log) -> None:
    log.create_topic("numbers", 2)
    app = make_app(path)

    async with running(app):
        good = await producer_of(app).send("numbers", None, b"1", 1, None, None)
        wrong: list[tuple[Any, Any, int]] = [(None, b"", 2), (None, b"", -1), ("text", b"", 0), (None, 5, 0)]
        for key, value, partition in wrong:
            with pytest.raises(ProducerSendError, match="numbers"):
                await producer_of(app).send("numbers", key, value, partition, None, None)
        assert (await good).offset == 0


async def test_a_commit_of_next_offsets_holds_at_once_and_faust_does_not_undo_it(path: Path, log: Log) -> None:
    log.create_topic("numbers", 1)
    log.append(entries(range(100)))
    app = make_app(path, broker_commit_interval=0.01)
    tp = TP("numbers", 0)
    events: list[Any] = []

    async def hold(stream: Any) -> None:
        async for event in stream.noack().events():
            events.append(event)  # noqa: PERF401 - it never ends

    app.agent(app.topic("numbers", value_serializer="raw"))(hold)
    async with running(app):
        await eventually(lambda: len(events) == 100)
        await consumer_of(app).commit_next({tp: 70})
        assert log.committed("app", "numbers", 0) == 70

        # An acknowledgement of what is covered commits nothing; one of what comes next does.
        for event in events[:60]:
            event.ack()
        await consumer_of(app).commit()
        assert await consumer_of(app)._commit({tp: 65})
        assert log.committed("app", "numbers", 0) == 70
        for event in events[60:90]:
            event.ack()
        await eventually(lambda: log.committed("app", "numbers", 0) == 90)

    assert log.committed("app", "numbers", 0) == 90


async def test_a_paused_partition_is_not_read_and_goes_on_without_loss(path: Path, log: Log) -> None:
    log.create_topic("numbers", 1)
    log.create_topic("others", 1)
    log.append(entries(range(900)))
    app = make_app(path)
    tp = TP("numbers", 0)
    values: list[int] = []
    others = collecting(app, "others")

    async def collect(stream: Any) -> None:
        async for value in stream:
            values.append(int(value))
            if len(values) == 300:
                consumer_of(app).pause_partitions({tp})

    app.agent(app.topic("numbers", value_serializer="raw"))(collect)
    async with running(app):
        await eventually(lambda: len(values) >= 300)
        log.append(entries(range(5), "others"))
        await eventually(lambda: len(others) == 5)
        # What had been handed on before the pause still came; nothing else did.
        position = await consumer_of(app).position(tp)
        assert position == len(values) < 900

        consumer_of(app).resume_partitions({tp})
        await eventually(lambda: len(values) >= 900)

    assert values == list(range(900))


async def test_a_seek_is_obeyed_in_the_middle_of_a_fetch(path: Path, log: Log) -> None:
    log.create_topic("numbers", 1)
    log.append(entries(range(900)))
    app = make_app(path)
    values: list[int] = []

    async def collect(stream: Any) -> None:
        async for value in stream:
            values.append(int(value))
            if len(values) == 300:
                await consumer_of(app).seek(TP("numbers", 0), 100)

    app.agent(app.topic("numbers", value_serializer="raw"))(collect)
    async with running(app):
        await eventually(lambda: values[-1:] == [899])

    back = values.index(100, 101)
    assert values == [*range(back), *range(100, 900)]


async def test_a_slow_agent_is_not_read_ahead_of_without_bound_and_others_go_on(path: Path, log: Log) -> None:
    log.create_topic("slow", 1)
    log.create_topic("quick", 1)
    app = make_app(path)
    app.batch_topics = frozenset({"slow"})  # type: ignore[attr-defined]
    quick = collecting(app, "quick")
    go_on = asyncio.Event()
    taken: list[int] = []

    async def crawl(stream: Any) -> None:
        async for batch in stream:
            await go_on.wait()
            taken.append(len(batch))

    app.agent(app.topic("slow", value_serializer="raw"))(crawl)
    for _ in range(3):
        log.append(entries(range(25_000), "slow"))

    async with running(app):
        await eventually(lambda: consumer_of(app)._buffered_partitions)
        log.append(entries(range(5), "quick"))
        await eventually(lambda: len(quick) == 5)
        position = await consumer_of(app).position(TP("slow", 0))
        assert position is not None
        assert position < log.end("slow", 0)

        go_on.set()
        await eventually(lambda: sum(taken) == 75_000)


async def test_a_topic_subscribed_to_later_is_read_and_nothing_of_the_others_is_lost(
    path: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite.Conductor, "_resubscribe_sleep_lock_seconds", 0)
    log.create_topic("numbers", 1)
    log.append(entries(range(3_000)))
    app = make_app(path)
    events = collecting(app, "numbers")
    totals = app.Table("totals", default=int)
    late: list[int] = []

    async def read_late() -> None:
        await eventually(lambda: len(events) >= 500)
        async for value in app.topic("late", value_serializer="raw").stream():
            late.append(int(value))  # noqa: PERF401 - it never ends

    app.task(read_late)
    async with running(app):
        await eventually(lambda: log.partitions("late"))
        log.append(entries(range(10), "late"))
        await eventually(lambda: len(late) == 10 and events and int(events[-1].value) == 2_999)

    assert late == list(range(10))
    assert not totals
    offsets = [event.message.offset for event in events]
    # What was not committed came again, from the commit on, in order; nothing is missing.
    assert sorted(set(offsets)) == list(range(3_000))
    assert sum(after <= before for before, after in itertools.pairwise(offsets)) <= 1


async def test_a_producer_that_breaks_ends_the_app_and_refuses_what_comes_later(
    path: Path, log: Log, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log.create_topic("numbers", 1)
    app = make_app(path)

    def broken(*_: object) -> list[int]:
        raise RuntimeError("a broken disk")

    async with running(app):
        monkeypatch.setattr(Log, "append", broken)
        sent = await producer_of(app).send("numbers", None, b"", None, None, None)
        with pytest.raises(ProducerSendError, match="a broken disk"):
            await sent
        with pytest.raises(ProducerSendError, match="a broken disk"):
            await producer_of(app).send("numbers", None, b"", None, None, None)
        await eventually(lambda: app.should_stop)

    assert isinstance(app.crash_reason, RuntimeError)
    assert "a broken disk" in caplog.text


async def test_a_running_app_keeps_its_changelogs_small(path: Path, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.transport.sqlite_consumer._MAINTAIN_EVERY", 0.01)
    monkeypatch.setattr(compaction, "FLOOR_BYTES", 1_000)
    log.create_topic("numbers", 1)
    log.append(entries(range(3_000)))
    app = make_app(path)
    totals = app.Table("totals", default=int, key_type=str)

    async def count(stream: Any) -> None:
        async for event in stream.events():
            totals[event.key.decode()] += 1

    app.agent(app.topic("numbers", key_serializer="raw", value_serializer="raw"))(count)
    async with running(app):
        changelog = "app-totals-changelog"
        await eventually(lambda: log.partitions(changelog) and log.end(changelog, 0) == 3_000)

        assert len(read_all(log, changelog)) < 2_000
        assert dict(totals) == {str(n): 300 for n in range(10)}


async def test_a_second_member_is_refused_and_its_app_ends(path: Path, log: Log) -> None:
    member = Membership(path, "app")
    member.join()
    app = make_app(path)
    collecting(app, "numbers")

    with pytest.raises(GroupBusy):
        await app.start()
    await app.stop()
    member.leave()


async def test_starting_and_stopping_says_nothing_alarming(
    path: Path, log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    log.create_topic("numbers", 1)
    log.append(entries(range(100)))
    for stock_settings in (False, True):
        app = make_app(path, stock_settings=stock_settings)
        events = collecting(app, "numbers")
        app.Table("totals", default=int)
        async with running(app):
            await eventually(lambda: len(events) == 100 or stock_settings)  # noqa: B023 - awaited in the same turn
    assert [record.message for record in caplog.records] == []
