"""The result tables: which hold what of a period, and a row of theirs as text that is the same on every backend."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sinks.assessment.database import Database, quoted
from sinks.assessment.period import Kind, Period

BILL: Final = "bill_lines"
MEASURES: Final = "month_measures"
# Of each kind of period; the first is about staff, the second about sites.
TABLES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "month": ("staff_months", "site_months", BILL, MEASURES),
    "quarter": ("staff_quarters", "site_quarters", BILL),
    "year": ("staff_years", "site_years", BILL),
}
# What a row is about, in SQL, and its place among the rows of one subject.
_SUBJECT: Final = {BILL: "concat(scope, ' ', subject)", MEASURES: "''"}
_LINE: Final = {BILL: "line"}
# A bill's events as they enter the text of its line: how many there are, and what names them all.
_TEXT_OF: Final = {"events": "lower(hex(SHA256(toString(events)))) AS events_sha256"}


class Result(NamedTuple):
    """A row of a result table. `row`: its columns as JSON."""

    table: str
    subject: str
    line: int
    row: str


def subject_of(table: str) -> str:
    """What a row of a table is about, in SQL."""
    return _SUBJECT.get(table, "staff" if table.startswith("staff") else "site")


def row_text(database: Database, table: str) -> str:
    """The SQL that makes a row's text of its columns."""
    names = database.rows(
        f"SELECT name FROM system.columns WHERE database = 'pingliu' AND table = {quoted(table)} AND name != 'proof' "
        "ORDER BY position"
    )
    columns = (_TEXT_OF.get(str(row["name"]), str(row["name"])) for row in names)
    return f"formatRowNoNewline('JSONEachRow', {', '.join(columns)})"


def proof_of(text: str) -> str:
    """The SQL of a row's proof, by that of its text."""
    return f"lower(hex(SHA256({text})))"


def results(database: Database, place: str, period: Period) -> list[Result]:
    """A period's results in a database (`pingliu`, or a scratch one), in canonical order.

    Counts that results can be cut by are there as one row: how many there are, and what names them all.
    """
    found: list[Result] = []
    for table in TABLES[period.kind]:
        text = row_text(database, table)
        if table == MEASURES:
            rows = database.rows(
                "SELECT toUInt32(count()) AS n, "
                f"lower(hex(SHA256(arrayStringConcat(arraySort(groupArray({proof_of(text)})))))) AS sha256 "
                f"FROM {place}.{table} WHERE period = {quoted(period.text)}"
            )
            found.append(Result(table, "", 0, f'{{"rows":{rows[0]["n"]},"sha256":"{rows[0]["sha256"]}"}}'))
            continue
        # Aliases that no column bears: ClickHouse would take them for columns in the row's text.
        rows = database.rows(
            f"SELECT {subject_of(table)} AS about_, toUInt32({_LINE.get(table, '0')}) AS place_, {text} AS row_ "
            f"FROM {place}.{table} WHERE period = {quoted(period.text)} ORDER BY about_, place_"
        )
        found += [Result(table, str(row["about_"]), int(str(row["place_"])), str(row["row_"])) for row in rows]
    return found


def export_text(rows: Iterable[Result]) -> str:
    """The canonical export: a line a row, table and JSON parted by a tab."""
    return "".join(f"{result.table}\t{result.row}\n" for result in rows)


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
