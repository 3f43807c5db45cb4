"""Applies the numbered SQL files of sinks/schema in order, each once; one that changed since is an error."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from typing import Final, Protocol

_LEDGER: Final = (
    "CREATE DATABASE IF NOT EXISTS pingliu",
    "CREATE TABLE IF NOT EXISTS pingliu.migrations (number Int32, name String, sha256 String)"
    " ENGINE = MergeTree ORDER BY number",
)


class MigrationError(Exception):
    """The schema can't be brought up to date; the message names the file."""


class Database(Protocol):
    """What migration needs of an engine or a server."""

    def execute(self, sql: str) -> None:
        """Runs one statement that changes something."""

    def rows(self, sql: str) -> list[dict[str, object]]:
        """Runs one that asks."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()

    def statements(self) -> list[str]:
        """Its statements without comments; a statement ends with a semicolon at the end of a line."""
        lines = [line for line in self.sql.splitlines() if not line.lstrip().startswith("--")]
        return [statement for part in "\n".join(lines).split(";\n") if (statement := part.strip().rstrip(";"))]


def migrations() -> list[Migration]:
    """All files, by number."""
    folder = resources.files("sinks") / "schema"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return [Migration(int(file.name[:4]), file.name, file.read_text(encoding="utf-8")) for file in files]


def migrate(database: Database) -> list[str]:
    """Applies what is missing and returns the names of those files. Raises MigrationError."""
    for statement in _LEDGER:
        database.execute(statement)
    applied = {row["number"]: row["sha256"] for row in database.rows("SELECT number, sha256 FROM pingliu.migrations")}
    done = []
    for migration in migrations():
        known = applied.get(migration.number)
        if known is None:
            for statement in migration.statements():
                database.execute(statement)
            database.execute(
                f"INSERT INTO pingliu.migrations VALUES ({migration.number}, '{migration.name}', '{migration.sha256}')"
            )
            done.append(migration.name)
        elif known != migration.sha256:
            raise MigrationError(f"{migration.name} was changed after it was applied; changes go into a new file")
    return done
