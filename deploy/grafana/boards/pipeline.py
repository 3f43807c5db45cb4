"""流水线健康: for those who run pingliu: whether every role is there, keeps up, saves and stores."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana import panels, thresholds
from deploy.grafana.board import board, to_board, to_street
from deploy.grafana.boards.measures import since_last
from deploy.grafana.panels import Panel, figure, graph, rows
from deploy.grafana.sources import CLICKHOUSE, PROMETHEUS, promql, sql

# As the alerts have them.
_CHECKPOINT_OLD = 60.0
_STALLED = 120.0
_REJECTED = 0.01
_UNSENT = 300.0
_LOST = 60.0
# Within a second a bad rating must be seen.
_VISIBLE = 1.0


def pipeline() -> Dashboard:
    """The board."""
    return board(
        "pipeline",
        "流水线健康",
        "各角色是否在运行、是否跟得上、是否按时保存和入库；面向运维人员。",
        [
            ("此刻", (_up(), _ready(), _lag_now(), _checkpoint_age(), _rejected_share(), _dead())),
            ("处理", (_accepted(), _lag(), _progress(), _rejected(), _ages())),
            ("延迟", (_latency(), _canary_age())),
            ("保存与入库", (_checkpoints(), _inserts(), _rows(), _busy())),
            ("接入与进程", (_publish(), _memory(), _cpu(), _streets())),
            ("通知与看板", (_unsent(), _waiting(), _failures(), _pages(), _board_age())),
            ("核对", (_positions(), _rejects(), _differences())),
        ],
        since="now-3h",
        refresh="30s",
    )


def _up() -> Panel:
    return figure(
        "停止的角色", "Prometheus 取不到指标的角色。", panels.ONE, PROMETHEUS,
        promql('count(up{job=~"pingliu-.+"}) - sum(up{job=~"pingliu-.+"})'), thresholds.none_is_right(),
    )  # fmt: skip


def _ready() -> Panel:
    return figure(
        "未就绪的角色", "正在恢复状态，或等待依赖的角色。", panels.ONE, PROMETHEUS,
        promql("count(pingliu_ready) - sum(pingliu_ready)"), thresholds.none_is_right(),
    )  # fmt: skip


def _lag_now() -> Panel:
    return figure(
        "积压",
        "尚未处理并提交的消息，各角色合计。",
        panels.ENTRIES,
        PROMETHEUS,
        promql("sum(role_topic:pingliu_lag_messages:sum)"),
    )


def _checkpoint_age() -> Panel:
    return figure(
        "检查点", "距上次把已处理内容全部保存多久。", panels.SECONDS, PROMETHEUS,
        promql("max(pingliu_checkpoint_age_seconds)"),
        thresholds.age(_CHECKPOINT_OLD), decimals=1,
    )  # fmt: skip


def _rejected_share() -> Panel:
    return figure(
        "拒收比例", "最近 15 分钟被拒收的消息占比，警戒线 1%。", panels.SHARE, PROMETHEUS,
        promql("district:pingliu_events_rejected:ratio15m"), thresholds.small_share(_REJECTED), decimals=2,
    )  # fmt: skip


def _dead() -> Panel:
    return figure(
        "死信", "自启动以来 ClickHouse 拒绝的数据行。", panels.ENTRIES, PROMETHEUS,
        promql("sum(pingliu_rows_bad_total)"),
        thresholds.none_is_right(),
    )  # fmt: skip


def _accepted() -> Panel:
    return graph(
        "消息", "每秒接收的有效事件，以及各角色每秒处理的消息。", panels.PER_SECOND, PROMETHEUS,
        [
            promql("district:pingliu_events_accepted:rate5m", "有效事件"),
            promql("role_topic:pingliu_messages:rate5m", "{{role}} {{topic}}", ref="B"),
        ],
    )  # fmt: skip


def _lag() -> Panel:
    return graph(
        "积压走势", "按角色和主题。", panels.ENTRIES, PROMETHEUS,
        [promql("role_topic:pingliu_lag_messages:sum", "{{role}} {{topic}}")],
    )  # fmt: skip


def _progress() -> Panel:
    return graph(
        "距上次进展", "没有消息时也会增长；有积压而增长才是停滞。", panels.SECONDS, PROMETHEUS,
        [promql("pingliu_progress_age_seconds", "{{role}} {{instance}}")], colours=thresholds.age(_STALLED),
    )  # fmt: skip


def _rejected() -> Panel:
    return graph(
        "拒收", "每秒拒收的消息，按原因。", panels.PER_SECOND, PROMETHEUS,
        [promql("reason:pingliu_events_rejected:rate5m", "{{reason}}")],
    )  # fmt: skip


def _ages() -> Panel:
    return graph(
        "各街道距最近数据", "距收到每个街道最近一条数据多久，按街道编码；点线看该街道。夜间和节假日会一直增长。",
        panels.SECONDS, PROMETHEUS, [promql(since_last("event"), "{{street}}")], colours=thresholds.data_age(),
        span=24, link=to_street(),
    )  # fmt: skip


def _latency() -> Panel:
    return graph(
        "事件延迟（P95）", "探测事件从发出到实时可见、到入库的时间；须指定 --canary。", panels.SECONDS, PROMETHEUS,
        [
            promql("role:pingliu_canary_live_seconds:p95_5m", "实时可见"),
            promql("role:pingliu_canary_stored_seconds:p95_5m", "入库", ref="B"),
        ],
        colours=thresholds.age(_VISIBLE),
    )  # fmt: skip


def _canary_age() -> Panel:
    return graph(
        "最近到达的探测事件", "最近一次到达的探测事件发出了多久；每 10 秒发一次。", panels.SECONDS, PROMETHEUS,
        [
            promql("role:pingliu_canary_live_age_seconds:min", "实时可见"),
            promql("role:pingliu_canary_stored_age_seconds:min", "入库", ref="B"),
        ],
        colours=thresholds.age(_LOST),
    )  # fmt: skip


def _checkpoints() -> Panel:
    return graph(
        "检查点耗时（P95）", "包括发布和提交。", panels.SECONDS, PROMETHEUS,
        [promql("role:pingliu_checkpoint_duration_seconds:p95_5m", "{{role}}")], colours=thresholds.age(_VISIBLE),
    )  # fmt: skip


def _inserts() -> Panel:
    return graph(
        "入库耗时（P95）", "成功的写入，按表。", panels.SECONDS, PROMETHEUS,
        [promql("table:pingliu_insert_duration_seconds:p95_5m", "{{table}}")], colours=thresholds.age(_VISIBLE),
    )  # fmt: skip


def _rows() -> Panel:
    return graph(
        "入库行数", "每秒写入的行，按表。", panels.PER_SECOND, PROMETHEUS,
        [promql("table:pingliu_rows_inserted:rate5m", "{{table}}")],
    )  # fmt: skip


def _busy() -> Panel:
    return graph(
        "等待 ClickHouse", "入库角色等待 ClickHouse 的时间占比。", panels.SHARE, PROMETHEUS,
        [promql("instance:pingliu_busy_seconds:ratio5m", "{{instance}}")], colours=thresholds.small_share(0.25),
    )  # fmt: skip


def _publish() -> Panel:
    return graph(
        "网关写入耗时（P95）", "从判定到消息系统确认。", panels.SECONDS, PROMETHEUS,
        [promql("role:pingliu_gateway_publish_duration_seconds:p95_5m", "{{role}}")], colours=thresholds.age(_VISIBLE),
    )  # fmt: skip


def _memory() -> Panel:
    return graph(
        "内存", "各进程的常驻内存。", panels.BYTES, PROMETHEUS,
        [promql('process_resident_memory_bytes{job=~"pingliu-.+"}', "{{role}} {{instance}}")],
    )  # fmt: skip


def _cpu() -> Panel:
    return graph(
        "CPU", "各进程占用的核数。", panels.ONE, PROMETHEUS,
        [promql('rate(process_cpu_seconds_total{job=~"pingliu-.+"}[$__rate_interval])', "{{role}} {{instance}}")],
    )  # fmt: skip


def _streets() -> Panel:
    return graph(
        "街道与重平衡", "各进程负责的街道数，以及分区重新分配的次数。", panels.ONE, PROMETHEUS,
        [
            promql("pingliu_streets", "街道 {{instance}}"),
            promql("increase(pingliu_rebalances_total[$__rate_interval])", "重平衡 {{role}} {{instance}}", ref="B"),
        ],
    )  # fmt: skip


def _unsent() -> Panel:
    return graph(
        "最早待发通知", "最早一条待发通知已等待多久，按接收方；免打扰时段内暂存的不计。", panels.SECONDS, PROMETHEUS,
        [promql("target:pingliu_notify_oldest_age_seconds:max", "{{target}}")], colours=thresholds.age(_UNSENT), span=8,
    )  # fmt: skip


def _waiting() -> Panel:
    return graph(
        "待发通知", "尚未送达的通知，按接收方；包括免打扰时段内暂存的。", panels.ENTRIES, PROMETHEUS,
        [promql("target:pingliu_notify_waiting:sum", "{{target}}")], span=8,
    )  # fmt: skip


def _failures() -> Panel:
    return graph(
        "发送失败", "最近 15 分钟失败的发送，按接收方和原因；失败后自动重发。", panels.ENTRIES, PROMETHEUS,
        [promql("target_reason:pingliu_notify_failures:increase15m > 0", "{{target}} {{reason}}")], span=8,
    )  # fmt: skip


def _pages() -> Panel:
    return graph(
        "实时看板页面", "此刻打开的实时看板页面数。", panels.ONE, PROMETHEUS,
        [promql("pingliu_board_clients", "{{instance}}")],
    )  # fmt: skip


def _board_age() -> Panel:
    return graph(
        "实时看板的最新消息", "看板收到的最新实时消息距今多久；夜间没有消息，会一直增长。", panels.SECONDS, PROMETHEUS,
        [promql("pingliu_board_live_age_seconds", "{{instance}}")],
    )  # fmt: skip


def _positions() -> Panel:
    text = """
SELECT topic AS `主题`, partition AS `分区`, next_offset AS `下一偏移`, delivered AS `送达`,
    duplicate_rate AS `重复率`, updated_at AS `更新时间`
FROM pingliu.sink_progress
ORDER BY topic, partition"""
    return rows(
        "入库位置",
        "每个分区存到哪里，以及重复送达的比例。",
        CLICKHOUSE,
        [sql(text)],
        span=12,
        units={"重复率": panels.SHARE},
    )


def _rejects() -> Panel:
    text = """
SELECT reason AS `原因`, path AS `字段`, count() AS `消息`, max(received_at) AS `最近一次`
FROM pingliu.rejected
WHERE $__timeFilter(received_at)
GROUP BY reason, path
ORDER BY `消息` DESC
LIMIT 100"""
    return rows("拒收原因", "所选时段内拒收的消息，按原因和字段。", CLICKHOUSE, [sql(text)], span=12)


def _differences() -> Panel:
    text = """
SELECT street AS `街道`, day AS `日期`, measure AS `指标`, live AS `实时`, facts AS `事实`, street AS street
FROM pingliu.reconciliation
ORDER BY day DESC, street
LIMIT 100"""
    return rows(
        "实时与事实不一致", "应为空；迟到 7 天以上的事件只进事实表，会显示在这里。点街道看详情。", CLICKHOUSE,
        [sql(text)], links={"街道": to_board("street", street="street")}, hidden=("street",),
    )  # fmt: skip
