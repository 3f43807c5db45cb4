"""窗口: one window, or some: what was done there, how it was rated, when it was open."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import panels, thresholds, variables
from deploy.grafana.board import board
from deploy.grafana.boards.bad_ratings import latest, marks
from deploy.grafana.boards.measures import day_figures, flow, levels, waits
from deploy.grafana.panels import Panel, graph, rows
from deploy.grafana.queries import chosen, days, name_of, named
from deploy.grafana.sources import CLICKHOUSE, sql
from deploy.grafana.words import (
    CHANNELS,
    FLAGS,
    NOTHING,
    OUTCOMES,
    SERVICES,
    WINDOW_EVENTS,
    all_in_words,
    in_words,
)
from schemas.code_words import PAUSES

_ALL = ("street", "site", "window")


def window() -> Dashboard:
    """The board."""
    return board(
        "window",
        "窗口",
        "所选窗口：办件、评价、开窗与暂停、待核查的疑点。",
        [
            ("所选日期", day_figures("window", *_ALL)),
            ("走势", (flow("window", *_ALL), levels("window", *_ALL), waits("window", *_ALL), _handling())),
            ("差评", (latest(*_ALL),)),
            ("服务", (_services(), _ratings())),
            ("开窗与疑点", (_sessions(), _suspicions())),
        ],
        variables=(variables.street(), variables.site(), variables.window()),
        annotations=(marks(*_ALL),),
    )


def _handling() -> Panel:
    text = f"""
SELECT $__timeInterval(bucket) AS time, sum(handle_seconds_sum) / sum(handle_count) AS `平均办理`
FROM pingliu.window_minutes
WHERE $__timeFilter(bucket) AND {chosen(*_ALL)}
GROUP BY time
HAVING sum(handle_count) > 0
ORDER BY time"""
    return graph(
        "平均办理时间",
        "每个时段内办结的服务平均用时。",
        panels.SECONDS,
        CLICKHOUSE,
        [sql(text, "timeseries")],
        every="5m",
    )


def _services() -> Panel:
    text = f"""
SELECT s.completed_at AS `办结时间`, {name_of("w", "s.window")} AS `窗口`, {name_of("i", "s.item")} AS `事项`,
    {in_words("s.kind", SERVICES)} AS `类型`, {in_words("s.outcome", OUTCOMES)} AS `结果`,
    s.wait_seconds AS `等候`, s.handle_seconds AS `办理`, s.staff AS `工号`,
    s.service AS `服务编号`
FROM pingliu.services AS s
{named("window", "s.window", "w")}
{named("item", "s.item", "i")}
WHERE {days("s.day")} AND {chosen(*_ALL, table="s")}
ORDER BY s.completed_at DESC
LIMIT 100"""
    return rows(
        "最近办件", "所选日期内最近办结的服务，最多 100 次。", CLICKHOUSE, [sql(text)], span=12,
        units={"等候": panels.SECONDS, "办理": panels.SECONDS}, colours={"等候": thresholds.waiting()},
    )  # fmt: skip


def _ratings() -> Panel:
    text = f"""
SELECT r.time AS `时间`, l.name AS `评价`, {name_of("w", "r.window")} AS `窗口`,
    {in_words("r.channel", CHANNELS)} AS `渠道`, r.effective AS `有效`, r.voided AS `作废`,
    {all_in_words("r.flags", FLAGS)} AS `标记`, r.staff AS `工号`, r.rating AS `评价编号`
FROM pingliu.ratings AS r
LEFT JOIN pingliu.levels AS l ON l.level = r.level
{named("window", "r.window", "w")}
WHERE $__timeFilter(r.time) AND {chosen(*_ALL, table="r")}
ORDER BY r.time DESC
LIMIT 100"""
    return rows(
        "最近评价", "包括重复、默认和已作废的评价，它们不计分。不显示评价人和评价内容。", CLICKHOUSE, [sql(text)],
        span=12, units={"有效": panels.SWITCH, "作废": panels.SWITCH},
    )  # fmt: skip


def _sessions() -> Panel:
    text = f"""
SELECT e.time AS `时间`, {name_of("w", "e.window")} AS `窗口`,
    {in_words("e.type", WINDOW_EVENTS)} AS `状态`,
    {in_words("JSONExtractString(e.data, 'reason')", PAUSES, NOTHING)} AS `原因`,
    e.staff AS `工号`
FROM pingliu.events AS e
{named("window", "e.window", "w")}
WHERE startsWith(e.type, 'window.') AND $__timeFilter(e.time) AND {chosen(*_ALL, table="e")}
ORDER BY e.time DESC
LIMIT 200"""
    return rows("开窗记录", "开窗、暂停、恢复、关窗，最近 200 条。", CLICKHOUSE, [sql(text)], span=12)


def _suspicions() -> Panel:
    text = f"""
SELECT p.flagged_at AS `标记时间`, p.meaning AS `疑点`, {name_of("w", "p.window")} AS `窗口`, p.staff AS `工号`,
    p.ratings AS `涉及评价`,
    p.voided AS `已作废`, p.rating AS `评价编号`
FROM pingliu.suspicions AS p
{named("window", "p.window", "w")}
WHERE $__timeFilter(p.flagged_at) AND {chosen(*_ALL, table="p")}
ORDER BY p.flagged_at DESC
LIMIT 100"""
    return rows(
        "评价疑点", "系统标记、待人工核查的评价；标记本身不作废任何评价。", CLICKHOUSE, [sql(text)], span=12,
        units={"已作废": panels.SWITCH},
    )  # fmt: skip
