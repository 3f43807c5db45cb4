"""What goes wrong between us and a ClickHouse server, by code: one exception type for all kinds that the driver raises.

No message holds a password. Those of refused values hold no value: the driver quotes them, so its words are left out.
"""

from __future__ import annotations

import re
import struct
from typing import Final

from clickhouse_driver import errors

from sinks.errors import CODES, NETWORK_ERROR, SOCKET_TIMEOUT, ClickHouseError

# Codes that this side gives itself; the numbers and names are ClickHouse's.
BAD_ARGUMENTS: Final = (36, "BAD_ARGUMENTS")
TYPE_MISMATCH: Final = (53, "TYPE_MISMATCH")
OPENSSL_ERROR: Final = (454, "OPENSSL_ERROR")
# With these, it is the way to the server that failed: another host may do.
NO_WAY: Final = frozenset({SOCKET_TIMEOUT[0], NETWORK_ERROR[0]})

# What the driver raises for a connection that can't be made or breaks off, and for what the server says.
FAILURES: Final = (errors.Error, OSError, EOFError)
# What it raises for a value that a column can't hold, besides errors of its own. It checks nothing, it just fails.
REFUSALS: Final = (TypeError, ValueError, AttributeError, ArithmeticError, LookupError, struct.error)
_OWN_REFUSALS: Final = (
    errors.TypeMismatchError,
    errors.LogicalError,
    errors.TooLargeStringSize,
    errors.CannotParseUuidError,
    errors.CannotParseDomainError,
)
# "Column n: argument out of range": a name, and a reason without the value.
_COLUMN: Final = re.compile(r"Column (\w+): (.+)\Z")
# The driver makes network errors of those of TLS. A connection that ends within a handshake is one indeed; all others
# (no certificate that we trust, no TLS at all) stay as they are, however often it is tried.
_TLS: Final = re.compile(r"\[[A-Z0-9]+: (?!UNEXPECTED_EOF)")
_NAMES: Final = {
    code: name for name, code in vars(errors.ErrorCodes).items() if isinstance(code, int) and not name.startswith("_")
} | {code: known.name for code, known in CODES.items()}


class ServerError(ClickHouseError):
    """A refusal or failure of a server, or of the way to it."""


def failure(error: BaseException, place: str) -> ServerError:
    """One of FAILURES in our words. `place`: the host and port that it was about."""
    match error:
        case errors.ServerException():
            text = error.message.partition(". Stack trace:")[0].removeprefix("DB::Exception: ")
            return ServerError(error.code, _NAMES.get(error.code, "UNKNOWN_EXCEPTION"), text)
        case errors.SocketTimeoutError() | TimeoutError():
            return ServerError(*SOCKET_TIMEOUT, f"{place} doesn't answer in time")
        case errors.NetworkError():  # the driver adds the place itself
            return ServerError(*(OPENSSL_ERROR if _TLS.search(error.message) else NETWORK_ERROR), error.message)
        case errors.Error():
            code = error.code if error.code in _NAMES else 1002
            return ServerError(code, _NAMES[code], f"{place}: {error.message}")
        case OSError():
            return ServerError(*NETWORK_ERROR, f"{place}: {error.strerror or type(error).__name__}")
        case _:
            return ServerError(*NETWORK_ERROR, f"{place}: the connection ended")


def refusal(error: BaseException) -> ServerError | None:
    """A value that the driver can't send, in our words and without it; None for what is something else."""
    if isinstance(error, errors.TypeMismatchError) and (found := _COLUMN.search(str(error.message))):
        return ServerError(*TYPE_MISMATCH, f"column {found[1]}: {found[2]}")
    if isinstance(error, (*REFUSALS, *_OWN_REFUSALS)):
        return ServerError(*TYPE_MISMATCH, f"a column can't hold one of its values ({type(error).__name__})")
    return None
