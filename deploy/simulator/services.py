"""What happens at the window: services of several kinds, how long they take, how they end, what was promised."""

from __future__ import annotations

from typing import Final, NamedTuple

from deploy.simulator.clock import in_office, stamp
from deploy.simulator.desk import Desk
from deploy.simulator.dice import Dice, pick, table
from deploy.simulator.ratings import Ratings
from deploy.simulator.traits import Matter
from deploy.simulator.wire import Wire
from schemas.moments import DAY, MINUTE, SECOND
from schemas.workdays import Workdays

_KINDS: Final = table([("accept", 66), ("consult", 15), ("pickup", 16), ("agent", 3)])
_OUTCOMES: Final = table([("done", 94.4), ("supplement", 3.6), ("refused", 1.2), ("unresolved", 0.8)])
# Against the standard: most services take less, few much longer.
_PACE: Final = {"accept": 0.9, "consult": 0.45, "pickup": 0.4, "agent": 1.1}
_LONG_WAIT: Final = 40 * MINUTE

# Shares.
_SECOND_SERVICE: Final = 0.03
_AGENT_FOR_THE_WEAK: Final = 0.5
_HURRIED: Final = 0.002
_OVERDUE: Final = 0.01


class Visitor(NamedTuple):
    """Somebody who wants something. `ticket` and `item` are JSON members; `ticket` is empty for who just walked in."""

    name: str
    since_ms: int
    ticket: str
    matter: Matter
    item: str
    priority: str


class Services:
    """The services of one site's day. `speed` divides what they take."""

    def __init__(self, dice: Dice, wire: Wire, ratings: Ratings, workdays: Workdays, speed: float) -> None:
        self._dice = dice
        self._wire = wire
        self._ratings = ratings
        self._workdays = workdays
        self._speed = speed

    def serve(self, visitor: Visitor, started_ms: int, desk: Desk) -> int:
        """Serves a visitor; returns when the desk is free again."""
        dice = self._dice
        weak = visitor.priority in ("elderly", "disabled")
        kind = "agent" if weak and dice.random() < _AGENT_FOR_THE_WEAK else pick(dice, _KINDS)
        completed_ms = self._one(visitor.name, visitor, started_ms, desk, kind)
        if dice.random() < _SECOND_SERVICE:  # 一事一评: two matters, two services
            completed_ms = self._one(f"{visitor.name}b", visitor, completed_ms + 15 * SECOND, desk, "accept")
        return completed_ms + int((5 + 15 * dice.random()) * SECOND)

    def _one(self, name: str, visitor: Visitor, started_ms: int, desk: Desk, kind: str) -> int:
        dice = self._dice
        source = f"counter/{desk.counter.code}"
        data = f'"service":"V-{name}",{visitor.item},"kind":"{kind}"'
        if visitor.ticket:
            data += f",{visitor.ticket}"
        # 1. It starts and takes its time.
        self._wire.send("service.started", source, started_ms, desk.place, data)
        lasts_ms = visitor.matter.std_ms * _PACE[kind] * dice.lognormvariate(-0.1, 0.42) / self._speed
        if dice.random() < _HURRIED:
            lasts_ms = 6 * SECOND + lasts_ms / 60
        # 2. It ends one way or another.
        completed_ms = started_ms + int(lasts_ms)
        outcome = pick(dice, _OUTCOMES)
        data += f',"outcome":"{outcome}"'
        if kind != "consult":
            data += f',"case":"C-{name}"{self._promise(visitor, desk, kind, completed_ms)}'
        self._wire.send("service.completed", source, completed_ms, desk.place, data)
        # 3. It may be rated; who waited long, or has to come again, is less content.
        hardship = 1.0 if outcome == "done" else 3.0
        if started_ms - visitor.since_ms > _LONG_WAIT:
            hardship *= 2
        self._ratings.follow(name, completed_ms, desk, hardship)
        return completed_ms

    def _promise(self, visitor: Visitor, desk: Desk, kind: str, completed_ms: int) -> str:
        """承诺件: taken in, the promise lies ahead; handed over, it was kept as a rule."""
        workdays = visitor.matter.promise_days
        if not workdays:
            return ""
        dice = self._dice
        if kind != "pickup":
            promised_ms = in_office(dice, completed_ms, self._workdays, workdays)
        elif dice.random() < _OVERDUE + desk.counter.bad:
            promised_ms = completed_ms - int((1 + 4 * dice.random()) * DAY)
        else:
            promised_ms = completed_ms + int(5 * dice.random() * DAY)
        return f',"promised_by":"{stamp(promised_ms)}"'
