"""A district's month and a half in a data folder, for tests of seals, and of what comes to be known after them.

`python -m tests.assessment.sealing FOLDER SQL...` runs statements over a folder over which nothing runs: a process can
open the engine over one folder only.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from deploy.cli import cli
from deploy.district import FOLDER
from deploy.simulator import simulate
from schemas.moments import SHANGHAI
from schemas.registry import Registry
from sinks.engine import Engine
from sinks.workbench import Workbench
from tests.box import Box
from tests.examples import event
from tests.once import once

MONTH: Final = "2026-08"
NEXT: Final = "2026-09"
QUARTER: Final = "2026-Q3"
YEAR: Final = "2026"
# When everything of 2026 is frozen.
LATER: Final = datetime(2027, 3, 1, 9, tzinfo=SHANGHAI)
# Who has a part of their own in these tests; all graded in August, at department windows of the centre.
FIRST, SECOND, THIRD, FOURTH, FIFTH = "S0099", "S0098", "S0110", "S0088", "S0127"
_START: Final = date(2026, 8, 1)
_DAYS: Final = 47
_SEED: Final = 5
_SCALE: Final = 0.03
_POSTS: Final = {post.staff: post.window for post in Registry.load(FOLDER).posts}


def told(kind: str, name: str, time: str, staff: str, **data: Any) -> bytes:
    """An event that names a member of staff, at their window; `name` is its id."""
    window = _POSTS[staff]
    place = {"street": window[:9], "site": window[:12], "window": window, "staff": staff}
    about = event(kind, id=name, source="tests/sealing", time=f"{time}+08:00", **place)
    return json.dumps({**about, "data": data}, ensure_ascii=False).encode()


def visit(number: str, day: str, staff: str, level: str) -> list[bytes]:
    """A service V-number and its rating R-number."""
    done = {"service": f"V-{number}", "item": "IT-0001", "outcome": "done"}
    rated = {"rating": f"R-{number}", "service": f"V-{number}", "level": level, "channel": "hall_terminal"}
    return [
        told("service.completed", f"done-{number}", f"{day}T10:00:00", staff, **done),
        told("rating.submitted", f"rated-{number}", f"{day}T10:01:00", staff, **rated),
    ]


def blamed(number: str, day: str, staff: str) -> list[bytes]:
    """A visit whose bad rating is found to be the person's own fault."""
    found = {"rating": f"R-{number}", "finding": "valid", "liable": "staff"}
    return [
        *visit(number, day, staff, "dissatisfied"),
        told("rectification.contacted", f"asked-{number}", f"{day}T15:00:00", staff, rating=f"R-{number}", by="S0001"),
        told("rectification.verified", f"found-{number}", f"{day}T16:00:00", staff, **found),
    ]


def recorded(number: str, day: str, staff: str, rule: str = "late", **more: Any) -> bytes:
    """A conduct record K-number about a member of staff."""
    about = {"record": f"K-{number}", "rule": rule, "target": "staff", "target_id": staff, "by": "S0001", **more}
    return told("conduct.recorded", f"noted-{number}", f"{day}T11:00:00", staff, **about)


def known_in_time() -> list[bytes]:
    """What the simulation doesn't have: visits and records that are spoken of again later."""
    return [
        *blamed("first", "2026-08-20", FIRST),
        *blamed("second", "2026-08-20", SECOND),
        recorded("third", "2026-08-21", THIRD),
    ]


def stream(days: int = _DAYS, scale: float = _SCALE) -> list[bytes]:
    """All of it, in order of arrival as far as it matters."""
    return [*simulate(Registry.load(FOLDER), _START, days, _SEED, scale), *known_in_time()]


def write(path: Path, lines: Iterable[bytes]) -> Path:
    """Writes lines into a file."""
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def ingest(box: Box, lines: Iterable[bytes]) -> None:
    """Ingests lines, all of which must be accepted."""
    account = box.ingest(write(box.root.parent / "more.ndjson", lines))
    assert account["rejected"] == {}, account


def sample(factory: pytest.TempPathFactory) -> Path:
    """The data folder, with all results up to date. Nobody changes it."""

    def make(folder: Path) -> None:
        box = Box(folder / "data")
        box.ingest(write(folder / "stream.ndjson", stream()))
        box.run("assess", YEAR)

    return once(factory, "sample", make) / "data"


def known_late() -> list[bytes]:
    """What came to be known after August was sealed: an appeal is upheld and the rating voided, a visit that was badly
    rated, a service that took too long, a conduct record is withdrawn and another one added.
    """
    appeal = {"appeal": "A-first", "rating": "R-first"}
    void = {"rating": "R-first", "reason": "malicious", "decided_by": "S0001"}
    done = {"service": "V-fourth", "outcome": "done", "promised_by": "2026-08-20T00:00:00+08:00"}
    return [
        told("appeal.filed", "filed", "2026-09-14T09:00:00", FIRST, **appeal, ground="误评"),
        told("appeal.decided", "decided", "2026-09-15T09:00:00", FIRST, **appeal, result="upheld", decided_by="S0001"),
        told("rating.voided", "voided", "2026-09-15T09:01:00", FIRST, **void),
        *visit("late", "2026-08-24", SECOND, "basically_satisfied"),
        told("service.completed", "done-fourth", "2026-08-25T10:00:00", FOURTH, **done),
        told("conduct.withdrawn", "unnoted-third", "2026-09-15T10:00:00", THIRD, record="K-third", by="S0001"),
        recorded("fifth", "2026-08-26", FIFTH, "rude"),
    ]


@dataclass(frozen=True)
class Told:
    """What a folder said while it was made: of August once that was sealed (`first`), and once more was known of it
    (`then`), and of September.

    `sealed`: all rows of the tables of seals. `paper`: August's. `waiting`, `bulletin`, `rest`: corrections that wait,
    those of September, and those that wait when that is sealed. `next_paper`: September's before it is sealed.
    """

    first: Mapping[str, Any]
    then: Mapping[str, Any]
    waiting: Sequence[Mapping[str, Any]]
    bulletin: Sequence[Mapping[str, Any]]
    rest: Sequence[Mapping[str, Any]]
    next_paper: str


def sealed_sample(factory: pytest.TempPathFactory) -> tuple[Path, Told]:
    """The sample with both months sealed, the second with corrections of the first. Nobody changes it."""

    def make(folder: Path) -> None:
        with up(copied(sample(factory), folder / "data")) as box:
            story = asdict(_sealed(box))
        (folder / "told.json").write_text(json.dumps(story, ensure_ascii=False))

    folder = once(factory, "sealed-sample", make)
    return folder / "data", Told(**json.loads((folder / "told.json").read_text()))


def _sealed(box: Box) -> Told:
    """Seals both months of a folder that is up."""
    said(box, "seal", "month", MONTH)
    first = _look(box)
    ingest(box, known_late())
    waiting = json_lines(said(box, "corrections", "--json"))
    then = _look(box)
    next_paper = paper(box, NEXT)
    said(box, "seal", "month", NEXT)
    bulletin, rest = (json_lines(said(box, "corrections", "--json", *of)) for of in ((NEXT,), ()))
    said(box, "assess", QUARTER)
    return Told(first, then, waiting, bulletin, rest, next_paper)


def _look(box: Box) -> dict[str, Any]:
    tables = ("sealed_periods", "sealed_results", "sealed_facts", "sealed_inputs")
    rows = " UNION ALL ".join(f"SELECT formatRowNoNewline('JSONEachRow', *) FROM {table}" for table in tables)
    sealed = sorted(said(box, "query", rows, "--format", "TSVRaw").splitlines())
    return {"sealed": sealed, "export": said(box, "export", "--sealed", MONTH), "paper": paper(box, MONTH)}


def paper(box: Box, month: str) -> str:
    """The paper of a month, in HTML, of a folder that is up."""
    out = box.root.parent / "paper.html"
    said(box, "report", "monthly", month, "--out", str(out), "--date", "2026-11-02")
    return out.read_text()


def copied(folder: Path, to: Path) -> Box:
    """A copy of a data folder over which nothing runs."""
    shutil.copytree(folder, to, symlinks=True, ignore=shutil.ignore_patterns("*.lock"))
    return Box(to)


@contextmanager
def bench(box: Box) -> Iterator[Workbench]:
    """The engine over a folder, in this process."""
    with closing(Engine(box.root / "clickhouse")) as engine:
        yield Workbench(engine)


@contextmanager
def up(box: Box) -> Iterator[Box]:
    """The folder, over which `pingliu up` runs while the context lasts."""
    process = box.start("up", "--port", "0", "--no-board")
    try:
        assert process.stdout is not None
        assert b"is up" in process.stdout.readline(), process.communicate()
        yield box
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 0


def typed(*arguments: str) -> str:
    """What a command that must succeed prints; in this process, so not where it would open an engine."""
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, (arguments, result.output, result.exception)
    return result.stdout


def said(box: Box, *arguments: str) -> str:
    """The same over a folder that is up."""
    return typed(*arguments, "--data", str(box.root))


def refused(*arguments: str) -> str:
    """What a command says that must fail in a line; in this process, too."""
    result = CliRunner().invoke(cli, arguments)
    said = result.stderr.strip().splitlines()
    assert (result.exit_code, result.stdout, said[-1][:7]) == (1, "", "Error: "), (arguments, result.output)
    return said[-1].removeprefix("Error: ")


def touch(box: Box, *statements: str) -> None:
    """Runs statements behind pingliu's back."""
    subprocess.run([sys.executable, "-m", __name__, str(box.root), *statements], check=True)


def changed(table: str, sets: str, where: str) -> str:
    """The statement that changes rows in their place."""
    return f"ALTER TABLE pingliu.{table} UPDATE {sets} WHERE {where} SETTINGS mutations_sync = 2"


def removed(table: str, where: str) -> str:
    """The statement that removes rows."""
    return f"ALTER TABLE pingliu.{table} DELETE WHERE {where} SETTINGS mutations_sync = 2"


def added(table: str, where: str, replaced: str = "") -> str:
    """The statement that adds a copy of a row, with some columns otherwise."""
    star = f"* REPLACE ({replaced})" if replaced else "*"
    row = f"SELECT * FROM pingliu.{table} WHERE {where} LIMIT 1"
    return f"INSERT INTO pingliu.{table} SELECT {star} FROM ({row})"


def json_lines(text: str) -> list[Mapping[str, Any]]:
    """What a command printed with --json."""
    return [json.loads(line) for line in text.splitlines()]


def main(arguments: Sequence[str]) -> None:
    """Runs statements over a folder."""
    with closing(Engine(Path(arguments[0]) / "clickhouse")) as engine:
        for statement in arguments[1:]:
            engine.execute(statement)


if __name__ == "__main__":
    main(sys.argv[1:])
