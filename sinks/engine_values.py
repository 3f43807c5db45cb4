"""What goes into a statement from outside: limits and settings, parameters, names and texts, rightly quoted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sinks.engine_error import BAD_ARGUMENTS, EngineError

_MB: Final = 1024 * 1024
_NAME: Final = re.compile(r"[A-Za-z_]\w*\Z", re.ASCII)
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})


class Escaped(str):
    """A query parameter that is already in ClickHouse's text form, as HTTP clients send it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """What one query may take at most; a setting that asks for less is granted, for more is not. 0: no limit.

    Results are held in memory, hence `result_bytes`.
    """

    seconds: float = 60
    memory_bytes: int = 512 * _MB
    result_bytes: int = 128 * _MB
    result_rows: int = 0
    threads: int = 2

    def __post_init__(self) -> None:
        for name, value in self.caps().items():
            if value < 0:
                raise ValueError(f"{name} can't be negative: {value}")

    def caps(self) -> dict[str, float]:
        """The limits by ClickHouse's setting."""
        return {
            "max_execution_time": self.seconds,
            "max_memory_usage": self.memory_bytes,
            "max_result_bytes": self.result_bytes,
            "max_result_rows": self.result_rows,
            "max_threads": self.threads,
        }

    def applied(self, settings: Mapping[str, str]) -> dict[str, str]:
        """All settings of a query that asks for these: what exceeds a limit is the limit. Raises EngineError 36."""
        caps = self.caps()
        granted = {
            name: text for name, text in settings.items() if not caps.get(name) or 0 < _number(name, text) <= caps[name]
        }
        return {name: str(cap) for name, cap in caps.items()} | granted


def assignments(settings: Mapping[str, str]) -> str:
    """What follows SET. Raises EngineError 36 for a name that is none."""
    for name in settings:
        if _NAME.match(name) is None:
            raise EngineError(*BAD_ARGUMENTS, f"no name of a setting: {name!r}")
    return ", ".join(f"{name} = {quoted(text)}" for name, text in settings.items())


def parameter(value: object) -> str:
    """A value for `{name:Type}` in the text form that ClickHouse parses."""
    match value:
        case Escaped():
            return str(value)
        case None:
            return "\\N"
        case bool():
            return str(value).lower()
        case list() | tuple():
            return _literal(value)  # its texts are escaped within their quotes; the whole isn't once more
        case _:
            return escaped(str(value))


def quoted(text: str) -> str:
    """A text as a string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def backquoted(name: str) -> str:
    """A text as an identifier."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def escaped(text: str) -> str:
    """A text as a field of TabSeparated."""
    return text.translate(_ESCAPES)


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise EngineError(*BAD_ARGUMENTS, f"setting {name} takes a number, not {text!r}") from None


def _literal(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case list() | tuple():
            return "[" + ", ".join(_literal(item) for item in value) + "]"
        case _:
            return "'" + escaped(str(value)).replace("'", "\\'") + "'"
