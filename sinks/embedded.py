"""The embedded engine as the sink's destination."""

from __future__ import annotations

from sinks.columns import Columns
from sinks.engine import Engine, EngineError
from sinks.errors import is_busy
from sinks.sink import Busy


class Embedded:
    """Inserts into the engine of this process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def insert(self, table: str, columns: Columns) -> None:
        """Stores rows of a table of database pingliu. Raises Busy, or EngineError for what waiting doesn't mend."""
        try:
            self._engine.insert(f"pingliu.{table}", columns)
        except EngineError as error:
            if is_busy(error.code):
                raise Busy(str(error)) from error
            raise
