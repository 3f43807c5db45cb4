"""Seals as they are stored, and what one says of itself: a hash over all it names, chained to the seal before it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sinks.assessment.database import Database, quoted
from sinks.assessment.inputs import Inputs
from sinks.assessment.period import Period
from sinks.assessment.positions import TEXT, Positions, parse
from sinks.assessment.results import BILL, MEASURES, TABLES, Result, sha256_of

_INPUTS: Final = "arrayStringConcat(arrayMap(i -> concat(i.1, ' ', i.2, ' ', i.3), inputs), '\\n')"


@dataclass(frozen=True, slots=True)
class Seal:
    """One row of `sealed_periods`. `inputs`: (month, name) to the SHA-256 of a text in `sealed_inputs`.

    `sealed_at`: YYYY-MM-DD HH:MM:SS.mmm, Asia/Shanghai.
    """

    number: int
    period: Period
    sealed_at: str
    rules_sha256: str
    inputs: Mapping[tuple[str, str], str]
    positions: Positions
    results_sha256: str
    facts_sha256: str
    corrections_sha256: str
    previous: str
    seal: str = ""

    def sha256(self) -> str:
        """What `seal` must be."""
        said = {
            "number": self.number,
            "period": self.period.text,
            "sealed_at": self.sealed_at,
            "rules_sha256": self.rules_sha256,
            "inputs": sorted([*key, sha256] for key, sha256 in self.inputs.items()),
            "positions": sorted([*key, offset] for key, offset in self.positions.items()),
            "results_sha256": self.results_sha256,
            "facts_sha256": self.facts_sha256,
            "corrections_sha256": self.corrections_sha256,
            "previous": self.previous,
        }
        return sha256_of(json.dumps(said, sort_keys=True, separators=(",", ":")))


class TouchedSeal(ValueError):  # noqa: N818 - it says what is the case
    """A row of `sealed_periods` can't be read: somebody changed it. The message says which."""


def seals(database: Database) -> list[Seal]:
    """All seals, in their order. Raises TouchedSeal."""
    found, touched = readable_seals(database)
    if touched:
        raise TouchedSeal(f"sealed_periods: {touched[0]}; see `pingliu verify`")
    return found


def readable_seals(database: Database) -> tuple[list[Seal], list[str]]:
    """All seals that can be read, in their order, and what to say of the others."""
    rows = database.rows(
        "SELECT number, period, toString(sealed_at) AS at, rules_sha256, "
        f"{_INPUTS} AS input_texts, {TEXT} AS position_texts, results_sha256, facts_sha256, corrections_sha256, "
        "previous, seal "
        "FROM pingliu.sealed_periods ORDER BY number"
    )
    found: list[Seal] = []
    touched: list[str] = []
    for row in ({name: str(value) for name, value in row.items()} for row in rows):
        try:
            found.append(_parsed(row))
        except ValueError:
            touched.append(f"seal {row['number']} of {row['period']} can't be read")
    return found, touched


def _parsed(row: Mapping[str, str]) -> Seal:
    inputs = (line.split(" ") for line in row["input_texts"].splitlines())
    return Seal(
        int(row["number"]),
        Period.parse(row["period"]),
        row["at"],
        row["rules_sha256"],
        {(month, name): sha256 for month, name, sha256 in inputs},
        parse(row["position_texts"]),
        row["results_sha256"],
        row["facts_sha256"],
        row["corrections_sha256"],
        row["previous"],
        row["seal"],
    )


def seal_of(database: Database, period: Period) -> Seal | None:
    """The seal of a period."""
    return next((seal for seal in seals(database) if seal.period == period), None)


def sealed_results(database: Database, period: Period) -> list[Result]:
    """The sealed rows of a period, in canonical order."""
    rows = database.rows(
        "SELECT toString(result) AS table, subject, line, row FROM pingliu.sealed_results "
        f"WHERE period = {quoted(period.text)}"
    )
    found = [Result(str(r["table"]), str(r["subject"]), int(str(r["line"])), str(r["row"])) for r in rows]
    order = {table: place for place, table in enumerate(TABLES[period.kind])}
    return sorted(found, key=lambda row: (order.get(row.table, len(order)), *row[:3]))


def beside(result: Result) -> tuple[str, str]:
    """What `sealed_results` says of a row beside its text: its street, and its score, '' where there is none."""
    row = json.loads(result.row, parse_float=str)
    score = None if result.table in (BILL, MEASURES) else row.get("score")
    return str(row.get("street", "")), "" if score is None else str(score)


def miscopied(database: Database, period: Period) -> list[Result]:
    """The sealed rows of a period beside which something else is said."""
    rows = database.rows(
        "SELECT toString(result) AS table, subject, line, row, toString(street) AS street_text, score "
        f"FROM pingliu.sealed_results WHERE period = {quoted(period.text)}"
    )
    found = []
    for row in rows:
        result = Result(str(row["table"]), str(row["subject"]), int(str(row["line"])), str(row["row"]))
        try:
            differs = beside(result) != (row["street_text"], row["score"])
        except (ValueError, AttributeError):  # no JSON, or no object
            differs = True
        if differs:
            found.append(result)
    return sorted(found)


def sealed_inputs(database: Database, seal: Seal) -> dict[str, dict[str, str]]:
    """The texts of a seal's inputs: month, then name. One whose text isn't what its hash names is left out."""
    rows = database.rows("SELECT sha256, content FROM pingliu.sealed_inputs FINAL")
    texts = {str(row["sha256"]): str(row["content"]) for row in rows}
    found: dict[str, dict[str, str]] = {}
    for (month, name), sha256 in seal.inputs.items():
        if sha256_of(texts.get(sha256, "")) == sha256:
            found.setdefault(month, {})[name] = texts[sha256]
    return found


def parsed_inputs(texts: Mapping[str, Mapping[str, str]]) -> dict[str, Inputs]:
    """Inputs by month. Raises KeyError where a text is missing."""
    return {month: Inputs.parse(of_month) for month, of_month in texts.items()}
