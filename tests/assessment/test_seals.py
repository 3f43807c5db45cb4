"""Sealing: when it may be, what it keeps, and that a seal that breaks off is none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from schemas.moments import SHANGHAI
from sinks.assessment.database import Database
from sinks.assessment.period import Period
from sinks.assessment.results import export_text
from sinks.assessment.sealed import Seal, sealed_inputs, sealed_results, seals
from sinks.assessment.seals import LEFT, CannotSeal, freeze_day, seal
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


@pytest.mark.parametrize(("period", "parts"), [(MONTH, []), (NEXT, [MONTH]), (QUARTER, [MONTH, NEXT])])
def test_a_period_is_sealed_once_and_not_before_the_day_after_its_freeze(
    unsealed: Workbench, period: str, parts: list[str]
) -> None:
    for part in parts:
        _seal(unsealed, part)
    frozen = freeze_day(unsealed, Period.parse(period))
    last = datetime.combine(frozen, time(23, 59, 59, 999_999), SHANGHAI)
    assert f"freezes at the end of {frozen}" in _refused(unsealed, period, last)
    first = last + timedelta(microseconds=1)
    made = _seal(unsealed, period, first)
    assert made.sealed_at == first.strftime("%Y-%m-%d 00:00:00.000")
    assert _refused(unsealed, period) == f"{period} is sealed already"


def test_the_freeze_is_the_eighth_workday_after_the_month(unsealed: Workbench) -> None:
    # The first of September is a Tuesday. Of October the first week is a holiday, and Saturday the tenth is worked.
    assert freeze_day(unsealed, Period.parse(MONTH)).isoformat() == "2026-09-10"
    assert freeze_day(unsealed, Period.parse(NEXT)).isoformat() == "2026-10-16"
    assert freeze_day(unsealed, Period.parse(QUARTER)).isoformat() == "2026-10-16"


def test_periods_are_sealed_in_their_order_and_parts_before_the_whole(unsealed: Workbench) -> None:
    assert _refused(unsealed, NEXT) == f"{MONTH} must be sealed before {NEXT}"
    assert _refused(unsealed, QUARTER) == f"{MONTH} must be sealed before {QUARTER}"
    assert _refused(unsealed, YEAR) == f"{QUARTER} must be sealed before {YEAR}"
    _seal(unsealed, MONTH)
    assert _refused(unsealed, QUARTER) == f"{NEXT} must be sealed before {QUARTER}"
    _seal(unsealed, NEXT)
    assert _refused(unsealed, YEAR) == f"{QUARTER} must be sealed before {YEAR}"
    _seal(unsealed, QUARTER)
    _seal(unsealed, YEAR)
    chain = seals(unsealed)
    assert [one.number for one in chain] == [1, 2, 3, 4]
    assert [one.period.text for one in chain] == [MONTH, NEXT, QUARTER, YEAR]
    assert [one.previous for one in chain] == ["", *(one.seal for one in chain[:-1])]
    for one in chain:
        assert one.seal == one.sha256()
        export = export_text(sealed_results(unsealed, one.period))
        assert hashlib.sha256(export.encode()).hexdigest() == one.results_sha256
        assert {month: sorted(texts) for month, texts in sealed_inputs(unsealed, one).items()} == {
            month.text: ["calendar", "registry", "rules"] for month in one.period.months if month.text in (MONTH, NEXT)
        }


@pytest.mark.parametrize(
    "changed", ["number", "sealed_at", "rules_sha256", "results_sha256", "facts_sha256", "previous"]
)
def test_a_seal_is_over_all_that_its_row_says(unsealed: Workbench, changed: str) -> None:
    made = _seal(unsealed, MONTH)
    assert replace(made, **{changed: 7 if changed == "number" else "x"}).sha256() != made.seal  # type: ignore[arg-type]


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_seal_that_breaks_off_anywhere_is_none_and_the_next_attempt_gives_the_same(
    unsealed: Workbench, done: bool
) -> None:
    _seal(unsealed, MONTH)
    whole = _seal(unsealed, NEXT)
    kept = {table: _rows(unsealed, table) for table in _TABLES}
    for table, column in {"sealed_periods": "period", **LEFT}.items():
        unsealed.execute(f"ALTER TABLE pingliu.{table} DELETE WHERE {column} = '{NEXT}' SETTINGS mutations_sync = 2")
    broken = 0
    # The effects of one attempt are there when the next begins.
    while True:
        broken += 1
        try:
            _seal(_Broken(unsealed, broken, done=done), NEXT)
        except _Failed:
            if [one.period.text for one in seals(unsealed)] == [MONTH]:
                continue
        break
    # Results, fingerprints, what an attempt before left, and the seal itself.
    assert broken > 3
    assert seals(unsealed)[1:] == [whole]
    assert {table: _rows(unsealed, table) for table in _TABLES} == kept


@pytest.mark.parametrize(("saying", "at"), [("INSERT INTO", 9), ("REPLACE PARTITION", 2), ("assessments REPLACE", 1)])
def test_a_computation_that_breaks_off_leaves_no_seal_and_is_begun_again(
    unsealed: Workbench, saying: str, at: int
) -> None:
    whole = _seal(unsealed, MONTH)
    for table in (*_TABLES, "assessments"):
        unsealed.execute(f"TRUNCATE TABLE pingliu.{table}")
    with pytest.raises(_Failed):
        _seal(_Broken(unsealed, at, done=False, saying=saying), MONTH)
    assert seals(unsealed) == []
    assert unsealed.rows("SELECT period FROM pingliu.assessments") == []
    assert _seal(unsealed, MONTH) == whole


def _rows(database: Database, table: str) -> list[str]:
    found = database.rows(f"SELECT formatRowNoNewline('JSONEachRow', *) AS row FROM pingliu.{table}")
    return sorted({str(row["row"]) for row in found})
