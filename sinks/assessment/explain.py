"""The bill: every point that somebody gained or lost, with the rule and the events behind it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from sinks.assessment.database import Database, quoted, texts
from sinks.assessment.period import Period
from sinks.assessment.results import BILL, TABLES

Of = Literal["staff", "site", "street"]
_EVENTS: Final = "arrayMap(e -> e.1, events) AS sources, arrayMap(e -> e.2, events) AS ids"


class Unknown(ValueError):  # noqa: N818 - it says what is the case
    """There is no bill of that name for the period."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `scope` is `centre` for a street centre's own part of its street's quarter, `entry` for what people
    entered, which is in nobody's month score. `events`: (source, id).
    """

    scope: str
    block: str
    rule: str
    points: Decimal
    count: int
    of: int
    detail: str
    events: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Bill:
    """`score` is None for who has none. The lines of scope `scope` add up to it."""

    subject: str
    scope: str
    score: Decimal | None
    lines: tuple[Line, ...]


def explain(database: Database, of: Of, subject: str, period: Period) -> Bill:
    """The bill of a member of staff, a site, or a street (which its centre stands for). Raises Unknown."""
    scope = "staff" if of == "staff" else "site"
    name = _centre(database, subject) if of == "street" else subject
    table = TABLES[period.kind][0 if scope == "staff" else 1]
    where = f"period = {quoted(period.text)}"
    found = database.rows(
        f"SELECT toString(score) AS score FROM pingliu.{table} WHERE {where} AND {scope} = {quoted(name)}"
    )
    if not found:
        raise Unknown(f"{of} {subject}: no results in {period.text}")
    rows = database.rows(
        "SELECT toString(scope) AS scope_name, toString(block) AS block_name, toString(rule) AS rule_name, "
        f"toString(points) AS points_text, count, of, detail, {_EVENTS} FROM pingliu.{BILL} "
        f"WHERE {where} AND scope {'=' if scope == 'staff' else '!='} 'staff' AND subject = {quoted(name)} "
        "ORDER BY scope = 'entry', scope = 'centre', line"
    )
    score = found[0]["score"]
    return Bill(name, scope, None if score is None else Decimal(str(score)), tuple(_line(row) for row in rows))


def _centre(database: Database, street: str) -> str:
    rows = database.rows(
        f"SELECT site FROM pingliu.sites WHERE street = {quoted(street)} AND tier != 'community' ORDER BY site LIMIT 1"
    )
    if not rows:
        raise Unknown(f"street {street}: the registry has no centre of it")
    return str(rows[0]["site"])


def _line(row: dict[str, object]) -> Line:
    return Line(
        str(row["scope_name"]),
        str(row["block_name"]),
        str(row["rule_name"]),
        Decimal(str(row["points_text"])),
        int(str(row["count"])),
        int(str(row["of"])),
        str(row["detail"]),
        tuple(zip(texts(row["sources"]), texts(row["ids"]), strict=True)),
    )
