"""Asks ClickHouse: the sink that runs, or, where none does, the engine in this process for as long as it takes."""

from __future__ import annotations

import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from deploy.folder import Endpoint, Folder
from deploy.formats import formatted
from deploy.mistake import Mistake
from sinks.address import Address, password_from
from sinks.engine import Engine, EngineBusy, EngineError

_DATABASE: Final = "pingliu"
# The engine's holder may be another query, or a sink that is about to say where it listens.
_PATIENCE_SECONDS: Final = 20.0
_AGAIN_SECONDS: Final = 0.1

_T = TypeVar("_T")


class AskingError(Mistake):
    """ClickHouse's own words for what is wrong with a query."""


def ask(folder: Folder, sql: str, fmt: str) -> bytes:
    """The answer to a read-only query in a ClickHouse format. Raises AskingError."""
    return reach(folder, lambda endpoint: _over_http(endpoint, sql, fmt), lambda: _in_process(folder, sql, fmt))


def reach(folder: Folder, by_sink: Callable[[Endpoint], _T], alone: Callable[[], _T]) -> _T:
    """What `by_sink` gives where a sink runs over the folder, else what `alone` does, in this process.

    Either is tried again for a while if it raises EngineBusy: the other may be right in a moment. Raises AskingError
    if it isn't, or nothing was ever stored.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            endpoint = folder.endpoint()
            if endpoint is not None:
                return by_sink(endpoint)
            if not folder.engine.exists():
                raise AskingError(f"{folder.root}: nothing was ever stored here")
            return alone()
        except EngineBusy as busy:
            if time.monotonic() > deadline:
                raise AskingError(str(busy)) from busy
            time.sleep(_AGAIN_SECONDS)


def ask_server(url: str, sql: str, fmt: str) -> bytes:
    """The answer of a server to a read-only query. Raises AddressError, ServerError, UnknownFormat."""
    from sinks.server import Server

    server = Server(Address.parse(url, password_from(os.environ)))
    try:
        return formatted(server.query(sql), fmt)
    finally:
        server.close()


def ask_rows(folder: Folder, sql: str) -> list[dict[str, Any]]:
    """The answer as dictionaries by column. Raises AskingError."""
    answer = ask(folder, sql, "JSONEachRow")
    return [msgspec.json.decode(line) for line in answer.splitlines() if line]


def _over_http(endpoint: Endpoint, sql: str, fmt: str) -> bytes:
    options = {"database": _DATABASE, "default_format": fmt, "output_format_json_quote_64bit_integers": "0"}
    request = urllib.request.Request(f"{endpoint.url}?{urllib.parse.urlencode(options)}", sql.encode())  # noqa: S310
    try:
        with urllib.request.urlopen(request) as response:  # noqa: S310 - loopback, from our own file
            return bytes(response.read())
    except urllib.error.HTTPError as error:
        raise AskingError(error.read().decode(errors="replace").strip()) from error
    except urllib.error.URLError as error:
        raise AskingError(f"{endpoint.url}: {error.reason}") from error


def _in_process(folder: Folder, sql: str, fmt: str) -> bytes:
    from sinks.gate import Refused, check

    engine = Engine(folder.engine)
    try:
        # What the gate passes is what is run: the text as the engine understood it.
        plain = engine.normal_form(sql)
        check(plain)
        settings = {"output_format_json_quote_64bit_integers": "0"}
        return engine.query(plain, fmt=fmt, database=_DATABASE, settings=settings).data
    except (EngineError, Refused) as error:
        raise AskingError(str(error)) from error
    finally:
        engine.close()
