"""Published rule sets: which is in force when, and how a new one comes to be. Never backwards (domain §6.9)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from schemas.moments import to_date, to_day
from schemas.rules import Rules, RulesError
from sinks.assessment.database import Database
from sinks.assessment.period import Period

_COLUMNS: Final = ("sha256", "name", "effective_from", "published_ms", "canonical", "toml")


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A published rule set. `toml`: the file as it was published; '' for defaults that no file says."""

    sha256: str
    name: str
    effective_from: date
    published_ms: int
    canonical: str
    toml: str

    @property
    def rules(self) -> Rules:
        """Raises RulesError where the stored values aren't those that the hash names."""
        rules = Rules.model_validate_json(self.canonical)
        if rules.sha256 != self.sha256:
            raise RulesError(f"rule set {self.sha256[:12]} of {self.effective_from} was changed after it was published")
        return rules


class _Store(Protocol):
    """What is needed of an engine or a server."""

    def rows(self, sql: str) -> list[dict[str, object]]:
        """Runs one statement that asks."""


def published(database: _Store) -> list[RuleSet]:
    """All rule sets, by the month from which they are effective."""
    rows = database.rows(f"SELECT {', '.join(_COLUMNS)} FROM pingliu.rule_sets ORDER BY effective_from, published_ms")
    return [
        RuleSet(
            str(row["sha256"]),
            str(row["name"]),
            to_date(int(str(row["effective_from"]))),
            int(str(row["published_ms"])),
            str(row["canonical"]),
            str(row["toml"]),
        )
        for row in rows
    ]


def in_force(sets: Sequence[RuleSet], month: Period) -> Rules:
    """The rules of a month; the defaults where none was published for it. Raises RulesError for a tampered one."""
    effective = [one for one in sets if one.effective_from <= month.first_day]
    return effective[-1].rules if effective else Rules()


def publish_first(database: Database, rules: Rules, toml: str) -> bool:
    """Publishes the rules where nothing was ever published; returns whether they were."""
    if published(database):
        return False
    _write(database, rules, toml)
    return True


def publish(database: Database, rules: Rules, toml: str, today: date) -> RuleSet:
    """Publishes a rule set for the months from its `effective_from` on. Raises RulesError where it would judge a month
    that has begun, that an earlier set was made for later, or that is sealed.
    """
    start = rules.assessment.effective_from
    sets = published(database)
    if sets:
        if start <= today:
            raise RulesError(f"assessment.effective_from: {start} has begun; the next month is the earliest")
        if start < sets[-1].effective_from:
            raise RulesError(
                f"assessment.effective_from: {start} is before {sets[-1].effective_from}, when the last set begins"
            )
        if sets[-1].sha256 == rules.sha256:
            raise RulesError(f"this rule set is in force from {sets[-1].effective_from} already")
    for row in database.rows("SELECT period FROM pingliu.sealed_periods"):
        period = Period.parse(str(row["period"]))
        if start <= period.last_day:
            raise RulesError(f"assessment.effective_from: {start} is not after {period.text}, which is sealed")
    return _write(database, rules, toml)


def _write(database: Database, rules: Rules, toml: str) -> RuleSet:
    written = RuleSet(
        rules.sha256,
        rules.assessment.name,
        rules.assessment.effective_from,
        time.time_ns() // 1_000_000,
        rules.canonical(),
        toml,
    )
    values = (
        written.sha256, written.name, to_day(written.effective_from), written.published_ms, written.canonical, written.toml
    )  # fmt: skip
    database.insert("pingliu.rule_sets", {name: [value] for name, value in zip(_COLUMNS, values, strict=True)})
    return written
