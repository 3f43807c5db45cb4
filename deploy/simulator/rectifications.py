"""What follows a bad rating (差评整改): contact, verification, measure, revisit; appeals, voids and reinstatements."""

from __future__ import annotations

from typing import Final, NamedTuple

from deploy.simulator.clock import awake, in_office
from deploy.simulator.dice import Dice, pick, table
from deploy.simulator.wire import Wire
from schemas.levels import Level
from schemas.moments import DAY
from schemas.workdays import Workdays

_SOURCE: Final = "platform/rectify"

# Workdays from the rating to the first contact (due: 1), and from there to the measure (due: 5 in all).
_CONTACTED: Final = table([(0, 45), (1, 42), (2, 7), (3, 3), (None, 3)])
_COMPLETED: Final = table([(0, 10), (1, 25), (2, 25), (3, 20), (4, 6), (6, 6), (8, 3), (None, 5)])
_FINDINGS: Final = table([("valid", 62), ("explained", 27), ("void", 11)])
_REVISITED: Final = table([("satisfied", 66), ("basically_satisfied", 26), ("dissatisfied", 8)])
_MEASURES: Final = (
    "已向群众致歉，对窗口人员批评教育并组织业务培训", "更新办事指南材料清单，补充样本",
    "增设一个综合窗口，缩短等候时间", "与部门协调，当日补办完毕并电话告知", "修复网办系统故障，恢复在线受理",
    "调整预约取号流程，预约群众免取号",
)  # fmt: skip
_EXPLANATION: Final = "已向群众解释政策依据，取得理解"
_VOID_REASONS: Final = table([("mistake", 60), ("malicious", 25), ("other", 15)])
_GOOD_VOID_REASONS: Final = table([("mistake", 30), ("test", 30), ("duplicate", 20), ("self_rated", 20)])
_APPEAL_GROUNDS: Final = (
    "群众误按评价器",
    "材料不全依法不予受理，非服务问题",
    "系统故障导致，非本人责任",
    "评价内容与本窗口无关",
)
# Whom a tag points at; the others point at the item or its department.
_LIABLE: Final = {"213": "staff", "214": "staff", "115": "staff", "113": "department", "114": "department"}

# Shares.
_EXTENDED: Final = 0.1
_REVISITED_SHARE: Final = 0.85
_APPEALED: Final = 0.13
_UPHELD: Final = 0.35
_REINSTATED: Final = 0.1
_RATED_AFTER: Final = 0.12


class Complaint(NamedTuple):
    """A bad rating and where it belongs."""

    rating: str
    service: str
    level: Level
    tags: tuple[str, ...]
    staff: str
    place: str


class Rectifications:
    """The office that follows bad ratings up."""

    def __init__(self, dice: Dice, wire: Wire, workdays: Workdays) -> None:
        self._dice = dice
        self._wire = wire
        self._workdays = workdays

    def follow(self, complaint: Complaint, arrived_ms: int) -> None:
        """A bad rating arrived."""
        dice = self._dice
        self._appeal(complaint, arrived_ms)
        wait = pick(dice, _CONTACTED)
        if wait is None:
            return
        contacted_ms = self._later(arrived_ms, wait)
        self._send("rectification.contacted", complaint, contacted_ms, f'"by":"{self._officer()}"')
        verified_ms = self._later(contacted_ms, pick(dice, (0, 0, 1, 1, 2)))
        finding = pick(dice, _FINDINGS)
        liable = "none" if finding == "void" else self._liable(complaint)
        verified = f'"finding":"{finding}","liable":"{liable}"'
        if liable == "staff":
            verified += f',"staff":"{complaint.staff}"'
        self._send("rectification.verified", complaint, verified_ms, verified)
        if finding == "void":
            self._void(complaint, self._later(verified_ms, pick(dice, (0, 1))), pick(dice, _VOID_REASONS))
            return
        self._rectify(complaint, contacted_ms, verified_ms, finding)

    def void_good(self, rating: str, arrived_ms: int, place: str, coached: bool) -> None:
        """A good rating that turns out to be none: a test, a slip, a button pressed by staff."""
        complaint = Complaint(rating, "", "very_satisfied", (), "", place)
        reason = pick(self._dice, ("coerced", "self_rated")) if coached else pick(self._dice, _GOOD_VOID_REASONS)
        self._void(complaint, self._later(arrived_ms, pick(self._dice, (1, 2, 4))), reason)

    def _rectify(self, complaint: Complaint, contacted_ms: int, verified_ms: int, finding: str) -> None:
        dice = self._dice
        wait = pick(dice, _COMPLETED)
        if dice.random() < _EXTENDED:
            workdays = pick(dice, (3, 5, 5, 10))
            data = f'"workdays":{workdays},"reason":"需多部门协调","approved_by":"{self._officer()}"'
            self._send("rectification.extended", complaint, self._later(verified_ms, 1), data)
            wait = None if wait is None else wait + workdays - 1
        if wait is None:
            return
        completed_ms = max(self._later(contacted_ms, wait), self._later(verified_ms, 0))
        measure = _EXPLANATION if finding == "explained" else pick(dice, _MEASURES)
        self._send("rectification.completed", complaint, completed_ms, f'"measure":"{measure}"')
        if dice.random() >= _REVISITED_SHARE:
            return
        result = pick(dice, _REVISITED)
        revisited_ms = self._later(completed_ms, pick(dice, (1, 2, 3)))
        self._send("rectification.revisited", complaint, revisited_ms, f'"result":"{result}"')
        if result == "dissatisfied" and dice.random() < 0.8:
            again_ms = self._later(revisited_ms, pick(dice, (2, 3, 4)))
            self._send("rectification.completed", complaint, again_ms, f'"measure":"{pick(dice, _MEASURES)}"')
            revisited_ms = self._later(again_ms, 2)
            self._send("rectification.revisited", complaint, revisited_ms, '"result":"basically_satisfied"')
        if dice.random() < _RATED_AFTER:  # 追评
            data = (
                f'"rating":"{complaint.rating}-r","service":"{complaint.service}","level":"satisfied",'
                f'"channel":"mobile","round":2,"comment":"问题已解决"'
            )
            later_ms = awake(revisited_ms + int(dice.random() * DAY))
            self._wire.send("rating.submitted", "platform/ybs", later_ms, complaint.place, data)

    def _liable(self, complaint: Complaint) -> str:
        if not complaint.tags:
            return pick(self._dice, ("staff", "department", "none"))
        return _LIABLE.get(complaint.tags[0]) or pick(self._dice, ("department", "item", "item", "system"))

    def _appeal(self, complaint: Complaint, arrived_ms: int) -> None:
        dice = self._dice
        if dice.random() >= _APPEALED:
            return
        appeal = f'"appeal":"A{complaint.rating[1:]}"'
        filed_ms = self._later(arrived_ms, pick(dice, (1, 2, 3)))
        self._send("appeal.filed", complaint, filed_ms, f'"ground":"{pick(dice, _APPEAL_GROUNDS)}"', appeal)
        decided_ms = self._later(filed_ms, pick(dice, (1, 2, 3, 5)))
        upheld = dice.random() < _UPHELD
        result = f'"result":"{"upheld" if upheld else "rejected"}","decided_by":"{self._officer()}"'
        self._send("appeal.decided", complaint, decided_ms, result, appeal)
        if upheld:
            self._void(complaint, self._later(decided_ms, 0), "mistake")

    def _void(self, complaint: Complaint, ms: int, reason: str) -> None:
        dice = self._dice
        data = f'"reason":"{reason}","decided_by":"{self._officer()}","document":"评议记录第{dice.randint(1, 200)}号"'
        self._send("rating.voided", complaint, ms, data)
        if dice.random() < _REINSTATED:
            again_ms = self._later(ms, pick(dice, (1, 3)))
            self._send("rating.reinstated", complaint, again_ms, f'"decided_by":"{self._officer()}"')

    def _send(self, kind: str, complaint: Complaint, ms: int, data: str, first: str = "") -> None:
        members = f'"rating":"{complaint.rating}",{data}'
        self._wire.send(kind, _SOURCE, ms, complaint.place, f"{first},{members}" if first else members)

    def _later(self, ms: int, workdays: int) -> int:
        return in_office(self._dice, ms, self._workdays, workdays)

    def _officer(self) -> str:
        return f"O{self._dice.randint(1, 6):02d}"
