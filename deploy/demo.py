"""The demonstration: what officials ask first of the last full month, and then the hall as if it were open now."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from deploy.asking import ask_rows
from deploy.board.server import is_installed
from deploy.folder import Folder
from deploy.ingest import Ingested, ingest
from deploy.live_feed import LiveFeed
from deploy.progress_bar import progress_bar
from deploy.running import running, until_interrupted, wait_ready
from deploy.simulator import estimate, live, simulate
from deploy.warehouse import open_warehouse
from schemas.event import Reason
from schemas.moments import SHANGHAI
from schemas.registry import Registry, Window
from sinks.assessment.assessor import assess
from sinks.assessment.before import current
from sinks.assessment.period import Period

STREETS: Final = """
SELECT
    r.name AS "街道", s.services AS "办件", a.ratings AS "主动评价",
    concat(toString(round(100 * a.ratings / s.services, 1)), '%') AS "主动评价率",
    concat(toString(round(100 * a.good / a.ratings, 2)), '%') AS "好评率",
    c.still_open AS "整改中差评", c.overdue AS "逾期差评", round(s.wait / 60, 1) AS "平均等候(分)"
FROM (
    SELECT street, count() AS services, avg(wait_seconds) AS wait
    FROM services WHERE completed_at IS NOT NULL GROUP BY street
) AS s
LEFT JOIN (
    SELECT street, count() AS ratings, countIf(level IN (SELECT level FROM levels WHERE good)) AS good
    FROM ratings WHERE effective AND NOT voided GROUP BY street
) AS a ON s.street = a.street
LEFT JOIN (
    SELECT street, countIf(state IN ('open', 'contacted', 'verified', 'reopened')) AS still_open,
        countIf(on_time = 0 AND completed_at IS NULL AND state NOT IN ('void', 'closed')) AS overdue
    FROM rectifications GROUP BY street
) AS c ON s.street = c.street
LEFT JOIN (SELECT code, name FROM registry WHERE kind = 'street') AS r ON s.street = r.code
ORDER BY s.street
"""

WORST: Final = """
SELECT
    t.name AS "站点", w.name AS "窗口", count() AS "评价",
    countIf(r.level IN (SELECT level FROM levels WHERE bad)) AS "差评",
    concat(toString(round(100 * "差评" / "评价", 1)), '%') AS "差评率",
    round(avg(r.points), 2) AS "平均分"
FROM ratings AS r
LEFT JOIN (SELECT code, name, parent FROM registry WHERE kind = 'window') AS w ON r.window = w.code
LEFT JOIN (SELECT code, name FROM registry WHERE kind = 'site') AS t ON r.site = t.code
WHERE r.effective AND NOT r.voided AND r.window != ''
GROUP BY r.site, r.window, t.name, w.name HAVING count() >= 20
ORDER BY avg(r.points) LIMIT 5
"""

_REASONS: Final[dict[Reason, str]] = {
    "too_large": "消息过大",
    "not_utf8": "不是UTF-8",
    "not_json": "不是JSON",
    "not_an_event": "不是事件",
    "unknown_type": "未知类型",
    "invalid_field": "字段有误",
    "misplaced": "站点或窗口不相属",
    "clock_ahead": "时钟超前",
}

REJECTS: Final = f"""
SELECT transform(reason, {[*_REASONS]}, {[*_REASONS.values()]}, '') AS "拒收原因", reason AS "代码", count() AS "条数"
FROM rejected GROUP BY reason ORDER BY count() DESC, reason
"""

# Half-up to 2 digits, as papers have it.
STREET_SCORES: Final = """
SELECT
    rank AS "名次", t.name AS "街道", toString(round(score, 2)) AS "月通报得分",
    toString(round(rating_points, 2)) AS "评价",
    toString(round(closing_points, 2)) AS "差评闭环", toString(round(efficiency_points, 2)) AS "效率",
    toString(round(patrol_points, 2)) AS "巡查督办"
FROM site_months AS m
LEFT JOIN (SELECT code, name FROM registry WHERE kind = 'street') AS t ON m.street = t.code
WHERE period = '{period}' AND tier = 'street' ORDER BY rank, site
"""

STAFF_BANDS: Final = """
SELECT
    transform(pool, ['centre_general', 'centre_department', 'street', 'community'],
        ['中心综合窗口', '中心部门窗口', '街道', '社区'], '') AS "组别",
    count() AS "人员", countIf(band = 'excellent') AS "优秀", countIf(band = 'good') AS "良好",
    countIf(band = 'pass') AS "合格",
    countIf(band = 'fail') AS "不合格", countIf(band = 'ungraded') AS "不定档",
    toString(round(avgIf(score, graded), 2)) AS "平均得分"
FROM staff_months WHERE period = '{period}' GROUP BY pool ORDER BY pool
"""

_SEED: Final = 7
_WIDTH: Final = 110
TABLES: Final = (("各街道", STREETS), ("评分最低的五个窗口", WORST), ("被拒收的消息", REJECTS))
SCORES: Final = (("街道月通报(未封账)", STREET_SCORES), ("窗口人员月评分(未封账)", STAFF_BANDS))


def run(folder: Folder, district: Path, port: int, scale: float) -> None:
    """The whole demonstration, on standard output. Raises what the roles and ClickHouse raise."""
    # Wide enough for the tables where nobody's terminal says otherwise.
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    first, days = last_full_month(datetime.now(SHANGHAI).date())
    looks = () if is_installed() else None
    with running(folder, None, district, port, gateway=(), board=looks) as check:
        # Written when a month is through; one that was broken off is simply delivered again.
        done_file = folder.run / f"demo-{first:%Y-%m}-{scale:g}"
        if done_file.exists():
            console.print(f"{folder.root} 里已有 {first:%Y年%m月} 的数据,不再模拟。")
        else:
            console.print(f"模拟 {first:%Y年%m月} 全月({days} 天)并同时处理…")
            registry = Registry.load(district)
            with progress_bar("处理", estimate(registry, first, days, scale)) as advance:
                lines = _counted(simulate(registry, first, days, _SEED, scale), advance)
                done = ingest(folder, lines, check, lambda *_: None)
            show_ingested(console, done)
            done_file.touch()
        endpoint, gateway = wait_ready(folder.endpoint, check), wait_ready(folder.gateway, check)
        show_tables(console, folder, TABLES)
        console.print(f"按考核规则计算 {first:%Y年%m月} 的得分…")
        period = Period.month_of(first)
        with open_warehouse(folder.root, None) as warehouse:
            assess(warehouse, period, current(warehouse))
        show_tables(console, folder, [(title, sql.format(period=period.text)) for title, sql in SCORES])
        console.print(f"每一分的依据:pingliu explain staff S0142 {period.text} --data {folder.root}", soft_wrap=True)
        console.print(
            f"SQL(只读):curl '{endpoint.url}?database=pingliu' -d 'SELECT count() FROM events'", soft_wrap=True
        )
        if looks is not None:
            console.print(f"实时看板:{wait_ready(folder.board, check).url}", soft_wrap=True)
        if not sys.stdin.isatty():
            return
        registry = Registry.load(district)
        own = left_to_people(registry)
        arrivals = live(registry, _SEED, datetime.now(SHANGHAI), scale, unstaffed=own.code)
        with LiveFeed(folder, gateway.url, arrivals) as feed:
            site = registry.sites[own.site]
            token = feed.tablet(site.street, site.code, own.code)
            console.print(f"{site.name}{own.name}留给您:在浏览器打开评价页,按下的评价即上看板(地址含令牌,仅供演示):")
            console.print(f"{gateway.url}terminal?window={own.code}#token={token}", soft_wrap=True, highlight=False)
            console.print(f"现在起各类终端按真实速度经网关 {gateway.url} 上报事件;Ctrl-C 结束。", soft_wrap=True)
            until_interrupted(check, feed.step)
    console.print("已停止,数据已全部入库。")


def _counted(lines: Iterator[bytes], advance: Callable[[int], None]) -> Iterator[bytes]:
    for line in lines:
        yield line
        advance(1)


def left_to_people(registry: Registry) -> Window:
    """The window at which nobody is simulated: the third of the first street centre, or what comes next to that."""
    sites = sorted(registry.sites.values(), key=lambda site: site.level != "street")
    windows = next(windows for site in sites if (windows := registry.windows_of(site.code)))
    return windows[:3][-1]


def last_full_month(today: date) -> tuple[date, int]:
    """First day and number of days of the month before today's."""
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last.day


def show_ingested(console: Console, done: Ingested) -> None:
    """One line about an ingest, for officials."""
    console.print(
        f"读入 {done.read:,} 条,接收 {done.accepted:,},拒收 {sum(done.rejected.values()):,},重复 {done.duplicates:,};"
        f"用时 {done.seconds:.1f} 秒,每秒 {done.events_per_second:,} 条,均已可查询。"
    )


def show_tables(console: Console, folder: Folder, tables: Iterable[tuple[str, str]]) -> None:
    """What a supervisor and an auditor would ask first: tables by title and SQL. Raises AskingError."""
    for title, sql in tables:
        rows = ask_rows(folder, sql)
        table = Table(title=title, title_justify="left")
        for name in rows[0] if rows else ():
            table.add_column(name, justify="left" if isinstance(rows[0][name], str) else "right")
        for row in rows:
            table.add_row(*(_cell(value) for value in row.values()))
        console.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else str(value)
