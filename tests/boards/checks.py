"""What can be wrong with boards and rules by themselves: they name something that isn't there, or say too little.

A check gives faults as lines for a person; none means that all is well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import promql_parser

from deploy.grafana.files import FOLDER
from streams.metrics import METRICS
from tests.boards.generated import filled, panels, selectors
from tests.boards.recorded import RECORDED

Known = Mapping[str, frozenset[str]]

_SOURCES: Final = FOLDER / "provisioning" / "datasources" / "pingliu.yaml"
UIDS: Final = frozenset(re.findall(r"^    uid: (\S+)$", _SOURCES.read_text(encoding="utf-8"), re.M))
_MIXED: Final = "-- Mixed --"
_SCRAPED: Final = frozenset({"job", "instance"})
_OF_PROCESS: Final = ("process_resident_memory_bytes", "process_cpu_seconds_total")
_RATES: Final = ("rate", "irate", "increase")
_BOARD: Final = re.compile(r"/d/([\w-]+)\?")


def known_series() -> dict[str, frozenset[str]]:
    """Every series that is defined, with its labels: ours, what rules record, and Prometheus' own."""
    found = {"up": _SCRAPED, **{name: _SCRAPED | {"role"} for name in _OF_PROCESS}}
    for metric in METRICS:
        labels = _SCRAPED | {"role", *metric.labels}
        if metric.kind == "histogram":
            found |= {
                f"{metric.name}_bucket": labels | {"le"},
                f"{metric.name}_sum": labels,
                f"{metric.name}_count": labels,
            }
        else:
            found[metric.name] = labels
    return found | {name: level_of(name) for name in RECORDED}


def level_of(recorded: str) -> frozenset[str]:
    """The labels that a recorded series has, as its name says."""
    level = recorded.partition(":")[0]
    return frozenset() if level == "district" else frozenset(level.split("_"))


def faults_of_expression(expr: str, known: Known) -> Iterator[str]:
    """It names a metric or label that isn't there, or has the rate of what is no counter."""
    expr = filled(expr, ".+")
    for selector in selectors(expr):
        if selector.name is None or selector.name not in known:
            yield f"no such metric: {selector.name}"
            continue
        for matcher in selector.matchers.matchers:
            if matcher.name not in known[selector.name]:
                yield f"{selector.name} has no label {matcher.name}"
    for function, names in _ranges(promql_parser.parse(expr)):
        if function in _RATES:
            yield from (
                f"{function} of no counter: {name}" for name in names if not re.search("_(total|bucket)$", name)
            )


def faults_of_board(name: str, boards: Mapping[str, Any], known: Known) -> Iterator[str]:
    """All that is wrong with one of the boards."""
    board = boards[name]
    variables = {one["name"] for one in board["templating"]["list"]}
    if board["uid"] != f"pingliu-{name}" or board["editable"] or not board["title"] or not board["description"]:
        yield "uid, title or description is missing, or it can be edited"
    numbers = [panel["id"] for panel in board["panels"]]
    if len(set(numbers)) != len(numbers):
        yield "two panels have the same id"
    for panel in panels(board):
        where = panel.get("title") or f"panel {panel['id']}"
        if not panel.get("title") or not panel.get("description") or not panel["fieldConfig"]["defaults"].get("unit"):
            yield f"{where}: title, description or unit is missing"
        if not panel["targets"]:
            yield f"{where}: it asks nothing"
        for target in panel["targets"]:
            if "expr" in target:
                yield from (f"{where}: {fault}" for fault in faults_of_expression(target["expr"], known))
    yield from (f"no such data source: {uid}" for uid in _uids(board) - UIDS - {_MIXED})
    text = json.dumps(board)
    used = set(re.findall(r"\$\{(\w+):singlequote\}|, \$(\w+)\)|=~\\\"\$(\w+)\\\"", text))
    yield from (f"no such variable: {one}" for one in {"".join(parts) for parts in used} - variables)
    yield from _faults_of_links(text, {one["uid"]: one for one in boards.values()})


def _faults_of_links(text: str, boards: Mapping[str, Any]) -> Iterator[str]:
    for url in re.findall(r'"url": "([^"]+)"', text):
        target = _BOARD.match(url)
        if target is None or target[1] not in boards:
            yield f"a link to no board: {url}"
            continue
        there = {one["name"] for one in boards[target[1]]["templating"]["list"]}
        yield from (f"{url}: no variable {one} there" for one in set(re.findall(r"&var-(\w+)=", url)) - there)


def _uids(value: Any) -> set[str]:
    """Of every data source that is named anywhere."""
    match value:
        case {"datasource": {"uid": str() as uid}}:
            return {uid}.union(*(_uids(item) for key, item in value.items() if key != "datasource"))
        case dict():
            return set().union(*map(_uids, value.values()))
        case list():
            return set().union(*map(_uids, value))
    return set()


def _ranges(parsed: promql_parser.Expr) -> Iterator[tuple[str, list[str]]]:
    """Each function with the names of the ranges that it takes directly."""
    found: list[tuple[str, list[str]]] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.Call):
            names = [arg.vector_selector.name for arg in node.args if isinstance(arg, promql_parser.MatrixSelector)]
            found.append((node.func.name, [name or "" for name in names]))

    promql_parser.walk(parsed, visit)
    yield from found
