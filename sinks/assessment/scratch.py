"""A database of its own for one computation: the month's facts, judged by its rules, and what comes of them.

It holds an excerpt of the facts, and over it what `pingliu` has over all of them, by the same SQL; so the facts of an
assessment are those that auditors read, but for the moment, the rules and the registry that they are looked at with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from importlib import resources
from secrets import token_hex
from typing import Final

from schemas.moments import DAY, MINUTE, day_start, to_day
from schemas.rules import Rules
from schemas.rules_assessment import Section, published_minutes
from sinks import reference
from sinks.assessment.database import Database
from sinks.assessment.inputs import Inputs
from sinks.assessment.period import Period
from sinks.assessment.positions import Positions, below
from sinks.migrate import latest_view, statements

_PREFIX: Final = "pingliu_scratch_"
_TABLES: Final = ("levels", "calendar", "limits", "registry", "sites", "windows", "items", "posts")
_VIEWS: Final = (
    "window_sessions", "ticket_facts", "service_facts", "service_staff", "rating_facts", "rating_voids",
    "rectification_facts", "services", "ratings", "rectifications",
)  # fmt: skip
_ONCE: Final = ("service_staff", "services", "ratings")
# Late uploads are judged by what came until so long after the month.
_WATCHED: Final = 8 * DAY
_WILSON: Final = re.compile(r"wilson\(([^,()]+), ([^,()]+)\)")
# In floating point, in this order of operations; n = 0 gives 0.
_LOWER: Final = "({g} + {z} * {z} / 2 - {z} * sqrt({g} * ({n} - {g}) / greatest({n}, 1) + {z} * {z} / 4))"
_BOUND: Final = (
    f"CAST(toDecimal128(toInt64(floor({_LOWER} / greatest({{n}} + {{z}} * {{z}}, 1e-9) * 1e8 + 0.5)), 8) / 100000000"
    " AS Decimal(18, 8))"
)
_RATIO: Final = re.compile(r"ratio\(([^,()]+), ([^,()]+)\)")
_EXACT: Final = (
    r"CAST(round(divideDecimal(toDecimal256(\1, 8), toDecimal256(greatest(\2, 1), 0), 12), 8)"
    r" AS Nullable(Decimal(18, 8)))"
)
_SECTIONS: Final = ("assessment", "staff_month", "star", "staff_year", "site_month", "site_quarter", "site_year")


class Scratch:
    """A scratch database by its name."""

    def __init__(self, database: Database, name: str) -> None:
        self.database = database
        self.name = name

    def execute(self, sql: str) -> None:
        """Runs a statement that names this database `scratch`."""
        self.database.execute(self.sql(sql))

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """Stores rows of a table of this database."""
        self.database.insert(f"{self.name}.{table}", columns)

    def rows(self, sql: str) -> list[dict[str, object]]:
        """Asks by a statement that names this database `scratch`."""
        return self.database.rows(self.sql(sql))

    def sql(self, text: str) -> str:
        """The statement as the database gets it.

        `ratio(a, b)`: the exact quotient to 8 digits, half away from zero. `wilson(g, n)`: the lower bound for the
        share of g out of n, with the rule's z.
        """
        text = _WILSON.sub(_wilson, _RATIO.sub(_EXACT, text))
        return text.replace("scratch.", f"{self.name}.")

    def run(self, file: str, positions: Positions | None = None) -> None:
        """Runs the statements of a file of this package; `is_below`: whether an event lies before the positions."""
        text = (resources.files("sinks.assessment") / file).read_text(encoding="utf-8")
        for statement in statements(text):
            self.execute(statement if positions is None else statement.replace("is_below", below(positions)))

    def create_results(self, tables: Sequence[str]) -> None:
        """Makes empty tables like those of `pingliu`."""
        for table in tables:
            self.execute(f"CREATE TABLE scratch.{table} AS pingliu.{table}")


@contextmanager
def scratch(database: Database) -> Iterator[Scratch]:
    """A new scratch database, dropped at the end. A crash before that leaves it behind, where it does no harm."""
    name = f"{_PREFIX}{token_hex(6)}"
    database.execute(f"CREATE DATABASE {name}")
    try:
        yield Scratch(database, name)
    finally:
        database.execute(f"DROP DATABASE {name} SYNC")


def drop_leftovers(database: Database) -> list[str]:
    """Drops scratch databases that a crash left behind; returns their names. Only where nobody else computes."""
    rows = database.rows(f"SELECT name FROM system.databases WHERE startsWith(name, '{_PREFIX}') ORDER BY name")
    names = [str(row["name"]) for row in rows]
    for name in names:
        database.execute(f"DROP DATABASE {name} SYNC")
    return names


def fill(scratch: Scratch, month: Period, inputs: Inputs, positions: Positions) -> None:
    """Fills a new scratch database with a month's facts.

    1. The registry, the levels, limits and workdays that the month is judged by.
    2. The month and its rules, as tables of one row.
    3. The excerpt of the log.
    4. The views of the facts over it; those that are read again and again are computed once, as tables.
    """
    for table in _TABLES:  # 1.
        scratch.execute(f"CREATE TABLE scratch.{table} AS pingliu.{table}")
    works = set(inputs.workdays)
    days = list(range(inputs.first_day, inputs.last_day + 1))
    ordinals: list[int] = []
    for day in days:
        ordinals.append((ordinals[-1] if ordinals else 0) + (day in works))
    tables = {
        "levels": reference.levels(inputs.rules),
        "limits": reference.limits(inputs.rules),
        "calendar": {"day": days, "workday": [int(day in works) for day in days], "ordinal": ordinals},
        **{table: reference.columns(table, rows) for table, rows in inputs.tables.items()},
    }
    for table, columns in tables.items():
        scratch.insert(table, columns)
    _set_month(scratch, month, inputs)  # 2.
    set_rules(scratch, inputs.rules)
    scratch.run("excerpt.sql", positions)  # 3.
    for view in _VIEWS:  # 4.
        statement = latest_view(view)
        if view in _ONCE:
            statement = statement.replace(
                f"CREATE OR REPLACE VIEW pingliu.{view} AS",
                f"CREATE TABLE pingliu.{view} ENGINE = MergeTree ORDER BY tuple() AS",
            )
        scratch.database.execute(statement.replace("pingliu.", f"{scratch.name}."))


def _wilson(match: re.Match[str]) -> str:
    z = "(SELECT assumeNotNull(toFloat64(any(assessment__wilson_z))) FROM scratch.rule)"
    bound = _BOUND.format(g=f"toFloat64({match[1]})", n=f"toFloat64({match[2]})", z=z)
    return f"if({match[2]} = 0, toDecimal64(0, 8), {bound})"


def _set_month(scratch: Scratch, month: Period, inputs: Inputs) -> None:
    freeze = inputs.workday_after(month.last_day, inputs.rules.assessment.freeze_workday)
    start_ms, end_ms = day_start(to_day(month.first_day)), day_start(to_day(month.last_day) + 1)
    scratch.execute(
        "CREATE TABLE scratch.month ENGINE = Memory AS SELECT "
        f"'{month.text}' AS period, toInt32({to_day(month.first_day)}) AS first_day, "
        f"toInt32({to_day(month.last_day)}) AS last_day, toInt64({start_ms}) AS start_ms, toInt64({end_ms}) AS end_ms, "
        f"toInt64({end_ms + _WATCHED}) AS watched_ms, toInt64({day_start(to_day(freeze) + 1)}) AS freeze_ms"
    )


def set_rules(scratch: Scratch, rules: Rules) -> None:
    """Makes the tables `rule` (one row, a column `section__field` each), `codes` and `hours` of a rule set."""
    values = [
        f"{_number(value)} AS {section}__{field}"
        for section in _SECTIONS
        for field, value in _fields(getattr(rules, section))
        if isinstance(value, int | Decimal)
    ]
    scratch.execute(f"CREATE TABLE scratch.rule ENGINE = Memory AS SELECT {', '.join(values)}")
    scratch.execute(
        "CREATE TABLE scratch.code_texts (code String, text String, block String, points String, cap String, "
        "shared UInt8, complaint UInt8) ENGINE = Memory"
    )
    codes = rules.conduct.codes
    scratch.insert(
        "code_texts",
        {
            "code": list(codes),
            "text": [code.text for code in codes.values()],
            "block": [code.block for code in codes.values()],
            "points": [str(code.points) for code in codes.values()],
            "cap": ["" if code.cap is None else str(code.cap) for code in codes.values()],
            "shared": [int(code.shared) for code in codes.values()],
            "complaint": [int(code.complaint) for code in codes.values()],
        },
    )
    scratch.execute(
        "CREATE VIEW scratch.codes AS SELECT * REPLACE ("
        "toDecimal128(points, 8) AS points, toDecimal128OrNull(cap, 8) AS cap) FROM scratch.code_texts"
    )
    scratch.execute("CREATE TABLE scratch.hours (begin_ms Int64, end_ms Int64) ENGINE = Memory")
    hours = published_minutes(rules.site_month.hours)
    columns = {"begin_ms": [begin * MINUTE for begin, _ in hours], "end_ms": [end * MINUTE for _, end in hours]}
    scratch.insert("hours", columns)


def _fields(section: Section) -> Iterator[tuple[str, object]]:
    for name in type(section).model_fields:
        yield name, getattr(section, name)


def _number(value: int | Decimal) -> str:
    return f"toInt64({value})" if isinstance(value, int) else f"toDecimal128('{value}', 8)"
