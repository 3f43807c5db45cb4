"""A rule set: the domain's numbers (§6) by section and field, written out once more.

Shares and points are exact fractions, counts are whole numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from fractions import Fraction
from typing import Any, TypeVar

from tests.recount.rules import LEVELS

STAFF_BLOCKS = ("discipline", "service", "bonus", "veto", "review")
SITE_BLOCKS = ("patrol", "site_bonus", "inspection", "adjustment")


@dataclass(frozen=True)
class Rating:
    """Points by level, and which levels are good."""

    points: Mapping[str, int] = field(default_factory=lambda: dict(zip(LEVELS, (10, 8, 6, 3, 0), strict=True)))
    good_levels: tuple[str, ...] = ("very_satisfied", "satisfied")


@dataclass(frozen=True)
class Deadlines:
    """Workdays of a rectification."""

    contact_workdays: int = 1
    completion_workdays: int = 5


@dataclass(frozen=True)
class Calendar:
    """Days that differ from the published calendar."""

    work: tuple[date, ...] = ()
    rest: tuple[date, ...] = ()


@dataclass(frozen=True)
class Assessment:
    """What all scores share."""

    freeze_workday: int = 8
    rating_workdays: int = 5
    blend_ratings: int = 20
    wilson_z: Fraction = Fraction("1.96")


@dataclass(frozen=True)
class StaffMonth:
    """月评分."""

    rating_max: Fraction = Fraction("40")
    rating_factor: Fraction = Fraction("4")
    ontime_max: Fraction = Fraction("12")
    standard_max: Fraction = Fraction("8")
    discipline_max: Fraction = Fraction("20")
    service_max: Fraction = Fraction("20")
    bonus_max: Fraction = Fraction("10")
    bad_dissatisfied: Fraction = Fraction("-2")
    bad_very_dissatisfied: Fraction = Fraction("-3")
    lead_share: Fraction = Fraction("0.5")
    min_duty_days: int = 10
    min_services: int = 20
    excellent: Fraction = Fraction("95")
    good: Fraction = Fraction("85")
    passed: Fraction = Fraction("70")
    interview_share: Fraction = Fraction("0.05")


@dataclass(frozen=True)
class Star:
    """季评星."""

    min_graded_months: int = 2
    five_score: Fraction = Fraction("97")
    five_share: Fraction = Fraction("0.1")
    five_ratings: int = 60
    four_score: Fraction = Fraction("94")
    four_share: Fraction = Fraction("0.3")
    three_score: Fraction = Fraction("90")
    two_score: Fraction = Fraction("80")
    one_score: Fraction = Fraction("70")
    quota_from: int = 5


@dataclass(frozen=True)
class StaffYear:
    """年度政务服务明星."""

    min_quarters: int = 3
    star_quarters: int = 2
    star_level: int = 4
    min_star: int = 2
    quarter_weight: Fraction = Fraction("0.7")
    star_weight: Fraction = Fraction("0.2")
    review_weight: Fraction = Fraction("0.1")
    place_share: Fraction = Fraction("0.05")
    most_places: int = 10
    candidate_factor: Fraction = Fraction("1.5")


@dataclass(frozen=True)
class SiteMonth:
    """月通报."""

    rating_max: Fraction = Fraction("30")
    rating_factor: Fraction = Fraction("3")
    participation_max: Fraction = Fraction("10")
    participation_from: Fraction = Fraction("0.1")
    participation_full: Fraction = Fraction("0.5")
    rectified_max: Fraction = Fraction("12")
    response_max: Fraction = Fraction("4")
    revisit_max: Fraction = Fraction("4")
    ontime_max: Fraction = Fraction("10")
    waiting_max: Fraction = Fraction("5")
    waiting_minutes: int = 15
    opening_max: Fraction = Fraction("10")
    opening_from: Fraction = Fraction("0.8")
    opening_full: Fraction = Fraction("0.98")
    hours: tuple[str, ...] = ("09:00-12:00", "13:00-17:00")
    pause_minutes: int = 30
    online_max: Fraction = Fraction("4")
    online_share: Fraction = Fraction("0.95")
    offline_minutes: int = 10
    unmatched_max: Fraction = Fraction("3")
    unmatched_share: Fraction = Fraction("0.02")
    upload_max: Fraction = Fraction("3")
    upload_share: Fraction = Fraction("0.05")
    upload_hours: int = 24
    patrol_max: Fraction = Fraction("5")
    supervision_points: Fraction = Fraction("-2")
    bonus_max: Fraction = Fraction("5")
    min_services: int = 20

    def intervals(self) -> list[tuple[int, int]]:
        """The published hours as milliseconds after midnight."""
        return [(_clock(text[:5]), _clock(text[6:])) for text in self.hours]


@dataclass(frozen=True)
class SiteQuarter:
    """季考核."""

    months_weight: Fraction = Fraction("0.7")
    inspection_weight: Fraction = Fraction("0.3")
    overdue_points: Fraction = Fraction("-2")
    overdue_max: Fraction = Fraction("10")
    own_weight: Fraction = Fraction("0.7")
    communities_weight: Fraction = Fraction("0.3")
    excellent: Fraction = Fraction("90")
    good: Fraction = Fraction("80")
    passed: Fraction = Fraction("60")


@dataclass(frozen=True)
class SiteYear:
    """年度排名."""

    adjustment_max: Fraction = Fraction("5")


@dataclass(frozen=True)
class Code:
    """What a conduct record of the code is worth, and where."""

    block: str
    points: Fraction = Fraction(0)
    cap: Fraction | None = None
    shared: bool = False
    complaint: bool = False


def _codes() -> dict[str, Code]:
    worth = {
        "discipline": "late -1, early-leave -1, absent-post -1, absent-half-day -3, truancy -5, training-absence -1,"
        " pause-overrun -0.5",
        "service": "badge -1, rude -2, refuse -2, incomplete-notice -3, quarrel -3, case-error -2, over-promise -5,"
        " complaint -5, criticised -15",
        "bonus": "praise 1, after-hours-service 1, helped-special-group 0.5, exam-top10 1, commended-district 2,"
        " commended-city 3, commended-province 5",
        "veto": "veto-discipline 0, veto-bribery 0, veto-coached 0, veto-leak 0, veto-exposed 0",
        "review": "peer-review 0",
        "patrol": "site-unattended -1, site-notice -1, device-unreported -1",
        "site_bonus": "site-commended 1",
        "inspection": "site-inspection 0",
        "adjustment": "site-adjustment 0",
    }
    pairs = [(block, *entry.split()) for block, entries in worth.items() for entry in entries.split(",")]
    codes = {code: Code(block, Fraction(points)) for block, code, points in pairs}
    for code, cap in (("praise", 3), ("after-hours-service", 3), ("helped-special-group", 2)):
        codes[code] = replace(codes[code], cap=Fraction(cap))
    codes["criticised"] = replace(codes["criticised"], shared=True)
    codes["complaint"] = replace(codes["complaint"], complaint=True)
    return codes


@dataclass(frozen=True)
class AssessmentRules:
    """A rule set's sections."""

    rating: Rating = Rating()
    deadlines: Deadlines = Deadlines()
    calendar: Calendar = Calendar()
    assessment: Assessment = Assessment()
    staff_month: StaffMonth = StaffMonth()
    star: Star = Star()
    staff_year: StaffYear = StaffYear()
    site_month: SiteMonth = SiteMonth()
    site_quarter: SiteQuarter = SiteQuarter()
    site_year: SiteYear = SiteYear()
    codes: Mapping[str, Code] = field(default_factory=_codes)

    @staticmethod
    def of(values: Mapping[str, Mapping[str, Any]]) -> "AssessmentRules":
        """The defaults but for these values by section and field, as a TOML rules file has them.

        Numbers are ints, Decimals or texts. Sections and fields that no score depends on are passed over.
        """
        rules = AssessmentRules()
        for name, given in values.items():
            if name == "conduct" and "codes" in given:
                codes = {code: _of(Code(block=""), entry) for code, entry in given["codes"].items()}
                rules = replace(rules, codes=codes)
            elif name != "codes" and hasattr(rules, name):
                rules = replace(rules, **{name: _of(getattr(rules, name), given)})
        return rules


Section = TypeVar("Section")


def _of(section: Section, given: Mapping[str, Any]) -> Section:
    known = {entry.name: getattr(section, entry.name) for entry in fields(section)}  # type: ignore[arg-type]
    changed = {name: _like(known[name], name, value) for name, value in given.items() if name in known}
    return replace(section, **changed)  # type: ignore[type-var]


def _like(default: Any, name: str, value: Any) -> Any:
    if value is not None and (isinstance(default, Fraction) or name == "cap"):
        return Fraction(value if isinstance(value, int) else str(value))
    return tuple(value) if isinstance(default, tuple) else value


def _clock(text: str) -> int:
    return (int(text[:2]) * 60 + int(text[3:])) * 60_000
