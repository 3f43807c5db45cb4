"""The engine with a small district, which assesses streams of messages: these go in, result tables come out."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from schemas.registry import Registry
from schemas.rules import Rules, parse_rules
from schemas.workdays import Workdays
from sinks.assessment.assessor import NothingToAssess, assess
from sinks.assessment.before import current
from sinks.assessment.period import Period
from sinks.assessment.rule_sets import publish, publish_first
from sinks.reference import load_reference
from sinks.workbench import Workbench
from tests.assessment.district import recounted, registry
from tests.assessment.expected import BILL, TABLES, Table, expected_tables, found_tables
from tests.recount import Message
from tests.recount import assessment as recount
from tests.views.warehouse import Warehouse

_REGISTRY: Final[Registry] = registry()
_DISTRICT: Final = recounted()
_RESULTS: Final = (*TABLES, "assessments")
# Long before any month here.
_TODAY: Final = date(2020, 1, 1)
# Whatever streams reach into.
_YEARS: Final = ("2025", "2026", "2027")


@dataclass(frozen=True)
class Case:
    """What is assessed, and by which rule sets: TOML, each with an `effective_from` of its own but for the first."""

    messages: Sequence[Message]
    heartbeats: Sequence[Message]
    rules: Sequence[str]

    def rules_of(self) -> Callable[[str], recount.AssessmentRules]:
        """For the recount: the set of a month."""
        parsed = [tomllib.loads(text, parse_float=Decimal) for text in self.rules]
        sets = [(_start(values), recount.AssessmentRules.of(values)) for values in parsed]

        def of(month: str) -> recount.AssessmentRules:
            return [rules for start, rules in sets if start <= month][-1]

        return of

    def recounted(self) -> dict[str, Table]:
        """What the recount makes of it, in all months that there are."""
        assessed = recount.assess(self.messages, _DISTRICT, self.rules_of(), heartbeats=self.heartbeats)
        return expected_tables(assessed)


class Desk:
    """Assesses one case after another on one engine."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._bench = Workbench(warehouse.engine)
        # Deadlines and the calendar of a month are its own rule set's; only the registry is of importance here.
        load_reference(warehouse.engine, _REGISTRY, Rules(), Workdays(Rules().calendar))

    def tables(self, case: Case, periods: Iterable[str] = _YEARS, *, seed: int = 0) -> dict[str, Table]:
        """What the product makes of a case; the seed decides on batches and redeliveries of storing."""
        self._clear()
        first, *others = [(parse_rules(text), text) for text in case.rules]
        publish_first(self._bench, *first)
        for rules, text in others:
            publish(self._bench, rules, text, _TODAY)
        self._warehouse.store_facts(case.messages, seed=seed)
        self._warehouse.store_facts(case.heartbeats, seed=seed)
        for period in periods:
            try:
                assess(self._bench, Period.parse(period), current(self._bench))
            except NothingToAssess:
                continue
        return found_tables(self._warehouse.engine)

    def _clear(self) -> None:
        self._warehouse.clear()
        for table in (*_RESULTS, "rule_sets"):
            self._warehouse.engine.execute(f"TRUNCATE TABLE pingliu.{table}")


def bill(tables: dict[str, Table], period: str, scope: str, subject: str) -> list[tuple[str, Decimal]]:
    """The rules and points of a subject's lines."""
    return [(line["rule"], line["points"]) for line in tables[BILL][period, scope, subject]["lines"]]


def _start(values: dict[str, dict[str, object]]) -> str:
    return str(values.get("assessment", {}).get("effective_from", "2000-01-01"))[:7]
