"""Verification: every rule, seal, fact and result is held to what it must be, and what was touched is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sinks.assessment.corrections import corrections_sha256
from sinks.assessment.covered import digest, touched
from sinks.assessment.database import Database, Tell, silent
from sinks.assessment.finding import NAMED, Finding
from sinks.assessment.program import PROGRAM, otherwise
from sinks.assessment.restored import Restorer, result_tables
from sinks.assessment.results import BILL, export_text, results, sha256_of
from sinks.assessment.sealed import (
    Seal,
    miscopied,
    readable_seals,
    sealed_inputs,
    sealed_results,
)
from sinks.assessment.seals import LEFT
from sinks.assessment.verify_results import different, verify_results
from sinks.assessment.verify_rules import verify_rules
from sinks.erasures import Notary


@dataclass(slots=True)
class Tally:
    """What verification has seen besides findings. `erased`: sealed events of which a person was erased, as noted."""

    erased: int = 0


def verify(
    database: Database,
    tell: Tell = silent,
    wanted: Sequence[str] = (),
    notary: Notary | None = None,
    tally: Tally | None = None,
) -> Iterator[Finding]:
    """All findings, in this order; `notary` knows which erasures are ours, `tally` is told how many there are.

    1. Rule sets, and the reference tables against what was last written into them.
    2. The chain of seals, which must hold those that are wanted, and what each stores.
    3. The events that seals cover.
    4. Sealed results against what the facts give, with the sealed rules and as much of the log as was sealed.
    5. Current results against their proofs.
    """
    yield from verify_rules(database)  # 1.
    chain, unreadable = readable_seals(database)  # 2.
    yield from (Finding("chain", "sealed_periods", f"{which}: it was changed") for which in unreadable)
    for seal, before in zip(chain, (None, *chain), strict=False):
        yield from _seal(database, seal, before)
    for sha256 in sorted(set(wanted) - {seal.seal for seal in chain}):
        yield Finding("chain", "sealed_periods", f"there is no seal {sha256}: it was removed or changed")
    yield from _left(database, chain)
    if chain:  # 3.
        tell("facts")
        number = 0
        tally = tally or Tally()
        periods = [seal.period for seal in chain]
        for event in touched(database, periods, chain[-1].positions, notary or Notary(None)):
            if event.is_erased:
                tally.erased += 1
                continue
            number += 1
            if number > NAMED:
                yield Finding("fact", "event_log", f"… and more than {NAMED} others")
                break
            name = f" ({event.name})" if event.name else ""
            yield Finding("fact", "event_log", f"{event.topic}/{event.partition}/{event.offset}{name} was {event.what}")
        yield from _recomputed(database, chain, tell)  # 4.
    yield from verify_results(database, tell)  # 5.


def _seal(database: Database, seal: Seal, before: Seal | None) -> Iterator[Finding]:
    name = seal.period.text
    if seal.sha256() != seal.seal:
        yield Finding("chain", "sealed_periods", f"{name}: its seal isn't that of what it says")
    if (seal.previous, seal.number) != ((before.seal, before.number + 1) if before else ("", 1)):
        follows = f"seal {before.number} of {before.period.text}" if before else "nothing"
        said = f"seal {seal.number} names {seal.previous or 'none'} as the one before it, and follows {follows}"
        yield Finding("chain", "sealed_periods", f"{name}: {said}; one between was added, removed or changed")
    if sha256_of(export_text(sealed_results(database, seal.period))) != seal.results_sha256:
        yield Finding("seal", "sealed_results", f"{name}: its rows aren't those that were sealed")
    for row in miscopied(database, seal.period)[:NAMED]:
        line = f" line {row.line}" if row.table == BILL else ""
        said = f"{row.table} {row.subject}{line}: its street or score isn't that of its row"
        yield Finding("seal", "sealed_results", f"{name}: {said}")
    if digest(database, seal.period) != seal.facts_sha256:
        yield Finding("seal", "sealed_facts", f"{name}: its fingerprints of events aren't those that were sealed")
    if corrections_sha256(database, seal.period) != seal.corrections_sha256:
        yield Finding("seal", "sealed_corrections", f"{name}: its corrections aren't those that were sealed")
    texts = sealed_inputs(database, seal)
    for month, kind in seal.inputs:
        if kind not in texts.get(month, {}):
            yield Finding("seal", "sealed_inputs", f"{name}: the {kind} of {month} isn't that which was sealed")


def _left(database: Database, chain: Sequence[Seal]) -> Iterator[Finding]:
    """What belongs to no seal, or isn't what names it."""
    sealed = {seal.period.text for seal in chain}
    for table, column in LEFT.items():
        for row in database.rows(f"SELECT DISTINCT {column} AS of_ FROM pingliu.{table} ORDER BY of_"):
            if row["of_"] not in sealed:
                said = "there are rows of it and no seal: it was removed, or sealing broke off (then seal it again)"
                yield Finding("seal", table, f"{row['of_']}: {said}")
    for row in database.rows("SELECT sha256 FROM pingliu.sealed_inputs WHERE sha256 != lower(hex(SHA256(content)))"):
        yield Finding("seal", "sealed_inputs", f"{row['sha256']}: its text isn't what this names")


def _recomputed(database: Database, chain: Sequence[Seal], tell: Tell) -> Iterator[Finding]:
    with result_tables(database) as place:
        restorer = Restorer(database, place, chain, tell)
        for seal in chain:
            if restorer.restore(seal):  # else an input was touched, which is said already
                found = results(database, place.name, seal.period)
                findings = list(different(seal.period, "sealed_results", sealed_results(database, seal.period), found))
                yield from findings
                if findings:
                    yield from _of_program(database, seal)


def _of_program(database: Database, seal: Seal) -> Iterator[Finding]:
    """That another program sealed what now comes out differently: it need not be that something was touched."""
    for texts in sealed_inputs(database, seal).values():
        if PROGRAM in texts and (files := otherwise(texts[PROGRAM])):
            said = f"another version of pingliu sealed it ({', '.join(files)}); with that one it may come out the same"
            yield Finding("seal", "sealed_results", f"{seal.period.text}: {said}")
