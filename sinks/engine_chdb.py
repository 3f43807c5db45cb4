"""chdb behind types: one connection, one statement at a time, every failure an EngineError.

chdb's public wrapper hides what its own parser says of a statement, hence the extension module itself (version pinned).
It is imported when first needed: that costs 0.6 s and 260 MB, which a process that talks to a server should not pay.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sinks.engine_error import EngineError

READ_ONLY: Final = "READ_ONLY"


@dataclass(frozen=True, slots=True)
class QueryResult:
    """What a statement gave: the bytes in its format, and what it took.

    `rows` are those of the result, `rows_read` and `bytes_read` what was read for them; `elapsed_s` is the engine's.
    """

    data: bytes
    rows: int
    rows_read: int
    bytes_read: int
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the engine's own parser says of a text: how many statements (0: none that it understands), and their class,
    READ_ONLY where no statement leaves a trace."""

    statements: int
    effect: str


class Connection:
    """A session of the engine at one data path: settings and the current database are its own. Not thread-safe.

    `options` are ClickHouse's settings, or the engine's own on its first connection. Raises EngineError.
    """

    def __init__(self, path: str, options: Mapping[str, str] | None = None) -> None:
        chdb = importlib.import_module("chdb._chdb")
        target = path + ("?" + "&".join(f"{key}={value}" for key, value in options.items()) if options else "")
        try:
            self._session: Any = chdb.connect(target)
        except RuntimeError as error:
            raise EngineError.parse(str(error)) from None

    def query(self, sql: str, fmt: str = "TabSeparated", params: Mapping[str, str] | None = None) -> QueryResult:
        """Runs a statement; a FORMAT clause of its own wins over `fmt`. Releases the GIL. Raises EngineError."""
        try:
            result = self._session.query(sql, fmt, params=dict(params or {}))
        except RuntimeError as error:
            raise EngineError.parse(str(error)) from None
        return QueryResult(
            result.bytes(),
            result.rows_read(),
            result.storage_rows_read(),
            result.storage_bytes_read(),
            result.elapsed(),
        )

    def insert(self, sql: str, fmt: str, data: bytes) -> int:
        """Runs an INSERT (without FORMAT or data) over bytes of a format; returns the rows. Raises EngineError."""
        try:
            stream = self._session.send_insert(sql, fmt)
        except RuntimeError as error:
            raise EngineError.parse(str(error)) from None
        try:
            self._session.insert_append(stream, data)
            rows: int = self._session.insert_done(stream).rows_written()
        except RuntimeError as error:
            self._session.insert_cancel(stream)
            raise EngineError.parse(str(error)) from None
        return rows

    def judge(self, sql: str) -> Verdict:
        """What a text would do, without running it."""
        found = self._session.classify_query(sql)
        return Verdict(found["statement_count"], found["query_class"].name)

    def close(self) -> None:
        """Ends the session; the engine stops with its last one."""
        self._session.close()
