"""One site's day: visitors take a ticket, wait, are called, served, sent on, or leave."""

from __future__ import annotations

from typing import Final

from deploy.simulator.clock import POWER_OFF, POWER_ON, Period
from deploy.simulator.desk import Desk
from deploy.simulator.dice import Dice, pick, table
from deploy.simulator.queues import Queue, Turn, visits
from deploy.simulator.services import Services, Visitor
from deploy.simulator.traits import Hall, Line
from deploy.simulator.wire import Wire
from schemas.moments import HOUR, MINUTE, SECOND

_PRIORITIES: Final = table(
    [("", 70), ("normal", 21), ("elderly", 6), ("disabled", 1), ("military", 1.5), ("other", 0.5)]
)
_CHANNELS: Final = table([("kiosk", 80), ("mobile", 9), ("appointment", 7), ("counter", 4)])
_NEW_ITEM: Final = '"item":"IT-9001"'  # not in the registry yet

# Shares.
_ITEM_UNKNOWN: Final = 0.001
_ITEM_TOLD: Final = 0.6
_ISSUED_TWICE: Final = 0.003
_LEAVES_AT_ONCE: Final = 0.015
_LEAVES_PER_MS: Final = 0.08 / HOUR
_LEAVES_UNCALLED: Final = 0.4
_RECALLED: Final = 0.06
_TRANSFERRED: Final = 0.012


class SiteDay:
    """One site on one day."""

    def __init__(self, hall: Hall, period: Period, dice: Dice, wire: Wire, services: Services) -> None:
        self._hall = hall
        self._period = period
        self._dice = dice
        self._wire = wire
        self._services = services
        self._queue_source = f"queue/{hall.code}"
        self._kiosk_source = f"kiosk/{hall.code}"
        self._visits = 0

    def run(self, scale: float, beat_ms: int) -> None:
        """Sends everything that happens on the site that day, and what follows from it.

        Its kiosk says that it is there when it is switched on and off, and each `beat_ms` between, unless that is 0.
        """
        for hour_ms in range(POWER_ON, POWER_OFF, beat_ms or POWER_OFF):
            self._heartbeat(hour_ms)
        for line in self._hall.lines:
            counters = [counter for counter in line.counters if counter.staff_on(self._period.date)]
            if counters:
                desks = [Desk(counter, self._period, self._dice, self._wire) for counter in counters]
                queue = Queue(desks, self._period, self._dice)
                mean = line.visits * len(counters) / len(line.counters) * self._period.bustle * scale
                for since_ms in visits(self._dice, mean, self._period):
                    self._visit(line, queue, since_ms)
                queue.close()
        self._heartbeat(POWER_OFF)

    def _heartbeat(self, hour_ms: int) -> None:
        ms = self._period.at(hour_ms) + int(self._dice.random() * 5 * MINUTE)
        device = f'"device":"kiosk-{self._hall.code}","kind":"kiosk","backlog":0,"firmware":"3.2.1"'
        self._wire.send("device.heartbeat", self._kiosk_source, ms, self._hall.place, device)

    def _visit(self, line: Line, queue: Queue, since_ms: int) -> None:
        # 1. Somebody comes, and takes a ticket as a rule.
        visitor = self._visitor(line, since_ms)
        if visitor.ticket:
            self._issue(visitor)
        # 2. Their turn comes, or the day ends before.
        turn = queue.next(since_ms)
        if turn is None:
            self._leave(visitor, since_ms + int(self._dice.random() * HOUR), "left")
            return
        # 3. They are called (or not there any more) and served.
        if visitor.ticket:
            turn, free_ms = self._call(visitor, queue, turn)
        else:
            free_ms = self._services.serve(visitor, turn.free_ms + 10 * SECOND, turn.desk)
        queue.release(turn, free_ms)

    def _visitor(self, line: Line, since_ms: int) -> Visitor:
        dice = self._dice
        self._visits += 1
        name = f"{self._period.tag}{self._hall.number:03d}-{self._visits}"
        ticket = f'"ticket":"T-{name}"' if dice.random() >= self._hall.walk_ins else ""
        matter = pick(dice, line.matters)
        item = matter.member if dice.random() >= _ITEM_UNKNOWN else _NEW_ITEM
        return Visitor(name, since_ms, ticket, matter, item, pick(dice, _PRIORITIES))

    def _issue(self, visitor: Visitor) -> None:
        dice = self._dice
        data = visitor.ticket
        if dice.random() < _ITEM_TOLD:
            data += f",{visitor.item}"
        if visitor.priority:
            data += f',"priority":"{visitor.priority}"'
        data += f',"channel":"{pick(dice, _CHANNELS)}"'
        self._wire.send("ticket.issued", self._queue_source, visitor.since_ms, self._hall.place, data)
        if dice.random() < _ISSUED_TWICE:  # the kiosk says it too, under a name of its own
            self._wire.send("ticket.issued", self._kiosk_source, visitor.since_ms, self._hall.place, data)

    def _leave(self, visitor: Visitor, ms: int, reason: str, place: str = "") -> None:
        if visitor.ticket:
            data = f'{visitor.ticket},"reason":"{reason}"'
            self._wire.send("ticket.abandoned", self._queue_source, ms, place or self._hall.place, data)

    def _call(self, visitor: Visitor, queue: Queue, turn: Turn) -> tuple[Turn, int]:
        """Calls a ticket; returns whose turn it was in the end, and when that desk is free."""
        dice = self._dice
        wait_ms = turn.free_ms - visitor.since_ms
        leaves, chance = _LEAVES_AT_ONCE + wait_ms * _LEAVES_PER_MS, dice.random()
        if chance < leaves * _LEAVES_UNCALLED:
            reason = "left" if dice.random() < 0.7 else "cancelled"
            self._leave(visitor, visitor.since_ms + int(wait_ms * dice.random()), reason)
            return turn, turn.free_ms
        called_ms = self._say(visitor, turn.desk, turn.free_ms + self._seconds(3, 12), 1)
        if chance < leaves:
            again_ms = self._say(visitor, turn.desk, called_ms + self._seconds(20, 40), 2)
            gone_ms = again_ms + self._seconds(25, 55)
            self._leave(visitor, gone_ms, "no_show", turn.desk.place)
            return turn, gone_ms
        if dice.random() < _RECALLED:
            called_ms = self._say(visitor, turn.desk, called_ms + self._seconds(15, 40), 2)
        if queue.windows > 1 and dice.random() < _TRANSFERRED:
            turn, called_ms = self._send_on(visitor, queue, turn, called_ms)
        started_ms = called_ms + self._seconds(8, 48)
        return turn, self._services.serve(visitor, started_ms, turn.desk)

    def _send_on(self, visitor: Visitor, queue: Queue, turn: Turn, called_ms: int) -> tuple[Turn, int]:
        """To another window of the line; returns its turn, and when it called. Stays where nobody else is free."""
        sent_ms = called_ms + self._seconds(40, 120)
        other = queue.next(sent_ms)
        if other is None:
            return turn, called_ms
        data = f'{visitor.ticket},"to_window":"{other.desk.counter.code}"'
        self._wire.send("ticket.transferred", self._queue_source, sent_ms, turn.desk.place, data)
        queue.release(turn, sent_ms + 10 * SECOND)
        return other, self._say(visitor, other.desk, other.free_ms + 5 * SECOND, 1)

    def _say(self, visitor: Visitor, desk: Desk, ms: int, call: int) -> int:
        """A call over the loudspeaker; returns when."""
        self._wire.send("ticket.called", self._queue_source, ms, desk.place, f'{visitor.ticket},"call_no":{call}')
        return ms

    def _seconds(self, least: int, most: int) -> int:
        return int((least + (most - least) * self._dice.random()) * SECOND)
