"""Words of the papers: what is called what, in the sober language of an office."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from schemas.levels import LEVEL_NAMES
from sinks.reports.document import NOTHING
from sinks.reports.rounding import percent, rounded

NEXT_STEP: Final = "下一步工作要求：（由发文单位研究后填写）。"
PROVISIONAL: Final = "（未封账，本期结果为暂计，以封账后正式通报为准）"
NONE: Final = "无。"
# Streets of the district itself have the rank of none.
UNSAMPLED: Final = "样本不足"
UNGRADED: Final = "不定档"
UNRATED: Final = "不参评"

TIERS: Final[Mapping[str, str]] = {
    "district": "区政务服务中心",
    "street": "街道便民服务中心",
    "community": "社区便民服务站",
}
POOLS: Final[Mapping[str, str]] = {
    "centre_general": "中心综合窗口",
    "centre_department": "中心部门窗口",
    "street": "街道",
    "community": "社区",
}
BANDS: Final[Mapping[str, str]] = {
    "excellent": "优秀",
    "good": "良好",
    "pass": "合格",
    "fail": "不合格",
    "ungraded": UNGRADED,
}
STARS: Final = ("不授星", "一星", "二星", "三星", "四星", "五星")
SITE_BLOCKS: Final = ("评价", "主动评价", "差评闭环", "办件效率", "开窗", "数据质量", "巡查督办", "加分")
STAFF_BLOCKS: Final = ("群众评价", "办件效率", "工作纪律", "服务规范", "加分")
STAFF_INTERVIEWS: Final[Mapping[str, str]] = {"fail": "月评分不合格", "bottom": "连续两个月位列本组末位"}
STREET_INTERVIEWS: Final[Mapping[str, str]] = {"fail": "季考核不合格", "last": "连续两个季度位列末位"}
PIONEERS: Final[Mapping[str, str]] = {"1": "党员先锋岗", "0": "其他岗位"}
UNASSIGNED: Final = "未归属"
SCOPES: Final[Mapping[str, str]] = {"staff": "人员", "site": "站点", "centre": "街道中心"}

_RULES: Final[Mapping[str, str]] = {
    "rating.blend": "评价量少按组均值校正",
    **{f"rating.{level}": f"“{name}”评价失分" for level, name in LEVEL_NAMES.items()},
    "ontime.late": "超期办结",
    "standard.over": "超标准时长",
    "bad.dissatisfied": "有责差评（不满意）",
    "bad.very_dissatisfied": "有责差评（非常不满意）",
    "participation.low": "主动评价率不足",
    "rectified.late": "差评逾期整改",
    "response.late": "差评响应不及时",
    "revisit.missing": "差评未回访",
    "waiting.long": "等候超时",
    "opening.low": "开窗率不足",
    "online.low": "终端在线率不足",
    "unmatched.high": "未匹配评价偏多",
    "upload.late": "数据迟报",
    "supervision.overdue": "督办逾期",
    "adjustment": "年度调整",
}
_SUFFIXES: Final[Mapping[str, str]] = {"lead": "（带班责任）", "cap": "（超上限）", "floor": "（扣完为止）"}


def rule_label(rule: str, codes: Mapping[str, str]) -> str:
    """A line of a bill in Chinese. `codes`: texts of the rule set's conduct codes."""
    if rule in _RULES:
        return _RULES[rule]
    if rule in codes:
        return codes[rule]
    stem, _, suffix = rule.rpartition(".")
    if suffix in _SUFFIXES and stem:
        return codes.get(stem, "本项") + _SUFFIXES[suffix]
    return rule


def losses(rules: Iterable[str], points: Iterable[Decimal], codes: Mapping[str, str]) -> str:
    """The largest losses in one cell."""
    said = [f"{rule_label(rule, codes)}{rounded(lost)}" for rule, lost in zip(rules, points, strict=True)]
    return "；".join(said) or "无失分"


def change(previous: int, rank: int) -> str:
    """How a rank moved: up is good."""
    if not previous or not rank:
        return NOTHING
    moved = previous - rank
    return f"↑{moved}" if moved > 0 else f"↓{-moved}" if moved < 0 else "持平"


def rate(share: Decimal | None) -> str:
    return NOTHING if share is None else percent(share)


def compared(now: Decimal | None, before: Decimal | None) -> str:
    """How a share moved since the month before; of the values as they are shown, so that readers can check it."""
    if now is None or before is None:
        return ""
    moved = Decimal(rounded(now * 100)) - Decimal(rounded(before * 100))
    if not moved:
        return "（与上月持平）"
    return f"（较上月{'上升' if moved > 0 else '下降'}{rounded(abs(moved))}个百分点）"


def joined(names: Iterable[str]) -> str:
    return "、".join(names)
