"""Sealing (封账): a period's results, all they come from, and a hash over it, chained to the seal before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Final

from schemas.moments import SHANGHAI, to_date, to_day
from schemas.workdays import Workdays
from sinks.assessment.assessor import Basis, assess, assessed, basis_of, existing_months
from sinks.assessment.before import current
from sinks.assessment.corrections import corrections_sha256, find_corrections, store_corrections
from sinks.assessment.covered import cover, digest
from sinks.assessment.database import Database, Tell, quoted, silent
from sinks.assessment.period import Period
from sinks.assessment.positions import literal, stored
from sinks.assessment.program import PROGRAM, program_text
from sinks.assessment.results import Result, export_text, results, sha256_of
from sinks.assessment.rule_sets import in_force, published
from sinks.assessment.sealed import Seal, beside, seals

_ROWS: Final = 20_000
# What a seal stores before it counts, and where these tables say whose it is.
LEFT: Final = {"sealed_results": "period", "sealed_facts": "period", "sealed_corrections": "bulletin"}


class CannotSeal(ValueError):  # noqa: N818 - it says what is the case
    """The period can't be sealed now; the message says why."""


def freeze_day(database: Database, period: Period) -> date:
    """The day at whose end a period freezes: that of its last month, by the rules in force for it."""
    last = period.months[-1]
    rules = in_force(published(database), last)
    return to_date(Workdays(rules.calendar).after(to_day(last.last_day), rules.assessment.freeze_workday))


def seal(database: Database, period: Period, now: datetime, tell: Tell = silent) -> Seal:
    """Seals a period. Raises CannotSeal, NothingToAssess, RulesError. In this order:

    1. It must be frozen, not sealed, and what comes before it and what it is made of must be sealed.
    2. It is computed anew, whatever is there; what it is made of, unless that is just what was sealed.
    3. What an attempt that broke off left is removed.
    4. What of sealed periods is otherwise by now is kept as corrections that belong to this seal.
    5. Results, inputs, and fingerprints of the events that no seal covered yet are stored.
    6. The row that makes it a seal is stored, last: without it the others count for nothing.
    """
    chain = seals(database)
    _check(database, chain, period, now)  # 1.
    basis = assess(database, period, current(database, tell), tell, _trusted(database, chain, period))  # 2.
    tell(f"seal {period.text}")
    for table, column in LEFT.items():
        # Looked at first: who seals may have no right to take anything away.
        if database.rows(f"SELECT 1 AS n FROM pingliu.{table} WHERE {column} = {quoted(period.text)} LIMIT 1"):
            database.execute(f"ALTER TABLE pingliu.{table} DROP PARTITION {quoted(period.text)}")  # 3.
    corrections = find_corrections(database, chain, tell)  # 4.
    store_corrections(database, period, corrections)
    rows = results(database, "pingliu", period)  # 5.
    results_sha256 = sha256_of(export_text(rows))
    noted = assessed(database, period)
    if noted is None or (noted.results_sha256, noted.positions) != (results_sha256, basis.positions):
        raise CannotSeal(f"{period.text} was assessed anew while it was being sealed; seal it again")
    _store_results(database, period, rows)
    inputs = _store_inputs(database, basis)
    cover(database, period, basis.positions, chain[-1].positions if chain else {})
    draft = Seal(
        number=len(chain) + 1,
        period=period,
        sealed_at=now.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
        rules_sha256=in_force(published(database), period.months[-1]).sha256,
        inputs=inputs,
        positions=basis.positions,
        results_sha256=results_sha256,
        facts_sha256=digest(database, period),
        corrections_sha256=corrections_sha256(database, period),
        previous=chain[-1].seal if chain else "",
    )
    return _store(database, draft)  # 6.


def _trusted(database: Database, chain: Sequence[Seal], period: Period) -> Callable[[Period], bool]:
    """A forged row with a forged note must not get sealed."""
    sealed = {one.period: one.results_sha256 for one in chain}
    return lambda part: (
        part != period and sealed.get(part) == sha256_of(export_text(results(database, "pingliu", part)))
    )


def _check(database: Database, chain: Sequence[Seal], period: Period, now: datetime) -> None:
    sealed = {one.period for one in chain}
    if period in sealed:
        raise CannotSeal(f"{period.text} is sealed already")
    basis_of(database, period, stored(database))
    frozen = freeze_day(database, period)
    if now.astimezone(SHANGHAI).date() <= frozen:
        raise CannotSeal(f"{period.text} freezes at the end of {frozen}; it can be sealed from the next day on")
    exist = existing_months(database, stored(database))
    for part in _needed(period, exist):
        if part not in sealed:
            raise CannotSeal(f"{part.text} must be sealed before {period.text}")


def _needed(period: Period, exist: Sequence[Period]) -> list[Period]:
    """What must be sealed before a period: the one before it, and those it is made of; as far as they exist."""
    parts = {"month": (), "quarter": period.months, "year": period.quarters}[period.kind]
    return [part for part in (period.previous, *parts) if any(month in exist for month in part.months)]


def _store_results(database: Database, period: Period, rows: Sequence[Result]) -> None:
    for start in range(0, len(rows), _ROWS):
        cut = rows[start : start + _ROWS]
        streets, scores = zip(*map(beside, cut), strict=True)
        database.insert(
            "pingliu.sealed_results",
            {
                "period": [period.text for _ in cut],
                "result": [result.table for result in cut],
                "subject": [result.subject for result in cut],
                "line": [result.line for result in cut],
                "street": list(streets),
                "score": list(scores),
                "row": [result.row for result in cut],
            },
        )


def _store_inputs(database: Database, basis: Basis) -> dict[tuple[str, str], str]:
    """Stores what isn't there yet; returns what names the text of each month and kind, and beside the first month's the
    program's.
    """
    known = {str(row["sha256"]) for row in database.rows("SELECT sha256 FROM pingliu.sealed_inputs")}
    names: dict[tuple[str, str], str] = {}
    fresh: dict[str, str] = {}
    texts = {(month, name): text for month, inputs in basis.inputs.items() for name, text in inputs.texts().items()}
    texts[min(basis.inputs), PROGRAM] = program_text()
    for place, text in texts.items():
        names[place] = sha256_of(text)
        if names[place] not in known:
            fresh[names[place]] = text
    if fresh:
        database.insert("pingliu.sealed_inputs", {"sha256": list(fresh), "content": list(fresh.values())})
    return names


def _store(database: Database, draft: Seal) -> Seal:
    sha256 = draft.sha256()
    inputs = ", ".join(
        f"({quoted(month)}, {quoted(name)}, {quoted(text)})" for (month, name), text in sorted(draft.inputs.items())
    )
    database.execute(
        f"INSERT INTO pingliu.sealed_periods SELECT {draft.number}, {quoted(draft.period.text)}, "
        f"toDateTime64({quoted(draft.sealed_at)}, 3, 'Asia/Shanghai'), {quoted(draft.rules_sha256)}, "
        f"CAST([{inputs}] AS Array(Tuple(month String, name String, sha256 String))), {literal(draft.positions)}, "
        f"{quoted(draft.results_sha256)}, {quoted(draft.facts_sha256)}, {quoted(draft.corrections_sha256)}, "
        f"{quoted(draft.previous)}, {quoted(sha256)}"
    )
    return next(one for one in seals(database) if one.seal == sha256)
