"""Forgetting: a person, or what is older than a date, goes from the log of a folder and from ClickHouse.

In this order; broken off anywhere, the same command does the rest:
1. The folder is held: nothing runs over it meanwhile, and nothing is on its way from the log to ClickHouse.
2. The log is rewritten, so that what is stored from it later is erased already, and so is its file.
3. Databases that computations left behind are dropped, and ClickHouse's tables erased.
On Kafka there are no records to rewrite: what is delivered again is erased by the sink, which is told in `erasures`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from deploy.folder import Folder
from deploy.mistake import Mistake
from deploy.preparing import check_prepared
from deploy.warehouse import open_warehouse
from schemas.moments import SHANGHAI, day_start, to_day
from schemas.privacy import Privacy
from schemas.secret import Seal, Secret, load_secret
from sinks import erasing
from sinks.assessment.database import Database
from sinks.assessment.scratch import drop_leftovers
from sinks.engine import Engine
from sinks.erasures import Notary
from sinks.workbench import Workbench
from streams import forgetting
from streams.transport.record import Record
from streams.transport.rewriting import read_batches, rewrite


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What went, or would go. `messages`: records of the log, None where it is Kafka's."""

    messages: int | None
    stored: erasing.Counts


def before(day: date) -> forgetting.Older:
    """All that is older than a day of Asia/Shanghai. Raises Mistake for one to come."""
    if day > datetime.now(SHANGHAI).date():
        raise Mistake(f"{day} is yet to come")
    return forgetting.Older(day_start(to_day(day)))


def forget_in_folder(root: Path, whom: str | forgetting.Older, *, is_dry: bool) -> Forgotten:
    """A rater, or what is older, from a folder. Raises FolderBusy, Mistake, SecretError."""
    folder = Folder(root.absolute())
    if not folder.log.exists() or not folder.engine.exists():
        raise Mistake(f"{folder.root}: nothing was ever stored here")
    secret = load_secret(folder.secret)
    with folder.lock():  # 1.
        messages = _in_log(folder.log, whom, secret, is_dry=is_dry)  # 2.
        with closing(Engine(folder.engine)) as engine:
            check_prepared(engine)
            if not is_dry:
                drop_leftovers(engine)  # 3.
            return Forgotten(messages, _in_database(Workbench(engine), whom, secret, is_dry=is_dry))


def forget_on_server(url: str, secret_path: Path, whom: str | forgetting.Older, *, is_dry: bool) -> Forgotten:
    """The same from a server. Raises Mistake, SecretError, and what the server raises."""
    secret = load_secret(secret_path)
    with open_warehouse(None, url) as warehouse:
        check_prepared(warehouse)
        return Forgotten(None, _in_database(warehouse, whom, secret, is_dry=is_dry))


def _in_log(log: Path, whom: str | forgetting.Older, secret: Secret, *, is_dry: bool) -> int:
    privacy, seal = Privacy.from_secret(secret), Seal(secret)
    who = forgetting.Rater(whom, privacy) if isinstance(whom, str) else whom
    if isinstance(who, forgetting.Rater):
        read_batches(log, forgetting.TOPICS, who.look)
    change = forgetting.change(who, privacy, seal)
    if not is_dry:
        return rewrite(log, forgetting.TOPICS, change)
    changed = 0

    def count(topic: str, records: Sequence[Record]) -> None:
        nonlocal changed
        values = change(topic, records)
        changed += sum(value != record.value for value, record in zip(values, records, strict=True))

    read_batches(log, forgetting.TOPICS, count)
    return changed


def _in_database(database: Database, whom: str | forgetting.Older, secret: Secret, *, is_dry: bool) -> erasing.Counts:
    if isinstance(whom, str):
        who = forgetting.Rater(whom, Privacy.from_secret(secret))
        stored: erasing.Whom = erasing.Person(who.hashes, forgetting.original_is(who, Seal(secret)))
    else:
        stored = erasing.Older(whom.before_ms)
    if is_dry:
        return erasing.count(database, stored)
    return erasing.erase(database, stored, Notary(secret), time.time_ns() // 1_000_000)
