"""Makes ClickHouse ready: its tables, and what figures are judged by."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from deploy.mistake import Mistake
from schemas.registry import Registry
from schemas.rules import Rules, load_rules
from schemas.workdays import Workdays
from sinks.address import Address, password_from
from sinks.assessment.rule_sets import publish_first
from sinks.migrate import Database as Migratable
from sinks.migrate import Migrated, migrate, missing
from sinks.reference import Store, load_reference


class Database(Migratable, Store, Protocol):
    """An engine or a server."""


class Unprepared(Mistake):
    """Tables are missing."""


def prepare_server(url: str, district: Path, rules: Path | None) -> Iterator[str]:
    """Brings a server's tables up to date, and says what was done. Raises MigrationError, ServerError."""
    from sinks.server import Server

    server = Server(Address.parse(url, password_from(os.environ)))
    try:
        done = prepare(server, Registry.load(district), load_rules(rules))
        yield from (f"applied {name}" for name in done.applied)
        yield from (f"left out {name}, which needs a newer ClickHouse than this" for name in done.skipped)
        yield "up to date"
    finally:
        server.close()


def prepare(database: Database, registry: Registry, rules: Rules) -> Migrated:
    """Applies the schema files that are missing, and writes the reference tables anew. Raises MigrationError.

    The rules are published as the first rule set of assessment, where there is none.
    """
    migrated = migrate(database)
    load_reference(database, registry, rules, Workdays(rules.calendar))
    publish_first(database, rules, "")
    return migrated


def check_prepared(database: Database) -> None:
    """Raises Unprepared where `prepare_server` would apply something."""
    if files := missing(database):
        raise Unprepared(
            f"ClickHouse lacks {', '.join(files)}; `pingliu init` applies them (to a folder, `pingliu migrate`)"
        )
