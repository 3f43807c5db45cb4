"""A log of its own for every test, the programs some tests start, and waiting for what must become true."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.transport import Entry, Log, Record

# Far above what anything here takes: it only says that what was waited for won't come.
PATIENCE = 30.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[Log]:
    with Log(path) as opened:
        yield opened


@pytest.fixture(scope="session")
def fresh_topic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], tuple[Log, str]]]:
    """For properties: a log for all examples, with a topic of its own for each. Making a log costs many fsyncs."""
    names = (f"topic-{n}" for n in itertools.count())
    with Log(tmp_path_factory.mktemp("log") / "log.db") as log:

        def fresh() -> tuple[Log, str]:
            name = next(names)
            log.create_topic(name, 1, compacted=True)
            return log, name

        yield fresh


@pytest.fixture
def start(path: Path, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a program of `programs.py` on the test's log; whatever still runs afterwards is killed."""
    running: list[subprocess.Popen[str]] = []

    def run(program: str, *args: object) -> subprocess.Popen[str]:
        with (tmp_path / "stderr").open("a") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.transport.programs", program, str(path), *map(str, args)],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate()


def result(process: subprocess.Popen[str]) -> Any:
    """What a program printed at its end, as JSON; it must have succeeded."""
    printed, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, printed
    return json.loads(printed.splitlines()[-1])


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition of another process."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


async def eventually(condition: Callable[[], object]) -> None:
    """Wait for a condition of another task."""
    async with asyncio.timeout(PATIENCE):
        # Whatever is waited for, it may have no event of its own.
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def entries(values: range, topic: str = "numbers", partitions: int = 1) -> list[Entry]:
    """An entry for each number, dealt out to the partitions; its key is the last digit."""
    return [Entry(topic, n % partitions, 1_000 + n, b"%d" % (n % 10), b"%d" % n) for n in values]


def read_all(log: Log, topic: str, partition: int = 0) -> list[Record]:
    """All records of a partition, read as a consumer would."""
    all_records: list[Record] = []
    offset = 0
    while records := log.read(topic, partition, offset, max_records=700):
        all_records += records
        offset = records[-1].offset + 1
    return all_records


def everything(log: Log, topic: str, partition: int = 0) -> list[bytes | None]:
    """All values of a partition."""
    return [record.value for record in read_all(log, topic, partition)]
