"""The rules of assessment: every number of docs/assessment.md, with its meaning, unit and range.

Defaults are those of the domain's default rule set (§6), which a district replaces by its own 办法. Numbers are exact
decimals of at most 4 digits after the point; points are added to a score, shares are parts of 1.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

# Where a conduct record counts: for staff (the first five) or for sites (the others).
Block = Literal["discipline", "service", "bonus", "veto", "review", "patrol", "site_bonus", "inspection", "adjustment"]


def _exact(value: Any) -> Any:
    """TOML's numbers, and the texts of canonical JSON, as decimals that are written alike where they are equal."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return value
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    return Decimal(f"{number.normalize():f}") if number.is_finite() else value


_Decimal = Annotated[Decimal, BeforeValidator(_exact), Field(max_digits=12, decimal_places=4)]
Points = Annotated[_Decimal, Field(ge=0, le=100)]
Loss = Annotated[_Decimal, Field(ge=-100, le=0)]
Signed = Annotated[_Decimal, Field(ge=-100, le=100)]
Share = Annotated[_Decimal, Field(ge=0, le=1)]
Factor = Annotated[_Decimal, Field(ge=0, le=100)]


class Section(BaseModel):
    """A table of the rules file: frozen, closed, strict."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Assessment(Section):
    """The rule set itself, and what all scores share."""

    name: str = Field("评流缺省规则", min_length=1, max_length=100, description="what documents call this rule set")
    effective_from: date = Field(date(2000, 1, 1), description="first day of the first month judged by it")
    freeze_workday: int = Field(8, ge=1, le=30, description="a month freezes at the end of this workday after it")
    bulletin_workday: int = Field(10, ge=1, le=60, description="its bulletin is due on this workday after it")
    rating_workdays: int = Field(5, ge=0, le=60, description="a service is rated in time within so many workdays")
    blend_ratings: int = Field(20, ge=1, le=1000, description="fewer ratings are filled up with the group's average")
    wilson_z: _Decimal = Field(Decimal("1.96"), ge=0, le=10, description="width of the lower bound of 好评率 (95 %)")

    @model_validator(mode="after")
    def _of_a_month(self) -> Self:
        if self.effective_from.day != 1:
            raise ValueError("effective_from: must be the first day of a month")
        if self.bulletin_workday < self.freeze_workday:
            raise ValueError("bulletin_workday: must not be before freeze_workday")
        return self


class StaffMonth(Section):
    """月评分 (§6.4): blocks 群众评价, 办件效率, 工作纪律, 服务规范, 加分."""

    rating_max: Points = Field(Decimal(40), description="most points of 群众评价")
    rating_factor: Factor = Field(Decimal(4), description="points per point of the average")
    ontime_max: Points = Field(Decimal(12), description="points for 按时办结, times its rate")
    standard_max: Points = Field(
        Decimal(8), description="points for services within the standard time, times their share"
    )
    discipline_max: Points = Field(Decimal(20), description="points of 工作纪律 before deductions")
    service_max: Points = Field(Decimal(20), description="points of 服务规范 before deductions")
    bonus_max: Points = Field(Decimal(10), description="most points of 加分")
    bad_dissatisfied: Loss = Field(Decimal(-2), description="a 有责差评 of level dissatisfied")
    bad_very_dissatisfied: Loss = Field(Decimal(-3), description="a 有责差评 of level very_dissatisfied")
    lead_share: Share = Field(Decimal("0.5"), description="what leads of the site bear of a shared code")
    min_duty_days: int = Field(10, ge=0, le=31, description="fewer duty days: 不定档")
    min_services: int = Field(20, ge=0, le=10_000, description="fewer services: 不定档")
    excellent: Points = Field(Decimal(95), description="优秀 from here")
    good: Points = Field(Decimal(85), description="良好 from here")
    passed: Points = Field(Decimal(70), description="合格 from here; below: 不合格 and 约谈")
    interview_share: Share = Field(Decimal("0.05"), description="last share of the pool, twice running: 约谈")


class Star(Section):
    """季评星 (§6.5)."""

    min_graded_months: int = Field(2, ge=1, le=3, description="fewer graded months: not rated")
    five_score: Points = Field(Decimal(97), description="★5 from here")
    five_share: Share = Field(Decimal("0.1"), description="★5 for the first share of the pool")
    five_ratings: int = Field(60, ge=0, le=100_000, description="★5 with so many ratings in the quarter")
    four_score: Points = Field(Decimal(94), description="★4 from here")
    four_share: Share = Field(Decimal("0.3"), description="★4 for the first share of the pool")
    three_score: Points = Field(Decimal(90), description="★3 from here")
    two_score: Points = Field(Decimal(80), description="★2 from here")
    one_score: Points = Field(Decimal(70), description="★1 from here")
    quota_from: int = Field(5, ge=1, le=1000, description="a pool of so many has at least one place in each quota")


class StaffYear(Section):
    """年度政务服务明星 (§6.6)."""

    min_quarters: int = Field(3, ge=1, le=4, description="fewer rated quarters: no score")
    star_quarters: int = Field(2, ge=0, le=4, description="so many quarters of star_level or more")
    star_level: int = Field(4, ge=0, le=5, description="stars that count for star_quarters")
    min_star: int = Field(2, ge=0, le=5, description="no quarter below")
    quarter_weight: Share = Field(Decimal("0.7"), description="weight of the quarters' mean")
    star_weight: Share = Field(Decimal("0.2"), description="weight of the stars, as a share of all possible ones")
    review_weight: Share = Field(Decimal("0.1"), description="weight of 评议")
    place_share: Share = Field(Decimal("0.05"), description="places of a pool, at least one")
    most_places: int = Field(10, ge=1, le=10_000, description="places in the district")
    candidate_factor: Factor = Field(Decimal("1.5"), ge=1, description="candidates per place")


class SiteMonth(Section):
    """月通报 (§6.7): blocks 评价, 主动评价率, 差评闭环, 效率, 开窗, 数据质量, 巡查督办, 加分."""

    rating_max: Points = Field(Decimal(30), description="most points of 评价")
    rating_factor: Factor = Field(Decimal(3), description="points per point of the average")
    participation_max: Points = Field(Decimal(10), description="points for 主动评价率")
    participation_from: Share = Field(Decimal("0.1"), description="主动评价率 worth nothing up to here")
    participation_full: Share = Field(Decimal("0.5"), description="主动评价率 worth everything from here")
    rectified_max: Points = Field(Decimal(12), description="points for 差评按期整改率")
    response_max: Points = Field(Decimal(4), description="points for 响应及时率")
    revisit_max: Points = Field(Decimal(4), description="points for 回访率")
    ontime_max: Points = Field(Decimal(10), description="points for 按时办结率")
    waiting_max: Points = Field(
        Decimal(5), description="points for the share that waited no longer than waiting_minutes"
    )
    waiting_minutes: int = Field(15, ge=1, le=480, description="minutes of waiting that are all right")
    opening_max: Points = Field(Decimal(10), description="points for 开窗率")
    opening_from: Share = Field(Decimal("0.8"), description="开窗率 worth nothing up to here")
    opening_full: Share = Field(Decimal("0.98"), description="开窗率 worth everything from here")
    hours: tuple[str, ...] = Field(
        ("09:00-12:00", "13:00-17:00"), strict=False, description="published hours of a workday, HH:MM-HH:MM each"
    )
    pause_minutes: int = Field(30, ge=0, le=480, description="minutes of a pause that count as open")
    online_max: Points = Field(Decimal(4), description="points for 终端在线率")
    online_share: Share = Field(Decimal("0.95"), description="终端在线率 that is enough")
    offline_minutes: int = Field(10, ge=1, le=1440, description="minutes without a heartbeat until a device is offline")
    unmatched_max: Points = Field(Decimal(3), description="points for few ratings without a service")
    unmatched_share: Share = Field(Decimal("0.02"), description="share of them that is all right")
    upload_max: Points = Field(Decimal(3), description="points for few late uploads")
    upload_share: Share = Field(Decimal("0.05"), description="share of them that is all right")
    upload_hours: int = Field(24, ge=1, le=168, description="hours behind the street's newest event that make one late")
    patrol_max: Points = Field(Decimal(5), description="points of 巡查督办 before deductions")
    supervision_points: Loss = Field(Decimal(-2), description="each 督办 overdue in the month")
    bonus_max: Points = Field(Decimal(5), description="most points of 加分")
    min_services: int = Field(20, ge=0, le=100_000, description="stations with fewer services: 样本不足, not ranked")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.participation_full <= self.participation_from:
            raise ValueError("participation_full: must exceed participation_from")
        if self.opening_full <= self.opening_from:
            raise ValueError("opening_full: must exceed opening_from")
        published_minutes(self.hours)
        return self


class SiteQuarter(Section):
    """季考核 (§6.8)."""

    months_weight: Share = Field(Decimal("0.7"), description="weight of the months' mean")
    inspection_weight: Share = Field(Decimal("0.3"), description="weight of 现场检查")
    overdue_points: Loss = Field(Decimal(-2), description="each 督办 overdue in the quarter")
    overdue_max: Points = Field(Decimal(10), description="most that overdue 督办 take")
    own_weight: Share = Field(Decimal("0.7"), description="a street's weight of its own centre")
    communities_weight: Share = Field(Decimal("0.3"), description="a street's weight of its ranked stations' mean")
    excellent: Points = Field(Decimal(90), description="优秀 from here")
    good: Points = Field(Decimal(80), description="良好 from here")
    passed: Points = Field(Decimal(60), description="合格 from here; below: 不合格 and 约谈")


class SiteYear(Section):
    """年度排名 (§6.9)."""

    adjustment_max: Points = Field(Decimal(5), description="most that signed adjustments add or take")


class ConductCode(Section):
    """What a code of `conduct.recorded` is worth, and where."""

    text: str = Field(min_length=1, max_length=100, description="what it means, in Chinese")
    block: Block = Field(description="where it counts")
    points: Signed = Field(Decimal(0), description="what one record adds")
    cap: Points | None = Field(None, description="most points of the code in a month (bonus blocks)")
    shared: bool = Field(False, description="leads of the site bear staff_month.lead_share of it")
    complaint: bool = Field(False, description="counts as a 有责投诉: no ★5")

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.block in ("discipline", "service", "patrol") and self.points > 0:
            raise ValueError(f"points: block {self.block} takes points, {self.points} would add some")
        if self.block in ("bonus", "site_bonus") and self.points < 0:
            raise ValueError(f"points: block {self.block} adds points, {self.points} would take some")
        if self.cap is not None and self.block not in ("bonus", "site_bonus"):
            raise ValueError(f"cap: block {self.block} has none")
        if self.shared and self.block not in ("discipline", "service"):
            raise ValueError(f"shared: block {self.block} burdens nobody")
        return self


def _code(text: str, block: Block, points: str = "0", **more: Any) -> ConductCode:
    return ConductCode(text=text, block=block, points=Decimal(points), **more)


# §6.4, §6.5, §6.7; the codes are those that patrols use.
DEFAULT_CODES: Final = {
    "late": _code("迟到", "discipline", "-1"),
    "early-leave": _code("早退", "discipline", "-1"),
    "absent-post": _code("擅自脱岗超过15分钟", "discipline", "-1"),
    "absent-half-day": _code("脱岗半天以上", "discipline", "-3"),
    "truancy": _code("旷工半天", "discipline", "-5"),
    "training-absence": _code("会议、培训缺席", "discipline", "-1"),
    "pause-overrun": _code("暂停服务超时", "discipline", "-0.5"),
    "badge": _code("着装、工牌、桌牌不规范", "service", "-1"),
    "rude": _code("态度生硬", "service", "-2"),
    "refuse": _code("拒答、推诿", "service", "-2"),
    "incomplete-notice": _code("未一次性告知", "service", "-3"),
    "quarrel": _code("与群众争吵", "service", "-3"),
    "case-error": _code("办件差错", "service", "-2"),
    "over-promise": _code("超承诺时限", "service", "-5"),
    "complaint": _code("查实有责投诉", "service", "-5", complaint=True),
    "criticised": _code("媒体、上级负面通报", "service", "-15", shared=True),
    "praise": _code("表扬信、锦旗", "bonus", "1", cap=Decimal(3)),
    "after-hours-service": _code("延时、上门服务", "bonus", "1", cap=Decimal(3)),
    "helped-special-group": _code("特殊群体帮办代办", "bonus", "0.5", cap=Decimal(2)),
    "exam-top10": _code("业务考试前10%", "bonus", "1"),
    "commended-district": _code("区级表彰", "bonus", "2"),
    "commended-city": _code("市级表彰", "bonus", "3"),
    "commended-province": _code("省级表彰", "bonus", "5"),
    "veto-discipline": _code("违纪违法", "veto"),
    "veto-bribery": _code("吃拿卡要", "veto"),
    "veto-coached": _code("查实刷评、诱导评价", "veto"),
    "veto-leak": _code("泄露评价人信息", "veto"),
    "veto-exposed": _code("负面曝光查实", "veto"),
    "peer-review": _code("年度评议（0–100分）", "review"),
    "site-unattended": _code("工作时间无人值守", "patrol", "-1"),
    "site-notice": _code("公示不全、指南过期", "patrol", "-1"),
    "device-unreported": _code("设备故障不报修", "patrol", "-1"),
    "site-commended": _code("站点受表彰", "site_bonus", "1"),
    "site-inspection": _code("季度现场检查（0–100分）", "inspection"),
    "site-adjustment": _code("年度调整（加减分）", "adjustment"),
}


class Conduct(Section):
    """Codes of conduct records: those of patrols, of the office, and what people enter (评议, 现场检查, 调整)."""

    codes: dict[Annotated[str, Field(min_length=1, max_length=64)], ConductCode] = Field(
        DEFAULT_CODES, description="by code: text, block, points, cap, shared, complaint; replaces the whole list"
    )


def published_minutes(hours: tuple[str, ...]) -> list[tuple[int, int]]:
    """Intervals `HH:MM-HH:MM` as minutes after midnight, in order. Raises ValueError for what is none, or overlaps."""
    intervals: list[tuple[int, int]] = []
    for text in hours:
        begin, dash, end = text.partition("-")
        try:
            interval = _minute(begin), _minute(end)
        except ValueError:
            dash = ""
        if not dash or interval[0] >= interval[1]:
            raise ValueError(f"hours: HH:MM-HH:MM is expected, not {text}")
        if intervals and interval[0] < intervals[-1][1]:
            raise ValueError(f"hours: {text} begins before the interval before it ends")
        intervals.append(interval)
    return intervals


def _minute(text: str) -> int:
    if len(text) != 5 or text[2] != ":":
        raise ValueError(text)
    hour, minute = int(text[:2]), int(text[3:])
    if not (0 <= hour <= 24 and 0 <= minute < 60 and hour * 60 + minute <= 24 * 60):
        raise ValueError(text)
    return hour * 60 + minute
