"""Who rates a service, when and on which channel; and the defaults, second thoughts and duplicates that follow."""

from __future__ import annotations

from typing import Final, NamedTuple

from deploy.simulator.clock import Period, awake, in_office
from deploy.simulator.desk import Desk
from deploy.simulator.dice import Dice, pick, table
from deploy.simulator.opinions import Opinion, comment, opinion, phone
from deploy.simulator.rectifications import Complaint, Rectifications
from deploy.simulator.traits import Hall
from deploy.simulator.wire import Wire
from schemas.levels import BAD_LEVELS
from schemas.moments import DAY, HOUR, MINUTE, SECOND, day_of, day_start
from schemas.workdays import Workdays


class _Channel(NamedTuple):
    """`source` is empty where the window's own terminal says it. Ratings come `after_ms`, evenly spread."""

    name: str
    source: str
    after_ms: tuple[int, int]


_TERMINAL: Final = _Channel("", "", (4 * SECOND, 50 * SECOND))
_MOBILE: Final = _Channel("mobile", "platform/ybs", (HOUR, 4 * DAY))
_PHONE: Final = _Channel("phone", "hotline/12345", (0, 0))
_PAPER: Final = _Channel("paper", "", (MINUTE, 10 * MINUTE))
_CHANNELS: Final = table(
    [
        (_TERMINAL, 82),
        (_Channel("qr", "platform/qr", (MINUTE, 20 * MINUTE)), 5),
        (_Channel("qr", "platform/qr", (HOUR, 3 * DAY)), 3),
        (_MOBILE, 5.5),
        (_Channel("kiosk", "", (MINUTE, 6 * MINUTE)), 1),
        (_Channel("pc", "platform/zwfw", (HOUR, 3 * DAY)), 0.9),
        (_Channel("sms", "platform/sms", (HOUR // 2, DAY)), 1),
        (_PHONE, 0.8),
        (_PAPER, 0.8),
    ]
)
# Coached staff press the button before the visitor is up.
_COACHED_MS: Final = 1_600

# Shares.
_DEFAULTED: Final = 0.3  # of the unrated
_DEFAULT_WORKDAYS: Final = 5
_RATED_AGAIN: Final = 0.008
_SAID_TWICE: Final = 0.003
_SECOND_ROUND: Final = 0.008
_NO_SERVICE: Final = 0.004
_VOIDED: Final = 0.0008
_REAL_NAME: Final = 0.3


class Ratings:
    """The ratings of one site's day. `wire` is the site's own, `cloud` that of the platforms."""

    def __init__(
        self,
        hall: Hall,
        period: Period,
        dice: Dice,
        wire: Wire,
        cloud: Wire,
        workdays: Workdays,
        rectifications: Rectifications,
    ) -> None:
        self._hall = hall
        self._dice = dice
        self._wire = wire
        self._cloud = cloud
        self._rectifications = rectifications
        due = workdays.after(day_of(period.midnight_ms + 12 * HOUR), _DEFAULT_WORKDAYS) + 1
        self._defaults_ms = day_start(due) + 2 * HOUR
        self._workdays = workdays

    def follow(self, name: str, completed_ms: int, desk: Desk, hardship: float) -> None:
        """What a completed service is followed by."""
        dice = self._dice
        if dice.random() >= desk.counter.share:
            if dice.random() < _DEFAULTED:
                self._default(name, desk)
            return
        view = opinion(dice, desk.counter, hardship)
        channel = pick(dice, _CHANNELS)
        if channel is _TERMINAL:
            arrived_ms = self._at_terminal(name, completed_ms, desk, view)
        else:
            arrived_ms = self._elsewhere(name, completed_ms, desk, view, channel)
        if view.level in BAD_LEVELS:
            self._rectifications.follow(
                Complaint(f"R-{name}", f"V-{name}", view.level, view.tags, desk.staff, self._hall.place), arrived_ms
            )
        elif dice.random() < (_VOIDED * 20 if desk.counter.coached else _VOIDED):
            self._rectifications.void_good(f"R-{name}", arrived_ms, self._hall.place, desk.counter.coached)
        chance = dice.random()
        if chance < _RATED_AGAIN:
            self._again(name, arrived_ms, desk, view)
        elif chance < _RATED_AGAIN + _SECOND_ROUND:
            data = f'"rating":"R-{name}-2","service":"V-{name}","level":"satisfied","channel":"mobile","round":2'
            later_ms = awake(arrived_ms + int((1 + 5 * dice.random()) * DAY))
            self._cloud.send("rating.submitted", _MOBILE.source, later_ms, self._hall.place, data)

    def _at_terminal(self, name: str, completed_ms: int, desk: Desk, view: Opinion) -> int:
        dice, counter = self._dice, desk.counter
        earliest, latest = _TERMINAL.after_ms
        after_ms = _COACHED_MS if counter.coached else earliest + dice.random() * (latest - earliest)
        service = "" if dice.random() < _NO_SERVICE else f',"service":"V-{name}"'
        data = f'"rating":"R-{name}"{service},{view.members},"channel":"{self._hall.channel}"{self._extras(view)}'
        ms = completed_ms + int(after_ms)
        arrived_ms = self._wire.send("rating.submitted", counter.terminal, ms, desk.rating_place, data)
        if dice.random() < _SAID_TWICE:  # the gateway says it too, under a name of its own
            self._wire.send("rating.submitted", f"gateway/{self._hall.code}", ms, desk.rating_place, data)
        return arrived_ms

    def _elsewhere(self, name: str, completed_ms: int, desk: Desk, view: Opinion, channel: _Channel) -> int:
        dice = self._dice
        earliest, latest = channel.after_ms
        ms = completed_ms + earliest + int(dice.random() * (latest - earliest))
        data = f'"rating":"R-{name}","service":"V-{name}",{view.members},"channel":"{channel.name}"{self._extras(view)}'
        if channel is _PAPER:  # filled in on the spot, keyed in by the next morning
            keyed_ms = ms + int((1 + 29 * dice.random()) * HOUR)
            return self._cloud.send("rating.submitted", f"office/{self._hall.code}", ms, desk.place, data, keyed_ms)
        if channel.name == "kiosk":
            return self._wire.send("rating.submitted", f"kiosk/{self._hall.code}", ms, self._hall.place, data)
        if channel is _PHONE:
            ms = in_office(dice, completed_ms, self._workdays, pick(dice, (1, 1, 2)))
        elif latest >= HOUR:
            ms = awake(ms)
        # The platform knows who served; which window, only sometimes.
        place = desk.place if dice.random() < 0.5 else f'{self._hall.place},"staff":"{desk.staff}"'
        return self._cloud.send("rating.submitted", channel.source, ms, place, data)

    def _extras(self, view: Opinion) -> str:
        """Comment and rater, for those who give them."""
        dice = self._dice
        text = comment(dice, view.level)
        chance = dice.random()
        if chance < _REAL_NAME:
            return f'{text},"real_name":true,"rater":"{phone(dice)}"'
        return f'{text},"real_name":false' if chance < 0.8 else text

    def _default(self, name: str, desk: Desk) -> None:
        """未评价满5个工作日默认为基本满意 (云政办发〔2020〕6号); this platform does it for part of them only."""
        data = f'"rating":"D-{name}","service":"V-{name}","level":"basically_satisfied","channel":"system_default"'
        ms = self._defaults_ms + int(self._dice.random() * HOUR)
        self._cloud.send("rating.submitted", _MOBILE.source, ms, f'{self._hall.place},"staff":"{desk.staff}"', data)

    def _again(self, name: str, arrived_ms: int, desk: Desk, view: Opinion) -> None:
        """The same service once more on the phone, at home: kept, not counted."""
        data = f'"rating":"R-{name}-m","service":"V-{name}",{view.members},"channel":"mobile"'
        ms = awake(arrived_ms + int((1 + 40 * self._dice.random()) * HOUR))
        self._cloud.send("rating.submitted", _MOBILE.source, ms, f'{self._hall.place},"staff":"{desk.staff}"', data)
