"""chdb behind types: one connection, one statement at a time, every failure an EngineError.

chdb's public wrapper hides what its own parser says of a statement, hence the extension module itself (version pinned).
It is imported when first needed: that costs 0.6 s and 260 MB, which a process that talks to a server should not pay.
"""

from __future__ import annotations

import importlib
import os
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
        result = self._run(sql, fmt, params or {})
        return QueryResult(
            result.bytes(),
            result.rows_read(),
            result.storage_rows_read(),
            result.storage_bytes_read(),
            result.elapsed(),
        )

    def insert(self, sql: str, fmt: str, data: bytes) -> int:
        """Runs an INSERT (without FORMAT or data) over bytes of a format; returns the rows written, views' included.
        They are stored. Releases the GIL. Raises EngineError, wherever it fails.

        The data goes as a file that is in memory, and gone when this returns. chdb's streaming insert would take it
        without one, but calls a success what fails after the data was sent: a default, a constraint, memory, the disk.
        """
        with open(os.memfd_create("insert"), "wb") as file:
            file.write(data)
            file.flush()
            source = f"/proc/self/fd/{file.fileno()}"
            rows: int = self._run(f"{sql} FROM INFILE '{source}' FORMAT {fmt}", "Null", {}).rows_written()
        return rows

    def judge(self, sql: str) -> Verdict:
        """What a text would do, without running it."""
        found = self._session.classify_query(sql)
        return Verdict(found["statement_count"], found["query_class"].name)

    def close(self) -> None:
        """Ends the session; the engine stops with its last one."""
        self._session.close()

    def _run(self, sql: str, fmt: str, params: Mapping[str, str]) -> Any:
        try:
            return self._session.query(sql, fmt, params=dict(params))
        except RuntimeError as error:
            raise EngineError.parse(str(error)) from None
