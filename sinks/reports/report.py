"""From a period to a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

from sinks.reports.document import Document
from sinks.reports.error import ReportError
from sinks.reports.figures.rows import Database
from sinks.reports.papers.annual import annual
from sinks.reports.papers.common import Letterhead
from sinks.reports.papers.monthly import monthly
from sinks.reports.papers.quarterly import quarterly
from sinks.reports.period import Kind, ReportPeriod

_PAPERS: Final[Mapping[Kind, Callable[[Database, ReportPeriod, Letterhead], Document]]] = {
    "monthly": monthly,
    "quarterly": quarterly,
    "annual": annual,
}
# Each has a module of its name; one is imported when it is needed, for none of their libraries is small.
SUFFIXES: Final = ("xlsx", "docx", "pdf", "html")


def check_suffix(out: Path) -> str:
    """The format that a file's name asks for. Raises ReportError."""
    suffix = out.suffix.removeprefix(".").lower()
    if suffix not in SUFFIXES:
        raise ReportError(f"{out.name}: reports are written as .{', .'.join(SUFFIXES)}, not as {out.suffix or 'that'}")
    return suffix


def compose(database: Database, kind: Kind, period: str, head: Letterhead) -> Document:
    """The document of a period. Raises ReportError."""
    return _PAPERS[kind](database, ReportPeriod.parse(kind, period), head)


def write_report(database: Database, kind: Kind, period: str, out: Path, head: Letterhead) -> None:
    """Writes the report of a period in the format that `out` names; it is there whole or not at all.

    Raises ReportError, OSError, and what the database raises.
    """
    suffix = check_suffix(out)
    write: Callable[[Document], bytes] = import_module(f"sinks.reports.{suffix}").write
    content = write(compose(database, kind, period, head))
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
