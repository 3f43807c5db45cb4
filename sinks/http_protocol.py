"""ClickHouse's HTTP protocol as far as readers use it: from a request to a question, and back to status and headers."""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sinks.engine_chdb import QueryResult
from sinks.engine_error import BAD_ARGUMENTS, READONLY, EngineError
from sinks.engine_values import Escaped
from sinks.gate_words import may_set

ACCESS_DENIED: Final = (497, "ACCESS_DENIED")
AUTHENTICATION_FAILED: Final = (516, "AUTHENTICATION_FAILED")
NOT_IMPLEMENTED: Final = (48, "NOT_IMPLEMENTED")
QUERY_IS_TOO_LARGE: Final = (229, "QUERY_IS_TOO_LARGE")
SAME_ID: Final = (216, "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING")
TOO_MANY_QUERIES: Final = (202, "TOO_MANY_SIMULTANEOUS_QUERIES")
UNKNOWN_FORMAT: Final = (73, "UNKNOWN_FORMAT")
UNKNOWN_SETTING: Final = (115, "UNKNOWN_SETTING")

# As ClickHouse's server maps them; refusals (164, 497) are 403 here, where it says 500.
_STATUS: Final = {
    **dict.fromkeys((6, 26, 27, 36, 38, 41, 53, 62, 72, 117, 130, 167, 168, 306, 321, 427, 456, 457), 400),
    **dict.fromkeys((164, 192, 193, 194, 497, 516), 403),
    **dict.fromkeys((16, 46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 336), 404),
    159: 408,
    229: 413,
    48: 501,
    202: 503,
    236: 503,
}

# Of the transport, or chosen for us by what we are: taken and not passed on.
_TRANSPORT: Final = frozenset({
    "query", "database", "default_format", "query_id", "user", "password", "enable_http_compression",
    "session_id", "session_timeout", "session_check", "quota_key", "client_protocol_version", "buffer_size",
    "wait_end_of_query", "http_response_buffer_size", "http_wait_end_of_query", "http_zlib_compression_level",
    "send_progress_in_http_headers", "http_headers_progress_interval_ms", "http_write_exception_in_output_format",
    "cancel_http_readonly_queries_on_client_close", "cancel_query_when_client_disconnects", "add_http_cors_header",
    "log_comment", "log_queries", "stacktrace", "connect_timeout", "receive_timeout", "send_timeout",
    "http_connection_timeout", "http_send_timeout", "http_receive_timeout",
})  # fmt: skip
_NO: Final = ("", "0", "false")
_QUERY_ID: Final = re.compile(r"[\x21-\x7e]{1,128}\Z")
# clickhouse-connect asks this at its start, and sends no setting that it finds read-only.
_SETTINGS_QUESTION: Final = re.compile(r"(SELECT name, value, )readonly( FROM system\.settings\b.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Question:
    """What a client asks: SQL and what comes with it. `fmt` is used where the SQL names none."""

    sql: str
    database: str
    fmt: str
    query_id: str
    settings: Mapping[str, str]
    params: Mapping[str, Escaped]
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What it gets: a body and its headers."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


def question(
    arguments: Mapping[str, str], headers: Mapping[str, str], body: str, accepted: str, known: Iterable[str]
) -> Question:
    """A request as a question. `arguments`: of the URL and the form. `accepted`: an encoding that the client takes.
    `known`: the names of the engine's settings. Raises EngineError.
    """
    _authenticate(arguments, headers)
    if arguments.get("compress", "0") not in _NO or arguments.get("decompress", "0") not in _NO:
        raise EngineError(*NOT_IMPLEMENTED, "compress and decompress are not served; use enable_http_compression")
    if arguments.get("role"):
        raise EngineError(*ACCESS_DENIED, "there are no roles here")
    settings, params = {}, {}
    for name, value in arguments.items():
        if name.startswith("param_"):
            params[name.removeprefix("param_")] = Escaped(value)
        elif name == "readonly":
            if value not in ("1", "2"):
                raise EngineError(*READONLY, "Cannot modify 'readonly' setting in readonly mode")
        elif name not in _TRANSPORT and name not in ("compress", "decompress", "role"):
            if not may_set(name):
                _refuse_setting(name, known)
            settings[name] = value
    query_id = arguments.get("query_id") or str(uuid.uuid4())
    if _QUERY_ID.match(query_id) is None:
        raise EngineError(*BAD_ARGUMENTS, "query_id is at most 128 printable ASCII characters")
    sql = "\n".join(part for part in (arguments.get("query", ""), body) if part)
    return Question(
        sql=sql,
        database=arguments.get("database") or headers.get("X-ClickHouse-Database", ""),
        fmt=headers.get("X-ClickHouse-Format") or arguments.get("default_format") or "TabSeparated",
        query_id=query_id,
        settings=settings,
        params=params,
        encoding=accepted if arguments.get("enable_http_compression", "0") not in _NO else "",
    )


def shown_settings(sql: str, known: Iterable[str]) -> str:
    """The question for the settings, so that it is answered by what this interface lets a client change."""
    found = _SETTINGS_QUESTION.fullmatch(sql)
    if found is None:
        return sql
    changeable = ", ".join(f"'{name}'" for name in sorted(known) if may_set(name) or name in _TRANSPORT)
    return f"{found[1]}toUInt8(name NOT IN ({changeable})) AS readonly{found[2]}"


def summary(result: QueryResult) -> str:
    """X-ClickHouse-Summary."""
    return json.dumps(
        {
            "read_rows": str(result.rows_read),
            "read_bytes": str(result.bytes_read),
            "written_rows": "0",
            "written_bytes": "0",
            "total_rows_to_read": str(result.rows_read),
            "result_rows": str(result.rows),
            "result_bytes": str(len(result.data)),
            "elapsed_ns": str(int(result.elapsed_s * 1e9)),
        },
        separators=(",", ":"),
    )


def failure(error: EngineError, version: str) -> Answer:
    """An error in ClickHouse's form, with the status that fits."""
    text = f"{error} (version {version} (embedded))\n"
    headers = {"X-ClickHouse-Exception-Code": str(error.code), "Content-Type": "text/plain; charset=UTF-8"}
    return Answer(text.encode(), headers, _STATUS.get(error.code, 500))


def _refuse_setting(name: str, known: Iterable[str]) -> None:
    if name in known:
        raise EngineError(*READONLY, f"Cannot modify '{name}' setting in readonly mode")
    raise EngineError(*UNKNOWN_SETTING, f"Unknown setting '{name}'")


def _authenticate(arguments: Mapping[str, str], headers: Mapping[str, str]) -> None:
    """There is one user, default, with no password; whoever gives another name or a password expects more than that."""
    user, password = arguments.get("user", ""), arguments.get("password", "")
    scheme, _, credentials = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            password = "?"  # noqa: S105 - unreadable, hence none that we know
    elif scheme:
        password = "?"  # noqa: S105 - a token, for instance
    user = headers.get("X-ClickHouse-User", user)
    password = headers.get("X-ClickHouse-Key", password)
    if user not in ("", "default") or password:
        message = f"{user or 'default'}: Authentication failed: there is only the user default, with no password"
        raise EngineError(*AUTHENTICATION_FAILED, message)
