"""What statements come to on the engine, as a server would answer them: blocks, or an insert that waits for some.

Settings are the engine's own where it knows them, and ignored where it doesn't, as servers do. Nothing outlasts its
statement: SET and USE have no effect on the next one, and temporary tables are gone.
"""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from sinks.engine import Engine, EngineError, QueryLimits
from sinks.engine_chdb import READ_ONLY, Connection
from sinks.engine_error import NO_SUCH_COLUMN, READONLY
from sinks.engine_values import assignments, backquoted
from tests.wire.blocks import Block, Column, split

_LIMITS: Final = QueryLimits(seconds=0, memory_bytes=0, result_bytes=0)
_INSERT: Final = re.compile(
    r"\s*INSERT\s+INTO\s+(?:TABLE\s+)?([\w.`]+)\s*(?:\(([^()]*)\)\s*)?(?:VALUES|FORMAT\s+\w+)\s*\Z", re.IGNORECASE
)
_COLUMN: Final = re.compile(r"`((?:[^`\\]|\\.)*)`|(\w+)")
# It is for the client; a server sends blocks all the same.
_FORMAT: Final = re.compile(r"\s+FORMAT\s+\w+\s*;?\s*\Z", re.IGNORECASE)
# What is computed of other columns can't be inserted.
_GIVEN: Final = ("", "DEFAULT")
# So FORMAT Native calls DateTime of any zone, as if for the oldest of clients.
_ZONELESS: Final = "DateTime"


class Insert(NamedTuple):
    """An INSERT whose rows are yet to come: the table as it was named, and a block of no rows that says its columns."""

    table: str
    sample: Block


class Statements:
    """Runs the statements of one client, in a database of its own. `alone`: held while something is inserted."""

    def __init__(self, engine: Engine, database: str, alone: threading.Lock) -> None:
        self._engine = engine
        self._database = database
        self._alone = alone
        self._settings = engine.setting_names()

    def insert(self, sql: str, settings: Mapping[str, str]) -> Insert | None:
        """What a statement would insert, if it is an INSERT without rows. Raises EngineError."""
        found = _INSERT.match(sql)
        if found is None:
            return None
        if settings.get("readonly", "0") != "0":
            raise EngineError(*READONLY, "Cannot execute query in readonly mode")
        table, names = found[1], found[2]
        described = self._rows(f"DESCRIBE TABLE {table}", settings)
        known = {row["name"]: row["type"] for row in described if row["default_type"] in _GIVEN}
        wanted = list(known) if names is None else [_unescaped(name) or plain for name, plain in _COLUMN.findall(names)]
        for name in wanted:
            if name not in known:
                raise EngineError(*NO_SUCH_COLUMN, f"No such column {name} in table {table}")
        return Insert(table, Block(0, [Column(name, known[name], b"") for name in wanted]))

    def store(self, insert: Insert, blocks: Sequence[Block], settings: Mapping[str, str]) -> None:
        """Inserts blocks, as one. Raises EngineError."""
        columns = ", ".join(backquoted(column.name) for column in insert.sample.columns)
        data = b"".join(block.native for block in blocks)
        with self._alone, self._session(settings) as session:
            session.insert(f"INSERT INTO {insert.table} ({columns})", "Native", data)

    def answer(self, sql: str, settings: Mapping[str, str]) -> Iterator[Block]:
        """Runs a statement: blocks, the first of no rows; none at all where it isn't a question. Raises EngineError."""
        sql = _FORMAT.sub("", sql)
        blocks = list(split(self._run(sql, "Native", settings)))
        if not blocks:
            with self._session({}) as session:
                if session.judge(sql).effect == READ_ONLY:
                    yield Block(0, [Column(name, kind, b"") for name, kind in self._columns(sql, settings)])
            return
        if any(column.type == _ZONELESS for column in blocks[0].columns):
            types = [kind for _, kind in self._columns(sql, settings)]
            blocks = [_retyped(block, types) for block in blocks]
        yield blocks[0].header()
        yield from blocks

    def _run(self, sql: str, fmt: str, settings: Mapping[str, str]) -> bytes:
        known = self._known(settings)
        read_only = known.pop("readonly", "0") == "1"
        return self._engine.query(
            sql, fmt=fmt, database=self._database, settings=known, read_only=read_only, limits=_LIMITS
        ).data

    def _columns(self, sql: str, settings: Mapping[str, str]) -> list[tuple[str, str]]:
        """Names and types of a question's answer, of which FORMAT Native says nothing where there are no rows."""
        try:
            described = self._rows(f"DESCRIBE TABLE ({sql.rstrip().removesuffix(';')}\n)", settings)
            return [(row["name"], row["type"]) for row in described]
        except EngineError:  # of SHOW, DESCRIBE, EXISTS, EXPLAIN, which are asked again
            names, types, *_ = self._run(sql, "JSONCompactEachRowWithNamesAndTypes", settings).splitlines()
            return list(zip(json.loads(names), json.loads(types), strict=True))

    def _rows(self, sql: str, settings: Mapping[str, str]) -> list[dict[str, str]]:
        return [json.loads(line) for line in self._run(sql, "JSONEachRow", settings).splitlines()]

    def _known(self, settings: Mapping[str, str]) -> dict[str, str]:
        return {name: value for name, value in settings.items() if name in self._settings}

    @contextmanager
    def _session(self, settings: Mapping[str, str]) -> Iterator[Connection]:
        """A connection to the engine that does what Engine's own don't: inserting bytes, judging."""
        session = Connection(os.fspath(self._engine.path), {"session_timezone": self._engine.timezone})
        try:
            session.query(f"USE {backquoted(self._database)}")
            if known := self._known(settings):
                session.query(f"SET {assignments(known)}")
            yield session
        finally:
            session.close()


def _retyped(block: Block, types: Sequence[str]) -> Block:
    columns = zip(block.columns, types, strict=True)
    return Block(block.rows, [column._replace(type=kind) for column, kind in columns])


def _unescaped(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name)
