"""What assessment needs of a database: ClickHouse's engine, or a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol


class Database(Protocol):
    """Values of `rows` are alike on both only where the statement casts them: moments and decimals to text."""

    def execute(self, sql: str) -> None:
        """Runs one statement that changes something."""

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> int:
        """Stores rows of a table, named with its database."""

    def rows(self, sql: str) -> list[dict[str, object]]:
        """Runs one that asks."""


# Is told what is being done, where that takes long.
Tell = Callable[[str], None]


def silent(_: str) -> None:
    """Tells nobody."""


def texts(value: object) -> list[str]:
    """A value of Array(String). Raises TypeError for another one."""
    if not isinstance(value, list | tuple):
        raise TypeError(f"no array: {value!r}")
    return [str(text) for text in value]


def quoted(text: str) -> str:
    """A text as SQL's literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
