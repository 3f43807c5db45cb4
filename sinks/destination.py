"""Where rows go, and what may become of them on the way: stored, *busy*, *bad*, or the program is broken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from sinks.columns import Columns
from sinks.errors import ClickHouseError, outcome, without_values


class Busy(Exception):  # noqa: N818 - it says what is the case, as the log's do
    """The destination can't take the rows now; the same rows may be tried again."""


class BadRows(Exception):  # noqa: N818 - as above
    """The destination refuses the rows for a value in one or more of them; none of them need be stored.

    `message` is ClickHouse's, without what it quotes of the rows.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"Code: {self.code}. {self.message}"


class Destination(Protocol):
    """Where the sink's rows go, and where it reads what it knows of itself."""

    def insert(self, table: str, columns: Columns) -> None:
        """Stores rows of a table of database pingliu, by its bare name; they are durable on return.

        Raises Busy, BadRows; anything else means that the program or its deployment is broken.
        """

    def rows(self, sql: str) -> list[dict[str, object]]:
        """The rows that a query gives, by column. Raises Busy; anything else as for `insert`."""


class Store(Protocol):
    """What a destination needs of the engine or a server; both raise ClickHouseError."""

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> int:
        """Stores rows of a table, named with its database; they are durable on return."""

    def rows(self, sql: str) -> list[dict[str, object]]:
        """The rows that a query gives, by column."""


class Stored:
    """The tables of database pingliu, in the engine or on a server, as the sink's destination."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def insert(self, table: str, columns: Columns) -> None:
        """Stores rows of a table, by its bare name. Raises Busy, BadRows, or ClickHouseError for what is broken."""
        try:
            self._store.insert(f"pingliu.{table}", columns)
        except ClickHouseError as error:
            match outcome(error.code):
                case "busy":
                    raise Busy(str(error)) from error
                case "bad":
                    # Without its cause: a traceback would say what the message leaves out.
                    raise BadRows(error.code, f"{without_values(error.message)} ({error.name})") from None
            raise

    def rows(self, sql: str) -> list[dict[str, object]]:
        """The rows that a query gives, by column. Raises Busy, or ClickHouseError for what is broken."""
        try:
            return self._store.rows(sql)
        except ClickHouseError as error:
            if outcome(error.code) == "busy":
                raise Busy(str(error)) from error
            raise
