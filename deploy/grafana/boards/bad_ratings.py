"""差评 as boards show them: marks on every graph, and a list. Comments and raters are on no board."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery

from deploy.grafana.board import to_board
from deploy.grafana.panels import Panel, rows
from deploy.grafana.queries import chosen, name_of, named
from deploy.grafana.sources import CLICKHOUSE, sql
from deploy.grafana.words import CHANNELS, STATES, in_words, tags

_OF_BAD = """
    r.effective AND NOT r.voided
    AND r.level IN (SELECT level FROM pingliu.levels WHERE bad)
    AND $__timeFilter(r.time)"""


def marks(*variables: str) -> AnnotationQuery:
    """A mark for each effective 差评 that wasn't voided, at the time it was given. `variables`: what narrows it."""
    text = f"""
SELECT r.time AS time, concat(l.name, ' ', {name_of("s", "r.site")}, ' ', {name_of("w", "r.window")}) AS text,
    r.street AS tags
FROM pingliu.ratings AS r
LEFT JOIN pingliu.levels AS l ON l.level = r.level
{named("site", "r.site", "s")}
{named("window", "r.window", "w")}
WHERE {_OF_BAD}
{_and(*variables)}
ORDER BY time"""
    return AnnotationQuery().name("差评").datasource(CLICKHOUSE).enable(True).icon_color("red").target(sql(text))


def latest(*variables: str) -> Panel:
    """The newest effective 差评, with what came of them. `variables`: what narrows it."""
    text = f"""
SELECT r.time AS `时间`, l.name AS `评价`, {name_of("s", "r.site")} AS `站点`, {name_of("w", "r.window")} AS `窗口`,
    {name_of("i", "r.item")} AS `事项`, {tags("r.tags")} AS `标签`,
    {in_words("r.channel", CHANNELS)} AS `渠道`, {in_words("c.state", STATES)} AS `整改状态`, c.due AS `整改期限`,
    r.street AS street, r.site AS site, r.window AS window
FROM pingliu.ratings AS r
LEFT JOIN pingliu.levels AS l ON l.level = r.level
LEFT JOIN pingliu.rectifications AS c ON c.rating = r.rating
{named("site", "r.site", "s")}
{named("window", "r.window", "w")}
{named("item", "r.item", "i")}
WHERE {_OF_BAD}
{_and(*variables)}
ORDER BY r.time DESC
LIMIT 50"""
    return rows(
        "最新差评",
        "所选时段内有效且未作废的差评，最多 50 条。不显示评价人和评价内容；点窗口看该窗口。",
        CLICKHOUSE,
        [sql(text)],
        links={"窗口": to_board("window", street="street", site="site", window="window")},
        hidden=("street", "site", "window"),
    )


def _and(*variables: str) -> str:
    return f"    AND {chosen(*variables, table='r')}" if variables else ""
