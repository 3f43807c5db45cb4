"""A disk without room under the embedded log: what is sent then is refused, nothing else; with room it goes on."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from deploy.folder import Folder
from schemas.secret import ensure_secret
from tests.box import Box, await_that, write_simulated
from tests.stage import SECRET, engine_export


def test_a_disk_that_was_full_under_the_log_changes_no_figure(disk: Callable[[str], Path], tmp_path: Path) -> None:
    write_simulated(tmp_path / "a.ndjson", days=2, scale=0.3)
    undisturbed, box = Box(tmp_path / "undisturbed"), Box(disk("2m") / "box")
    for folder in (undisturbed, box):
        ensure_secret(folder.root / "secret", SECRET)
    account = undisturbed.ingest(tmp_path / "a.ndjson")
    # The log alone is on the small disk: what it does without room is the question.
    for name in ("clickhouse", "run"):
        (tmp_path / name).mkdir()
        (box.root / name).symlink_to(tmp_path / name)
    up = box.start("up", "--port", "0", "--no-board")
    await_that(lambda: Folder(box.root).endpoint() is not None or up.poll() is not None, "SQL is answered")
    try:
        ingest = box.start("ingest", str(tmp_path / "a.ndjson"))
        waiting = "Waiting to write"
        await_that(lambda: waiting in (tmp_path / "run" / "aggregate.log").read_text(), "the disk is full")
        assert up.poll() is None, "the roles wait"
        disk("200m")
        # It found no room itself, or goes on with the roles.
        _, errors = ingest.communicate()
        assert ingest.returncode == 0 or b"No space left on device" in errors
        again = box.ingest(tmp_path / "a.ndjson")
        assert again["read"] == account["read"] == again["accepted"] + sum(again["rejected"].values())
        up.send_signal(signal.SIGINT)
        up.wait()
        assert up.returncode == 0
    finally:
        # Nothing may hold the disk when it goes.
        box.kill([up])
    found, wanted = engine_export(box.root), engine_export(undisturbed.root)
    assert found["event_log"] == wanted["event_log"]
    # What got through before the disk was full came twice: rejected as often, and counted as duplicates.
    assert set(found["rejected_log"]) == set(wanted["rejected_log"])
    assert box.figures() == undisturbed.figures()
