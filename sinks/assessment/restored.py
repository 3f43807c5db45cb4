"""Sealed periods computed again as they were: from the sealed inputs, and as much of the log as was sealed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from schemas.rules import Rules
from sinks.assessment.assessor import LEDGER, Assessor, Basis, assessed, parts
from sinks.assessment.before import of_sealed
from sinks.assessment.compute import Before
from sinks.assessment.database import Database, Tell, quoted, silent
from sinks.assessment.period import Period
from sinks.assessment.results import TABLES
from sinks.assessment.rule_sets import in_force, published
from sinks.assessment.scratch import Scratch, scratch
from sinks.assessment.sealed import Seal, parsed_inputs, sealed_inputs, seals
from sinks.migrate import latest_view

RESULTS: Final = tuple(dict.fromkeys((LEDGER, *(table for tables in TABLES.values() for table in tables))))
_NAMES: Final = re.compile(rf"\bpingliu\.({'|'.join((*RESULTS, 'measures'))})\b")


@contextmanager
def result_tables(database: Database) -> Iterator[Scratch]:
    """A scratch database with empty result tables."""
    with scratch(database) as place:
        place.create_results(RESULTS)
        yield place


class Restorer:
    """Computes sealed periods into the result tables of a scratch database; what was sealed from the same, once."""

    def __init__(self, database: Database, place: Scratch, chain: Sequence[Seal], tell: Tell = silent) -> None:
        self._database = database
        self._place = place
        self._chain = chain
        self._tell = tell
        self._done: dict[Period, object] = {}

    def restore(self, seal: Seal) -> bool:
        """Computes the seal's period, and all that it is made of. False where an input isn't what was sealed."""
        texts = sealed_inputs(self._database, seal)
        if sum(map(len, texts.values())) < len(seal.inputs):
            return False
        try:
            basis = Basis(parsed_inputs(texts), seal.positions)
            judged = [(part, self._rules(basis, part)) for part in parts(seal.period, basis)]
        except (KeyError, ValueError):
            return False
        for part, rules in judged:
            own = basis.of(part)
            made_of = (own.sha256, rules.sha256, sorted(seal.positions.items()))
            if self._done.get(part) != made_of:
                Assessor(self._database, self._place.name, own, self._before(seal), self._tell).compute(part, rules)
                self._done[part] = made_of
        return True

    def _rules(self, basis: Basis, part: Period) -> Rules:
        """The rules of a part's last month: the sealed ones, or where nothing happened in it, those in force for it."""
        last = basis.inputs.get(part.months[-1].text)
        return in_force(published(self._database), part.months[-1]) if last is None else last.rules

    def _before(self, seal: Seal) -> _Before:
        return _Before(self._database, {one.period for one in self._chain if one.number < seal.number})


class _Before:
    """What a period took of the one before it, when it was sealed."""

    def __init__(self, database: Database, sealed: set[Period]) -> None:
        self._database = database
        self._sealed = sealed

    def __call__(self, period: Period) -> Before:
        return of_sealed(self._database, period.previous) if period.previous in self._sealed else Before()


class _Restored:
    """A database whose results are those of another place; everything else is its own."""

    def __init__(self, database: Database, place: str) -> None:
        self._database = database
        self._place = place

    def execute(self, sql: str) -> None:
        self._database.execute(self._of_place(sql))

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> int:
        return self._database.insert(self._of_place(table), columns)

    def rows(self, sql: str) -> list[dict[str, object]]:
        return self._database.rows(self._of_place(sql))

    def _of_place(self, sql: str) -> str:
        return _NAMES.sub(rf"{self._place}.\1", sql)


@contextmanager
def as_sealed(database: Database, period: Period, tell: Tell = silent) -> Iterator[Database]:
    """The database, with the results of a sealed period as they were sealed, whatever came to be known since.

    A period that isn't sealed, and one that nothing changed since, is as it is.
    """
    chain = seals(database)
    seal = next((one for one in chain if one.period == period), None)
    noted = assessed(database, period)
    if seal is None or (noted is not None and noted.results_sha256 == seal.results_sha256):
        yield database
        return
    with result_tables(database) as place:
        Restorer(database, place, chain, tell).restore(seal)
        others = f"period NOT IN ({', '.join(quoted(one.text) for one in (*period.months, *period.quarters, period))})"
        for table in RESULTS:
            place.execute(f"INSERT INTO scratch.{table} SELECT * FROM pingliu.{table} WHERE {others}")
        restored = _Restored(database, place.name)
        restored.execute(latest_view("measures"))
        yield restored
