"""Rows of a table as dataclasses. Values are cast in SQL, so that the engine and a server give the same.

A field takes the column of its name; a Decimal is read as text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, Protocol, TypeVar, get_type_hints

import msgspec

RowT = TypeVar("RowT")
_EXACT: Final = (Decimal, Decimal | None)


class Database(Protocol):
    """What reports need of an engine or a server."""

    def rows(self, sql: str) -> list[dict[str, object]]:
        """Runs one statement that asks."""


def read(
    database: Database,
    model: type[RowT],
    source: str,
    expressions: Mapping[str, str] | None = None,
) -> list[RowT]:
    """Rows of `source`, which is all that follows FROM. `expressions`: what to select for a field that is no column."""
    special = expressions or {}
    selected = [
        f"{special[name]} AS {name}" if name in special else f"toString({name}) AS {name}" if kind in _EXACT else name
        for name, kind in get_type_hints(model).items()
    ]
    found = database.rows(f"SELECT {', '.join(selected)} FROM {source}")
    return msgspec.convert(found, list[model], strict=False)  # type: ignore[valid-type]


def listed(texts: Iterable[str]) -> str:
    """Texts of our own as a list for IN."""
    return ", ".join(f"'{text}'" for text in texts)
