"""The engine for commands that work on it for long, alike in the sink's process and in a command's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sinks.engine import Engine, QueryLimits, decode_rows

# Long enough to assess a quarter, and an end for what would never end. The memory leaves the sink's inserts the rest of
# the engine's 1 GB, for one statement at a time; several may find too little, which is 241, and busy.
LIMITS: Final = QueryLimits(seconds=600, memory_bytes=640 * 1024 * 1024)
# With more memory than a reader's, less goes to disk: grouping a month's services takes half the time.
_SPILL: Final = str(300 * 1024 * 1024)
_SPILLING: Final = {"max_bytes_before_external_group_by": _SPILL, "max_bytes_before_external_sort": _SPILL}


class Workbench:
    """Statements over an engine, each in a session of its own and within `limits`: what one sets, or makes for its
    session only, the next doesn't find. Unqualified names are looked for in the engine's database.

    All methods may be called from any thread, and block; all raise EngineError.
    """

    def __init__(self, engine: Engine, limits: QueryLimits = LIMITS) -> None:
        self._engine = engine
        self._limits = limits

    def execute(self, sql: str, *, query_id: str = "") -> None:
        """Runs a statement that changes something. `query_id` names it for the engine's `cancel`."""
        # Not the engine's `execute`: that one has no limits, can't be cancelled, and is one at a time.
        self._engine.query(sql, read_only=False, limits=self._limits, settings=_SPILLING, query_id=query_id)

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> int:
        """As Engine.insert."""
        return self._engine.insert(table, columns)

    def rows(self, sql: str) -> list[dict[str, object]]:
        """As Engine.rows: read-only."""
        return decode_rows(self.lines(sql))

    def lines(self, sql: str, *, query_id: str = "") -> bytes:
        """As Engine.lines."""
        return self._engine.lines(sql, limits=self._limits, query_id=query_id)
