"""A ClickHouse server, over the native protocol: the sink's destination for more than one box.

Who may do what: statements that change something, inserts, our own questions and those of people each have a connection
to themselves, with one statement at a time, so that a slow question holds up no insert. People's are read-only, as the
server enforces (readonly=1).

An insert is one block: on a table without a partition key, whole there or absent. It is never deferred
(async_insert=0), so its rows are there when it returns, and synced to disk where the table says so
(sinks/schema/0005_durability.sql).

Versions: from 18.16 on. There, inserts are not synced to disk, and times are those of the server's zone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from clickhouse_driver.errors import Error

from sinks.address import DATABASE, Address
from sinks.engine_values import backquoted
from sinks.server_error import BAD_ARGUMENTS, REFUSALS, ServerError, refusal
from sinks.server_link import Link
from sinks.server_settings import Settings, Version

__all__ = ["Answer", "Server", "ServerError"]

_TABLE: Final = re.compile(r"\w+\.\w+\Z", re.ASCII)
# A statement that writes may be silent for long: a mutation, or an insert that waits for merges. A lost connection is
# noticed as late, and the sink would wait for it.
_CHANGE_SECONDS: Final = 300.0
_INSERT_SECONDS: Final = 60.0
_READ_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gave: its columns' names and types, and its rows in their order.

    Values are Python's: int, float, str, datetime (with the column's zone, if it has one), Decimal, list, None. A text
    that isn't UTF-8 is bytes.
    """

    names: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[object, ...]]


class Server:
    """The server at an address; connections are made when they are needed. All methods may be called from any thread,
    and block. All raise ServerError: 209 or 210 where no host answers.

    After a failure on the way, the same statement goes to the next host, where the address has several.
    """

    def __init__(self, address: Address, *, timezone: str = "Asia/Shanghai") -> None:
        self.address = address
        zone = {"session_timezone": timezone}
        # Before 26.1 the view of 0004 couldn't be made without.
        changing = {**zone, "use_variant_as_common_type": 1}
        self._executor = Link(address, changing, seconds=_CHANGE_SECONDS)
        # No time zone: times go as numbers, and the driver understands no news of zones within an insert.
        storing = {"async_insert": 0, "optimize_on_insert": 0}  # views deduplicate, merges too
        self._inserter = Link(address, storing, seconds=_INSERT_SECONDS)
        self._reader = Link(address, zone, seconds=_READ_SECONDS)
        self._asker = Link(address, zone, seconds=_READ_SECONDS, database=DATABASE)

    @property
    def version(self) -> Version:
        """As the server says it in its greeting, such as (24, 8, 4). Connects if need be."""
        return self._reader.run(lambda client: tuple(client.connection.server_info.version_tuple()))

    def execute(self, sql: str) -> None:
        """Runs a statement that changes something: DDL, maintenance. It may be run twice, where the way to the server
        fails while it runs."""
        self._executor.run(lambda client: client.execute(sql))

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> int:
        """Stores rows of a table, named with its database, given as columns of one length; columns left out get their
        defaults. Returns the number of rows, when they are there. None is for Nullable columns only; String takes str
        and bytes, whatever they hold. 53 for a value that a column can't hold.
        """
        if _TABLE.match(table) is None:
            raise ServerError(*BAD_ARGUMENTS, f"no name of a table with its database: {table!r}")
        lengths = {len(values) for values in columns.values()}
        if len(lengths) > 1:
            raise ServerError(*BAD_ARGUMENTS, f"{table}: columns of different lengths")
        rows = lengths.pop() if lengths else 0
        if not rows:
            return 0
        sql = f"INSERT INTO {table} ({', '.join(map(backquoted, columns))}) VALUES"
        data = [values if isinstance(values, (list, tuple)) else list(values) for values in columns.values()]
        self._inserter.run(lambda client: _insert(client, sql, data, rows))
        return rows

    def rows(self, sql: str) -> list[dict[str, object]]:
        """The rows that a query of ours gives, by column. Texts and integers are as the engine gives them, but that a
        text that isn't UTF-8 is bytes."""
        answer = self._reader.run(lambda client: _ask(client, sql, {}))
        return [dict(zip(answer.names, row, strict=True)) for row in answer.rows]

    def query(self, sql: str, *, settings: Settings | None = None) -> Answer:
        """The answer to somebody's query, read-only, with unqualified names looked for in database pingliu.

        The user's profile on the server must let settings be changed.
        """
        return self._asker.run(lambda client: _ask(client, sql, {**(settings or {}), "readonly": 1}))

    def close(self) -> None:
        """Waits for what is running, then disconnects. A second time does nothing."""
        for link in (self._inserter, self._executor, self._reader, self._asker):
            link.close()


def _insert(client: Any, sql: str, data: Sequence[Sequence[object]], rows: int) -> None:
    try:
        # One block, however many rows: what is refused is refused whole.
        client.execute(sql, data, columnar=True, settings={"insert_block_size": rows})
    except (Error, *REFUSALS) as error:
        known = refusal(error)
        if known is None:
            raise
        raise known from None  # the driver's own may hold the value


def _ask(client: Any, sql: str, settings: Settings) -> Answer:
    rows, columns = client.execute(sql, with_column_types=True, settings=dict(settings))
    return Answer(tuple(name for name, _ in columns), tuple(kind for _, kind in columns), rows)
