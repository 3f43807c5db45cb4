"""How the board says times, spans, shares and codes, in Chinese. Moments are epoch ms, shown in Asia/Shanghai."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from schemas.code_words import PAUSES
from schemas.levels import LEVEL_NAMES, LEVELS
from schemas.live import LiveWindow
from schemas.moments import DAY, HOUR, MINUTE, day_of, epoch_ms, iso, to_date
from schemas.privacy import mask
from schemas.tags import find_tag

NOTHING: Final = "—"
NO_WORD: Final = "还没有数据"
_WEEKDAYS: Final = "一二三四五六日"
_LONGEST_CODE: Final = 24
_NAMES: Final[dict[str, str]] = {level: LEVEL_NAMES[level] for level in LEVELS}
_FACES: Final[dict[str, str]] = {level: f"face-{place}" for place, level in enumerate(LEVELS, 1)}


def moment(text: str) -> int | None:
    """Epoch ms of a live message's moment; None where it is absent."""
    return epoch_ms(text) if text else None


def clock(at_ms: int) -> str:
    """`10:15:30`."""
    return iso(at_ms)[11:19]


def date_of(at_ms: int) -> str:
    """`2026年11月2日 星期一`."""
    day = to_date(day_of(at_ms))
    return f"{day.year}年{day.month}月{day.day}日 星期{_WEEKDAYS[day.weekday()]}"


def when(at_ms: int, now_ms: int) -> str:
    """`10:15`, of another day `11-02 10:15`."""
    text = iso(at_ms)
    return text[11:16] if day_of(at_ms) == day_of(now_ms) else f"{text[5:10]} {text[11:16]}"


def span(ms: int) -> str:
    """`不到1分钟`, `12分钟`, `1小时5分钟`, `2天3小时`."""
    if ms < MINUTE:
        return "不到1分钟"
    if ms < HOUR:
        return f"{ms // MINUTE}分钟"
    if ms < DAY:
        return f"{ms // HOUR}小时" + (f"{ms % HOUR // MINUTE}分钟" if ms % HOUR >= MINUTE else "")
    return f"{ms // DAY}天" + (f"{ms % DAY // HOUR}小时" if ms % DAY >= HOUR else "")


def left(due_ms: int, now_ms: int) -> str:
    """How long until a deadline, or since."""
    return f"逾期{span(now_ms - due_ms)}" if due_ms < now_ms else f"剩{span(due_ms - now_ms)}"


def share(part: int, whole: int) -> str:
    """`98.5%`; nothing of nothing."""
    return f"{100 * part / whole:.1f}%" if whole else NOTHING


@lru_cache(maxsize=10_000)
def code(text: str) -> str:
    """What devices and queue systems call something: short, and without a number that could be a person's."""
    masked = mask(text)
    return masked if len(masked) <= _LONGEST_CODE else masked[: _LONGEST_CODE - 1] + "…"


def tag_texts(tags: Iterable[str]) -> list[str]:
    """The texts of tags. One that the national list doesn't have could be anything, a name too: it isn't shown."""
    return [tag.text for tag in map(find_tag, tags) if tag is not None]


def level_name(level: str) -> str:
    """A level in words."""
    return _NAMES.get(level, NOTHING)


def face(level: str) -> str:
    """The id of a level's face."""
    return _FACES.get(level, "")


def state_of(window: LiveWindow) -> tuple[str, str]:
    """What a window does: the kind of its mark, and words."""
    if window.state == "paused":
        reason = PAUSES.get(window.reason, "")
        return "paused", f"暂停（{reason}）" if reason else "暂停"
    if window.state == "closed":
        return "closed", "关闭"
    if window.service and not window.completed:
        return "busy", "办理中"
    return "open", "空闲"
