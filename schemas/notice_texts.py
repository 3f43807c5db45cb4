"""What a notice says to people, in Chinese: a title, a sentence with the registry's names, and how urgent it is.

Ids that devices and vendors chose are shown masked, without signs that a chat would take for a link or a format; of
staff nothing is said. What is missing, or of a type not known here, still makes a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, get_args

from schemas.code_words import DEVICES
from schemas.live import BACK, CLEARED, CONGESTED, OFFLINE
from schemas.moments import epoch_ms, iso
from schemas.privacy import mask
from schemas.published import FLAGGED, Notice
from schemas.registry import Registry

Severity = Literal["info", "warning", "critical"]
# From the least to the most urgent.
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)

_RULES: Final = {
    "short_service": "办理时间过短",
    "terminal_burst": "同一终端短时间内连续评价",
    "repeat_rater": "同一评价人当日在同一窗口多次评价",
    "unserved_window": "窗口当时没有办理记录",
    "off_hours": "公布的服务时间以外评价",
    "uniform_month": "当月评价几乎全部相同",
    "silent_month": "当月评价率明显偏低",
}
_STEPS: Final = {"contact": "首次联系", "completion": "整改办结"}
# All but letters, digits, underscore and hyphen: a chat makes links, mentions and formats of the others.
_SIGNS: Final = re.compile(r"[^\w-]+")
_LONGEST_ID: Final = 64


class _Kind(NamedTuple):
    """How the notices of one type are told. `say`: of the notice and where it is."""

    title: str
    severity: Severity
    say: Callable[[Notice, str], str]


def title(kind: str) -> str:
    """The heading of a type's notices."""
    return _KINDS[kind].title if kind in _KINDS else "通知"


def severity(kind: str) -> Severity:
    """How urgent a type's notices are; one that isn't known is a warning."""
    return _KINDS[kind].severity if kind in _KINDS else "warning"


def kinds() -> tuple[str, ...]:
    """The types that have a text."""
    return tuple(_KINDS)


def sentence(notice: Notice, names: Mapping[str, str]) -> str:
    """One line that ends with 。, with the names (by code) of streets, sites and windows."""
    place = place_of(notice, names)
    if notice.type not in _KINDS:
        return f"{place}有新的通知（{_id(notice.type)}）。"
    return _KINDS[notice.type].say(notice, place)


def place_of(notice: Notice, names: Mapping[str, str]) -> str:
    """Where a notice is: its window, else its site, else its street, by name or else by code."""
    street, site, window = (names.get(code, _id(code)) for code in (notice.street, notice.site, notice.window))
    if notice.window:
        # A code says all that is above it; a name doesn't.
        return window if notice.window not in names else f"{site}{window}"
    return site or street


def names_of(registry: Registry) -> dict[str, str]:
    """What the registry calls streets, sites and windows, by code."""
    tables = (registry.streets, registry.sites, registry.windows)
    return {code: row.name for table in tables for code, row in table.items()}


def shown_time(text: str) -> str:
    """A moment (RFC 3339) as people read it in Shanghai, to the minute; '' where it can't be read."""
    try:
        return iso(epoch_ms(text))[:16].replace("T", " ")
    except (ValueError, IndexError):
        return ""


def _opened(notice: Notice, place: str) -> str:
    data = notice.data
    return (
        f"{place}收到差评（{_id(data.get('rating'))}），请于{_due(data.get('contact_due'))}前首次联系评价人，"
        f"{_due(data.get('due'))}前办结整改。"
    )


def _due_soon(notice: Notice, place: str) -> str:
    data = notice.data
    return f"{place}的差评（{_id(data.get('rating'))}）即将到期，{_step(data)}期限为{_due(data.get('due'))}。"


def _overdue(notice: Notice, place: str) -> str:
    data = notice.data
    return f"{place}的差评（{_id(data.get('rating'))}）已逾期，{_step(data)}期限为{_due(data.get('due'))}。"


def _flagged(notice: Notice, place: str) -> str:
    data = notice.data
    rule = _RULES.get(str(data.get("rule")), _id(data.get("rule")))
    count, of = _number(data.get("count")), data.get("of")
    extent = f"{count}条评价" if of is None else f"{_number(of)}件办件中{count}件"
    if rating := data.get("rating"):
        return f"{place}有评价疑点：{rule}（评价{_id(rating)}，涉及{extent}），请核查。"
    return f"{place}有月度评价疑点：{rule}（{shown_time(notice.time)[:7]}，涉及{extent}），请核查。"


def _offline(notice: Notice, place: str) -> str:
    return f"{place}的{_device(notice)}离线，最后一次心跳在{shown_time(str(notice.data.get('last'))) or '未知时间'}。"


def _back(notice: Notice, place: str) -> str:
    return f"{place}的{_device(notice)}恢复在线。"


def _congested(notice: Notice, place: str) -> str:
    return f"{place}排队拥堵：{_queue(notice)}。"


def _cleared(notice: Notice, place: str) -> str:
    return f"{place}排队拥堵已缓解：{_queue(notice)}。"


def _queue(notice: Notice) -> str:
    waiting, longest = _number(notice.data.get("waiting")), _number(notice.data.get("longest_minutes"))
    return f"{waiting}人等候" + (f"，最长已等{longest}分钟" if longest != "0" else "")


def _device(notice: Notice) -> str:
    kind = DEVICES.get(str(notice.data.get("kind")), "设备")
    return f"{kind}（{_id(notice.data.get('device'))}）"


def _step(data: Mapping[str, Any]) -> str:
    return _STEPS.get(str(data.get("step")), "")


def _due(text: Any) -> str:
    """A deadline's day: deadlines are the last millisecond of one."""
    return shown_time(str(text))[:10] or "规定期限"


def _number(value: Any) -> str:
    return str(int(value)) if isinstance(value, int | float) else "若干"


def _id(value: Any) -> str:
    """An id that may stand in a text."""
    return _SIGNS.sub("-", mask(str(value or "")[:_LONGEST_ID])).strip("-")


_KINDS: Final = {
    "rectification.opened": _Kind("差评", "warning", _opened),
    "rectification.due_soon": _Kind("整改即将到期", "warning", _due_soon),
    "rectification.overdue": _Kind("整改逾期", "critical", _overdue),
    FLAGGED: _Kind("评价疑点", "info", _flagged),
    OFFLINE: _Kind("设备离线", "warning", _offline),
    BACK: _Kind("设备恢复", "info", _back),
    CONGESTED: _Kind("排队拥堵", "warning", _congested),
    CLEARED: _Kind("拥堵缓解", "info", _cleared),
}
