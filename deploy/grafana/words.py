"""Codes of events in the words that boards show, as SQL. A code that isn't known here is shown as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from schemas.tags import CURRENT_VERSION, VERSIONS

CHANNELS: Final = {
    "hall_terminal": "大厅评价器",
    "hall_pad": "大厅平板",
    "kiosk": "自助机",
    "qr": "二维码",
    "pc": "电脑端",
    "mobile": "手机端",
    "phone": "电话",
    "sms": "短信",
    "paper": "纸质",
    "system_default": "系统默认",
}
SERVICES: Final = {"consult": "咨询", "accept": "申办", "pickup": "领证", "agent": "帮办代办"}
OUTCOMES: Final = {"done": "办结", "supplement": "补正材料", "refused": "不予受理", "unresolved": "未能解决"}
FLAGS: Final = {"no_service": "未关联服务", "unregistered": "未登记", "implausible_time": "时间异常"}
# A rectification's.
STATES: Final = {
    "open": "待联系",
    "contacted": "已联系",
    "verified": "已核实",
    "completed": "已整改",
    "closed": "已回访",
    "reopened": "重新整改",
    "void": "作废",
}
WINDOW_EVENTS: Final = {
    "window.opened": "开窗",
    "window.paused": "暂停",
    "window.resumed": "恢复",
    "window.closed": "关窗",
}
# SQL's empty text, for what has no word.
NOTHING: Final = "''"
_TAGS: Final = {code: tag.text for code, tag in VERSIONS[CURRENT_VERSION].items()}


def in_words(column: str, words: Mapping[str, str], other: str | None = None) -> str:
    """The word for what the column has; `other`, which is SQL, where there is none, by default the column itself."""
    return f"transform({column}, {_list(words)}, {_list(words.values())}, {column if other is None else other})"


def all_in_words(column: str, words: Mapping[str, str]) -> str:
    """The same of a column that has several."""
    return f"arrayStringConcat(arrayMap(one -> {in_words('one', words)}, {column}), '、')"


def tags(column: str) -> str:
    """The texts of tags. One that the national list doesn't have could be anything, a name too: it isn't shown."""
    texts = f"arrayMap(one -> {in_words('one', _TAGS, NOTHING)}, {column})"
    return f"arrayStringConcat(arrayFilter(one -> one != '', {texts}), '、')"


def _list(texts: Iterable[str]) -> str:
    quoted = (f"'{text}'" for text in texts)
    return f"[{', '.join(quoted)}]"
