"""What an insert that failed may hope for, by ClickHouse's error code: the one table, read by engine and server alike.

Three outcomes. *busy*: the same insert may be tried again, unchanged, and will succeed when ClickHouse can. *bad*: a
value in the rows is at fault, so that without the rows that hold it the insert succeeds. All other codes are *broken*:
neither waiting nor other rows mend what is wrong with the program or its deployment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

Outcome = Literal["busy", "bad", "broken"]

# Codes that this side gives itself too, whoever it speaks with; the numbers and names are ClickHouse's.
SOCKET_TIMEOUT: Final = (209, "SOCKET_TIMEOUT")
NETWORK_ERROR: Final = (210, "NETWORK_ERROR")

# Where an error names the values that caused it: in quotes, or at the end of a violated constraint's.
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'", re.DOTALL)
_VALUES: Final = re.compile(r"(Column values:).*", re.DOTALL)


class ClickHouseError(Exception):
    """A refusal or failure of ClickHouse, engine or server: its code and name, and its message without either."""

    def __init__(self, code: int, name: str, message: str) -> None:
        super().__init__(code, name, message)
        self.code = code
        self.name = name
        self.message = message

    def __str__(self) -> str:
        return f"Code: {self.code}. DB::Exception: {self.message}. ({self.name})"


class Known(NamedTuple):
    """A code whose outcome is not *broken*: ClickHouse's name for it, and why it is so."""

    name: str
    outcome: Outcome
    why: str


CODES: Final[Mapping[int, Known]] = {
    # What the server lacks now and may have again.
    75: Known("CANNOT_WRITE_TO_FILE_DESCRIPTOR", "busy", "a disk that became full while a part was written"),
    159: Known("TIMEOUT_EXCEEDED", "busy", "the server had too much to do"),
    173: Known("CANNOT_ALLOCATE_MEMORY", "busy", "the machine has none left at the moment"),
    198: Known("DNS_ERROR", "busy", "the server can't find another one by its name"),
    201: Known("QUOTA_EXCEEDED", "busy", "its interval passes"),
    202: Known("TOO_MANY_SIMULTANEOUS_QUERIES", "busy", "others will be done"),
    203: Known("NO_FREE_CONNECTION", "busy", "others will be done"),
    209: Known("SOCKET_TIMEOUT", "busy", "no answer in time; what was stored replaces itself"),
    210: Known("NETWORK_ERROR", "busy", "no way to the server, or it broke off; what was stored replaces itself"),
    225: Known("NO_ZOOKEEPER", "busy", "a replica without its keeper"),
    236: Known("ABORTED", "busy", "the server shuts down"),
    241: Known("MEMORY_LIMIT_EXCEEDED", "busy", "others will be done"),
    242: Known("TABLE_IS_READ_ONLY", "busy", "a replica without its keeper, or one that starts"),
    243: Known("NOT_ENOUGH_SPACE", "busy", "a disk can be cleared"),
    252: Known("TOO_MANY_PARTS", "busy", "merges will catch up"),
    279: Known("ALL_CONNECTION_TRIES_FAILED", "busy", "the server can't reach another one"),
    285: Known("TOO_FEW_LIVE_REPLICAS", "busy", "a quorum will be there again"),
    286: Known("UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE", "busy", "a quorum will be there again"),
    319: Known("UNKNOWN_STATUS_OF_INSERT", "busy", "what was stored replaces itself"),
    394: Known("QUERY_WAS_CANCELLED", "busy", "somebody stopped this insert, not the sink"),
    439: Known("CANNOT_SCHEDULE_TASK", "busy", "no thread is free"),
    473: Known("DEADLOCK_AVOIDED", "busy", "the table was locked for too long"),
    574: Known("DISTRIBUTED_TOO_MANY_PENDING_BYTES", "busy", "shards will catch up"),
    700: Known("USER_SESSION_LIMIT_EXCEEDED", "busy", "others will be done"),
    733: Known("TABLE_IS_BEING_RESTARTED", "busy", "it will be back"),
    745: Known("SERVER_OVERLOADED", "busy", "the server says so itself"),
    749: Known("TCP_CONNECTION_LIMIT_REACHED", "busy", "others will be done"),
    999: Known("KEEPER_EXCEPTION", "busy", "the keeper's session ended; the next one will do"),
    1019: Known("QUERY_SLOT_ACQUISITION_TIMEOUT", "busy", "others will be done"),
    1020: Known("MEMORY_RESERVATION_ACQUISITION_TIMEOUT", "busy", "others will be done"),
    # What a value can be at fault for: in its column, in a default, a constraint or a view that is fed from the table.
    6: Known("CANNOT_PARSE_TEXT", "bad", "a text that is no such value"),
    26: Known("CANNOT_PARSE_QUOTED_STRING", "bad", "a text that is no such value"),
    27: Known("CANNOT_PARSE_INPUT_ASSERTION_FAILED", "bad", "a text that is no such value"),
    38: Known("CANNOT_PARSE_DATE", "bad", "a text that is no such value"),
    41: Known("CANNOT_PARSE_DATETIME", "bad", "a text that is no such value"),
    53: Known("TYPE_MISMATCH", "bad", "a value that its column can't hold"),
    69: Known("ARGUMENT_OUT_OF_BOUND", "bad", "a number too large or small for what is made of it"),
    70: Known("CANNOT_CONVERT_TYPE", "bad", "a value that its column can't hold"),
    72: Known("CANNOT_PARSE_NUMBER", "bad", "a text that is no such value"),
    117: Known("INCORRECT_DATA", "bad", "a text that is no such value"),
    128: Known("TOO_LARGE_ARRAY_SIZE", "bad", "a value that is too large"),
    131: Known("TOO_LARGE_STRING_SIZE", "bad", "a value that is too large"),
    153: Known("ILLEGAL_DIVISION", "bad", "a zero that something is divided by"),
    190: Known("SIZES_OF_ARRAYS_DONT_MATCH", "bad", "lists of one row that should be of one length"),
    321: Known("VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE", "bad", "a number that its column can't hold"),
    349: Known("CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN", "bad", "a value that is missing"),
    376: Known("CANNOT_PARSE_UUID", "bad", "a text that is no such value"),
    395: Known("FUNCTION_THROW_IF_VALUE_IS_NON_ZERO", "bad", "a check of the district's own"),
    407: Known("DECIMAL_OVERFLOW", "bad", "a number too large for what is made of it"),
    441: Known("CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING", "bad", "a text that is no such value"),
    467: Known("CANNOT_PARSE_BOOL", "bad", "a text that is no such value"),
    469: Known("VIOLATED_CONSTRAINT", "bad", "a check of the district's own"),
    632: Known("UNEXPECTED_DATA_AFTER_PARSED_VALUE", "bad", "a text that is no such value"),
    675: Known("CANNOT_PARSE_IPV4", "bad", "a text that is no such value"),
    676: Known("CANNOT_PARSE_IPV6", "bad", "a text that is no such value"),
    691: Known("UNKNOWN_ELEMENT_OF_ENUM", "bad", "a value that its column can't hold"),
}


def outcome(code: int) -> Outcome:
    """What an insert that failed with this code may hope for."""
    known = CODES.get(code)
    return known.outcome if known else "broken"


def without_values(message: str) -> str:
    """An error's message as it may stand in a log: what it quotes of the rows is left out."""
    return _QUOTED.sub("'…'", _VALUES.sub(r"\1 …", message))
