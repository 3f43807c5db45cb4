"""街道: one street, or some; its sites and windows; from a window's row to its board."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import panels, thresholds, variables
from deploy.grafana.board import board, to_board
from deploy.grafana.boards.bad_ratings import latest, marks
from deploy.grafana.boards.measures import day_figures, flow, judged, levels, now_figures, waits
from deploy.grafana.panels import Panel, graph, rows
from deploy.grafana.queries import BAD, GOOD, GOOD_LEVELS, chosen, days, name_of, named
from deploy.grafana.sources import CLICKHOUSE, PROMETHEUS, promql, sql

_OF = 'street=~"$street"'


def street() -> Dashboard:
    """The board."""
    return board(
        "street",
        "街道",
        "所选街道：此刻的大厅、当日的办件与评价、各站点和窗口。",
        [
            ("此刻", now_figures(_OF)),
            ("所选日期", day_figures("street", "street")),
            ("走势", (flow("street", "street"), levels("street", "street"), waits("street", "street"), _queues())),
            ("站点和窗口", (_sites(), _windows())),
            ("差评", (latest("street"),)),
        ],
        variables=(variables.street(),),
        annotations=(marks("street"),),
    )


def _queues() -> Panel:
    return graph(
        "等候", "此刻的最长等候，以及最近 30 分钟叫到号的人平均等了多久，按街道编码。", panels.SECONDS, PROMETHEUS,
        [
            promql(f"street:pingliu_longest_wait_seconds:max{{{_OF}}}", "最长 {{street}}"),
            promql(f"street:pingliu_wait_seconds:mean30m{{{_OF}}}", "平均 {{street}}", ref="B"),
        ],
        colours=thresholds.waiting(),
    )  # fmt: skip


def _sums(keys: str) -> str:
    return f"""
    SELECT {keys}, sum(services) AS services, sum(ratings) AS ratings, sum({GOOD}) AS good, sum({BAD}) AS bad,
        sum(points) AS points, sum(wait_seconds_sum) AS wait, sum(wait_count) AS waited,
        sum(handle_seconds_sum) AS handle,
        sum(handle_count) AS handled
    FROM pingliu.window_days
    WHERE {days()} AND {chosen("street")}
    GROUP BY {keys}"""


_MEASURES = """d.services AS `办件量`, d.ratings AS `有效评价`, d.good / nullIf(d.ratings, 0) AS `好评率`,
    d.points / nullIf(d.ratings, 0) AS `平均分`, d.bad AS `差评`, d.wait / nullIf(d.waited, 0) AS `平均等候`,
    d.handle / nullIf(d.handled, 0) AS `平均办理`"""
_UNITS = {"好评率": panels.SHARE, "平均等候": panels.SECONDS, "平均办理": panels.SECONDS}


def _sites() -> Panel:
    text = f"""
{GOOD_LEVELS}
SELECT {name_of("s", "d.site")} AS `站点`, {_MEASURES}, d.street AS street, d.site AS site
FROM ({_sums("street, site")}
) AS d
{named("site", "d.site", "s")}
ORDER BY d.site"""
    return rows(
        "各站点", "所选日期内的累计（实时口径）；点站点看它的窗口。", CLICKHOUSE, [sql(text)], units=_UNITS,
        links={"站点": to_board("window", street="street", site="site")}, hidden=("street", "site"), colours=judged(),
    )  # fmt: skip


def _windows() -> Panel:
    text = f"""
{GOOD_LEVELS}
SELECT {name_of("s", "d.site")} AS `站点`, {name_of("w", "d.window")} AS `窗口`, {_MEASURES}, d.street AS street,
    d.site AS site,
    d.window AS window
FROM ({_sums("street, site, window")}
) AS d
{named("site", "d.site", "s")}
{named("window", "d.window", "w")}
ORDER BY d.bad DESC, d.services DESC
LIMIT 200"""
    return rows(
        "各窗口", "差评多的在前，最多 200 个；点窗口看详情。", CLICKHOUSE, [sql(text)], units=_UNITS,
        links={"窗口": to_board("window", street="street", site="site", window="window")},
        hidden=("street", "site", "window"), colours=judged(),
    )  # fmt: skip
