"""Events that came after a seal and bear on the period it sealed, by whom they concern, and in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from schemas.moments import day_start, to_day
from sinks.assessment.database import Database, quoted
from sinks.assessment.positions import below
from sinks.assessment.sealed import Seal

_WORDS: Final = {
    "rating.submitted": "迟到的评价",
    "rating.voided": "评价作废",
    "rating.reinstated": "评价恢复",
    "appeal.decided": "申诉已决定",
    "rectification.contacted": "差评已联系",
    "rectification.verified": "差评已核实",
    "rectification.extended": "整改延期",
    "rectification.completed": "整改完成",
    "rectification.revisited": "整改回访",
    "service.started": "迟到的办件开始",
    "service.completed": "迟到的办件",
    "conduct.recorded": "补录的巡查记录",
    "conduct.withdrawn": "巡查记录撤销",
    "supervision.opened": "补录的督办",
    "supervision.closed": "督办办结",
}


@dataclass(frozen=True, slots=True)
class Later:
    """An event: (source, id), what it says in Chinese, and in which order it came."""

    event: tuple[str, str]
    words: str


def later_events(database: Database, seal: Seal) -> dict[tuple[str, str], list[Later]]:
    """(scope, subject) to the later events of a sealed period, in the order in which they came."""
    start, end = day_start(to_day(seal.period.first_day)), day_start(to_day(seal.period.last_day) + 1)
    within = f"time_ms >= {start} AND time_ms < {end}"
    rows = database.rows(
        "SELECT toString(type) AS kind, source, id, rating, service, toString(site) AS at, "
        "JSONExtractString(data, 'record') AS record, JSONExtractString(data, 'matter') AS matter "
        f"FROM pingliu.event_log FINAL WHERE NOT {below(seal.positions)} AND ("
        f"(type IN ('rating.submitted', 'service.started', 'service.completed', 'conduct.recorded', 'supervision.opened') AND {within})"
        " OR ((startsWith(type, 'rectification.') OR type IN ('rating.voided', 'rating.reinstated', 'appeal.decided'))"
        f" AND rating IN (SELECT rating FROM pingliu.event_log WHERE type = 'rating.submitted' AND {within}))"
        " OR (type = 'conduct.withdrawn' AND JSONExtractString(data, 'record') IN ("
        f"SELECT JSONExtractString(data, 'record') FROM pingliu.event_log WHERE type = 'conduct.recorded' AND {within}))"
        " OR type = 'supervision.closed') ORDER BY partition, offset"
    )
    events = [{name: str(value) for name, value in row.items()} for row in rows]
    ratings = _whose(database, "ratings", "rating", (event["rating"] for event in events))
    services = _whose(database, "services", "service", (event["service"] for event in events if not event["rating"]))
    records = _targets(database, (event["record"] for event in events))
    found: dict[tuple[str, str], list[Later]] = {}
    for event in events:
        subject = event["rating"] or event["service"] or event["record"] or event["matter"]
        later = Later((event["source"], event["id"]), f"{_WORDS[event['kind']]} {subject}")
        concerned = (
            ratings.get(event["rating"], []) + services.get(event["service"], []) + records.get(event["record"], [])
        )
        for key in concerned or [("site", event["at"])]:
            found.setdefault(key, []).append(later)
    return found


def _whose(database: Database, view: str, name: str, ids: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    among = sorted({one for one in ids if one})
    if not among:
        return {}
    rows = database.rows(
        f"SELECT {name}, toString(staff) AS who, toString(site) AS at FROM pingliu.{view} "
        f"WHERE {name} IN ({', '.join(map(quoted, among))})"
    )
    return {str(row[name]): [("staff", str(row["who"])), ("site", str(row["at"]))] for row in rows}


def _targets(database: Database, records: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    among = sorted({record for record in records if record})
    if not among:
        return {}
    rows = database.rows(
        "SELECT JSONExtractString(data, 'record') AS record, JSONExtractString(data, 'target') AS target, "
        "JSONExtractString(data, 'target_id') AS target_id, toString(staff) AS who "
        "FROM pingliu.event_log FINAL WHERE type = 'conduct.recorded' "
        f"AND JSONExtractString(data, 'record') IN ({', '.join(map(quoted, among))})"
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for row in ({name: str(value) for name, value in row.items()} for row in rows):
        key = ("site", row["target_id"]) if row["target"] == "site" else ("staff", row["target_id"])
        found[row["record"]] = [("staff", row["who"])] if row["target"] == "window" else [key]
    return found
