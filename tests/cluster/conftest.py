"""A stage of its own for every test: servers that are mistreated are nobody else's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.secret import ensure_secret
from tests.box import Box, write_simulated
from tests.disturbed import disturbed
from tests.once import once
from tests.stage import SECRET, Export, Stage, engine_export


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path / "stage")
    yield stage
    stage.close()


@pytest.fixture(scope="session")
def stream(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Two days of the district, delivered badly."""
    return disturbed(write_simulated(tmp_path_factory.mktemp("stream") / "a.ndjson", days=2, scale=0.2))


@pytest.fixture(scope="session")
def undisturbed(stream: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Export:
    """What the stream comes to on one box, where nothing goes wrong."""

    def make(folder: Path) -> None:
        box = Box(folder / "box")
        ensure_secret(box.root / "secret", SECRET)
        (folder / "stream.ndjson").write_bytes(b"".join(line + b"\n" for line in stream))
        box.ingest(folder / "stream.ndjson")
        (folder / "export.json").write_text(json.dumps(engine_export(box.root)))

    export: Export = json.loads((once(tmp_path_factory, "undisturbed", make) / "export.json").read_text())
    return export
