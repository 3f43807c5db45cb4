"""Conduct records of a month."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.recount.assessment.events import Name, OtherEvent
from tests.recount.assessment.numbers import held, rounded
from tests.recount.assessment.past import Past
from tests.recount.assessment.periods import Month, day_at
from tests.recount.assessment.rules import SITE_BLOCKS, STAFF_BLOCKS, AssessmentRules, Code

# Points that are said are believed to so many digits, and up to so many.
_DIGITS = 4
_MOST = Fraction(1000)
ENTRIES = ("review", "inspection", "adjustment")


@dataclass(frozen=True, slots=True)
class Record:
    """A record that counts; its place is the site its event names."""

    rule: str
    code: Code
    points: Fraction
    staff: str
    site: str
    place: str
    day: date
    incident: str
    order: int
    name: Name

    @property
    def subject(self) -> str:
        return self.site or self.staff


def records_of(past: Past, month: Month, rules: AssessmentRules) -> list[Record]:
    """Those of the month, by (partition, offset)."""
    records = []
    for record, event in past.records.items():
        code = rules.codes.get(event.text("rule"))
        if record in past.withdrawn or code is None or not month.begin_ms <= event.time < month.end_ms:
            continue
        staff, site = _target(past, event)
        if (code.block in STAFF_BLOCKS and staff == "") or (code.block in SITE_BLOCKS and site == ""):
            continue
        records.append(
            Record(
                event.text("rule"),
                code,
                _points(code, event.number("points")),
                staff,
                site,
                event.site,
                day_at(event.time),
                event.text("incident"),
                event.order,
                event.name,
            )
        )
    return sorted(records, key=lambda record: record.order)


def _target(past: Past, event: OtherEvent) -> tuple[str, str]:
    """Staff and site."""
    target = event.text("target_id")
    match event.text("target"):
        case "staff":
            return target, ""
        case "window":
            return past.opener(target, event), ""
    return "", target


def _points(code: Code, said: int | Decimal | None) -> Fraction:
    points = code.points
    if said is not None:
        points = held(rounded(said, _DIGITS), -_MOST, _MOST)
        if code.points != 0:
            points = abs(points) * (1 if code.points > 0 else -1)
    if code.block in ("review", "inspection"):
        return held(points, Fraction(0), Fraction(100))
    return points
