"""Real servers and disks for tests: a Kafka and a ClickHouse of the local stack, one each for all tests of a run.

Tests that stop a server, or need one with settings of its own, start theirs over a folder of theirs.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from deploy.local.packages import Unavailable

T = TypeVar("T")


def need(start: Callable[[], T]) -> T:
    """What `start` returns. Where a part can't be had the test is skipped; but it fails in CI, which must have all."""
    try:
        return start()
    except Unavailable as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    """A broker with a plain listener; tests share it, so they name their topics and groups for themselves."""
    server = Kafka(tmp_path_factory.mktemp("kafka"))
    need(server.start)
    yield server
    server.kill()


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """A server without a password; tests share it, so they make databases of their own."""
    server = ClickHouse(tmp_path_factory.mktemp("clickhouse"))
    need(server.start)
    yield server
    server.kill()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A disk of a given size, in memory; again with another size, it is resized."""
    place = tmp_path / "disk"
    place.mkdir()

    def size(bytes_: str) -> Path:
        options = f"remount,size={bytes_}" if place.is_mount() else f"size={bytes_}"
        if os.getuid() != 0:
            pytest.skip("only root mounts")
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True)
        if mounted.returncode != 0:
            pytest.skip("no mounting here")
        return place

    yield size
    if place.is_mount():
        subprocess.run(["umount", place], check=True)
