"""The role notify as a process, and what people do with webhooks by hand: try them, and look at what would be said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
from yarl import URL

from deploy.folder import Folder
from deploy.mistake import Mistake
from schemas.moments import iso
from schemas.notice_texts import names_of
from schemas.published import Notice
from schemas.registry import Registry
from streams.broker import Broker
from streams.cluster import Cluster
from streams.notify.answers import Answer, Outcome
from streams.notify.book import TargetBook
from streams.notify.messages import compose, greeting, text_of
from streams.notify.poster import Poster
from streams.notify.role import Notify
from streams.notify.settings import NotifySettings
from streams.notify.targets import Format, Target
from streams.settings import Settings
from streams.topics import NOTICES
from streams.transport import kafka_reader
from streams.transport.log import Log
from streams.transport.record import Record

_ANSWER_SECONDS: Final = 10.0
_GREETING: Final = "测试消息：通知已接通。"
# Shorter parts of a URL are words such as send.
_KEY_LENGTH: Final = 8
_decode = msgspec.json.Decoder(Notice).decode


async def notify(settings: Settings, chosen: NotifySettings, district: Path, stop: asyncio.Event) -> None:
    """Runs until `stop`; raises what broke it, WebhooksError and RegistryError."""
    book = TargetBook(chosen.webhooks)
    names = names_of(Registry.load(district))
    async with Poster(book.targets, chosen.answer_seconds) as poster:
        await Notify(settings, chosen, book, names, poster).run(stop)


async def try_targets(targets: Sequence[Target]) -> list[tuple[Target, Answer]]:
    """Sends each target a test message; what it answered, without what is secret."""
    async with Poster(targets, _ANSWER_SECONDS) as poster:
        now_ms = time.time_ns() // 1_000_000
        text = f"{_GREETING}{iso(now_ms)[:16].replace('T', ' ')}"
        answers = [await poster.post(target, greeting(target.format, text), now_ms) for target in targets]
    return [
        (target, answer._replace(said=redacted(target, answer.said)))
        for target, answer in zip(targets, answers, strict=True)
    ]


def is_well(answer: Answer) -> bool:
    """Whether a target took the message."""
    return answer.outcome is Outcome.DELIVERED


def redacted(target: Target, text: str) -> str:
    """A webhook's words without the parts of its URL, and its secret, that nobody is to see."""
    url = URL(target.url.get_secret_value())
    parts = [str(url), url.raw_path_qs, *url.query.values(), *(part for part in url.parts if len(part) >= _KEY_LENGTH)]
    if target.secret is not None:
        parts.append(target.secret.get_secret_value())
    for part in sorted({part for part in parts if len(part) >= _KEY_LENGTH}, key=len, reverse=True):
        text = text.replace(part, "***")
    return text


def preview(notices: Sequence[Notice], targets: Sequence[Target], district: Path) -> Iterator[tuple[str, str]]:
    """By target, the messages that would tell it of these notices; without targets, as WeCom shows them."""
    names = names_of(Registry.load(district))
    if not targets:
        yield from (("wecom", text) for text in _texts("wecom", notices, names))
    for target in targets:
        wanted = [notice for notice in notices if target.wants(notice)]
        yield from ((target.name, text) for text in _texts(target.format, wanted, names))


def _texts(format_: Format, notices: Sequence[Notice], names: Mapping[str, str]) -> Iterator[str]:
    while notices:
        message = compose(format_, notices, names)
        yield text_of(message.body)
        notices = notices[message.covered :]


def last_of_folder(folder: Folder, limit: int) -> list[Notice]:
    """The last notices of a folder's log, oldest first. Raises Mistake where there is no log."""
    if not folder.log.exists():
        raise Mistake(f"{folder.root}: there is no log yet")
    with Log(folder.log) as found:
        return _last(
            [record for number in range(found.partitions(NOTICES) or 0) for record in found.read_all(NOTICES, number)],
            limit,
        )


async def last_of_cluster(broker: Broker, limit: int) -> list[Notice]:
    """The last notices on a broker, oldest first. Raises ClusterError, UnknownTopic, TopicMismatch."""
    async with Cluster(broker) as cluster:
        partitions = range(await cluster.check_topics())
    reader = kafka_reader.reader(broker.client_options())
    await reader.start()
    try:
        records = await kafka_reader.read_all(reader, NOTICES, partitions)
    finally:
        await reader.stop()
    return _last([record for found in records.values() for record in found], limit)


def _last(records: Sequence[Record], limit: int) -> list[Notice]:
    newest = sorted((record for record in records if record.value), key=lambda record: record.timestamp_ms)[-limit:]
    return [_decode(record.value or b"") for record in newest]
