"""Auditors' access on a ClickHouse server, from what the schema and the registry say: as a file of SQL, or applied."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from deploy.access_roles import roles
from deploy.access_schema import Relation, relations
from deploy.access_sql import scratch_statement, statements
from deploy.mistake import Mistake
from deploy.preparing import check_prepared
from sinks.migrate import Database

_OLDEST: Final = (24, 8)
_KNOWS_PREFIXES: Final = (24, 10)
_HEADER: Final = """\
-- Who may do what on a ClickHouse server, 24.8 or newer; docs/access.md explains it.
-- Made by `pingliu access`. Don't change it by hand; make it again after `pingliu init` and when streets change.
-- It may be repeated, by a user who may manage access.
--
-- The only user it makes is the one whose rights the views have; nobody can log in as it. An auditor is made like this,
-- with the SHA-256 of a password that only the auditor knows:
--   CREATE USER wang IDENTIFIED WITH sha256_hash BY '<64 hexadecimal digits>' HOST IP '10.1.2.0/24';
--   GRANT pingliu_auditor TO wang;
"""
_PREFIXES: Final = "-- By prefix: needs ClickHouse 24.10. Before, leave it out and grant on each database by name."


class TooOld(Mistake):
    """The server can't have this access."""


def apply(database: Database, streets: Iterable[str]) -> Iterator[str]:
    """Makes or renews the access, and says what was done. Raises TooOld, Unprepared, and what the database raises."""
    version = _version(database)
    if version < _OLDEST:
        raise TooOld("access needs ClickHouse 24.8 or newer; this is {}.{}".format(*version))
    check_prepared(database)
    found = relations(database)
    made = roles(found, streets)
    for statement in statements(found, made):
        database.execute(statement)
    if version >= _KNOWS_PREFIXES:
        database.execute(scratch_statement(made))
    else:
        yield "left out the rights on pingliu_scratch_*, which need ClickHouse 24.10"
    yield from (f"role {role.name}" for role in made)


def document(found: Sequence[Relation], streets: Iterable[str]) -> str:
    """The same as a file of SQL: statements end with a semicolon at the end of a line."""
    made = roles(found, streets)
    texts = [_wrapped(statement) for statement in statements(found, made)]
    return "\n".join([_HEADER, *texts, _PREFIXES, _wrapped(scratch_statement(made))])


def _wrapped(statement: str) -> str:
    return textwrap.fill(f"{statement};", 120, subsequent_indent="    ", break_on_hyphens=False) + "\n"


def _version(database: Database) -> tuple[int, int]:
    parts = "splitByChar('.', version())"
    (row,) = database.rows(f"SELECT toInt32({parts}[1]) AS major, toInt32({parts}[2]) AS minor")
    return int(str(row["major"])), int(str(row["minor"]))
