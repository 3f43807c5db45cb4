"""What the district office and its patrols write down: conduct, supervision, suggestions.

`RULES` are the conduct codes that occur here. What each is worth is the rules file's business; a few records of the
mild ones bring points of their own.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from deploy.simulator.clock import CLOSES, OPENS, Period, in_office
from deploy.simulator.dice import Dice, pick, poisson, table
from deploy.simulator.traits import Counter, Hall
from deploy.simulator.wire import Wire
from schemas.moments import to_date, to_day
from schemas.workdays import Workdays


class Rule(NamedTuple):
    """A conduct rule: its code, what it means, what it is recorded of, and how often (weight)."""

    code: str
    text: str
    target: str
    weight: float


RULES: Final = (
    # 工作纪律
    Rule("late", "迟到", "staff", 10),
    Rule("early-leave", "早退", "staff", 6),
    Rule("absent-post", "擅自脱岗超过15分钟", "staff", 8),
    Rule("absent-half-day", "脱岗半天以上", "staff", 1),
    Rule("truancy", "旷工半天", "staff", 0.5),
    Rule("training-absence", "会议、培训缺席", "staff", 5),
    Rule("pause-overrun", "暂停服务超时", "window", 8),
    # 服务规范
    Rule("badge", "着装、工牌、桌牌不规范", "staff", 12),
    Rule("rude", "态度生硬", "staff", 4),
    Rule("refuse", "拒答、推诿", "staff", 2),
    Rule("incomplete-notice", "未一次性告知", "staff", 4),
    Rule("quarrel", "与群众争吵", "staff", 1),
    Rule("case-error", "办件差错", "staff", 4),
    Rule("over-promise", "超承诺时限", "staff", 3),
    Rule("complaint", "查实有责投诉", "staff", 2),
    # 加分
    Rule("praise", "表扬信、锦旗", "staff", 8),
    Rule("after-hours-service", "延时、上门服务", "staff", 9),
    Rule("helped-special-group", "特殊群体帮办代办", "staff", 10),
    Rule("commended-district", "区级表彰", "staff", 0.7),
    Rule("commended-city", "市级表彰", "staff", 0.3),
    # 站点
    Rule("site-unattended", "工作时间无人值守", "site", 2),
    Rule("site-notice", "公示不全、指南过期", "site", 4),
    Rule("device-unreported", "设备故障不报修", "site", 3),
)
_MILD: Final = frozenset({"late", "badge", "site-notice"})
# Once a month, for the best tenth.
EXAM_RULE: Final = Rule("exam-top10", "业务考试前10%", "staff", 0)

_RULES: Final = table((rule, rule.weight) for rule in RULES)
_RECORDS_A_DAY: Final = 16
_MATTERS_A_DAY: Final = 1.2
_SUGGESTIONS_A_DAY: Final = 7
_WITHDRAWN: Final = 0.06
_INCIDENT_SHARED: Final = 0.08
_OWN_POINTS: Final = 0.1
_EXAM_FROM_DAY: Final = 20
_BEST: Final = 0.1

_VIA: Final = table([("book", 50), ("box", 20), ("12345", 16), ("letter", 3), ("mobile", 11)])
_SUGGESTIONS: Final = (
    "建议增加老花镜和饮水点", "希望周六上午也能办理", "取号机字太小，老人看不清", "建议在社区站增加医保业务",
    "停车位太少，建议协调周边停车场", "叫号屏坏了几天没有人修", "感谢工作人员耐心帮办", "建议网上预约和现场叫号打通",
)  # fmt: skip


class Office:
    """The district office on one workday."""

    def __init__(self, halls: tuple[Hall, ...], period: Period, dice: Dice, wire: Wire, workdays: Workdays) -> None:
        self._windows = tuple((hall, counter) for hall in halls for line in hall.lines for counter in line.counters)
        self._period = period
        self._dice = dice
        self._wire = wire
        self._workdays = workdays
        self._tag = f"{period.tag}o-"
        self._records = 0

    def run(self) -> None:
        """Sends what is written down that day, and what follows from it."""
        dice = self._dice
        for _ in range(poisson(dice, _RECORDS_A_DAY)):
            self._record(pick(dice, _RULES))
        if self._is_exam_day():
            for hall, counter in self._windows:
                if dice.random() < _BEST:
                    self._write(EXAM_RULE, hall, counter, self._moment(), "")
        for number in range(poisson(dice, _MATTERS_A_DAY)):
            self._supervise(number)
        for number in range(poisson(dice, _SUGGESTIONS_A_DAY)):
            text, via = pick(dice, _SUGGESTIONS), pick(dice, _VIA)
            data = f'"suggestion":"G-{self._tag}{number}","text":"{text}","via":"{via}"'
            self._wire.send("suggestion.received", "office/suggestions", self._moment(), self._place(), data)

    def _record(self, rule: Rule) -> None:
        hall, counter = pick(self._dice, self._windows)
        ms = self._moment()
        incident = f',"incident":"N-{self._tag}{self._records}"' if self._dice.random() < _INCIDENT_SHARED else ""
        self._write(rule, hall, counter, ms, incident)
        if incident:  # two findings of one incident
            self._write(pick(self._dice, RULES[:7]), hall, counter, ms + 1, incident)

    def _write(self, rule: Rule, hall: Hall, counter: Counter, ms: int, incident: str) -> None:
        dice = self._dice
        staff = counter.staff_on(self._period.date)
        if rule.target == "staff" and not staff:
            return
        self._records += 1
        target = {"staff": staff[0] if staff else "", "window": counter.code, "site": hall.code}[rule.target]
        record = f'"record":"B-{self._tag}{self._records}"'
        points = ',"points":-0.5' if rule.code in _MILD and dice.random() < _OWN_POINTS else ""
        data = (
            f'{record},"rule":"{rule.code}","target":"{rule.target}","target_id":"{target}"{points}{incident},'
            f'"by":"P{dice.randint(1, 8):02d}","note":"{rule.text}"'
        )
        place = counter.place if rule.target != "site" else hall.place
        self._wire.send("conduct.recorded", "office/patrol", ms, place, data)
        if dice.random() < _WITHDRAWN:
            later_ms = in_office(dice, ms, self._workdays, pick(dice, (1, 2, 3)))
            self._wire.send("conduct.withdrawn", "office/patrol", later_ms, place, f'{record},"by":"O01"')

    def _supervise(self, number: int) -> None:
        """督办: closed in time as a rule, late or not at all now and then."""
        dice = self._dice
        place = self._place()
        matter = f'"matter":"M-{self._tag}{number}"'
        opened_ms = self._moment()
        workdays = pick(dice, (3, 5, 5, 10))
        due = to_date(self._workdays.after(to_day(self._period.date), workdays)).isoformat()
        self._wire.send("supervision.opened", "office/supervision", opened_ms, place, f'{matter},"due":"{due}"')
        if dice.random() < 0.9:
            taken = max(1, workdays + pick(dice, (-4, -3, -2, -1, -1, 0, 0, 2)))
            closed_ms = in_office(dice, opened_ms, self._workdays, taken)
            self._wire.send("supervision.closed", "office/supervision", closed_ms, place, matter)

    def _is_exam_day(self) -> bool:
        """The first workday of a month from the 20th on."""
        eve = to_day(self._period.date.replace(day=_EXAM_FROM_DAY - 1))
        return self._workdays.after(eve, 1) == to_day(self._period.date)

    def _place(self) -> str:
        return pick(self._dice, self._windows)[0].place

    def _moment(self) -> int:
        return self._period.at(OPENS) + int(self._dice.random() * (CLOSES - OPENS))
