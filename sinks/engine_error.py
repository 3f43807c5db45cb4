"""What goes wrong in ClickHouse's engine, by its code: one exception type, read from the engine's own text."""

from __future__ import annotations

import re
from typing import Final, Self

from sinks.errors import ClickHouseError

# Codes that this side gives itself; the numbers and names are ClickHouse's.
TYPE_MISMATCH: Final = (53, "TYPE_MISMATCH")
NO_SUCH_COLUMN: Final = (16, "NO_SUCH_COLUMN_IN_TABLE")
UNKNOWN_TYPE: Final = (50, "UNKNOWN_TYPE")
SYNTAX_ERROR: Final = (62, "SYNTAX_ERROR")
BAD_ARGUMENTS: Final = (36, "BAD_ARGUMENTS")
READONLY: Final = (164, "READONLY")
UNKNOWN_STATUS_OF_INSERT: Final = (319, "UNKNOWN_STATUS_OF_INSERT")
UNKNOWN_EXCEPTION: Final = (1002, "UNKNOWN_EXCEPTION")

_CODE: Final = re.compile(r"Code: (\d+)\. (?:DB::)?Exception: ")
# The engine wraps errors of errors, so the end may be several of `(NAME)` and `(version 26.9.2.1 (official build))`.
_TAIL: Final = re.compile(r"\.?\s*\((?:version [^()]*(?:\([^()]*\))?|([A-Z][A-Z0-9_]{3,}))\)\.?\s*$")


class EngineError(ClickHouseError):
    """A refusal or failure of the engine."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """From ClickHouse's text. One without a code becomes 1002 UNKNOWN_EXCEPTION."""
        found = _CODE.search(text)
        if found is None:
            return cls(*UNKNOWN_EXCEPTION, text.strip())
        code, message, name = int(found[1]), text[found.end() :], ""
        while (tail := _TAIL.search(message)) is not None:
            name = name or tail[1] or ""
            message = message[: tail.start()]
        while (again := _CODE.match(message)) is not None:
            message = message[again.end() :]
        return cls(code, name or UNKNOWN_EXCEPTION[1], message.strip())
