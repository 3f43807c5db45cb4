"""Notices in a folder of a version that didn't store them: the sink begins with them, and has all that the log has."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.box import Box
from tests.examples import event

_FLAGS = "SELECT rule, rating, flagged_at FROM suspicions ORDER BY rule, rating"
# Makes of a folder one whose sink has never heard of notices. A process may open the engine once in its life.
_SET_BACK = """
import sys
from pathlib import Path
from sinks.engine import Engine
engine = Engine(Path(sys.argv[1]) / "clickhouse")
for statement in (
    "DROP VIEW pingliu.suspicions", "DROP VIEW pingliu.notices", "DROP TABLE pingliu.notice_log",
    "ALTER TABLE pingliu.migrations DELETE WHERE number IN (12, 14) SETTINGS mutations_sync = 1",
    "ALTER TABLE pingliu.sink_positions DELETE WHERE topic = 'pingliu.notices' SETTINGS mutations_sync = 1",
):
    engine.execute(statement)
engine.close()
"""


def _rated(path: Path, rating: str) -> Path:
    """A rating at night, of a service of its own."""
    said = {"rating": rating, "service": None, "time": "2026-11-02T22:00:00+08:00", "level": "satisfied"}
    path.write_text(json.dumps(event("rating.submitted", id=rating, **said)))
    return path


def test_the_sink_of_an_older_folder_stores_the_notices_that_were_there_and_those_that_come(tmp_path: Path) -> None:
    box = Box(tmp_path / "data")
    box.ingest(_rated(tmp_path / "before.ndjson", "R-1"))
    (before,) = box.rows(_FLAGS)
    assert (before["rule"], before["rating"]) == ("off_hours", "R-1")
    subprocess.run([sys.executable, "-c", _SET_BACK, str(box.root)], check=True, capture_output=True)
    box.ingest(_rated(tmp_path / "after.ndjson", "R-2"))
    assert box.rows(_FLAGS) == [before, {**before, "rating": "R-2"}]
