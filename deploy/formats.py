"""Answers of a ClickHouse server as text: its native protocol gives values, and leaves formats to the client.

The folder's engine knows all of ClickHouse's formats; these are the ones that people and programs use most.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table

from deploy.mistake import Mistake

if TYPE_CHECKING:
    from sinks.server import Answer

_ESCAPES: Final = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"}
_WIDTH: Final = 1_000


class UnknownFormat(Mistake):
    """There is no such format here."""


def formatted(answer: Answer, name: str) -> bytes:
    """The answer in a format. Times are in the zone of their column. Raises UnknownFormat."""
    write = FORMATS.get(name)
    if write is None:
        raise UnknownFormat(f"format {name}: from a server there are {', '.join(FORMATS)}")
    return write(answer).encode()


def _tab_separated(answer: Answer) -> str:
    return "".join("\t".join(map(_escaped, row)) + "\n" for row in answer.rows)


def _with_names(answer: Answer) -> str:
    return "\t".join(answer.names) + "\n" + _tab_separated(answer)


def _csv(answer: Answer) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(answer.names)
    writer.writerows([_plain(value) for value in row] for row in answer.rows)
    return text.getvalue()


def _json_lines(answer: Answer) -> str:
    rows = (dict(zip(answer.names, map(_json_value, row), strict=True)) for row in answer.rows)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _pretty(answer: Answer) -> str:
    table = Table(*answer.names)
    for row in answer.rows:
        table.add_row(*(_plain(value) for value in row))
    text = io.StringIO()
    Console(file=text, width=_WIDTH).print(table)
    return text.getvalue()


FORMATS: Final[Mapping[str, Callable[[Answer], str]]] = {
    "TabSeparated": _tab_separated,
    "TabSeparatedWithNames": _with_names,
    "CSVWithNames": _csv,
    "JSONEachRow": _json_lines,
    "PrettyCompact": _pretty,
}


def _escaped(value: object) -> str:
    return "\\N" if value is None else "".join(_ESCAPES.get(letter, letter) for letter in _plain(value))


def _plain(value: object) -> str:
    match value:
        case None:
            return ""
        case bytes():
            return value.decode(errors="backslashreplace")
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S") + (f".{value.microsecond:06}" if value.microsecond else "")
        case list() | tuple():
            return json.dumps([_json_value(item) for item in value], ensure_ascii=False)
        case _:
            return str(value)


def _json_value(value: object) -> Any:
    match value:
        case list() | tuple():
            return [_json_value(item) for item in value]
        case bool() | int() | float() | str() | None:
            return value
        case date() | _:
            return _plain(value)
