"""What the assessment commands do: the warehouse opened and up to date, and results as texts and tables."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.table import Table

from deploy.mistake import Mistake
from deploy.preparing import check_prepared
from deploy.warehouse import Warehouse, open_warehouse
from schemas.secret import load_secret
from sinks.assessment.assessor import NothingToAssess, assess
from sinks.assessment.before import current
from sinks.assessment.period import Kind, Period, PeriodError
from sinks.assessment.sealed import Seal, TouchedSeal, seal_of
from sinks.assessment.seals import CannotSeal
from sinks.erasures import Notary
from sinks.reports.rounding import rounded

_WIDTH: Final = 160

# What the assessment commands raise for what their user can mend.
MISTAKES: Final = (PeriodError, NothingToAssess, CannotSeal, TouchedSeal)


def tell(what: str) -> None:
    """Says on standard error what is being computed."""
    click.echo(f"computing {what} …", err=True)


def period_of(text: str, kind: Kind | None = None) -> Period:
    """The period that a user named. Raises PeriodError."""
    return Period.parse(text, kind)


def notary_of(path: Path) -> Notary:
    """Who knows our erasures by the secret at a path; without one, nobody does. Raises SecretError if it is no use."""
    return Notary(load_secret(path) if path.exists() else None)


@contextmanager
def opened(data: Path | None, clickhouse: str | None) -> Iterator[Warehouse]:
    """The warehouse, with all its tables. Raises Mistake."""
    with open_warehouse(data, clickhouse) as warehouse:
        check_prepared(warehouse)
        yield warehouse


def bring_up_to_date(warehouse: Warehouse, period: Period) -> None:
    """Computes what isn't up to date of a period and of what it is made of. Raises NothingToAssess, RulesError."""
    assess(warehouse, period, current(warehouse, tell), tell)


def sealed(warehouse: Warehouse, period: Period) -> Seal:
    """The seal of a period. Raises Mistake where there is none."""
    found = seal_of(warehouse, period)
    if found is None:
        raise Mistake(f"{period.text} isn't sealed")
    return found


def shown(value: Any) -> str:
    """A value as people read it: decimals half-up to 2 digits, nothing for None."""
    if value is None:
        return ""
    return rounded(value) if isinstance(value, Decimal) else str(value)


def print_table(names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on a terminal, tab-separated lines elsewhere."""
    if not sys.stdout.isatty():
        for row in (names, *rows):
            click.echo("\t".join(map(shown, row)))
        return
    table = Table(*names)
    for row in rows:
        table.add_row(*map(shown, row))
    Console(width=_WIDTH).print(table)


def number(value: object) -> Decimal | None:
    """A decimal that a query gave as text."""
    return None if value is None else Decimal(str(value))


def read_rules(path: Path) -> str:
    """The text of a rules file. Raises Mistake."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Mistake(f"{path}: {error}") from error
