"""Events that came after a seal and bear on the period it sealed, by whom they concern, and in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from schemas.moments import to_day
from sinks.assessment.database import Database, quoted
from sinks.assessment.period import Period
from sinks.assessment.positions import Positions, below

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
    "window.opened": "迟到的开窗记录",
    "window.paused": "迟到的暂停记录",
    "window.resumed": "迟到的恢复记录",
    "window.closed": "迟到的关窗记录",
    "device.heartbeat": "迟到的设备心跳",
}
# Rules of a month's bill that events of a kind bear on; those of the other kinds bear on many.
_RULES: Final = {
    "supervision.opened": "supervision.",
    "supervision.closed": "supervision.",
    **{f"window.{done}": "opening." for done in ("opened", "paused", "resumed", "closed")},
    "device.heartbeat": "online.",
}
# They belong to the period by their own time; the others by what they speak of.
_OWN: Final = (
    "type IN ('rating.submitted', 'service.started', 'service.completed', 'conduct.recorded', 'device.heartbeat')"
    " OR startsWith(type, 'window.')"
)
_RECORD: Final = "JSONExtractString(data, 'record')"
_MATTER: Final = "JSONExtractString(data, 'matter')"
_DUE: Final = "toInt32(toDate(JSONExtractString(data, 'due')))"
_DAY: Final = "toInt32(intDiv(time_ms + 28800000, 86400000))"

_Who = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Later:
    """An event: (source, id), and what it says in Chinese. `rule`: how the rules begin that it bears on in a month's
    bill; '' for any.
    """

    event: tuple[str, str]
    words: str
    rule: str


def later_events(database: Database, period: Period, since: Positions) -> dict[_Who, list[Later]]:
    """(scope, subject) to the events beyond `since` that bear on a period, in the order in which they came."""
    first, last = to_day(period.first_day), to_day(period.last_day)
    within = f"{_DAY} BETWEEN {first} AND {last}"
    due = f"type = 'supervision.opened' AND {_DUE} BETWEEN {first} AND {last}"
    rows = database.rows(
        f"SELECT toString(type) AS kind, source, id, rating, service, toString(site) AS at, {_RECORD} AS record, "
        f"{_MATTER} AS matter FROM pingliu.event_log FINAL WHERE NOT {below(since)} AND ("
        f"(({_OWN}) AND {within})"
        " OR ((startsWith(type, 'rectification.') OR type IN ('rating.voided', 'rating.reinstated', 'appeal.decided'))"
        f" AND rating IN (SELECT rating FROM pingliu.event_log WHERE type = 'rating.submitted' AND {within}))"
        f" OR (type = 'conduct.withdrawn' AND {_RECORD} IN ("
        f"SELECT {_RECORD} FROM pingliu.event_log WHERE type = 'conduct.recorded' AND {within}))"
        f" OR ({due})"
        f" OR (type = 'supervision.closed' AND ({_MATTER}, {_DAY}) IN ("
        f"SELECT {_MATTER}, arrayJoin(range({first} - 366, {_DUE} + 1)) FROM pingliu.event_log WHERE {due}))"
        ") ORDER BY partition, offset"
    )
    events = [{name: str(value) for name, value in row.items()} for row in rows]
    ratings = _whose(database, "ratings", "rating", (event["rating"] for event in events))
    services = _whose(database, "services", "service", (event["service"] for event in events if not event["rating"]))
    liable = _liable(database, (event["rating"] for event in events))
    records = _targets(database, (event["record"] for event in events))
    found: dict[_Who, list[Later]] = {}
    for event in events:
        about = event["rating"] or event["service"] or event["record"] or event["matter"]
        words = f"{_WORDS[event['kind']]} {about}".rstrip()
        concerned = {
            who: _RULES.get(event["kind"], "")
            for who in (
                *ratings.get(event["rating"], []), *services.get(event["service"], []), *liable.get(event["rating"], [])
            )
        } | records.get(event["record"], {})  # fmt: skip
        for who, rule in (concerned or {("site", event["at"]): _RULES.get(event["kind"], "")}).items():
            found.setdefault(who, []).append(Later((event["source"], event["id"]), words, rule))
    return found


def _whose(database: Database, view: str, name: str, ids: Iterable[str]) -> dict[str, list[_Who]]:
    among = _among(ids)
    if not among:
        return {}
    rows = database.rows(
        f"SELECT {name}, toString(staff) AS who, toString(site) AS at FROM pingliu.{view} WHERE {name} IN ({among})"
    )
    return {str(row[name]): [("staff", str(row["who"])), ("site", str(row["at"]))] for row in rows}


def _liable(database: Database, ratings: Iterable[str]) -> dict[str, list[_Who]]:
    """Whom else a rating's verification burdens."""
    among = _among(ratings)
    if not among:
        return {}
    rows = database.rows(
        "SELECT rating, JSONExtractString(data, 'staff') AS who FROM pingliu.event_log FINAL "
        f"WHERE type = 'rectification.verified' AND rating IN ({among}) AND who != ''"
    )
    return {str(row["rating"]): [("staff", str(row["who"]))] for row in rows}


def _targets(database: Database, records: Iterable[str]) -> dict[str, dict[_Who, str]]:
    """Whom conduct records concern, and by which rule: a site, staff, who had opened a window, and leads."""
    among = _among(records)
    if not among:
        return {}
    facts = (
        f"SELECT {_RECORD} AS record, JSONExtractString(data, 'rule') AS rule, "
        "JSONExtractString(data, 'target') AS target, JSONExtractString(data, 'target_id') AS target_id, "
        "if(target = 'window', target_id, '') AS target_window, "
        "toString(site) AS at, day_number, moment "
        f"FROM pingliu.facts WHERE type = 'conduct.recorded' AND record IN ({among})"
    )
    rows = database.rows(
        f"SELECT record, target, target_id, w.staff AS opener FROM ({facts}) AS r "
        "ASOF LEFT JOIN pingliu.window_sessions AS w ON r.target_window = w.window AND r.moment >= w.moment"
    )
    found: dict[str, dict[_Who, str]] = {}
    for row in ({name: str(value) for name, value in row.items()} for row in rows):
        scope = "site" if row["target"] == "site" else "staff"
        found[row["record"]] = {(scope, row["opener"] if row["target"] == "window" else row["target_id"]): ""}
    leads = database.rows(
        f"SELECT r.record AS record, concat(r.rule, '.lead') AS rule, p.staff AS staff FROM ({facts}) AS r "
        "INNER JOIN (SELECT q.staff AS staff, w.site AS site, q.valid_from AS first, q.valid_to AS last "
        "FROM pingliu.posts AS q INNER JOIN pingliu.windows AS w ON q.window = w.window WHERE q.lead) AS p "
        "ON r.at = p.site WHERE r.day_number BETWEEN p.first AND p.last"
    )
    for lead in leads:
        found[str(lead["record"])].setdefault(("staff", str(lead["staff"])), str(lead["rule"]))
    return found


def _among(ids: Iterable[str]) -> str:
    """Ids as SQL's list; '' for none."""
    return ", ".join(map(quoted, sorted({one for one in ids if one})))
