"""The rules file: every number of contract §4 and of assessment that a district may change, with the defaults.

TOML in, a frozen and validated `Rules` out. An unknown or impossible value is an error that names its field.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from schemas.data import Channel
from schemas.levels import BAD_LEVELS, LEVELS, Level
from schemas.live import Live
from schemas.moments import DAY, HOUR, MINUTE, SECOND
from schemas.rules_assessment import (
    Assessment,
    Conduct,
    Section,
    Share,
    SiteMonth,
    SiteQuarter,
    SiteYear,
    StaffMonth,
    StaffYear,
    Star,
)

Points = Annotated[int, Field(ge=0, le=100)]
SuspicionRule = Literal[
    "short_service", "terminal_burst", "repeat_rater", "unserved_window", "off_hours", "uniform_month", "silent_month"
]
SUSPICION_RULES: Final[tuple[SuspicionRule, ...]] = get_args(SuspicionRule)
# Sections that no score depends on, and that came after rule sets were published.
_LATER: Final = ("suspicion", "live")


class RulesError(ValueError):
    """The rules file can't be used; the message names the file and the field."""


class Rating(Section):
    """Points per level (汕尾, 潮州 2020) and which levels are good (澄江: the first two)."""

    points: dict[Level, Points] = Field(
        {"very_satisfied": 10, "satisfied": 8, "basically_satisfied": 6, "dissatisfied": 3, "very_dissatisfied": 0},
        description="points of each level",
    )
    good_levels: tuple[Level, ...] = Field(
        ("very_satisfied", "satisfied"),
        strict=False,
        description="which levels are 好评; the last two are 差评 whatever stands here",
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        missing = [level for level in LEVELS if level not in self.points]
        if missing:
            raise ValueError(f"points: no points for {', '.join(missing)}")
        bad = sorted(BAD_LEVELS.intersection(self.good_levels))
        if bad:
            raise ValueError(f"good_levels: {', '.join(bad)} is a bad level")
        return self


class Deadlines(Section):
    """Rectification, in workdays: day 0 is the rating's day, due is the end of day n."""

    contact_workdays: int = Field(
        1, ge=1, le=30, description="workdays until a bad rating must be contacted, by the end of the last"
    )
    completion_workdays: int = Field(5, ge=1, le=60, description="workdays until its rectification must be completed")
    remind_hours: int = Field(24, ge=1, le=240, description="due_soon this long before the end of the due day")


class Horizons(Section):
    """How long live figures wait for what is late, and remember what was; stream time of a street."""

    minute_hours: int = Field(2, ge=1, le=48, description="minute buckets take counts up to this far behind")
    day_days: int = Field(7, ge=1, le=60, description="day buckets take counts up to this far behind")
    redelivery_days: int = Field(8, ge=7, le=400, description="(source, id) is remembered at least this long")
    remember_days: int = Field(31, ge=7, le=400, description="tickets, services and ratings are remembered this long")

    @property
    def minute_ms(self) -> int:
        return self.minute_hours * HOUR

    @property
    def day_ms(self) -> int:
        return self.day_days * DAY

    @model_validator(mode="after")
    def _remembers(self) -> Self:
        if self.redelivery_days <= self.day_days:
            raise ValueError("redelivery_days: must exceed day_days, or late redeliveries would count twice")
        return self


class Limits(Section):
    """What is not believed."""

    clock_ahead_minutes: int = Field(
        10, ge=1, le=1440, description="an event time further ahead of the broker's is refused"
    )
    implausible_hours: int = Field(24, ge=1, le=240, description="a longer wait or handling is not counted")

    @property
    def clock_ahead_ms(self) -> int:
        return self.clock_ahead_minutes * MINUTE

    @property
    def implausible_ms(self) -> int:
        return self.implausible_hours * HOUR


class Calendar(Section):
    """Days that differ from China's published calendar, or that it doesn't know yet."""

    work: tuple[date, ...] = Field(
        (), strict=False, description="days that are worked, though China's published calendar says otherwise"
    )
    rest: tuple[date, ...] = Field((), strict=False, description="days that aren't worked, though it says otherwise")

    @model_validator(mode="after")
    def _disjoint(self) -> Self:
        both = sorted(set(self.work) & set(self.rest))
        if both:
            raise ValueError(f"work: {both[0]} is also in rest")
        return self


class Suspicion(Section):
    """刷评、诱导疑点: what ratings are flagged for (docs/semantics.md). A flag voids nothing."""

    rules: tuple[SuspicionRule, ...] = Field(
        SUSPICION_RULES, strict=False, description="which rules are on; one that is left out flags nothing"
    )
    onsite_channels: tuple[Channel, ...] = Field(
        ("hall_terminal", "hall_pad"), strict=False, description="channels of devices that stand at a window"
    )
    short_service_seconds: int = Field(20, ge=1, le=3600, description="a rated service that took less is flagged")
    burst_ratings: int = Field(5, ge=2, le=20, description="so many ratings running at one terminal are flagged ...")
    burst_seconds: int = Field(60, ge=1, le=3600, description="... where less than this lies between any two of them")
    repeat_ratings: int = Field(
        4, ge=2, le=100, description="from the so-many-th of one rater, day and window on, a rating is flagged"
    )
    served_minutes: int = Field(
        10, ge=1, le=240, description="a window serves this long before and after a call or a completion"
    )
    wait_minutes: int = Field(
        30, ge=1, le=1440, description="so long the stream goes on before a window is judged to have served nobody"
    )
    grace_minutes: int = Field(
        15, ge=0, le=240, description="so long before and after published hours a rating is within them"
    )
    uniform_ratings: int = Field(
        50, ge=1, le=100000, description="ratings in a month of staff from which they may not all be very_satisfied ..."
    )
    prompt_seconds: int = Field(
        2, ge=1, le=600, description="... with more than half of them pressed in less time than this"
    )
    silent_services: int = Field(
        20, ge=1, le=100000, description="services in a month of staff from which 主动评价率 is looked at"
    )
    silent_share: Share = Field(Decimal("0.98"), description="主动评价率 above this without a single text is flagged")

    @property
    def short_ms(self) -> int:
        return self.short_service_seconds * SECOND

    @property
    def prompt_ms(self) -> int:
        return self.prompt_seconds * SECOND

    @property
    def burst_ms(self) -> int:
        return self.burst_seconds * SECOND

    @property
    def served_ms(self) -> int:
        return self.served_minutes * MINUTE

    @property
    def wait_ms(self) -> int:
        return self.wait_minutes * MINUTE


class Rules(Section):
    """All rules; `Rules()` is the contract's defaults."""

    rating: Rating = Rating()
    deadlines: Deadlines = Deadlines()
    horizons: Horizons = Horizons()
    limits: Limits = Limits()
    calendar: Calendar = Calendar()
    assessment: Assessment = Assessment()
    staff_month: StaffMonth = StaffMonth()
    star: Star = Star()
    staff_year: StaffYear = StaffYear()
    site_month: SiteMonth = SiteMonth()
    site_quarter: SiteQuarter = SiteQuarter()
    site_year: SiteYear = SiteYear()
    conduct: Conduct = Conduct()
    suspicion: Suspicion = Suspicion()
    live: Live = Live()

    @model_validator(mode="after")
    def _judged_in_time(self) -> Self:
        if self.suspicion.served_ms + self.suspicion.wait_ms > self.horizons.minute_ms:
            raise ValueError("suspicion.wait_minutes: with served_minutes it must not exceed horizons.minute_hours")
        return self

    def canonical(self) -> str:
        """All values as JSON with sorted names: the same for rule sets that say the same.

        A later section with nothing but defaults is left out, so that sets keep the name under which they were
        published.
        """
        defaults = {name for name in _LATER if getattr(self, name) == type(self).model_fields[name].default}
        values = json.loads(self.model_dump_json(exclude=defaults))
        return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @property
    def sha256(self) -> str:
        """What names this rule set wherever figures say by which they were judged."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()


def parse_rules(text: str) -> Rules:
    """Rules of a TOML text. Raises RulesError, without a file's name."""
    try:
        return Rules.model_validate(tomllib.loads(text, parse_float=Decimal))
    except tomllib.TOMLDecodeError as error:
        raise RulesError(f"not TOML: {error}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise RulesError(faults) from error


def load_rules(path: Path | None) -> Rules:
    """Rules of a TOML file; the defaults without one. Raises RulesError."""
    if path is None:
        return Rules()
    try:
        return parse_rules(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RulesError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RulesError(f"{path}: not TOML: {error}") from error
    except RulesError as error:
        raise RulesError(f"{path}: {error}") from error
