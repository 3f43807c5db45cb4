"""设备: terminals and queue systems: whether they are there, and what the gateway says to them."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import panels, thresholds, variables
from deploy.grafana.board import board, to_board, to_street
from deploy.grafana.boards.bad_ratings import marks
from deploy.grafana.boards.measures import since_last
from deploy.grafana.panels import Panel, figure, graph, rows
from deploy.grafana.queries import chosen, name_of, named
from deploy.grafana.sources import CLICKHOUSE, PROMETHEUS, promql, sql
from deploy.grafana.words import in_words
from schemas.code_words import DEVICES

_OF = 'street=~"$street"'


def devices() -> Dashboard:
    """The board."""
    return board(
        "devices",
        "设备",
        "终端、排队机等设备的在线情况，以及接入网关给它们的答复。红线为差评：可看出与断线是否同时。",
        [
            ("此刻", (_known(), _offline(), _share(), _registered(), _connections(), _waiting())),
            ("设备", (_by_street(), _last_heartbeats(), _heartbeats(), _kinds())),
            ("接入网关", (_statuses(), _verdicts(), _refused())),
        ],
        variables=(variables.street(),),
        annotations=(marks("street"),),
    )


def _known() -> Panel:
    return figure(
        "已知设备", "最近 7 天内有过心跳的设备。", panels.DEVICES, PROMETHEUS,
        promql(f"sum(street:pingliu_devices_known:max{{{_OF}}})"),
    )  # fmt: skip


def _offline() -> Panel:
    return figure(
        "离线设备", f"{thresholds.OFFLINE_MINUTES} 分钟以上没有心跳的设备。", panels.DEVICES, PROMETHEUS,
        promql(f"sum(street:pingliu_devices_offline:max{{{_OF}}})"), thresholds.none_is_right(grave=5),
    )  # fmt: skip


def _share() -> Panel:
    return figure(
        "离线占比", f"离线 ÷ 已知。终端在线率 {thresholds.ONLINE} 为达标。", panels.SHARE, PROMETHEUS,
        promql(
            f"sum(street:pingliu_devices_offline:max{{{_OF}}}) / (sum(street:pingliu_devices_known:max{{{_OF}}}) > 0)"
        ),
        thresholds.offline_share(), decimals=1,
    )  # fmt: skip


def _registered() -> Panel:
    return figure(
        "登记设备", "接入网关上登记的设备（全区）。", panels.DEVICES, PROMETHEUS, promql("max(pingliu_gateway_devices)")
    )


def _connections() -> Panel:
    return figure(
        "当前连接", "接入网关此刻的连接数（全区）。", panels.ONE, PROMETHEUS, promql("sum(pingliu_gateway_connections)")
    )


def _waiting() -> Panel:
    return figure(
        "在途数据", "已读入、尚未写入消息系统的请求（全区）。", panels.BYTES, PROMETHEUS,
        promql("sum(pingliu_gateway_waiting_bytes)"),
    )  # fmt: skip


def _by_street() -> Panel:
    return graph(
        "离线设备走势", "按街道编码；点线看该街道。", panels.DEVICES, PROMETHEUS,
        [promql(f"street:pingliu_devices_offline:max{{{_OF}}}", "{{street}}")], link=to_street(),
    )  # fmt: skip


def _last_heartbeats() -> Panel:
    return graph(
        "距最近心跳", "每个街道距最近一次设备心跳多久，按街道编码；点线看该街道。夜间和节假日会一直增长。",
        panels.SECONDS, PROMETHEUS, [promql(since_last("heartbeat", f"{{{_OF}}}"), "{{street}}")],
        colours=thresholds.heartbeat_age(), link=to_street(),
    )  # fmt: skip


def _heartbeats() -> Panel:
    text = f"""
SELECT toStartOfInterval(e.time, INTERVAL 1 hour) AS time, uniqExact(e.source) AS `有心跳的设备`
FROM pingliu.events AS e
WHERE e.type = 'device.heartbeat' AND $__timeFilter(e.time) AND {chosen("street", table="e")}
GROUP BY time
ORDER BY time"""
    return graph(
        "每小时有心跳的设备",
        "按设备自报的时间。",
        panels.DEVICES,
        CLICKHOUSE,
        [sql(text, "timeseries")],
        stacked=True,
        every="1h",
    )


def _kinds() -> Panel:
    text = f"""
SELECT h.last AS `最后心跳`, greatest(0, dateDiff('second', h.last, now())) AS `距今`,
    {in_words("h.kind", DEVICES)} AS `类型`, {name_of("s", "h.site")} AS `站点`, {name_of("w", "h.window")} AS `窗口`,
    h.backlog AS `积压`, h.battery AS `电量`, h.firmware AS `固件`, h.source AS `设备`,
    h.street AS street, h.site AS site, h.window AS window
FROM
(
    SELECT e.source AS source, max(e.time) AS last, argMax(e.street, e.time) AS street,
        argMax(e.site, e.time) AS site, argMax(e.window, e.time) AS window,
        argMax(JSONExtractString(e.data, 'kind'), e.time) AS kind,
        argMax(JSONExtractFloat(e.data, 'backlog'), e.time) AS backlog,
        argMax(JSONExtract(e.data, 'battery', 'Nullable(Float64)'), e.time) AS battery,
        argMax(JSONExtractString(e.data, 'firmware'), e.time) AS firmware
    FROM pingliu.events AS e
    WHERE e.type = 'device.heartbeat' AND $__timeFilter(e.time) AND {chosen("street", table="e")}
    GROUP BY source
) AS h
{named("site", "h.site", "s")}
{named("window", "h.window", "w")}
ORDER BY h.last
LIMIT 500"""
    return rows(
        "设备清单", "所选时段内有过心跳的设备，最久没有心跳的在前，最多 500 台。点站点或窗口看那里的办件与评价。",
        CLICKHOUSE, [sql(text)], units={"电量": "percent", "距今": panels.SECONDS},
        links={
            "站点": to_board("window", street="street", site="site"),
            "窗口": to_board("window", street="street", site="site", window="window"),
        },
        hidden=("street", "site", "window"), colours={"距今": thresholds.heartbeat_age()},
    )  # fmt: skip


def _statuses() -> Panel:
    return graph(
        "答复", "接入网关每秒的答复，按 HTTP 状态。503 为繁忙，429 为限流，401 为凭证无效。", panels.REQUESTS,
        PROMETHEUS,
        [promql("status:pingliu_gateway_requests:rate5m", "{{status}}")], span=8,
    )  # fmt: skip


def _verdicts() -> Panel:
    return graph(
        "判定", "每秒收到的事件，按判定和原因。", panels.PER_SECOND, PROMETHEUS,
        [promql("verdict_reason:pingliu_gateway_events:rate5m", "{{verdict}} {{reason}}")], span=8,
    )  # fmt: skip


def _refused() -> Panel:
    return graph(
        "限流", "每秒因限制被拒绝的请求，按限制。", panels.REQUESTS, PROMETHEUS,
        [promql("limit:pingliu_gateway_refused:rate5m", "{{limit}}")], span=8,
    )  # fmt: skip
