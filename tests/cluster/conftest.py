"""A stage of its own for every test: servers that are mistreated are nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.box import write_simulated
from tests.disturbed import disturbed
from tests.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path / "stage")
    yield stage
    stage.close()


@pytest.fixture(scope="session")
def stream(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Two days of the district, delivered badly."""
    return disturbed(write_simulated(tmp_path_factory.mktemp("stream") / "a.ndjson", days=2, scale=0.2))
