"""Applies the numbered SQL files of sinks/schema in order, each once; one that changed since is an error.

A file may need a newer ClickHouse than the one at hand, and says so in its first line: `-- Requires ClickHouse 24.8.`
Then it is left out, and applied by the first `migrate` after an upgrade.

Several may migrate one server at the same time: every statement of a file can be repeated (IF NOT EXISTS, OR REPLACE),
and a file that is noted twice is noted alike.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Final, NamedTuple, Protocol

_LEDGER: Final = (
    "CREATE DATABASE IF NOT EXISTS pingliu",
    "CREATE TABLE IF NOT EXISTS pingliu.migrations (number Int32, name String, sha256 String)"
    " ENGINE = MergeTree ORDER BY number",
)
_NOTED: Final = ("number", "name", "sha256")
# Files that were released before they could say what they need; no byte of them may change.
_NEEDS: Final = {2: (24, 8), 3: (24, 8), 4: (24, 8), 5: (24, 8)}
_REQUIRES: Final = re.compile(r"-- Requires ClickHouse (\d+)\.(\d+)\.")
_VERSION: Final = re.compile(r"(\d+)\.(\d+)")

Version = tuple[int, int]


class MigrationError(Exception):
    """The schema can't be brought up to date; the message names the file."""


class Database(Protocol):
    """What migration needs of an engine or a server."""

    def execute(self, sql: str) -> None:
        """Runs one statement that changes something."""

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> int:
        """Stores rows of a table, named with its database."""

    def rows(self, sql: str) -> list[dict[str, object]]:
        """Runs one that asks."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file. `needs`: the oldest ClickHouse that takes it; (0, 0) for any."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def needs(self) -> Version:
        said = _REQUIRES.match(self.sql)
        return (int(said[1]), int(said[2])) if said else _NEEDS.get(self.number, (0, 0))

    def statements(self) -> list[str]:
        """Its statements."""
        return statements(self.sql)


class Migrated(NamedTuple):
    """Names of files: those that were applied now, and those that wait for a newer ClickHouse."""

    applied: list[str]
    skipped: list[str]


def statements(text: str) -> list[str]:
    """The statements of a file without comments; a statement ends with a semicolon at the end of a line."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    return [statement for part in "\n".join(lines).split(";\n") if (statement := part.strip().rstrip(";"))]


def migrations() -> list[Migration]:
    """All files, by number."""
    folder = resources.files("sinks") / "schema"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return [Migration(int(file.name[:4]), file.name, file.read_text(encoding="utf-8")) for file in files]


def latest_view(name: str) -> str:
    """The statement that makes a view of `pingliu`, as the last file that has it says."""
    start = f"CREATE OR REPLACE VIEW pingliu.{name} AS"
    found = [sql for migration in migrations() for sql in migration.statements() if sql.startswith(start)]
    return found[-1]


def migrate(database: Database) -> Migrated:
    """Applies what is missing. Raises MigrationError, and what the database raises.

    A file is noted once all its statements are done, so one that was broken off is begun again.
    """
    for statement in _LEDGER:
        database.execute(statement)
    todo = _todo(database)
    for migration in todo.applicable:
        for statement in migration.statements():
            database.execute(statement)
        note = (migration.number, migration.name, migration.sha256)
        database.insert("pingliu.migrations", {name: [value] for name, value in zip(_NOTED, note, strict=True)})
    return Migrated(*([migration.name for migration in each] for each in todo))


def missing(database: Database) -> list[str]:
    """Names of the files that `migrate` would apply. Changes nothing. Raises as `migrate`."""
    return [migration.name for migration in _todo(database).applicable]


class _Todo(NamedTuple):
    applicable: list[Migration]
    too_new: list[Migration]


def _todo(database: Database) -> _Todo:
    version = _version(database)
    applied = _applied(database)
    todo = _Todo([], [])
    for migration in migrations():
        known = applied.get(migration.number)
        if known is None:
            (todo.applicable if version >= migration.needs else todo.too_new).append(migration)
        elif known != {migration.sha256}:
            raise MigrationError(f"{migration.name} was changed after it was applied; changes go into a new file")
    return todo


def _version(database: Database) -> Version:
    text = str(database.rows("SELECT version() AS version")[0]["version"])
    found = _VERSION.match(text)
    if found is None:
        raise MigrationError(f"ClickHouse says no version that we understand: {text}")
    return int(found[1]), int(found[2])


def _applied(database: Database) -> dict[int, set[str]]:
    """Hashes by number: one each, unless something is wrong. Empty where nothing was ever applied."""
    ledger = "SELECT name FROM system.tables WHERE database = 'pingliu' AND name = 'migrations'"
    applied: dict[int, set[str]] = {}
    if database.rows(ledger):
        for row in database.rows("SELECT number, sha256 FROM pingliu.migrations"):
            applied.setdefault(int(str(row["number"])), set()).add(str(row["sha256"]))
    return applied
