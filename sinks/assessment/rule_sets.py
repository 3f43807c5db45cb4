"""Published rule sets: which is in force when, and how a new one comes to be. Never backwards (domain §6.9)."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from pydantic import ValidationError

from schemas.moments import to_date, to_day
from schemas.rules import Rules, RulesError
from sinks.assessment.database import Database
from sinks.assessment.period import Period

_COLUMNS: Final = ("sha256", "name", "effective_from", "published_ms", "canonical", "toml")
TABLE: Final = "rule_sets"


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
        """Raises RulesError where the stored values aren't those that the hash names, or the columns not theirs."""
        try:
            rules = Rules.model_validate_json(self.canonical)
        except ValidationError:
            rules = None
        # Of the text as it was stored: a rule that a later version adds must not change what names this set.
        sha256 = hashlib.sha256(self.canonical.encode()).hexdigest()
        said = None if rules is None else (sha256, rules.assessment.name, rules.assessment.effective_from)
        if rules is None or said != (self.sha256, self.name, self.effective_from):
            raise RulesError(f"rule set {self.sha256[:12]} of {self.effective_from} was changed after it was published")
        return rules

    @property
    def noted(self) -> list[object]:
        """What `reference_log` says of it; JSON's values."""
        return [self.sha256, to_day(self.effective_from), self.published_ms]


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
        written.sha256, written.name, to_day(written.effective_from), written.published_ms, written.canonical,
        written.toml,
    )  # fmt: skip
    _note(database, written)
    database.insert("pingliu.rule_sets", {name: [value] for name, value in zip(_COLUMNS, values, strict=True)})
    return written


def noted(database: Database) -> list[list[object]]:
    """What was noted last of the sets that there are."""
    rows = database.rows(
        f"SELECT content FROM pingliu.reference_log WHERE table_name = '{TABLE}' ORDER BY written_ms DESC LIMIT 1"
    )
    sets: list[list[object]] = json.loads(str(rows[0]["content"])) if rows else []
    return sets


def _note(database: Database, fresh: RuleSet) -> None:
    """Notes which sets there are, as of the reference tables: one that was added or removed in another way shows.

    Before the set is there: where publishing breaks off in between, it shows as removed until it is published again.
    """
    content = json.dumps([*(one for one in noted(database) if one[0] != fresh.sha256), fresh.noted])
    note = {
        "table_name": TABLE,
        "sha256": hashlib.sha256(content.encode()).hexdigest(),
        "content": content,
        "written_ms": fresh.published_ms,
    }
    database.insert("pingliu.reference_log", {name: [value] for name, value in note.items()})
