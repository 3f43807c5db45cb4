"""Sealing: when it may be, what it keeps, and that a seal that breaks off is none."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from schemas.moments import SHANGHAI
from sinks.assessment.database import Database
from sinks.assessment.period import Period
from sinks.assessment.program import otherwise, program_text
from sinks.assessment.results import export_text
from sinks.assessment.sealed import Seal, sealed_inputs, sealed_results, seals
from sinks.assessment.seals import LEFT, CannotSeal, freeze_day, seal
from sinks.assessment.verify import verify
from sinks.workbench import Workbench
from tests.assessment.sealing import LATER, MONTH, NEXT, QUARTER, YEAR, bench, copied, sample

_TABLES = ("sealed_periods", "sealed_inputs", *LEFT)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    with bench(copied(sample(tmp_path_factory), tmp_path_factory.mktemp("seals") / "data")) as engine:
        yield engine


@pytest.fixture
def unsealed(engine: Workbench) -> Workbench:
    for table in _TABLES:
        engine.execute(f"TRUNCATE TABLE pingliu.{table}")
    return engine


class _Failed(Exception):  # noqa: N818 - it says what is the case
    pass


class _Broken:
    """A database that fails at one of the statements that change something, or of those that say something: before it,
    or when it is done.
    """

    def __init__(self, database: Database, at: int, *, done: bool, saying: str = "") -> None:
        self._database = database
        self._left = at
        self._done = done
        self._saying = saying

    def execute(self, sql: str) -> None:
        with self._failing(sql):
            self._database.execute(sql)

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> int:
        with self._failing(f"INSERT INTO {table}"):
            return self._database.insert(table, columns)

    def rows(self, sql: str) -> list[dict[str, object]]:
        return self._database.rows(sql)

    @contextmanager
    def _failing(self, statement: str) -> Iterator[None]:
        self._left -= self._saying in statement
        fails = self._left == 0 and self._saying in statement
        if fails and not self._done:
            raise _Failed
        yield
        if fails:
            raise _Failed


def _seal(database: Database, period: str, now: datetime = LATER) -> Seal:
    return seal(database, Period.parse(period), now)


def _refused(database: Database, period: str, now: datetime = LATER) -> str:
    kept = seals(database)
    with pytest.raises(CannotSeal) as raised:
        _seal(database, period, now)
    assert seals(database) == kept
    return str(raised.value)


def test_the_freeze_is_the_eighth_workday_after_the_month(unsealed: Workbench) -> None:
    # The first of September is a Tuesday. Of October the first week is a holiday, and Saturday the tenth is worked.
    assert freeze_day(unsealed, Period.parse(MONTH)).isoformat() == "2026-09-10"
    assert freeze_day(unsealed, Period.parse(NEXT)).isoformat() == "2026-10-16"
    assert freeze_day(unsealed, Period.parse(QUARTER)).isoformat() == "2026-10-16"


def test_periods_are_sealed_once_in_their_order_after_their_freeze_and_parts_before_the_whole(
    unsealed: Workbench,
) -> None:
    assert _refused(unsealed, NEXT) == f"{MONTH} must be sealed before {NEXT}"
    assert _refused(unsealed, QUARTER) == f"{MONTH} must be sealed before {QUARTER}"
    assert _refused(unsealed, YEAR) == f"{QUARTER} must be sealed before {YEAR}"
    _seal_when_frozen(unsealed, MONTH)
    assert _refused(unsealed, QUARTER) == f"{NEXT} must be sealed before {QUARTER}"
    for period in (NEXT, QUARTER, YEAR):
        if period != YEAR:
            assert " must be sealed before 2026" in _refused(unsealed, YEAR)
        _seal_when_frozen(unsealed, period)
    chain = seals(unsealed)
    assert [one.number for one in chain] == [1, 2, 3, 4]
    assert [one.period.text for one in chain] == [MONTH, NEXT, QUARTER, YEAR]
    assert [one.previous for one in chain] == ["", *(one.seal for one in chain[:-1])]
    for one in chain:
        assert one.seal == one.sha256()
        export = export_text(sealed_results(unsealed, one.period))
        assert hashlib.sha256(export.encode()).hexdigest() == one.results_sha256
        months = [month.text for month in one.period.months if month.text in (MONTH, NEXT)]
        kept = {(month, name) for month, texts in sealed_inputs(unsealed, one).items() for name in texts}
        wanted = {(month, name) for month in months for name in ("calendar", "registry", "rules")}
        assert kept == wanted | {(months[0], "program")}


def _seal_when_frozen(database: Database, period: str) -> None:
    frozen = freeze_day(database, Period.parse(period))
    last = datetime.combine(frozen, time(23, 59, 59, 999_999), SHANGHAI)
    assert f"freezes at the end of {frozen}" in _refused(database, period, last)
    first = last + timedelta(microseconds=1)
    assert _seal(database, period, first).sealed_at == first.strftime("%Y-%m-%d 00:00:00.000")
    assert _refused(database, period) == f"{period} is sealed already"


@pytest.mark.parametrize("name", ["number", "sealed_at", "rules_sha256", "results_sha256", "facts_sha256", "previous"])
def test_a_seal_is_over_all_that_its_row_says(name: str) -> None:
    made = Seal(1, Period.parse(MONTH), "2026-09-11 00:00:00.000", "a", {}, {}, "b", "c", "d", "")
    other = replace(made, **{name: 7 if name == "number" else "x"})  # type: ignore[arg-type]  # by its name
    assert other.sha256() != made.sha256()
    assert replace(made, period=Period.parse(NEXT)).sha256() != made.sha256()
    assert replace(made, inputs={(MONTH, "rules"): "x"}).sha256() != made.sha256()
    assert replace(made, positions={("pingliu.events", 0): 1}).sha256() != made.sha256()


@pytest.fixture
def august(unsealed: Workbench, kept: dict[str, list[str]]) -> Workbench:
    """August is sealed, as it was before."""
    if not kept:
        _seal(unsealed, MONTH)
        kept |= {table: _rows(unsealed, table) for table in _TABLES}
    return unsealed


@pytest.fixture(scope="module")
def kept() -> dict[str, list[str]]:
    """What the tables of seals held when August was sealed for the first time."""
    return {}


def test_a_seal_that_breaks_off_anywhere_is_none_and_the_next_attempt_gives_the_same(
    august: Workbench, kept: dict[str, list[str]]
) -> None:
    for table in _TABLES:
        august.execute(f"TRUNCATE TABLE pingliu.{table}")
    broken = 0
    # What one attempt stored is there when the next one begins.
    while not seals(august):
        broken += 1
        with suppress(_Failed):
            _seal(_Broken(august, broken, done=False, saying="pingliu.sealed_"), MONTH)
    # Inputs, results and fingerprints, what the attempts before had left of them, and the seal itself.
    assert broken > 5
    assert {table: _rows(august, table) for table in _TABLES} == kept


@pytest.mark.parametrize(("saying", "at"), [("REPLACE PARTITION", 2), ("assessments REPLACE", 1)])
def test_a_computation_that_breaks_off_leaves_no_seal_and_is_begun_again(
    august: Workbench, kept: dict[str, list[str]], saying: str, at: int
) -> None:
    for table in (*_TABLES, "assessments"):
        august.execute(f"TRUNCATE TABLE pingliu.{table}")
    with pytest.raises(_Failed):
        _seal(_Broken(august, at, done=False, saying=saying), MONTH)
    assert seals(august) == []
    assert august.rows("SELECT period FROM pingliu.assessments") == []
    _seal(august, MONTH)
    assert {table: _rows(august, table) for table in _TABLES} == kept


def test_a_seal_whose_answer_was_lost_is_a_seal(august: Workbench, kept: dict[str, list[str]]) -> None:
    for table in _TABLES:
        august.execute(f"TRUNCATE TABLE pingliu.{table}")
    with pytest.raises(_Failed):
        _seal(_Broken(august, 1, done=True, saying="INSERT INTO pingliu.sealed_periods"), MONTH)
    assert _refused(august, MONTH) == f"{MONTH} is sealed already"
    assert {table: _rows(august, table) for table in _TABLES} == kept


def _rows(database: Database, table: str) -> list[str]:
    found = database.rows(f"SELECT formatRowNoNewline('JSONEachRow', *) AS row FROM pingliu.{table}")
    return sorted({str(row["row"]) for row in found})


def test_results_that_another_version_sealed_and_that_come_out_differently_are_said_to_be_such(
    unsealed: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = re.sub(r"(?m)^(lines\.sql|pingliu) .*$", r"\1 0", program_text())
    monkeypatch.setattr("sinks.assessment.seals.program_text", lambda: other)
    _seal(unsealed, MONTH)
    unsealed.execute(
        "ALTER TABLE pingliu.sealed_results UPDATE row = replace(row, '\"score\":', '\"score\":1') WHERE 1 "
        "SETTINGS mutations_sync = 1"
    )
    said = [finding.detail for finding in verify(unsealed) if "another version" in finding.detail]
    assert len(said) == 1
    assert said[0].startswith(f"{MONTH}: another version of pingliu sealed it (lines.sql, pingliu)")
    assert otherwise(program_text()) == []
