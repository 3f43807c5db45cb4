"""Every query of docs/auditing.md runs as auditors run it, and finds something in a small district that was sealed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from deploy.access_schema import HIDDEN
from deploy.asking import ask
from deploy.district import FOLDER
from deploy.folder import Folder
from deploy.simulator import simulate
from schemas.registry import Registry
from tests.assessment.sealing import up
from tests.box import Box
from tests.examples import event

_PAGE: Final = Path(__file__).parents[2] / "docs" / "auditing.md"
_BLOCK: Final = re.compile(r"^### (.+)\n(?:(?!#|```).*\n)*```sql\n((?:(?!```).*\n)*)```", re.MULTILINE)
_MADE_OF: Final = re.compile(r"\b(?:FROM|JOIN)\s+(?!\()(\w+)")
_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]{2}")
# Those that find nothing here, and why.
_EMPTY: Final = {
    "Who is due for 约谈, and why? 谁应约谈，原因是什么": "nobody fails, and nobody is last in two months running",
}
# Columns that must be so in every row, by the beginning of the question: what the page says of them.
_MUST: Final = {
    "Do the lines add up": {"different": 0},
    "Are the sealed rows": {"same": 1},
    "Is each seal": {"is_its_own": 1, "is_chained": 1},
    "Are the fingerprints": {"same": 1},
    "Which rule sets were published": {"is_what_it_says": 1},
}


class _Question(NamedTuple):
    title: str
    sql: str


def _questions() -> list[_Question]:
    return [_Question(*found) for found in _BLOCK.findall(_PAGE.read_text(encoding="utf-8"))]


def _write(path: Path, events: Sequence[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in events), encoding="utf-8")
    return path


def _write_lines(path: Path, lines: Sequence[bytes]) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


class _Office:
    """What the simulator has too little of: events with ids of their own, of one place at a time."""

    def __init__(self, window: str, staff: str) -> None:
        self._place = {"street": window[:9], "site": window[:12], "window": window}
        self._staff = staff
        self._numbers = count(1)

    def say(self, kind: str, time: str, **changes: Any) -> dict[str, Any]:
        """An event, at a time of Shanghai."""
        name = f"{self._staff}-{next(self._numbers)}"
        of_staff = self._staff if kind.startswith(("service", "rating.submitted", "window")) else None
        envelope = {"id": name, "source": f"audit/{self._place['window']}", "time": f"{time}+08:00", "staff": of_staff}
        return event(kind, **{**envelope, **self._place, **changes})

    def bad(self, rating: str, day: str) -> Iterator[dict[str, Any]]:
        """A bad rating of a service, at ten in the morning."""
        said = {"ticket": f"T{rating[1:]}", "item": "IT-0003"}
        yield self.say("ticket.issued", f"{day}T09:50:00", **said)
        yield self.say("ticket.called", f"{day}T09:58:00", ticket=said["ticket"])
        yield self.say("service.started", f"{day}T09:59:00", service=f"V{rating[1:]}", **said)
        yield self.say("service.completed", f"{day}T10:09:00", service=f"V{rating[1:]}", **said)
        yield self.say("rating.submitted", f"{day}T10:10:00", rating=rating, service=f"V{rating[1:]}")


def _hall() -> Iterator[dict[str, Any]]:
    """A bad rating of S0142 that is appealed against, and records of the patrols."""
    office = _Office("530102000-00-98", "S0142")
    yield from office.bad("R-000418", "2026-08-12")
    yield office.say("rating.submitted", "2026-08-12T18:00:00", rating="R-000422", service="V-000418", channel="mobile")
    yield office.say("service.completed", "2026-08-12T10:09:01", service="V-000418")
    yield office.say("rectification.contacted", "2026-08-13T09:00:00", rating="R-000418")
    yield office.say("rectification.verified", "2026-08-13T10:00:00", rating="R-000418")
    yield office.say("rectification.extended", "2026-08-14T10:00:00", rating="R-000418", approved_by="O01")
    yield office.say("rectification.completed", "2026-08-18T10:00:00", rating="R-000418")
    yield office.say("appeal.filed", "2026-08-18T11:00:00", rating="R-000418", appeal="A-000418")
    for record, rule in (("K-1", "late"), ("K-2", "absent-post"), ("K-3", "badge"), ("K-4", "no-such-code")):
        yield office.say("conduct.recorded", "2026-08-19T09:00:00", record=record, rule=rule, by="P01", points=None)
    yield office.say("conduct.withdrawn", "2026-08-20T09:00:00", record="K-3", by="O02")


def _street() -> Iterator[dict[str, Any]]:
    """A fix that doesn't help, and a rating that counts although the appeal against it was upheld."""
    office = _Office("530102001-00-03", "S0171")
    yield from office.bad("R-000420", "2026-08-04")
    yield office.say("rectification.completed", "2026-08-06T10:00:00", rating="R-000420")
    yield from office.bad("R-000421", "2026-08-20")
    yield office.say("rectification.verified", "2026-08-21T10:00:00", rating="R-000421", liable="department")
    yield office.say("appeal.decided", "2026-08-24T10:00:00", rating="R-000421", appeal="A-000421", decided_by="O03")


def _coached() -> Iterator[dict[str, Any]]:
    """A Sunday with services of 8 s, rated at once, by somebody whom no registry knows."""
    office = _Office("530102001-00-03", "S8142")
    for number in range(55):
        begin = datetime(2026, 8, 9, 10) + timedelta(seconds=10 * number)  # noqa: DTZ001 - Shanghai's, as they are said
        start, end, rated = (f"{(begin + timedelta(seconds=seconds)).isoformat()}" for seconds in (0, 8, 9))
        said = {"service": f"V-9-{number}", "item": "IT-9999", "ticket": None}
        yield office.say("service.started", start, **said)
        yield office.say("service.completed", end, **said)
        yield office.say(
            "rating.submitted", rated, rating=f"R-9-{number}", service=said["service"], level="very_satisfied", tags=[],
            comment="", rater=f"138{number // 5:08}",
        )  # fmt: skip


def _after_the_seal() -> Iterator[dict[str, Any]]:
    """What came to be known later."""
    office = _Office("530102000-00-98", "S0142")
    yield office.say(
        "appeal.decided", "2026-09-15T10:00:00", id="later-1", rating="R-000418", appeal="A-000418", decided_by="O03"
    )
    yield office.say(
        "rating.voided", "2026-09-15T11:00:00", id="later-2", rating="R-000418", reason="mistake", decided_by="O03",
        document="评议记录第9号",
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """August sealed, then events that concern it, September sealed with their corrections, and the quarter assessed.

    By commands over a folder that is quiet; then it is up, as one that auditors ask.
    """
    root = tmp_path_factory.mktemp("auditing")
    lines = list(simulate(Registry.load(FOLDER), date(2026, 8, 1), 50, 3, 0.03))
    # What is late is not flagged: the coached Sunday comes on its day.
    monday = next(number for number, line in enumerate(lines) if b'"time":"2026-08-10' in line)
    before = _write_lines(root / "before.ndjson", lines[:monday])
    sunday = _write(root / "sunday.ndjson", [*_coached()])
    after = _write_lines(root / "after.ndjson", lines[monday:])
    special = _write(root / "special.ndjson", [*_hall(), *_street()])
    later = _write(root / "later.ndjson", [*_after_the_seal()])
    box = Box(root / "data")
    box.run_in_turn(
        ("ingest", *map(str, (before, sunday, after, special))),
        ("seal", "month", "2026-08"),
        ("ingest", str(later)),
        ("seal", "month", "2026-09"),
        ("assess", "2026-Q3"),
    )
    with up(box):
        yield Folder(box.root)


def test_there_is_a_query_for_each_question_and_a_question_for_each_query() -> None:
    page = _PAGE.read_text(encoding="utf-8")
    questions = _questions()
    assert len(questions) == page.count("```sql") >= 25
    assert len({question.title for question in questions}) == len(questions)
    assert [question.title for question in questions if not _CHINESE.search(question.title)] == []
    assert _EMPTY.keys() <= {question.title for question in questions}
    for beginning in _MUST:
        assert sum(question.title.startswith(beginning) for question in questions) == 1


@pytest.mark.parametrize("question", _questions(), ids=lambda question: question.title.split("?")[0])
def test_a_query_runs_as_auditors_run_it_and_finds_what_is_there(folder: Folder, question: _Question) -> None:
    rows = [json.loads(line) for line in ask(folder, question.sql, "JSONEachRow").splitlines()]
    if question.title in _EMPTY:
        assert rows == [], "it finds something: take it off the list"
        return
    assert rows
    for beginning, columns in _MUST.items():
        if question.title.startswith(beginning):
            for name, value in columns.items():
                assert {row[name] for row in rows} == {value}, rows


@pytest.mark.parametrize("question", _questions(), ids=lambda question: question.title.split("?")[0])
def test_a_query_reads_nothing_that_auditors_may_not(question: _Question) -> None:
    assert _MADE_OF.findall(question.sql)
    assert set(_MADE_OF.findall(question.sql)).isdisjoint(HIDDEN)


def _rows(folder: Folder, title: str) -> list[dict[str, Any]]:
    (sql,) = (question.sql for question in _questions() if question.title.startswith(title))
    return [json.loads(line) for line in ask(folder, sql, "JSONEachRow").splitlines()]


def test_the_story_of_a_rating_that_was_voided_after_its_month_was_sealed(folder: Folder) -> None:
    (voided,) = _rows(folder, "Which ratings were voided after their month was sealed?")
    assert (voided["period"], voided["rating"], voided["decided_by"]) == ("2026-08", "R-000418", "O03")
    corrected = {row["subject"]: row for row in _rows(folder, "Which corrections stand in which bulletin?")}
    assert (corrected["S0142"]["bulletin"], corrected["S0142"]["period"]) == ("2026-09", "2026-08")
    assert "评价作废 R-000418" in corrected["S0142"]["cause"]
    caused = {row["id"] for row in _rows(folder, "Which events caused a correction?") if row["subject"] == "S0142"}
    assert caused == {"later-1", "later-2"}
    moved = {row["subject"] for row in _rows(folder, "Whose score is another by now than was sealed?")}
    assert {"S0142", "530102000-00"} <= moved


def test_suspicions_name_who_was_coached_and_nobody_is_suspected_of_all(folder: Folder) -> None:
    for title in ("Who has 50 ratings or more", "Where is 主动评价率 above", "Which services took less than 20 s?"):
        assert "S8142" in {row["staff"] for row in _rows(folder, title)}
    (most,) = _rows(folder, "Which terminals took 5 or more ratings in 60 s?")
    assert (most["ratings"], most["most_in_60_s"]) == (55, 6)
    assert {row["window"] for row in _rows(folder, "Who rated 4 times or more a day")} == {"530102001-00-03"}
    flagged = {(row["rule"], row["flags"]) for row in _rows(folder, "Who has most flags") if row["staff"] == "S8142"}
    # All 55 are short, and on a Sunday; all but the first four are in a burst, and of a rater's five two are too many.
    assert flagged == {
        ("short_service", 55), ("off_hours", 55), ("terminal_burst", 51), ("repeat_rater", 22), ("silent_month", 1),
    }  # fmt: skip
