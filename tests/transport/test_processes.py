"""What a log promises to several processes, to killed ones, and on a full disk."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from streams.transport import Entry, GroupBusy, Log, LogBusy, LogFull
from streams.transport.database import connect
from streams.transport.membership import Membership
from tests.transport.conftest import entries, everything, read_all, result, until

Start = Callable[..., subprocess.Popen[str]]


def test_processes_that_append_at_once_lose_and_double_nothing(path: Path, start: Start) -> None:
    # The log does not exist yet: they create it and its topic at once, too.
    processes = {name: start("append", name, 1_000, 7) for name in ("one", "two", "three")}
    offsets = {name: result(process) for name, process in processes.items()}

    with Log(path) as log:
        assert sorted(itertools.chain(*offsets.values())) == list(range(3_000))
        records = read_all(log, "numbers")
        assert [record.offset for record in records] == list(range(3_000))
        for name, its_offsets in offsets.items():
            its_records = [record for record in records if record.key == name.encode()]
            assert [record.offset for record in its_records] == its_offsets
            assert [record.value for record in its_records] == [b"%d" % n for n in range(1_000)]


def test_threads_that_share_a_log_lose_and_double_nothing(log: Log) -> None:
    log.create_topic("numbers", 1)
    offsets: list[int] = []

    def work() -> None:
        for _ in range(20):
            offsets.extend(log.append(entries(range(20))))
            log.read("numbers", 0, 0)
            log.commit("readers", {("numbers", 0): log.end("numbers", 0)})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(offsets) == list(range(1_600))
    assert everything(log, "numbers") == [b"%d" % (n % 20) for n in range(1_600)]


def test_a_kill_between_append_and_commit_loses_nothing_and_redelivers(log: Log, start: Start) -> None:
    log.create_topic("numbers", 1)
    log.create_topic("squares", 1)
    log.append(entries(range(120)))

    worker = start("work")
    assert worker.stdout is not None
    assert worker.stdout.readline() == "appended\n"
    worker.kill()
    worker.wait()

    assert log.committed("workers", "numbers", 0) == 50
    assert everything(log, "squares") == [b"%d" % n**2 for n in range(100)]
    again = log.read("numbers", 0, 50, max_records=50)
    assert [record.value for record in again] == [b"%d" % n for n in range(50, 100)]


def test_a_kill_at_any_moment_leaves_whole_transactions(log: Log, start: Start) -> None:
    log.create_topic("left", 1)
    log.create_topic("right", 1)

    for _ in range(3):
        reached = log.end("left", 0) + random.randrange(20, 200)
        writer = start("append_for_ever")
        until(lambda end=reached: log.end("left", 0) >= end)  # type: ignore[misc]
        writer.kill()
        writer.wait()

        left = everything(log, "left")
        assert left == everything(log, "right")
        assert left == [b"%d" % n for n in range(log.end("left", 0))]


def test_a_file_that_may_not_grow_is_full_and_goes_on_when_it_may(start: Start) -> None:
    full, appended, when_full, next_offset, at_last = result(start("fill"))

    assert "no room" in full
    assert appended > 0
    assert when_full == list(range(appended))
    assert next_offset == [appended]
    assert at_last == list(range(appended + 1))


def test_a_disk_without_room_is_full_and_goes_on_when_there_is(disk: Callable[[str], Path]) -> None:
    with Log(disk("3m") / "log.db") as log:
        log.create_topic("numbers", 1)
        appended = 0
        full = False
        while not full:
            values = [b"%d %s" % (appended + n, os.urandom(500)) for n in range(50)]
            try:
                appended += len(log.append([Entry("numbers", 0, 0, None, value) for value in values]))
            except LogFull:
                full = True

        assert log.end("numbers", 0) == len(everything(log, "numbers")) == appended > 0
        with pytest.raises(LogFull):
            log.append([Entry("numbers", 0, 0, None, os.urandom(1 << 20))])

        disk("20m")
        assert log.append([Entry("numbers", 0, 0, None, b"at last")]) == [appended]
        numbers = [int((value or b"").split()[0]) for value in everything(log, "numbers")[:-1]]
        assert numbers == list(range(appended))


def test_a_write_that_waits_too_long_says_busy_and_has_no_effect(path: Path) -> None:
    with Log(path, busy_timeout=0.05) as log:
        log.create_topic("numbers", 1)
        other = connect(path, 0)
        other.execute("begin immediate")

        with pytest.raises(LogBusy):
            log.append(entries(range(3)))
        with pytest.raises(LogBusy):
            log.commit("readers", {("numbers", 0): 1})
        # Reading does not wait for writers.
        assert log.read("numbers", 0, 0) == []

        other.execute("rollback")
        other.close()
        assert log.append(entries(range(3))) == [0, 1, 2]
        assert log.committed("readers", "numbers", 0) is None


def test_a_group_has_one_member_until_it_leaves(path: Path) -> None:
    first, second, other = Membership(path, "a/b"), Membership(path, "a/b"), Membership(path, "c")
    first.join()
    other.join()

    with pytest.raises(GroupBusy, match=f"process {os.getpid()} .*a/b"):
        second.join()

    first.leave()
    second.join()
    second.leave()
    other.leave()
