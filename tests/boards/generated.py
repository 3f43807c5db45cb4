"""What the generated boards ask for: every query of every panel, annotation and variable, with where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import promql_parser

from deploy.grafana.files import FOLDER

DASHBOARDS = sorted((FOLDER / "dashboards").glob("*.json"))
_INTERVALS = re.compile(r"\$__(rate_interval|interval|range)\b")


@dataclass(frozen=True)
class Asked:
    """A query. `kind`: of SQL timeseries or table; `of`: panel, annotation or variable; `where`: for a person."""

    where: str
    of: str
    text: str
    kind: str


def board(name: str) -> Any:
    """A committed dashboard."""
    return json.loads((FOLDER / "dashboards" / f"{name}.json").read_text(encoding="utf-8"))


def boards() -> dict[str, Any]:
    """All committed dashboards by name."""
    return {path.stem: board(path.stem) for path in DASHBOARDS}


def panels(found: Any) -> list[Any]:
    """Its panels, without the rows' headings."""
    return [panel for panel in found["panels"] if panel["type"] != "row"]


def queries() -> Iterator[Asked]:
    """Every SQL query."""
    for name, found in boards().items():
        for panel in panels(found):
            yield from (_sql(f"{name}: {panel['title']}", "panel", one) for one in panel["targets"] if "rawSql" in one)
        for mark in found["annotations"]["list"]:
            yield _sql(f"{name}: annotation {mark['name']}", "annotation", mark["target"])
        for variable in found["templating"]["list"]:
            yield _sql(f"{name}: ${variable['name']}", "variable", variable["query"])


def expressions() -> Iterator[Asked]:
    """Every PromQL expression."""
    for name, found in boards().items():
        for panel in panels(found):
            for one in panel["targets"]:
                if "expr" in one:
                    yield Asked(f"{name}: {panel['title']} {one['refId']}", "panel", one["expr"], "promql")


def alert_rules() -> list[Any]:
    """The rules of the committed provisioning file, as Grafana reads them: `$$` is `$`."""
    text = (FOLDER / "provisioning" / "alerting" / "facts.json").read_text(encoding="utf-8")
    (group,) = json.loads(text.replace("$$", "$"))["groups"]
    rules: list[Any] = group["rules"]
    return rules


def sql_of(rule: Any) -> str:
    """What an alert rule asks."""
    text: str = rule["data"][0]["model"]["rawSql"]
    return text


def selectors(expr: str) -> list[promql_parser.VectorSelector]:
    """What an expression picks from all series. Raises ValueError where it is no PromQL."""
    found: list[promql_parser.VectorSelector] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        elif isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)

    promql_parser.walk(promql_parser.parse(expr), visit)
    return found


def filled(expr: str, street: str) -> str:
    """An expression as Grafana sends it: intervals, and the variable's value."""
    return _INTERVALS.sub("1m", expr).replace("$street", street)


def _sql(where: str, of: str, target: Any) -> Asked:
    return Asked(where, of, target["rawSql"], target["queryType"])
