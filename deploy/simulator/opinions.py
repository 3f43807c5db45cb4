"""What raters say: the level, the tags that go with it, and a comment now and then."""

from __future__ import annotations

from typing import Final, NamedTuple

from deploy.simulator.dice import Dice, dice_of, pick, table
from deploy.simulator.traits import Counter
from schemas.levels import LEVELS, Level
from schemas.tags import CURRENT_VERSION, tags_of

_VERY_BAD: Final = 0.35  # of the bad ones
# Chance of tags, and of a comment. A bad rating should bear one of the two; some bear neither.
_TAGGED: Final[dict[Level, float]] = dict(zip(LEVELS, (0.16, 0.2, 0.45, 0.9, 0.9), strict=True))
_COMMENTED: Final[dict[Level, float]] = dict(zip(LEVELS, (0.03, 0.03, 0.12, 0.5, 0.6), strict=True))
# The tags shown at once are pressed more often than those behind 展开.
_SHOWN, _FOLDED = 6, 1
# At a bad window it is the person they complain about.
_PERSONAL: Final = frozenset({"213", "214", "115"})
_PERSONAL_WEIGHT: Final = 12
_BAD_WINDOW: Final = 0.05
_WITH_PHONE: Final = 0.06

_COMMENTS: Final[dict[Level, tuple[str, ...]]] = {
    "very_satisfied": (
        "工作人员很耐心，讲解清楚，为你们点赞", "一次就办好了，谢谢", "态度非常好，效率很高",
        "老人来办事也照顾得很周到", "帮办人员全程陪着，省心", "没想到几分钟就办完了", "社区就能办，不用跑区里了",
        "环境干净，指引清楚",
    ),
    "satisfied": (
        "整体不错，希望多开一个窗口", "办得挺快的", "服务可以，停车不太方便", "材料清单说得明白",
        "等的时间有点长，办得很好",
    ),
    "basically_satisfied": (
        "排队时间较长", "取号机反应慢", "叫号听不清楚", "还可以，材料要求能再简单点就好了", "网上预约后还是要取号",
    ),
    "dissatisfied": (
        "排了一个多小时才轮到我", "窗口人员业务不熟，问了几个人才说清楚", "没有一次性告知要带什么材料，跑了两趟",
        "说话很冲", "承诺三天办好，过了一周还没消息", "网上说可以办，来了又说不行", "中午提前下班，没人管",
    ),
    "very_dissatisfied": (
        "态度恶劣，爱理不理", "互相推诿，让我跑了四个窗口", "材料齐全还是不给办，也不说理由",
        "上班时间玩手机，叫了好几声不答应", "指南上没有的材料也要，太折腾人", "多次反映没有人解决，请领导重视",
    ),
}  # fmt: skip


class Opinion(NamedTuple):
    """A rating's level and tags, and the JSON members they make."""

    level: Level
    tags: tuple[str, ...]
    members: str


def _opinions(level: Level, personal: int) -> tuple[Opinion, ...]:
    """Opinions of a level that have tags: a list to draw from, sooner than a draw of tags each time."""
    dice = dice_of("opinions", level, personal)
    tags = tags_of(level)
    weighted = table(
        (tag.code, personal if tag.code in _PERSONAL else _FOLDED if tag.folded else _SHOWN) for tag in tags
    )
    opinions = []
    for _ in range(200):
        codes = tuple(dict.fromkeys(pick(dice, weighted) for _ in range(pick(dice, (1, 1, 1, 2, 2, 3)))))
        quoted = ",".join(f'"{code}"' for code in codes)
        opinions.append(Opinion(level, codes, f'"level":"{level}","tags":[{quoted}],"tag_version":"{CURRENT_VERSION}"'))
    return tuple(opinions)


_PLAIN: Final = {level: Opinion(level, (), f'"level":"{level}"') for level in LEVELS}
_ORDINARY: Final = {level: _opinions(level, _FOLDED) for level in LEVELS}
_OF_BAD_WINDOWS: Final = {level: _opinions(level, _PERSONAL_WEIGHT) for level in LEVELS}


def opinion(dice: Dice, counter: Counter, hardship: float) -> Opinion:
    """What a visitor of a window thinks. `hardship` multiplies the chance of a bad one."""
    level = "very_satisfied" if counter.coached else _level(dice.random(), counter, hardship)
    if counter.coached or dice.random() >= _TAGGED[level]:
        return _PLAIN[level]
    return pick(dice, (_OF_BAD_WINDOWS if counter.bad > _BAD_WINDOW else _ORDINARY)[level])


def _level(chance: float, counter: Counter, hardship: float) -> Level:
    bad = min(0.5, counter.bad * hardship)
    if chance < bad:
        return "very_dissatisfied" if chance < bad * _VERY_BAD else "dissatisfied"
    if chance < bad + counter.basic:
        return "basically_satisfied"
    return "satisfied" if chance < bad + counter.basic + counter.good else "very_satisfied"


def comment(dice: Dice, level: Level) -> str:
    """The JSON member of a comment, with a comma before it; empty for most raters."""
    if dice.random() >= _COMMENTED[level]:
        return ""
    text = pick(dice, _COMMENTS[level])
    if dice.random() < _WITH_PHONE:
        text += f"，请回电{phone(dice)}"
    return f',"comment":"{text}"'


def phone(dice: Dice) -> str:
    """A phone number of nobody's: the block that examples use."""
    return f"1380000{int(dice.random() * 10_000):04d}"
