"""What agents and sink would have stored, without a log between: raw messages go in, public tables come out.

Everything goes in as at-least-once delivery may have it: in batches of any size and order, some of them twice.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from deploy.district import FOLDER
from schemas.decoding import decode
from schemas.privacy import Privacy
from schemas.registry import Registry
from schemas.rules import Horizons, Rules
from schemas.secret import Seal, Secret
from schemas.workdays import Workdays
from sinks.columns import (
    EVENTS,
    LIVE,
    NOTICES,
    REJECTED,
    Columns,
    bucket_columns,
    event_columns,
    notice_columns,
    rejected_columns,
)
from sinks.engine import Engine
from sinks.migrate import migrate
from sinks.reference import load_reference
from streams import topics
from streams.checkpoint import Ledger, Restored, Totals
from streams.journal import Journal
from streams.lane import Lane, Terms
from streams.routing import Origins
from streams.street.devices import Devices
from streams.transport.record import Record
from tests.recount import Message
from tests.views.tables import TABLES, Table, keyed

_SECRET: Final = Secret(bytes(range(32)))
RATER_KEY: Final = _SECRET.key("rater")
SEAL: Final = Seal(Secret(bytes(range(32, 64))))
_ORIGINS = Origins(Secret(bytes(32)))
REGISTRY: Final = Registry.load(FOLDER)
# Ids are remembered longer than any stream here reaches: what is forgotten when has tests of its own.
RULES: Final = Rules(horizons=Horizons(redelivery_days=400, remember_days=400))

_PRIVACY: Final = Privacy.from_secret(_SECRET)
_STORED: Final = (EVENTS, LIVE, REJECTED, NOTICES)
# Inserts of a table: enough that rows of one identity lie in several parts.
_INSERTS: Final = 3


class Warehouse:
    """An engine with the project's schema and the sample district, judged by the contract's rules or others."""

    def __init__(self, path: Path) -> None:
        self.engine = Engine(path)
        migrate(self.engine)
        self.judge_by(RULES)

    def close(self) -> None:
        """Frees the path."""
        self.engine.close()

    def judge_by(self, rules: Rules) -> None:
        """Writes the reference anew, and lets what is stored from now on be counted by these rules."""
        self._rules = rules
        self._workdays = Workdays(rules.calendar)
        load_reference(self.engine, REGISTRY, rules, self._workdays)

    def clear(self) -> None:
        """Forgets all that was stored; the reference stays."""
        for table in _STORED:
            self.engine.execute(f"TRUNCATE TABLE pingliu.{table}")

    def store(self, messages: Iterable[Message], *, topic: str = topics.EVENTS, seed: int = 0) -> None:
        """Stores what messages of a topic come to; the seed decides on cuts, order and repetitions."""
        messages = list(messages)
        self.store_facts(messages, seed=seed)
        self.store_live(messages, topic=topic, seed=seed)

    def store_facts(self, messages: Iterable[Message], *, seed: int = 0) -> None:
        """Stores the accepted events alone, as the sink does."""
        dice = random.Random(seed)
        batches = []
        for partition, records in _partitions(messages):
            batches += [event_columns(decode(cut).events, partition, _PRIVACY) for cut in _cuts(records, dice)]
        self._insert(EVENTS, batches, dice)

    def store_live(self, messages: Iterable[Message], *, topic: str = topics.EVENTS, seed: int = 0) -> None:
        """Stores live buckets, rejects and notices alone, as the agents publish them."""
        dice = random.Random(seed)
        values: dict[str, list[bytes]] = {topics.METRICS: [], topics.REJECTED: [], topics.NOTICES: []}
        for partition, records in _partitions(messages):
            terms = Terms(self._rules, self._workdays, _ORIGINS, 1, _PRIVACY)
            lane = Lane(Restored(Totals(topic, partition), {}, Devices(self._rules)), Ledger(Journal(topic, "")), terms)
            for cut in _cuts(records, dice):
                lane.take(cut)
                for entry in lane.take_outputs(SEAL, 0):
                    if entry.topic in values:
                        values[entry.topic].append(entry.value or b"")
        for table, entries, columns in (
            (LIVE, values[topics.METRICS], bucket_columns),
            (REJECTED, values[topics.REJECTED], rejected_columns),
            (NOTICES, values[topics.NOTICES], notice_columns),
        ):
            dice.shuffle(entries)
            self._insert(table, [columns(cut) for cut in _cuts(entries, dice)], dice)

    def merge(self) -> None:
        """Lets the engine merge all parts, as it does in the background when it likes."""
        for table in _STORED:
            self.engine.execute(f"OPTIMIZE TABLE pingliu.{table} FINAL")

    def table(self, name: str) -> Table:
        """A public table's rows as an auditor gets them, by their identity."""
        return keyed(name, self.engine.rows(f"SELECT {TABLES[name].selected} FROM pingliu.{name}"))

    def tables(self, names: Iterable[str] = tuple(TABLES)) -> tuple[int, dict[str, Table]]:
        """Public tables, and a now (epoch ms) on the same day as theirs: no deadline lies between."""
        while True:
            now_ms = _now_ms()
            found = {name: self.table(name) for name in names}
            if _shanghai_day(now_ms) == _shanghai_day(_now_ms()):
                return now_ms, found

    def _insert(self, table: str, batches: list[Columns], dice: random.Random) -> None:
        batches = batches + dice.sample(batches, len(batches) // 3)
        dice.shuffle(batches)
        for number in range(_INSERTS):
            columns: dict[str, list[Any]] = {}
            for batch in batches[number::_INSERTS]:
                for name, values in batch.items():
                    columns.setdefault(name, []).extend(values)
            self.engine.insert(f"pingliu.{table}", columns)


def _partitions(messages: Iterable[Message]) -> Iterable[tuple[int, list[Record]]]:
    ordered = sorted(messages, key=attrgetter("partition", "offset"))
    for partition, group in groupby(ordered, attrgetter("partition")):
        yield partition, [Record(message.offset, message.received_ms, None, message.value) for message in group]


def _cuts(items: list[Any], dice: random.Random) -> Iterable[Sequence[Any]]:
    """The items in order, in batches of any size."""
    start = 0
    while start < len(items):
        size = dice.randint(1, max(8, len(items) // 4))
        yield items[start : start + size]
        start += size


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _shanghai_day(ms: int) -> int:
    return (ms + 8 * 3_600_000) // 86_400_000
