"""ClickHouse's engine in this process, over MergeTree on disk: the sink's destination where there is no server.

Who may do what: inserts and `execute` go through connections of their own, one statement at a time each. Every query
has a connection to itself, so queries run beside one another; that connection is read-only, as the engine enforces
(readonly=1), and takes one statement which the engine's own parser calls read-only.

Times: sessions are set to Asia/Shanghai (`timezone`), whatever the machine's zone: `now()`, `today()`, and the text of
a DateTime without a zone of its own are Shanghai's.

An insert is one part in every partition that it touches: whole there or absent, synced to disk before insert returns.
(One of more than 64 MB is several such.)
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from sinks.engine_chdb import READ_ONLY, Connection, QueryResult
from sinks.engine_config import EngineLimits, write_config
from sinks.engine_error import BAD_ARGUMENTS, READONLY, SYNTAX_ERROR, UNKNOWN_STATUS_OF_INSERT, EngineError
from sinks.engine_lock import EngineBusy, PathLock
from sinks.engine_values import Escaped, QueryLimits, assignments, backquoted, escaped, parameter, quoted

__all__ = [
    "Engine", "EngineBusy", "EngineError", "EngineLimits", "Escaped", "QueryLimits", "QueryResult", "decode_rows",
]  # fmt: skip

_DATABASE: Final = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_TABLE: Final = re.compile(r"(?:\w+\.)?\w+\Z", re.ASCII)
_BAD_IN_PATH: Final = re.compile(r"[?&#\x00-\x1f]")
_KILL_AGAIN_S: Final = 0.1
_OTHER_PATH: Final = "already initialized with path"
_SPILL_BYTES: Final = 100 * 1024 * 1024
_SESSION: Final = {
    "allow_introspection_functions": "0",  # addresses of this process are nobody's business
    "implicit_select": "0",  # chdb alone reads `1 + 1` as a query
    "output_format_json_validate_utf8": "1",  # `raw` of a reject may be no text; what reads JSON must not choke on it
    "async_insert": "0",  # the sink batches itself, and acknowledges what is stored
    "optimize_on_insert": "0",  # views deduplicate, merges too: doing it on insert as well costs a third more
    "input_format_null_as_default": "0",  # a missing value is a mistake, not a 0
    # What the facts of a quarter are grouped by doesn't fit into a query's memory; it goes to the data path's tmp
    # instead, which the engine clears when it starts. (The ratios that the engine has for this came too late.)
    "max_bytes_before_external_group_by": str(_SPILL_BYTES),
    "max_bytes_before_external_sort": str(_SPILL_BYTES),
}
_AS_ROWS: Final = {"output_format_json_quote_64bit_integers": "0", "output_format_json_validate_utf8": "1"}
_decode_line = msgspec.json.Decoder(dict[str, object]).decode


def decode_rows(lines: bytes) -> list[dict[str, object]]:
    """What `Engine.lines` gave, as `Engine.rows` gives it."""
    return [_decode_line(line) for line in lines.splitlines() if line]


class Engine:
    """The engine at a data path (made if missing). All methods may be called from any thread, and block.

    `database` is made if missing, and is where unqualified names are looked for. Raises EngineBusy if another process
    has the path open, or this one has any. Once it is closed, all raise RuntimeError: waiting would not help.
    """

    def __init__(
        self,
        path: Path,
        *,
        database: str = "pingliu",
        timezone: str = "Asia/Shanghai",
        limits: EngineLimits | None = None,
    ) -> None:
        if _DATABASE.match(database) is None:
            raise ValueError(f"no name for a database: {database!r}")
        self.path = path.resolve()
        if _BAD_IN_PATH.search(str(self.path)):
            raise ValueError(f"the engine can't take a path with these characters: {self.path}")
        self.database = database
        self.timezone = timezone
        self._session = {**_SESSION, "session_timezone": timezone}
        self._columns: dict[str, dict[str, str]] = {}
        self._executing = threading.Lock()
        self._inserting = threading.Lock()
        self._reading = threading.Condition()
        self._readers = 0
        self._closed = False
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = PathLock(self.path)
        try:
            config = write_config(self.path, limits or EngineLimits())
            self._executor = self._connect({**self._session, "config-file": str(config)})
            self._inserter = self._connect(self._session)
            self._executor.query(f"CREATE DATABASE IF NOT EXISTS {database}")
            self.version = self._executor.query("SELECT version()").data.decode().strip()
        except BaseException:
            self._lock.release()
            raise

    def execute(self, sql: str) -> None:
        """Runs a statement that changes something: DDL, maintenance. Raises EngineError."""
        with self._executing:
            self._check_open()
            try:
                self._executor.query(sql)
            finally:
                self._columns = {}

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> int:
        """Stores rows given as columns of one length; columns left out get their defaults. Returns the number of rows,
        when they are durable. None is for Nullable columns only; String takes str and bytes, whatever they hold;
        moments may be integers since 1970 in the column's unit. Raises EngineError; the part at fault isn't stored. If
        the engine reports success, but fewer rows than it was given, that is 319, for which the same is tried again.
        """
        rows = max(map(len, columns.values()), default=0)
        if not rows:
            return 0
        # Arrow takes long to import, and most who open an engine only ask.
        from sinks.engine_arrow import FORMAT, arrow_streams

        streams = arrow_streams(columns, self._types(table))
        sql = f"INSERT INTO {self._qualified(table)} ({', '.join(map(backquoted, columns))})"
        with self._inserting:
            self._check_open()
            written = sum(self._inserter.insert(sql, FORMAT, data) for data in streams)
        if written < rows:  # more are those of views
            raise EngineError(*UNKNOWN_STATUS_OF_INSERT, f"{table}: {written} rows were written of {rows}")
        return rows

    def query(
        self,
        sql: str,
        *,
        fmt: str = "JSONEachRow",
        database: str | None = None,
        settings: Mapping[str, str] | None = None,
        params: Mapping[str, object] | None = None,
        read_only: bool = True,
        limits: QueryLimits | None = None,
        query_id: str = "",
    ) -> QueryResult:
        """Runs one statement on a connection of its own; its bytes are in `fmt`, or as its FORMAT clause says.

        `params` fill `{name:Type}`: None, texts, numbers and lists of those, or Escaped. `query_id` names it for
        `cancel`. Unless `read_only` is False: one statement, that reads. Raises EngineError.

        One that may write is not stopped by `close`, which waits for it; `cancel` stops it.
        """
        values = {name: parameter(value) for name, value in (params or {}).items()}
        assigned = {**(limits or QueryLimits()).applied(settings or {}), "log_comment": query_id}
        if read_only:
            assigned["readonly"] = "1"
        with self._reader() as connection:
            if read_only:
                _must_read(connection, sql)
            connection.query(f"USE {backquoted(database or self.database)}")
            connection.query(f"SET {assignments(assigned)}")
            try:
                return connection.query(sql, fmt, values)
            finally:
                if not read_only:
                    self._columns = {}

    def rows(self, sql: str, params: Mapping[str, object] | None = None) -> list[dict[str, object]]:
        """A query's rows as dictionaries: integers of any width are int, moments are text. Raises EngineError."""
        return decode_rows(self.lines(sql, params))

    def lines(
        self,
        sql: str,
        params: Mapping[str, object] | None = None,
        *,
        limits: QueryLimits | None = None,
        query_id: str = "",
    ) -> bytes:
        """The same rows as JSON, an object a line: for who sends them on. Raises EngineError."""
        return self.query(sql, settings=_AS_ROWS, params=params, limits=limits, query_id=query_id).data

    def normal_form(self, sql: str) -> str:
        """A reading statement as the engine's own parser understood it: one line, no comments, names unquoted where
        they can be. What is checked in this form and run in this form can't mean two things.

        Raises EngineError: 62 where it is no statement or several, 164 where it is no reading one.
        """
        with self._reader() as connection:
            _must_read(connection, sql)
            text = connection.query("SELECT formatQuerySingleLine({sql:String})", "RawBLOB", {"sql": escaped(sql)})
            return text.data.decode()

    def setting_names(self) -> frozenset[str]:
        """All settings that this engine knows."""
        return frozenset(str(row["name"]) for row in self.rows("SELECT name FROM system.settings"))

    def cancel(self, query_id: str) -> None:
        """Stops running queries of this id, which then raise EngineError 394; of none, nothing. Doesn't wait."""
        if query_id:
            with self._reader() as connection:
                connection.query(f"KILL QUERY WHERE Settings['log_comment'] = {quoted(query_id)} ASYNC")

    def close(self) -> None:
        """Waits for statements that write, stops those that read, and frees the path. A second time does nothing."""
        with self._executing, self._inserting:
            if self._closed:
                return
            with self._reading:
                self._closed = True
                while self._readers:
                    self._executor.query("KILL QUERY WHERE Settings['readonly'] = '1' ASYNC")
                    self._reading.wait(_KILL_AGAIN_S)
            self._inserter.close()
            self._executor.close()
            self._lock.release()

    def _connect(self, options: Mapping[str, str]) -> Connection:
        try:
            return Connection(os.fspath(self.path), options)
        except EngineError as error:
            if _OTHER_PATH in error.message:
                raise EngineBusy(f"this process has another path open: {error.message}") from error
            raise

    def _check_open(self) -> None:
        if self._closed:
            raise RuntimeError(f"the engine at {self.path} was closed")

    @contextmanager
    def _reader(self) -> Iterator[Connection]:
        with self._reading:
            self._check_open()
            self._readers += 1
        try:
            connection = self._connect(self._session)
            try:
                yield connection
            finally:
                connection.close()
        finally:
            with self._reading:
                self._readers -= 1
                self._reading.notify_all()

    def _qualified(self, table: str) -> str:
        if _TABLE.match(table) is None:
            raise EngineError(*BAD_ARGUMENTS, f"no name of a table: {table!r}")
        return table if "." in table else f"{self.database}.{table}"

    def _types(self, table: str) -> dict[str, str]:
        known = self._columns  # what may change a table starts a new one: what was read before is forgotten with this
        if table not in known:
            rows = self.rows(f"DESCRIBE TABLE {self._qualified(table)}")
            known[table] = {str(row["name"]): str(row["type"]) for row in rows}
        return known[table]


def _must_read(connection: Connection, sql: str) -> None:
    verdict = connection.judge(sql)
    if verdict.statements > 1:
        raise EngineError(*SYNTAX_ERROR, "Multi-statements are not allowed")
    # A text that the parser can't read is left to the engine, which says where it fails.
    if verdict.statements and verdict.effect != READ_ONLY:
        raise EngineError(*READONLY, "Cannot execute query in readonly mode")
