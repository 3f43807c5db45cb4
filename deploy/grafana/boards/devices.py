"""设备: terminals and queue systems: whether they are there, and what the gateway says to them."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import panels, thresholds, variables
from deploy.grafana.board import board
from deploy.grafana.panels import Panel, figure, graph, rows
from deploy.grafana.queries import chosen, name_of, named
from deploy.grafana.sources import CLICKHOUSE, PROMETHEUS, promql, sql

_OF = 'street=~"$street"'


def devices() -> Dashboard:
    """The board."""
    return board(
        "devices",
        "设备",
        "终端、排队机等设备的在线情况，以及接入网关给它们的答复。",
        [
            ("此刻", (_known(), _offline(), _share(), _registered(), _connections(), _waiting())),
            ("设备", (_by_street(), _heartbeats(), _kinds())),
            ("接入网关", (_statuses(), _verdicts(), _refused())),
        ],
        variables=(variables.street(),),
    )


def _known() -> Panel:
    return figure(
        "已知设备", "最近 7 天内有过心跳的设备。", panels.DEVICES, PROMETHEUS,
        promql(f"sum(street:pingliu_devices_known:max{{{_OF}}})"),
    )  # fmt: skip


def _offline() -> Panel:
    return figure(
        "离线设备", "10 分钟以上没有心跳的设备。", panels.DEVICES, PROMETHEUS,
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
        "离线设备走势", "按街道编码。", panels.DEVICES, PROMETHEUS,
        [promql(f"street:pingliu_devices_offline:max{{{_OF}}}", "{{street}}")],
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
SELECT h.last AS `最后心跳`,
    transform(h.kind, ['rating', 'queue', 'kiosk', 'camera'], ['评价器', '排队机', '自助机', '摄像头'], h.kind)
        AS `类型`,
    {name_of("s", "h.site")} AS `站点`, {name_of("w", "h.window")} AS `窗口`, h.backlog AS `积压`,
    h.battery AS `电量`,
    h.firmware AS `固件`, h.source AS `设备`
FROM
(
    SELECT source, max(time) AS last, argMax(site, time) AS site, argMax(window, time) AS window,
        argMax(JSONExtractString(data, 'kind'), time) AS kind,
        argMax(JSONExtractFloat(data, 'backlog'), time) AS backlog,
        argMax(JSONExtract(data, 'battery', 'Nullable(Float64)'), time) AS battery,
        argMax(JSONExtractString(data, 'firmware'), time) AS firmware
    FROM pingliu.events
    WHERE type = 'device.heartbeat' AND $__timeFilter(time) AND {chosen("street")}
    GROUP BY source
) AS h
{named("site", "h.site", "s")}
{named("window", "h.window", "w")}
ORDER BY h.last
LIMIT 500"""
    return rows(
        "设备清单", "所选时段内有过心跳的设备，最久没有心跳的在前，最多 500 台。", CLICKHOUSE, [sql(text)],
        units={"电量": "percent"},
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
