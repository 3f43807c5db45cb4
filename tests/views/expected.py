"""The public tables as the independent recount has them."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Any, Final

from schemas.privacy import mask, mask_raw
from streams import topics
from tests import recount
from tests.recount.counters import FACT_COUNTERS
from tests.views.tables import Row, Table
from tests.views.warehouse import RATER_KEY, REGISTRY

_REGISTRY: Final = recount.Registry(
    sites=frozenset(REGISTRY.sites),
    windows=frozenset(REGISTRY.windows),
    staff=frozenset(REGISTRY.staff),
    items=frozenset(REGISTRY.items),
    departments={item.code: item.department for item in REGISTRY.items.values()},
)
_RULES: Final = recount.Rules()
# What the recount keeps as integers of milliseconds.
_SUMS: Final = {"wait_ms_sum": "wait_seconds_sum", "handle_ms_sum": "handle_seconds_sum"}
# What people write in their own words; numbers that identify somebody are taken out of it.
_WORDS: Final = ("comment", "note", "text", "ground", "measure", "reason", "document", "tag_version")


def expected_tables(
    messages: Sequence[recount.Message],
    now_ms: int,
    *,
    heartbeats: Sequence[recount.Message] = (),
    rules: recount.Rules = _RULES,
) -> dict[str, Table]:
    """All public tables after the messages of `pingliu.events`, and those of `pingliu.devices`."""
    facts = recount.facts(messages, rules, _REGISTRY, now_ms=now_ms)
    live = recount.live(messages, rules)
    devices = recount.facts(heartbeats, now_ms=now_ms)
    return {
        "events": {(event["source"], event["id"]): _event(event) for event in (*devices.events, *facts.events)},
        "ratings": {(rating,): _rating(row) for rating, row in facts.ratings.items()},
        "services": {(service,): row for service, row in facts.services.items()},
        "rectifications": {(rating,): row for rating, row in facts.rectifications.items()},
        "window_minutes": {(*key[:3], key[3] * 1000): _bucket(row) for key, row in live.window_minutes.items()},
        "window_days": {key: _bucket(row) for key, row in live.window_days.items()},
        "street_minutes": {(key[0], key[1] * 1000): _bucket(row) for key, row in live.street_minutes.items()},
        "street_days": {key: _bucket(row) for key, row in live.street_days.items()},
        "rejected": {**_rejected(messages, topics.EVENTS), **_rejected(heartbeats, topics.DEVICES)},
        "reconciliation": _reconciliation(live, facts),
    }


def rater_hash(rater: str) -> str:
    """What stands for a rater."""
    return hmac.new(RATER_KEY, rater.encode(), hashlib.sha256).hexdigest() if rater else ""


def _event(event: recount.Event) -> Row:
    data = {name: _stored(name, value) for name, value in event["data"].items()}
    row: Row = {**event, "data": data, "received_at": event["received_ms"]}
    del row["received_ms"]
    return row


def _stored(name: str, value: Any) -> Any:
    if name == "rater":
        return "***" if value else value
    return mask(value) if isinstance(value, str) and name in _WORDS else value


def _rating(row: Row) -> Row:
    row = {**row, "rater_hash": rater_hash(row["rater"]), "comment": mask(row["comment"])}
    del row["rater"], row["tag_version"]
    return row


def _bucket(counters: dict[str, int]) -> Row:
    return {_SUMS.get(name, name): value / 1000 if name in _SUMS else value for name, value in counters.items()}


def _rejected(messages: Iterable[recount.Message], topic: str) -> Table:
    table: Table = {}
    for message in messages:
        verdict = recount.judge(message)
        if isinstance(verdict, recount.Accepted):
            continue
        table[topic, message.partition, message.offset] = {
            "reason": verdict.reason,
            "raw": mask_raw(message.value or b"").hex().upper(),
            "received_at": message.received_ms,
            # Of what is no event at all the path only hints at what is missing.
            **({} if verdict.reason == "not_an_event" else {"path": verdict.path}),
        }
    return table


def _reconciliation(live: recount.LiveFigures, facts: recount.Facts) -> Table:
    table: Table = {}
    for street, day in {*live.street_days, *facts.street_days}:
        shown, counted = live.street_days.get((street, day), {}), facts.street_days.get((street, day), {})
        for name in FACT_COUNTERS:
            pair: dict[str, Any] = {"live": shown.get(name, 0), "facts": counted.get(name, 0)}
            if pair["live"] != pair["facts"]:
                if name in _SUMS:
                    pair = {side: ms / 1000 for side, ms in pair.items()}
                table[street, day, _SUMS.get(name, name)] = pair
    return table
