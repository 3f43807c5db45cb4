"""Figures that several boards have: of live buckets in the range, narrowed by what a board can choose."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.grafana import panels, thresholds
from deploy.grafana.panels import Colours, Panel, figure, graph
from deploy.grafana.queries import BAD, GOOD, GOOD_LEVELS, chosen, days
from deploy.grafana.sources import CLICKHOUSE, PROMETHEUS, promql, sql
from schemas.levels import LEVEL_NAMES


def day_figures(grain: str, *variables: str) -> Sequence[Panel]:
    """What the days of the range come to. `grain`: street or window, whose buckets are summed."""
    of = f"FROM pingliu.{grain}_days WHERE {days()}" + (f" AND {chosen(*variables)}" if variables else "")

    def one(expression: str, *, head: str = "") -> str:
        return f"{head} SELECT {expression} AS value {of}"

    return (
        figure("办件量", "所选日期内办结的服务次数（实时口径）。", panels.CASES, CLICKHOUSE, sql(one("sum(services)"))),
        figure(
            "有效评价", "每次服务只计第一条评价，不含系统默认评价（一次一评）。", panels.ENTRIES, CLICKHOUSE,
            sql(one("sum(ratings)")),
        ),
        figure(
            "主动评价率",
            f"有效评价 ÷ 办件量。{thresholds.PARTICIPATION} 得满分；高于 {thresholds.SILENT} 提示可能存在诱导评价。",
            panels.SHARE, CLICKHOUSE, sql(one("sum(ratings) / nullIf(sum(services), 0)")), thresholds.participation(),
            decimals=1,
        ),
        figure(
            "好评率", "好评 ÷ 有效评价，哪些等级算好评由规则文件决定。颜色按季考核的合格、良好、优秀分档。",
            panels.SHARE,
            CLICKHOUSE, sql(one(f"sum({GOOD}) / nullIf(sum(ratings), 0)", head=GOOD_LEVELS)), thresholds.share(),
            decimals=1,
        ),
        figure(
            "平均分", "有效评价的平均分值（满分 10 分），未按小样本校正。", panels.POINTS, CLICKHOUSE,
            sql(one("sum(points) / nullIf(sum(ratings), 0)")), thresholds.score(), decimals=2,
        ),
        figure(
            "差评", "不满意和非常不满意的有效评价。每一条都应整改。", panels.ENTRIES, CLICKHOUSE,
            sql(one(f"sum({BAD})")),
            thresholds.none_is_right(grave=3),
        ),
        figure(
            "平均等候", f"取号到首次叫号的平均时间。{thresholds.WAITING_MINUTES} 分钟以内为达标。", panels.SECONDS,
            CLICKHOUSE, sql(one("sum(wait_seconds_sum) / nullIf(sum(wait_count), 0)")), thresholds.waiting(),
            decimals=1,
        ),
        figure(
            "平均办理", "开始到办结的平均时间。", panels.SECONDS, CLICKHOUSE,
            sql(one("sum(handle_seconds_sum) / nullIf(sum(handle_count), 0)")), decimals=1,
        ),
    )  # fmt: skip


def flow(grain: str, *variables: str) -> Panel:
    """Services and ratings over the day."""
    text = f"""
SELECT $__timeInterval(bucket) AS time, sum(calls) AS `叫号`, sum(services) AS `办结`, sum(ratings) AS `评价`,
    sum(abandoned) AS `弃号`
FROM pingliu.{grain}_minutes
WHERE $__timeFilter(bucket){_and(*variables)}
GROUP BY time
ORDER BY time"""
    return graph(
        "办件与评价", "每个时段的叫号、办结、评价和弃号数量。红线为差评。", panels.CASES, CLICKHOUSE,
        [sql(text, "timeseries")], every="5m",
    )  # fmt: skip


def levels(grain: str, *variables: str) -> Panel:
    """Ratings by level over the day."""
    sums = ", ".join(f"sum({level}) AS `{name}`" for level, name in LEVEL_NAMES.items())
    text = f"""
SELECT $__timeInterval(bucket) AS time, {sums}
FROM pingliu.{grain}_minutes
WHERE $__timeFilter(bucket){_and(*variables)}
GROUP BY time
ORDER BY time"""
    return graph(
        "评价等级", "每个时段的有效评价，按五个等级。", panels.ENTRIES, CLICKHOUSE, [sql(text, "timeseries")],
        stacked=True,
        every="15m",
    )  # fmt: skip


def waits(grain: str, *variables: str) -> Panel:
    """Mean waiting over the day."""
    text = f"""
SELECT $__timeInterval(bucket) AS time, sum(wait_seconds_sum) / sum(wait_count) AS `平均等候`
FROM pingliu.{grain}_minutes
WHERE $__timeFilter(bucket){_and(*variables)}
GROUP BY time
HAVING sum(wait_count) > 0
ORDER BY time"""
    return graph(
        "平均等候时间", "每个时段内叫到号的人平均等了多久。", panels.SECONDS, CLICKHOUSE, [sql(text, "timeseries")],
        colours=thresholds.waiting(), every="5m",
    )  # fmt: skip


def judged() -> Colours:
    """The columns of a table of days that are judged as the figures are."""
    return {
        "好评率": thresholds.share(),
        "平均分": thresholds.score(),
        "差评": thresholds.none_is_right(grave=3),
        "平均等候": thresholds.waiting(),
    }


def now_figures(of: str = "") -> Sequence[Panel]:
    """How the halls are now, by Prometheus. `of`: matchers of streets, as they stand within braces."""
    near = f"{{{of}}}" if of else ""
    return (
        figure(
            "等候人数", "当日已取号、未叫号也未弃号的人数。", panels.PEOPLE, PROMETHEUS,
            promql(f"sum(street:pingliu_tickets_waiting:max{near})"), span=3,
        ),
        figure(
            "最长等候", "此刻等得最久的人已等多久。", panels.SECONDS, PROMETHEUS,
            promql(f"max(street:pingliu_longest_wait_seconds:max{near})"), thresholds.waiting(), span=3,
        ),
        figure(
            "拥堵站点", "等候人数或时间持续超过规则标准的站点，与排队拥堵通知一致。", panels.SITES, PROMETHEUS,
            promql(f"sum(street:pingliu_sites_congested:max{near})"), thresholds.none_is_right(), span=3,
        ),
        figure(
            "开放窗口", "此刻开放的窗口数，不含暂停。", panels.WINDOWS, PROMETHEUS,
            promql(f"sum(street:pingliu_windows_open:max{near})"), span=3,
        ),
        figure(
            "暂停窗口", "此刻暂停服务的窗口数。", panels.WINDOWS, PROMETHEUS,
            promql(f"sum(street:pingliu_windows_paused:max{near})"), span=3,
        ),
        figure(
            "逾期整改", "超过办结期限仍未完成的差评整改。", panels.CASES, PROMETHEUS,
            promql(f"sum(street:pingliu_rectifications_overdue:max{near})"), thresholds.none_is_right(), span=3,
        ),
        figure(
            "离线设备", f"{thresholds.OFFLINE_MINUTES} 分钟以上没有心跳的设备。", panels.DEVICES, PROMETHEUS,
            promql(f"sum(street:pingliu_devices_offline:max{near})"), thresholds.none_is_right(grave=5), span=3,
        ),
        figure(
            "最近一次数据", "距最近一次收到数据多久；有多个街道时，是最久的一个。夜间和节假日会一直增长。",
            panels.SECONDS, PROMETHEUS, promql(f"max({since_last('event', near)})"), thresholds.data_age(), span=3,
        ),
    )  # fmt: skip


def since_last(what: str, near: str = "") -> str:
    """PromQL of the seconds since each street's newest `what`: event or heartbeat. `near`: matchers, in braces."""
    return f"time() - street:pingliu_last_{what}_timestamp_seconds:max{near}"


def _and(*variables: str) -> str:
    return f" AND {chosen(*variables)}" if variables else ""
