"""差评督办: what must be done about bad ratings, by when, and by whom it wasn't."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import panels, thresholds, variables
from deploy.grafana.board import board, to_board, to_street
from deploy.grafana.boards.bad_ratings import marks
from deploy.grafana.panels import Panel, bars, figure, graph, rows
from deploy.grafana.queries import chosen, days, name_of, named
from deploy.grafana.sources import CLICKHOUSE, PROMETHEUS, promql, sql
from deploy.grafana.words import STATES, in_words

# What waits for a measure; `on_time` is 0 there once the due moment is past.
_OPEN = "c.state IN ('open', 'contacted', 'verified', 'reopened')"
_OVERDUE = "c.completed_at IS NULL AND c.on_time = 0"
_UNCONTACTED = "c.contacted_at IS NULL AND c.state = 'open' AND c.contact_due < now()"
_STATE = in_words("c.state", STATES)


def rectification() -> Dashboard:
    """The board."""
    return board(
        "rectification",
        "差评督办",
        "差评整改台账：待办、逾期、按期率、响应率和回访率。期限按国家公布的工作日计算。",
        [
            ("待办（不限时段）", (_open(), _overdue(), _uncontacted())),
            ("所选时段的差评", (_on_time(), _response(), _revisited())),
            ("台账", (_ledger(), _by_street(), _by_state(), _opened(), _live())),
        ],
        variables=(variables.street(),),
        annotations=(marks("street"),),
        since="now-30d",
        refresh="5m",
    )


def _count(condition: str) -> str:
    return f"""
SELECT count() AS value FROM pingliu.rectifications AS c
WHERE {condition} AND {chosen("street", table="c")}"""


def _share(part: str, whole: str) -> str:
    return f"""
SELECT countIf({part}) / nullIf(countIf({whole}), 0) AS value FROM pingliu.rectifications AS c
WHERE c.state != 'void' AND $__timeFilter(c.opened_at) AND {chosen("street", table="c")}"""


def _open() -> Panel:
    return figure(
        "整改中",
        "尚未完成整改的差评，包括回访不满意后重新整改的。",
        panels.CASES,
        CLICKHOUSE,
        sql(_count(_OPEN)),
        span=8,
    )


def _overdue() -> Panel:
    return figure(
        "逾期未办结", "超过办结期限（可延期一次）仍未完成。", panels.CASES, CLICKHOUSE, sql(_count(_OVERDUE)),
        thresholds.none_is_right(), span=8,
    )  # fmt: skip


def _uncontacted() -> Panel:
    return figure(
        "超期未联系", "超过联系期限仍未联系评价人。", panels.CASES, CLICKHOUSE, sql(_count(_UNCONTACTED)),
        thresholds.none_is_right(), span=8,
    )  # fmt: skip


def _on_time() -> Panel:
    return figure(
        "差评按期整改率", "按期完成 ÷ 已完成或已到期的差评；未到期的不计。", panels.SHARE, CLICKHOUSE,
        sql(_share("c.on_time = 1", "c.on_time IS NOT NULL")), thresholds.share(), span=8, decimals=1,
    )  # fmt: skip


def _response() -> Panel:
    return figure(
        "响应及时率", "在联系期限内首次联系 ÷ 已联系或已过联系期限的差评。", panels.SHARE, CLICKHOUSE,
        sql(_share("c.contacted_at <= c.contact_due", "c.contacted_at IS NOT NULL OR c.contact_due < now()")),
        thresholds.share(), span=8, decimals=1,
    )  # fmt: skip


def _revisited() -> Panel:
    return figure(
        "差评回访率", "已回访 ÷ 已完成整改的差评，目标 100%。", panels.SHARE, CLICKHOUSE,
        sql(_share("c.completed_at IS NOT NULL AND c.revisited_at IS NOT NULL", "c.completed_at IS NOT NULL")),
        thresholds.share(), span=8, decimals=1,
    )  # fmt: skip


def _ledger() -> Panel:
    text = f"""
SELECT c.due AS `办结期限`, c.contact_due AS `联系期限`, {_STATE} AS `状态`, {_OVERDUE} AS `逾期`,
    c.opened_at AS `评价时间`,
    l.name AS `评价`, {name_of("s", "c.site")} AS `站点`, {name_of("w", "c.window")} AS `窗口`, c.staff AS `工号`,
    c.rating AS `评价编号`, c.street AS street, c.site AS site, c.window AS window
FROM pingliu.rectifications AS c
LEFT JOIN pingliu.levels AS l ON l.level = c.level
{named("site", "c.site", "s")}
{named("window", "c.window", "w")}
WHERE {_OPEN} AND {chosen("street", table="c")}
ORDER BY c.due, c.opened_at
LIMIT 500"""
    return rows(
        "待办台账", "未办结的差评，期限近的在前，最多 500 件；不限所选时段。点窗口看详情。", CLICKHOUSE, [sql(text)],
        units={"逾期": panels.SWITCH}, colours={"逾期": thresholds.none_is_right()},
        links={"窗口": to_board("window", street="street", site="site", window="window")},
        hidden=("street", "site", "window"),
    )  # fmt: skip


def _by_street() -> Panel:
    text = f"""
SELECT {name_of("s", "c.street")} AS `街道`, count() AS `差评`, countIf({_OPEN}) AS `整改中`,
    countIf({_OVERDUE}) AS `逾期`,
    countIf(c.on_time = 1) / nullIf(countIf(c.on_time IS NOT NULL), 0) AS `按期整改率`, c.street AS street
FROM pingliu.rectifications AS c
{named("street", "c.street", "s")}
WHERE c.state != 'void' AND $__timeFilter(c.opened_at) AND {chosen("street", table="c")}
GROUP BY c.street, s.name
ORDER BY c.street"""
    return rows(
        "各街道", "所选时段内的差评，不含作废。", CLICKHOUSE, [sql(text)], span=12, units={"按期整改率": panels.SHARE},
        links={"街道": to_board("street", street="street")}, hidden=("street",),
        colours={"逾期": thresholds.none_is_right(), "按期整改率": thresholds.share()},
    )  # fmt: skip


def _by_state() -> Panel:
    text = f"""
SELECT {_STATE} AS state, count() AS value
FROM pingliu.rectifications AS c
WHERE $__timeFilter(c.opened_at) AND {chosen("street", table="c")}
GROUP BY state
ORDER BY value DESC"""
    return bars("整改状态", "所选时段内的差评各处于哪一步。", panels.CASES, CLICKHOUSE, sql(text), thresholds.plain())


def _opened() -> Panel:
    text = f"""
SELECT toDateTime(bucket, 'Asia/Shanghai') AS time, sum(rectifications_opened) AS `新增差评整改`
FROM pingliu.street_days
WHERE {days()} AND {chosen("street")}
GROUP BY time
ORDER BY time"""
    return graph(
        "每日新增", "每天新增的差评整改（实时口径）。", panels.CASES, CLICKHOUSE, [sql(text, "timeseries")],
        stacked=True,
        every="1d",
    )  # fmt: skip


def _live() -> Panel:
    return graph(
        "未办结与逾期", "实时状态：未办结、逾期、即将到期和超期未联系的整改件数，按街道编码；点线看该街道。",
        panels.CASES, PROMETHEUS,
        [
            promql(f'street:pingliu_rectifications_{kind}:max{{street=~"$street"}}', f"{name} {{{{street}}}}", ref=ref)
            for ref, kind, name in (
                ("A", "open", "未办结"), ("B", "overdue", "逾期"), ("C", "due_soon", "即将到期"),
                ("D", "uncontacted", "超期未联系"),
            )
        ],
        link=to_street(),
    )  # fmt: skip
