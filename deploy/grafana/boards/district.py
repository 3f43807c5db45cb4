"""区总览: the whole district at a glance; from a street's row to its board."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import panels, thresholds
from deploy.grafana.board import board, to_board, to_street
from deploy.grafana.boards.bad_ratings import latest, marks
from deploy.grafana.boards.measures import day_figures, flow, judged, levels, now_figures, since_last, waits
from deploy.grafana.panels import Panel, graph, joined, rows
from deploy.grafana.queries import BAD, GOOD, GOOD_LEVELS, days
from deploy.grafana.sources import CLICKHOUSE, PROMETHEUS, promql, sql

_STREETS = "SELECT code AS street, name AS `街道` FROM pingliu.registry WHERE kind = 'street' ORDER BY code"


def district() -> Dashboard:
    """The board."""
    return board(
        "district",
        "区总览",
        "全区政务服务好差评：此刻的大厅、当日的办件与评价、各街道对比。",
        [
            ("此刻", now_figures()),
            ("所选日期", day_figures("street")),
            ("走势", (flow("street"), levels("street"), waits("street"), _queues())),
            ("各街道", (_streets_now(), _streets())),
            ("差评", (latest(),)),
        ],
        annotations=(marks(),),
    )


def _queues() -> Panel:
    return graph(
        "各街道等候人数", "此刻大厅里等候的人数，按街道编码；点线看该街道。", panels.PEOPLE, PROMETHEUS,
        [promql("street:pingliu_tickets_waiting:max", "{{street}}")], link=to_street(),
    )  # fmt: skip


def _streets_now() -> Panel:
    columns = (
        ("A", "等候人数", "tickets_waiting"),
        ("B", "最长等候", "longest_wait_seconds"),
        ("C", "拥堵站点", "sites_congested"),
        ("D", "开放窗口", "windows_open"),
        ("E", "整改中", "rectifications_open"),
        ("F", "逾期整改", "rectifications_overdue"),
        ("G", "离线设备", "devices_offline"),
    )
    asked = [promql(f"street:pingliu_{metric}:max", ref=ref, at_once=True) for ref, _, metric in columns]
    asked.append(promql(since_last("event"), ref="H", at_once=True))
    return joined(
        "各街道此刻",
        "实时状态，每行一个街道；点街道看详情。“距最近数据”很久的街道，其余各列是当时的情况；夜间和节假日会一直增长。",
        "street", [sql(_STREETS, ref="N"), *asked],
        {"街道": "街道", **{f"Value #{ref}": name for ref, name, _ in columns}, "Value #H": "距最近数据"},
        units={"最长等候": panels.SECONDS, "距最近数据": panels.SECONDS},
        links={"街道": to_board("street", street="street")},
        colours={
            "最长等候": thresholds.waiting(), "拥堵站点": thresholds.none_is_right(),
            "逾期整改": thresholds.none_is_right(), "离线设备": thresholds.none_is_right(grave=5),
            "距最近数据": thresholds.data_age(),
        },
    )  # fmt: skip


def _streets() -> Panel:
    text = f"""
{GOOD_LEVELS}
SELECT r.name AS `街道`, d.services AS `办件量`, d.ratings AS `有效评价`,
    d.ratings / nullIf(d.services, 0) AS `主动评价率`,
    d.good / nullIf(d.ratings, 0) AS `好评率`, d.points / nullIf(d.ratings, 0) AS `平均分`, d.bad AS `差评`,
    d.wait / nullIf(d.waited, 0) AS `平均等候`, d.abandoned / nullIf(d.tickets, 0) AS `弃号率`, r.code AS street
FROM (SELECT code, name FROM pingliu.registry WHERE kind = 'street') AS r
LEFT JOIN
(
    SELECT street, sum(services) AS services, sum(ratings) AS ratings, sum({GOOD}) AS good, sum({BAD}) AS bad,
        sum(points) AS points, sum(wait_seconds_sum) AS wait, sum(wait_count) AS waited, sum(abandoned) AS abandoned,
        sum(tickets) AS tickets
    FROM pingliu.street_days
    WHERE {days()}
    GROUP BY street
) AS d ON d.street = r.code
ORDER BY r.code"""
    return rows(
        "各街道所选日期", "所选日期内的累计（实时口径）；点街道看详情。", CLICKHOUSE, [sql(text)],
        units={"主动评价率": panels.SHARE, "好评率": panels.SHARE, "弃号率": panels.SHARE, "平均等候": panels.SECONDS},
        links={"街道": to_board("street", street="street")}, hidden=("street",),
        colours={**judged(), "主动评价率": thresholds.participation()},
    )  # fmt: skip
