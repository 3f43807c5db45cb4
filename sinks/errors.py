"""ClickHouse's error codes sorted: *busy* means the same insert again later; else the insert itself is at fault."""

from __future__ import annotations

from typing import Final

# Code, name: why waiting helps.
BUSY: Final = {
    159: "TIMEOUT_EXCEEDED: the server had too much to do",
    202: "TOO_MANY_SIMULTANEOUS_QUERIES",
    209: "SOCKET_TIMEOUT",
    210: "NETWORK_ERROR",
    241: "MEMORY_LIMIT_EXCEEDED: others may finish",
    242: "TABLE_IS_READ_ONLY: a replica without its keeper",
    243: "NOT_ENOUGH_SPACE: a disk can be cleared",
    252: "TOO_MANY_PARTS: merges will catch up",
    319: "UNKNOWN_STATUS_OF_INSERT: rows are upserts, so again is harmless",
    999: "KEEPER_EXCEPTION",
}


def is_busy(code: int) -> bool:
    """Whether an insert that failed with this code may be tried again unchanged."""
    return code in BUSY
