"""Real servers for tests: a Kafka and a ClickHouse of the local stack, one each for all tests of a run.

Tests that stop a server, or need one with settings of its own, start theirs over a folder of theirs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
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
