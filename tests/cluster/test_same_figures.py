"""One partition or twelve, one worker or three, Kafka or a file, a server or the engine: the same figures, byte for byte."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from deploy.folder import Folder
from tests.box import Box
from tests.stage import Stage, engine_export, expected, live_of


def _embedded(folder: Path, secret: Path, lines: list[bytes]) -> Box:
    """An undisturbed run on one box, with the cluster's secret, so that raters' hashes are the same."""
    box = Box(folder / "box")
    box.root.mkdir(parents=True)
    shutil.copy(secret, box.root / "secret")
    (folder / "stream.ndjson").write_bytes(b"".join(line + b"\n" for line in lines))
    box.ingest(folder / "stream.ndjson")
    return box


def test_the_facts_are_the_same_whatever_they_went_through(stage: Stage, stream: list[bytes], tmp_path: Path) -> None:
    stage.start(partitions=12)
    box = _embedded(tmp_path, stage.secret, stream)
    figures = engine_export(box.root)
    totals, live = expected(stream, 12)

    # Three workers of each on the server, and one more sink into an engine of its own.
    engine = tmp_path / "engine"
    workers = [stage.aggregate() for _ in range(3)] + [stage.sink() for _ in range(3)]
    workers.append(stage.role("sink", "--data", str(engine), "--port", "0"))
    stage.publish(stream)
    stage.await_drained()
    stage.await_drained(Folder(engine).name())
    assert stage.live() == live_of(live)
    assert sum(one.accepted for one in stage.totals()) == totals.accepted
    for worker in workers:
        stage.stop(worker)
    assert stage.export() == figures
    assert engine_export(engine) == figures
    assert len(figures["rejected_log"]) == sum(totals.rejected.values())


def test_one_partition_and_one_worker_give_the_same_as_one_box(
    stage: Stage, stream: list[bytes], tmp_path: Path
) -> None:
    stage.start(partitions=1)
    box = _embedded(tmp_path, stage.secret, stream)
    workers: list[subprocess.Popen[bytes]] = [stage.aggregate(), stage.sink()]
    stage.publish(stream)
    stage.await_drained()
    for worker in workers:
        stage.stop(worker)
    assert stage.export() == engine_export(box.root)
