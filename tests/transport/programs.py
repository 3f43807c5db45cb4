"""Programs which tests start as processes of their own: `python -m tests.transport.programs NAME LOG ...`."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from streams.transport import Entry, Log, LogFull


def append(path: str, name: str, count: str, at_once: str) -> None:
    """Append `count` records, `at_once` at a time; print their offsets."""
    offsets: list[int] = []
    with Log(path) as log:
        log.create_topic("numbers", 1)
        for start in range(0, int(count), int(at_once)):
            numbers = range(start, min(start + int(at_once), int(count)))
            offsets += log.append([Entry("numbers", 0, 0, name.encode(), b"%d" % n) for n in numbers])
    print(json.dumps(offsets))


def work(path: str) -> None:
    """Copy `numbers` to `squares`, and commit; but hang before the second commit, for a test to kill it there."""
    with Log(path) as log:
        for turn in range(2):
            offset = log.committed("workers", "numbers", 0) or 0
            records = log.read("numbers", 0, offset, max_records=50)
            log.append([Entry("squares", 0, 0, b"%d" % r.offset, b"%d" % int(r.value or b"") ** 2) for r in records])
            if turn == 1:
                print("appended", flush=True)
                time.sleep(1_000)
            log.commit("workers", {("numbers", 0): records[-1].offset + 1})


def append_for_ever(path: str) -> None:
    """Append pairs of records to two topics, as fast as it goes."""
    with Log(path) as log:
        n = log.end("left", 0)
        while True:
            log.append([Entry(topic, 0, 0, None, b"%d" % n) for topic in ("left", "right")])
            n += 1


def fill(path: str) -> None:
    """Append until no file may grow, look at what is there, and go on once they may."""
    appended = 0
    with Log(path) as log:
        log.create_topic("numbers", 1)
        room = Path(path + "-wal").stat().st_size + 300_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
        full = None
        while full is None:
            try:
                appended += len(log.append([Entry("numbers", 0, 0, None, b"%d" % (appended + n)) for n in range(100)]))
            except LogFull as error:
                full = str(error)
        when_full = _values(log)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        next_offset = log.append([Entry("numbers", 0, 0, None, b"%d" % appended)])
        print(json.dumps([full, appended, when_full, next_offset, _values(log)]))


def _values(log: Log) -> list[int]:
    values: list[int] = []
    while records := log.read("numbers", 0, len(values)):
        values += [int(record.value or b"") for record in records]
    return values


def count(path: str) -> None:
    """The counting app of `apps.py`."""
    from tests.transport.apps import run_counting  # only here, for Faust takes its time to import

    run_counting(Path(path))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
