"""The bill: lines of points gained and lost, block by block."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.recount.assessment.conduct import Record
from tests.recount.assessment.events import Name
from tests.recount.assessment.numbers import Exact, q, total

Line = dict[str, Any]


@dataclass
class Bill:
    """A subject's lines, numbered as they are added."""

    lines: list[Line] = field(default_factory=list)

    def add(
        self, block: str, rule: str, points: Exact, count: int = 0, of: int = 0, events: Iterable[Name] = ()
    ) -> None:
        """A line of `q(points)`; events are given in order."""
        line = {"line": len(self.lines) + 1, "block": block, "rule": rule, "points": q(points)}
        self.lines.append({**line, "count": count, "of": of, "events": list(events)})

    def full(self, block: str, rule: str, most: Fraction, events: list[Name], count: int | None = None) -> None:
        """What a block's rule gives before losses: n of n, the number of its events if no other is said."""
        number = len(events) if count is None else count
        self.add(block, f"{rule}.full", most, number, number, events)

    def loss(self, block: str, rule: str, most: Fraction, events: list[Name], of: int) -> None:
        """The share of the most that so many of the cases lose, if there are such."""
        if events:
            self.add(block, rule, -most * len(events) / of, len(events), of, events)

    def close(self, block: str, most: Fraction) -> None:
        """Bring the block's sum within 0 and its maximum."""
        points = Fraction(self.sum_of(block))
        if points < 0:
            self.add(block, f"{block}.floor", -points)
        elif points > most:
            self.add(block, f"{block}.cap", most - points)

    def sum_of(self, block: str) -> Decimal:
        """The exact sum of a block's lines."""
        return total(line["points"] for line in self.lines if line["block"] == block)

    @property
    def score(self) -> Decimal:
        """The exact sum of all."""
        return total(line["points"] for line in self.lines)


@dataclass(frozen=True)
class Burden:
    """A record, a lead's share of one, or a liable bad rating, on somebody's bill."""

    block: str
    rule: str
    points: Decimal
    incident: str
    order: int
    events: tuple[Name, ...]

    @property
    def deducts(self) -> bool:
        """Whether one incident deducts once concerns it."""
        return self.points < 0 and self.incident != ""

    @staticmethod
    def of(record: Record) -> "Burden":
        block, points = record.code.block, q(record.points)
        return Burden(block, record.rule, points, record.incident, record.order, (record.name,))


def once(burdens: Iterable[Burden]) -> list[Burden]:
    """The same, of an incident only the heaviest with its points, of equal ones the earliest; the others with 0."""
    burdens = list(burdens)
    heaviest: dict[str, Burden] = {}
    for burden in burdens:
        if burden.deducts:
            before = heaviest.setdefault(burden.incident, burden)
            if (burden.points, burden.order) < (before.points, before.order):
                heaviest[burden.incident] = burden
    return [
        replace(burden, points=q(0)) if burden.deducts and heaviest[burden.incident] is not burden else burden
        for burden in burdens
    ]


def charge(bill: Bill, burdens: Iterable[Burden]) -> None:
    """A line for each."""
    for burden in burdens:
        bill.add(burden.block, burden.rule, burden.points, 1, 1, burden.events)


def cap_bonus(bill: Bill, records: Iterable[Record]) -> None:
    """What the sum of a code of block `bonus` exceeds its cap by, code by code."""
    caps = {record.rule: record.code.cap for record in records}
    for rule, cap in sorted(caps.items()):
        gained = Fraction(
            total(line["points"] for line in bill.lines if line["block"] == "bonus" and line["rule"] == rule)
        )
        if cap is not None and gained > cap:
            bill.add("bonus", f"{rule}.cap", cap - gained)


def losses(lines: Iterable[Line]) -> list[tuple[str, Decimal]]:
    """The three rules with the largest sums of negative points, of equal ones by name."""
    sums: dict[str, list[Decimal]] = {}
    for line in lines:
        if line["points"] < 0:
            sums.setdefault(line["rule"], []).append(line["points"])
    totals = [(rule, total(points)) for rule, points in sums.items()]
    return sorted(totals, key=lambda pair: (pair[1], pair[0]))[:3]
