"""A small town's August, with people who say who they are, in a data folder that was sealed.

`python -m tests.privacy.town FOLDER RATER STEP` forgets a rater and dies by kill -9 before the STEPth statement that
changes ClickHouse; 0 dies between the log's transaction and what follows it.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from deploy import forgetting
from schemas.moments import SHANGHAI
from schemas.secret import ensure_secret
from sinks.workbench import Workbench
from streams.routing import entry_of
from streams.topics import create_topics
from streams.transport import rewriting
from streams.transport.log import Log
from streams.transport.record import unpack
from tests.assessment.sealing import FIRST, MONTH, SECOND, told, write
from tests.box import Box

SECRET: Final = bytes(range(32))
PERSON, OTHER = "13811112222", "13933334444"
# What a person said, where it may stand: texts that compress badly, so that they show in a file that holds them.
COMMENT: Final = "jX4q-Rv9T-m2Lw-8KzB-pQ7y-Hd3G"
VENDORS: Final = "uN6s-Wc1Y-b5Fx-3JkP-tE8a-Vr9M"
GROUND: Final = "gS2h-Zn7D-q4Cv-9XoL-iB6w-Ky1T"
MEASURE: Final = "aP8r-Tf3H-e6Ju-1MdQ-xN5z-Gs4W"
REASON: Final = "oL1c-Yb9K-w7Rp-2VtE-hF4m-Zj6X"
SAID: Final = (COMMENT, VENDORS, GROUND, MEASURE, REASON)
OTHERS: Final = "kD5v-Xm2S-f9Ga-7TqN-yR3e-Lw8C"
# When the first of it came, for the broker.
_EARLY: Final = int(datetime(2026, 8, 21, 9, tzinfo=SHANGHAI).timestamp() * 1000)
_PARTITIONS: Final = 4


def rated(number: str, day: str, staff: str, level: str, **more: Any) -> list[bytes]:
    """A service V-number and its rating R-number."""
    done = {"service": f"V-{number}", "item": "IT-0001", "outcome": "done"}
    about = {"rating": f"R-{number}", "service": f"V-{number}", "level": level, "channel": "hall_terminal", **more}
    return [
        told("service.completed", f"done-{number}", f"{day}T10:00:00", staff, **done),
        told("rating.submitted", f"rated-{number}", f"{day}T10:01:00", staff, **about),
    ]


def early() -> list[bytes]:
    """What came in August itself: two refused messages among it, one of the person's."""
    refused = rated("refused", "2026-08-20", FIRST, "so-so", rater=PERSON, comment=COMMENT)[1]
    return [
        *rated("one", "2026-08-20", FIRST, "satisfied", rater=PERSON, comment=COMMENT, nick=VENDORS, tags=["213"]),
        *rated("late", "2026-08-20", SECOND, "satisfied", rater=OTHER),
        refused,
        b"not JSON at all",
    ]


def later() -> list[bytes]:
    """What comes by `ingest`, so about now."""
    return [
        *rated("two", "2026-08-21", FIRST, "dissatisfied", rater=PERSON, comment=COMMENT),
        told("rectification.contacted", "asked", "2026-08-21T15:00:00", FIRST, rating="R-two", by="S0001"),
        told(
            "rectification.extended", "longer", "2026-08-21T16:00:00", FIRST,
            rating="R-two", workdays=2, reason=REASON, approved_by="S0001",
        ),
        told("rectification.completed", "mended", "2026-08-24T16:00:00", FIRST, rating="R-two", measure=MEASURE),
        told("appeal.filed", "appealed", "2026-08-24T17:00:00", FIRST, appeal="A-1", rating="R-two", ground=GROUND),
        *rated("other", "2026-08-22", SECOND, "dissatisfied", rater=OTHER, comment=f"{OTHERS} 认识{PERSON}"),
        told("rectification.completed", "mended-too", "2026-08-24T16:00:00", SECOND, rating="R-other", measure=OTHERS),
        told("service.started", "begun", "2026-08-24T10:00:00", SECOND, service="V-x", item="IT-0001", phone=PERSON),
        *rated("after", "2026-09-02", SECOND, "satisfied", rater=OTHER, comment=OTHERS),
        f"cut off {PERSON}".encode(),
    ]  # fmt: skip


def build(root: Path) -> Box:
    """The folder, with August sealed."""
    root.mkdir(parents=True)
    ensure_secret(root / "secret", SECRET)
    with Log(root / "log.db") as log:
        create_topics(log, _PARTITIONS)
        for line in early():
            log.append([entry_of(line, _PARTITIONS, _EARLY)])
    box = Box(root)
    box.ingest(write(root.parent / "later.ndjson", later()))
    box.run("seal", "month", MONTH)
    return box


def records(root: Path) -> dict[str, list[bytes]]:
    """The values of all records of the log's topics with what came from outside."""
    found: dict[str, list[bytes]] = {}
    with closing(sqlite3.connect(root / "log.db")) as db:
        for name, blob in db.execute("select name, records from batches join topics using (topic_id)"):
            found.setdefault(name, []).extend(record.value or b"" for record in unpack(blob))
    return found


def packed(root: Path, text: str) -> list[bytes]:
    """What the log's file holds of batches in which a text stands: pieces of them, as they are compressed.

    SQLite cuts a batch into pages; a piece that a cut goes through is none.
    """
    with closing(sqlite3.connect(root / "log.db")) as db:
        blobs = [blob for (blob,) in db.execute("select records from batches")]
    held = [blob for blob in blobs if any(text.encode() in (record.value or b"") for record in unpack(blob))]
    pieces = {blob[start : start + 64] for blob in held for start in range(16, len(blob) - 64, 500)}
    return [piece for piece in pieces if holding(root, piece)]


def holding(root: Path, *pieces: bytes) -> dict[str, list[bytes]]:
    """The files of a folder that hold one of the pieces, as bytes."""
    found: dict[str, list[bytes]] = {}
    for path in root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if there := [piece for piece in pieces if piece in content]:
                found[str(path.relative_to(root))] = there
    return found


def dying(step: int) -> None:
    """Lets this process be killed before a step."""
    left = step

    def counted(act: Any) -> Any:
        def counting(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return act(*arguments, **options)

        return counting

    Workbench.execute = counted(Workbench.execute)  # type: ignore[method-assign]
    Workbench.insert = counted(Workbench.insert)  # type: ignore[method-assign]
    if step == 0:

        def dead() -> Any:
            os.kill(os.getpid(), signal.SIGKILL)

        vars(rewriting)["in_our_words"] = dead


def main(root: str, whom: str, step: str) -> None:
    """Forgets a rater, or what is older than a day, and dies at a step."""
    dying(int(step))
    is_day = "-" in whom
    older = forgetting.before(datetime.fromisoformat(whom).date()) if is_day else whom
    done = forgetting.forget_in_folder(Path(root), older, is_dry=False)
    print(json.dumps(done.stored.events))


if __name__ == "__main__":
    main(*sys.argv[1:])
