"""What a period was judged by, and from what: the rule set, the log's positions, when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from sinks.reports.error import ReportError
from sinks.reports.figures.rows import Database, read


@dataclass(frozen=True, slots=True)
class Basis:
    """`positions`: per topic, the first offset not looked at of each partition. `codes`: texts of conduct codes.

    `inputs_sha256` names rules, registry and workdays together.
    """

    rules_name: str
    rules_sha256: str
    inputs_sha256: str
    results_sha256: str
    positions: tuple[str, ...]
    assessed_at: str
    codes: Mapping[str, str]

    @classmethod
    def of(cls, database: Database, period: str) -> Basis:
        """Raises ReportError where the period wasn't assessed."""
        runs = read(
            database,
            _Run,
            f"pingliu.assessments WHERE period = '{period}' LIMIT 1",
            {
                "topics": "arrayMap(p -> tupleElement(p, 1), positions)",
                "partitions": "arrayMap(p -> tupleElement(p, 2), positions)",
                "offsets": "arrayMap(p -> toString(tupleElement(p, 3)), positions)",
                "assessed_at": "toString(assessed_at)",
            },
        )
        if not runs:
            raise ReportError(f"{period} has not been assessed")
        run = runs[0]
        rules = read(database, _Rules, f"pingliu.rule_sets WHERE sha256 = '{run.rules_sha256}' LIMIT 1")
        if not rules:
            raise ReportError(f"{period} was judged by rule set {run.rules_sha256}, which rule_sets lacks")
        return cls(
            rules[0].name,
            run.rules_sha256,
            run.inputs_sha256,
            run.results_sha256,
            run.positions(),
            run.assessed_at[:19],
            _texts(rules[0].canonical),
        )


@dataclass(frozen=True, slots=True)
class _Run:
    rules_sha256: str
    inputs_sha256: str
    results_sha256: str
    topics: tuple[str, ...]
    partitions: tuple[int, ...]
    offsets: tuple[str, ...]
    assessed_at: str

    def positions(self) -> tuple[str, ...]:
        places = sorted(zip(self.topics, self.partitions, self.offsets, strict=True))
        return tuple(
            f"{topic}：" + "，".join(f"{partition}→{offset}" for _, partition, offset in group)
            for topic, group in groupby(places, lambda place: place[0])
        )


@dataclass(frozen=True, slots=True)
class _Rules:
    name: str
    canonical: str


def _texts(canonical: str) -> dict[str, str]:
    codes: dict[str, dict[str, str]] = json.loads(canonical)["conduct"]["codes"]
    return {code: values["text"] for code, values in codes.items()}
