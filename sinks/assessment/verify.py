"""Verification: every rule, seal, fact and result is held to what it must be, and what was touched is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from schemas.rules import RulesError, parse_rules
from sinks import reference
from sinks.assessment.assessor import LEDGER, Assessor, Basis, assessed, parts
from sinks.assessment.before import of_sealed
from sinks.assessment.compare import result_tables
from sinks.assessment.compute import Before
from sinks.assessment.corrections import corrections_sha256
from sinks.assessment.covered import digest, touched
from sinks.assessment.database import Database, Tell, silent
from sinks.assessment.inputs import Inputs
from sinks.assessment.period import Kind, Period
from sinks.assessment.results import (
    BILL,
    TABLES,
    Result,
    export_text,
    proof_of,
    results,
    row_text,
    sha256_of,
    subject_of,
)
from sinks.assessment.rule_sets import published
from sinks.assessment.sealed import Seal, sealed_inputs, sealed_results, seals

# What was touched: a rule or reference table, the chain of seals, what a seal stores, an event, a current result.
What = Literal["rule", "chain", "seal", "fact", "result"]
_NAMED: Final = 50
_KINDS: Final[tuple[Kind, ...]] = ("month", "quarter", "year")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that isn't as it must be. `place`: the table; `detail`: which row, and how it differs."""

    what: What
    place: str
    detail: str


def verify(database: Database, tell: Tell = silent) -> Iterator[Finding]:
    """All findings, in this order:

    1. Rule sets, and the reference tables against what was last written into them.
    2. The chain of seals, and what each stores.
    3. The events that seals cover.
    4. Sealed results against what the facts give, with the sealed rules and as much of the log as was sealed.
    5. Current results against their proofs.
    """
    yield from _rules(database)  # 1.
    chain = seals(database)
    for seal, before in zip(chain, (None, *chain), strict=False):  # 2.
        yield from _seal(database, seal, before)
    if chain:  # 3.
        tell("facts")
        for number, event in enumerate(touched(database, [seal.period for seal in chain], chain[-1].positions)):
            if number < _NAMED:
                name = f" ({event.name})" if event.name else ""
                yield Finding(
                    "fact", "event_log", f"{event.topic}/{event.partition}/{event.offset}{name} was {event.what}"
                )
            elif number == _NAMED:
                yield Finding("fact", "event_log", f"… and more than {_NAMED} others")
        yield from _recomputed(database, chain, tell)  # 4.
    yield from _current(database)  # 5.


def _rules(database: Database) -> Iterator[Finding]:
    for rule_set in published(database):
        name = f"{rule_set.sha256[:12]} of {rule_set.effective_from}"
        try:
            rules = rule_set.rules
            written = parse_rules(rule_set.toml) if rule_set.toml else rules
        except (RulesError, ValueError) as error:
            yield Finding("rule", "rule_sets", f"{name}: {error}")
            continue
        said = (rules.assessment.name, rules.assessment.effective_from, written.sha256)
        if said != (rule_set.name, rule_set.effective_from, rule_set.sha256):
            yield Finding("rule", "rule_sets", f"{name}: its columns aren't what its values say")
    for table in reference.COLUMNS:
        written_rows = {json.dumps(row, ensure_ascii=False) for row in reference.noted_content(database, table)}
        rows = {json.dumps(list(row), ensure_ascii=False) for row in reference.content(database, table)}
        for row in sorted(rows - written_rows)[:_NAMED]:
            yield Finding("rule", table, f"{row} was added or changed")
        for row in sorted(written_rows - rows)[:_NAMED]:
            yield Finding("rule", table, f"{row} was removed or changed")


def _seal(database: Database, seal: Seal, before: Seal | None) -> Iterator[Finding]:
    name = seal.period.text
    if seal.sha256() != seal.seal:
        yield Finding("chain", "sealed_periods", f"{name}: its seal isn't that of what it says")
    if seal.previous != (before.seal if before else "") or seal.number != (before.number if before else 0) + 1:
        yield Finding("chain", "sealed_periods", f"{name}: it isn't chained to the seal before it")
    if sha256_of(export_text(sealed_results(database, seal.period))) != seal.results_sha256:
        yield Finding("seal", "sealed_results", f"{name}: its rows aren't those that were sealed")
    if digest(database, seal.period) != seal.facts_sha256:
        yield Finding("seal", "sealed_facts", f"{name}: its fingerprints of events aren't those that were sealed")
    if corrections_sha256(database, seal.period) != seal.corrections_sha256:
        yield Finding("seal", "sealed_corrections", f"{name}: its corrections aren't those that were sealed")
    texts = sealed_inputs(database, seal)
    for month, kind in seal.inputs:
        if kind not in texts.get(month, {}):
            yield Finding("seal", "sealed_inputs", f"{name}: the {kind} of {month} isn't that which was sealed")


def _recomputed(database: Database, chain: Sequence[Seal], tell: Tell) -> Iterator[Finding]:
    """Periods that were sealed from the same are computed once."""
    with result_tables(database) as place:
        done: dict[Period, tuple[str, object]] = {}
        for seal in chain:
            texts = sealed_inputs(database, seal)
            try:
                inputs = {month: Inputs.parse(of_month) for month, of_month in texts.items()}
            except (KeyError, ValueError):
                continue  # said already: an input isn't what was sealed
            if len(inputs) < len({month for month, _ in seal.inputs}):
                continue
            basis = Basis(inputs, seal.positions)
            for part in parts(seal.period, basis):
                own = basis.of(part)
                key = (own.sha256, sorted(seal.positions.items()))
                if done.get(part) == key:
                    continue
                rules = own.inputs[max(own.inputs)].rules
                Assessor(database, place.name, own, _before(database, chain, seal), tell).compute(part, rules)
                done[part] = key
            found = results(database, place.name, seal.period)
            yield from _different(seal.period, sealed_results(database, seal.period), found)


def _before(database: Database, chain: Sequence[Seal], seal: Seal) -> Callable[[Period], Before]:
    """What a period took of the one before, when it was sealed."""
    earlier = {one.period for one in chain if one.number < seal.number}
    return lambda period: of_sealed(database, period.previous) if period.previous in earlier else Before()


def _different(period: Period, sealed: Sequence[Result], found: Sequence[Result]) -> Iterator[Finding]:
    before = {row[:3]: row.row for row in sealed}
    after = {row[:3]: row.row for row in found}
    keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    for table, subject, line in keys[:_NAMED]:
        name = f"{period.text}: {table} {subject}{f' line {line}' if table == BILL else ''}"
        was, now = before.get((table, subject, line), "nothing"), after.get((table, subject, line), "nothing")
        yield Finding("result", "sealed_results", f"{name}: sealed is {was}, the facts give {now}")
    if len(keys) > _NAMED:
        yield Finding("result", "sealed_results", f"{period.text}: … and {len(keys) - _NAMED} other rows")


def _current(database: Database) -> Iterator[Finding]:
    for table in (*dict.fromkeys(table for kind in _KINDS for table in TABLES[kind]), LEDGER):
        subject = "''" if table == LEDGER else subject_of(table)
        rows = database.rows(
            f"SELECT period, {subject} AS about FROM pingliu.{table} "
            f"WHERE proof != {proof_of(row_text(database, table))} ORDER BY period, about LIMIT {_NAMED}"
        )
        for row in rows:
            yield Finding("result", table, f"{row['period']} {row['about']}: it was changed after it was computed")
    for kind in _KINDS:
        for row in database.rows(f"SELECT period FROM pingliu.{LEDGER} ORDER BY period"):
            text = str(row["period"])
            period = Period.parse(text)
            if period.kind != kind:
                continue
            noted = assessed(database, period)
            if noted and sha256_of(export_text(results(database, "pingliu", period))) != noted.results_sha256:
                tables = ", ".join(TABLES[kind])
                yield Finding("result", tables, f"{text}: rows were added, removed or changed after they were computed")
