"""One partition or twelve, one worker or three, Kafka or a file, a server or the engine: byte-equal figures."""

from __future__ import annotations

from pathlib import Path

from deploy.folder import Folder
from tests.stage import Export, Stage, assert_undisturbed, engine_export


def test_the_facts_are_the_same_whatever_they_went_through(
    stage: Stage, stream: list[bytes], undisturbed: Export, tmp_path: Path
) -> None:
    stage.start(partitions=12)
    # Three workers of each on the server, and one more sink into an engine of its own.
    engine = tmp_path / "engine"
    workers = [stage.aggregate() for _ in range(3)] + [stage.sink() for _ in range(3)]
    workers.append(stage.role("sink", "--data", str(engine), "--port", "0"))
    stage.publish(stream)
    stage.await_drained()
    stage.await_drained(Folder(engine).name())
    for worker in workers:
        stage.stop(worker)
    assert_undisturbed(stage, stream, undisturbed, 12)
    assert engine_export(engine) == undisturbed


def test_one_partition_and_one_worker_give_the_same_as_one_box(
    stage: Stage, stream: list[bytes], undisturbed: Export
) -> None:
    stage.start(partitions=1)
    workers = [stage.aggregate(), stage.sink()]
    stage.publish(stream)
    stage.await_drained()
    for worker in workers:
        stage.stop(worker)
    assert_undisturbed(stage, stream, undisturbed, 1)
