"""What the result tables hold, and where they differ from the recount: readable, decimals compared exactly."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from difflib import unified_diff
from typing import Any, Final

from sinks.engine import Engine
from tests.recount.assessment import Assessed

Row = dict[str, Any]
Key = tuple[str, ...]
Table = dict[Key, Row]

BILL: Final = "bill_lines"
# By what a row is known.
TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "staff_months": ("period", "staff"),
    "staff_quarters": ("period", "staff"),
    "staff_years": ("period", "staff"),
    "site_months": ("period", "site"),
    "site_quarters": ("period", "site"),
    "site_years": ("period", "site"),
    BILL: ("period", "scope", "subject"),
    "month_measures": ("period", "street", "site", "window", "staff", "item"),
}
_MOST_SHOWN: Final = 40


def expected_tables(assessed: Assessed) -> dict[str, Table]:
    """The recount's results, a bill as one row of its lines and street."""
    tables: dict[str, Table] = {name: {**getattr(assessed, name)} for name in TABLES if name != BILL}
    tables[BILL] = {
        key: {"street": _street(assessed, *key), "lines": lines} for key, lines in assessed.bill_lines.items()
    }
    return tables


def found_tables(engine: Engine) -> dict[str, Table]:
    """The same of the product: all periods that are stored."""
    tables = {name: {_key(name, row): row for row in _rows(engine, name)} for name in TABLES if name != BILL}
    tables[BILL] = _bills(engine)
    return tables


def differences(expected: Mapping[str, Table], found: Mapping[str, Table]) -> list[str]:
    """Rows, columns and lines that differ; no more than can be read."""
    lines = [line for name in TABLES for line in _of_table(name, expected[name], found[name])]
    more = [f"and {len(lines) - _MOST_SHOWN} more"] if len(lines) > _MOST_SHOWN else []
    return lines[:_MOST_SHOWN] + more


def unbalanced(tables: Mapping[str, Table]) -> list[str]:
    """Scores, and points of blocks, that aren't exactly the sum of their bill's lines."""
    found = []
    for name, scope, score, row in _scored(tables):
        lines = tables[BILL][row["period"], scope, row[name.partition("_")[0]]]["lines"]
        if sum(line["points"] for line in lines) != score:
            found.append(f"{name}: {row}")
        for column in row:
            if column.endswith("_points"):
                block = column.removesuffix("_points")
                if sum((line["points"] for line in lines if line["block"] == block), Decimal(0)) != row[column]:
                    found.append(f"{name}, {column}: {row}")
    return found[:_MOST_SHOWN]


def _scored(tables: Mapping[str, Table]) -> Iterator[tuple[str, str, Decimal, Row]]:
    """Tables, scopes, scores and rows of everything that has a score."""
    for name, table in tables.items():
        if name.startswith(("staff_", "site_")):
            scope = name.partition("_")[0]
            for row in table.values():
                if row["score"] is not None:
                    yield name, scope, row["score"], row
                    if name == "site_quarters" and row["tier"] == "street":
                        yield name, "centre", row["own"], row


def _street(assessed: Assessed, period: str, _: str, subject: str) -> str:
    """The subject's of the period, '' for one who is entered but isn't a subject."""
    for name in TABLES:
        table = getattr(assessed, name)
        if name.startswith(("staff", "site")) and (period, subject) in table:
            return str(table[period, subject]["street"])
    return ""


def _rows(engine: Engine, table: str) -> Iterator[Row]:
    """Decimals as such. A period at a time, since the bills of a quarter are more than the engine gives at once."""
    types = {
        str(row["name"]): str(row["type"])
        for row in engine.rows(
            f"SELECT name, type FROM system.columns WHERE database = 'pingliu' AND table = '{table}'"
        )
    }
    settings = {"output_format_json_quote_decimals": "1", "output_format_json_quote_64bit_integers": "0"}
    for row in engine.rows(f"SELECT DISTINCT period FROM pingliu.{table} ORDER BY period"):
        sql = f"SELECT * EXCEPT (proof) FROM pingliu.{table} WHERE period = '{row['period']}'"
        for line in engine.query(sql, settings=settings).data.splitlines():
            yield {name: _value(types[name], value) for name, value in json.loads(line).items()}


def _value(kind: str, value: Any) -> Any:
    if value is not None and kind.startswith(("Decimal", "Nullable(Decimal")):
        return Decimal(value)
    if "Tuple(rule String" in kind:
        return [(loss["rule"], Decimal(loss["points"])) for loss in value]
    if "Tuple(source String" in kind:
        return [(event["source"], event["id"]) for event in value]
    return value


def _key(table: str, row: Row) -> Key:
    return tuple(str(row[name]) for name in TABLES[table])


def _bills(engine: Engine) -> Table:
    bills: Table = {}
    for row in sorted(_rows(engine, BILL), key=lambda row: int(row["line"])):
        bill = bills.setdefault(_key(BILL, row), {"street": row["street"], "lines": []})
        assert row["street"] == bill["street"], f"a bill of two streets: {row}"
        assert row["detail"], f"a line that says nothing: {row}"
        bill["lines"].append({name: row[name] for name in ("line", "block", "rule", "points", "count", "of", "events")})
    return bills


def _of_table(name: str, expected: Table, found: Table) -> Iterator[str]:
    for key in sorted(expected.keys() | found.keys()):
        place = f"{name} {' '.join(key)}"
        if key not in found:
            yield f"{place}: missing, expected {expected[key]}"
        elif key not in expected:
            yield f"{place}: unexpected {found[key]}"
        elif expected[key] != found[key]:
            yield from (f"{place}: {line}" for line in _of_row(expected[key], found[key]))


def _of_row(expected: Row, found: Row) -> Iterator[str]:
    for column in sorted(expected.keys() | found.keys()):
        wanted, got = expected.get(column, "no such column"), found.get(column, "no such column")
        if wanted == got:
            continue
        if column == "lines":
            yield from _of_bill(wanted, got)
        else:
            yield f"{column} is {got!r}, expected {wanted!r}"


def _of_bill(expected: list[Row], found: list[Row]) -> Iterator[str]:
    """Line by line; where their rules differ, only these: + is what was found and not expected."""
    rules, others = ([f"{line['block']}/{line['rule']}" for line in lines] for lines in (expected, found))
    if rules != others:
        changes = unified_diff(rules, others, lineterm="", n=0)
        yield from (f"line {line}" for line in changes if line[:2] not in ("--", "++", "@@"))
        return
    for wanted, got in zip(expected, found, strict=True):
        for column in wanted:
            if wanted[column] != got[column]:
                values = _apart(wanted[column], got[column]) if column == "events" else (wanted[column], got[column])
                yield f"line {wanted['line']} {wanted['rule']}: {column} is {values[1]!r}, expected {values[0]!r}"


def _apart(expected: Iterable[Any], found: Iterable[Any]) -> tuple[Any, Any]:
    """Of two lists of events, what only one has; the lists themselves where only their order differs."""
    expected, found = list(expected), list(found)
    only = [name for name in expected if name not in found], [name for name in found if name not in expected]
    return only if any(only) else (expected, found)
