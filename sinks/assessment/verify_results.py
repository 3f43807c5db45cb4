"""Results against what they must be: current ones against their proofs and notes, and rows against rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from schemas.rules import RulesError
from sinks.assessment.assessor import LEDGER, Assessed, Assessor, Basis, NothingToAssess, assessed, basis_of, parts
from sinks.assessment.before import found_before
from sinks.assessment.database import Database, Tell, quoted
from sinks.assessment.finding import NAMED, Finding
from sinks.assessment.period import Period, PeriodError
from sinks.assessment.restored import RESULTS, result_tables
from sinks.assessment.results import (
    BILL,
    MEASURES,
    TABLES,
    Result,
    export_text,
    proof_of,
    results,
    row_text,
    sha256_of,
    subject_of,
)
from sinks.assessment.rule_sets import in_force, published
from sinks.assessment.sealed import parsed_inputs, readable_seals, sealed_inputs

_OF_MEASURES: Final = "concat(site, ' ', window, ' ', staff, ' ', item)"
# What a row is about, where it isn't who the result is of.
_ABOUT: Final = {
    LEDGER: "''",
    BILL: f"concat({subject_of(BILL)}, ' line ', toString(line))",
    MEASURES: _OF_MEASURES,
}


def verify_results(database: Database, tell: Tell) -> Iterator[Finding]:
    """Current results that aren't those that were computed."""
    for table in RESULTS:
        rows = database.rows(
            f"SELECT period AS of_, {_ABOUT.get(table, subject_of(table))} AS about_ FROM pingliu.{table} "
            f"WHERE proof != {proof_of(row_text(database, table))} ORDER BY of_, about_ LIMIT {NAMED}"
        )
        for row in rows:
            yield Finding("result", table, f"{row['of_']} {row['about_']}".rstrip() + ": it isn't what was computed")
    others: list[tuple[Period, Assessed]] = []
    notes = Counter(str(row["period"]) for row in database.rows(f"SELECT period FROM pingliu.{LEDGER}"))
    for text in sorted(notes):
        if notes[text] > 1:
            yield Finding("result", LEDGER, f"{text}: there are {notes[text]} notes of it")
            continue
        try:
            period = Period.parse(text)
        except PeriodError:
            yield Finding("result", LEDGER, f"{text}: it is no period")
            continue
        noted = assessed(database, period)
        found = results(database, "pingliu", period)
        if noted is not None and sha256_of(export_text(found)) != noted.results_sha256:
            tables = ", ".join(TABLES[period.kind])
            yield Finding("result", tables, f"{text}: rows were added, removed or changed, or their note was")
            others.append((period, noted))
    for table in RESULTS:
        for row in database.rows(f"SELECT DISTINCT period FROM pingliu.{table} ORDER BY period"):
            if row["period"] not in notes:
                said = "there is no note of what it was computed from; it was removed, or computing broke off"
                yield Finding(
                    "result", LEDGER, f"{row['period']}: {said} (then assess it again); it has rows in {table}"
                )
    if others:
        yield from _computed_again(database, others, tell)


def different(period: Period, place: str, kept: Sequence[Result], found: Sequence[Result]) -> Iterator[Finding]:
    """Rows of a place that aren't what the facts give. `place`: a table, or '' for that of each row."""
    surplus, lacking = Counter(kept) - Counter(found), Counter(found) - Counter(kept)
    said: dict[tuple[str, str, int], tuple[list[str], list[str]]] = {}
    for side, rows in enumerate((surplus, lacking)):
        for row in rows.elements():
            said.setdefault(row[:3], ([], []))[side].append(row.row)
    for table, subject, line in sorted(said)[:NAMED]:
        says, gives = (" and ".join(texts) or "nothing more" for texts in said[table, subject, line])
        name = " ".join(filter(None, (table if place else "", subject, f"line {line}" if table == BILL else "")))
        yield Finding("result", place or table, f"{period.text}: {name}: it says {says}, the facts give {gives}")
    if len(said) > NAMED:
        yield Finding("result", place or "results", f"{period.text}: … and {len(said) - NAMED} other rows")


def _computed_again(database: Database, others: Sequence[tuple[Period, Assessed]], tell: Tell) -> Iterator[Finding]:
    """Names the rows of current results that were added, removed or changed, where their basis is still there.

    What several periods are made of is computed once, if it comes from the same.
    """
    done: dict[Period, object] = {}
    with result_tables(database) as place:
        for period, noted in others:
            basis = _basis(database, period, noted)
            if basis is None:
                continue
            for part in parts(period, basis):
                rules, own = in_force(published(database), part.months[-1]), basis.of(part)
                made_of = (own.sha256, rules.sha256, sorted(own.positions.items()))
                if done.get(part) != made_of:
                    Assessor(database, place.name, own, found_before(database), tell).compute(part, rules)
                    done[part] = made_of
            kept, found = (_rows(database, name, period) for name in ("pingliu", place.name))
            yield from different(period, "", kept, found)


def _basis(database: Database, period: Period, noted: Assessed) -> Basis | None:
    """What results were computed from: what is there now, or what a seal keeps."""
    try:
        basis = basis_of(database, period, noted.positions)
        if basis.of(period).sha256 == noted.inputs_sha256:
            return basis
        for seal in readable_seals(database)[0]:
            basis = Basis(parsed_inputs(sealed_inputs(database, seal)), noted.positions).of(period)
            if basis.sha256 == noted.inputs_sha256:
                return basis
    except (NothingToAssess, RulesError, KeyError, ValueError):
        pass
    return None


def _rows(database: Database, place: str, period: Period) -> list[Result]:
    """A period's results, measures one by one."""
    found = [row for row in results(database, place, period) if row.table != MEASURES]
    if MEASURES in TABLES[period.kind]:
        rows = database.rows(
            f"SELECT {_OF_MEASURES} AS about_, {row_text(database, MEASURES)} AS row_ "
            f"FROM {place}.{MEASURES} WHERE period = {quoted(period.text)}"
        )
        found += [Result(MEASURES, str(row["about_"]), 0, str(row["row_"])) for row in rows]
    return found
