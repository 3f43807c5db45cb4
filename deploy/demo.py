"""The demonstration: what supervisors and auditors ask first, of the last full month, and then the hall as if it were open."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from deploy.asking import ask_rows
from deploy.folder import Folder
from deploy.ingest import Ingested, ingest
from deploy.progress_bar import progress_bar
from deploy.running import running, until_interrupted
from deploy.simulator import estimate, live, simulate
from schemas.moments import SHANGHAI
from schemas.registry import Registry
from streams.routing import address
from streams.transport.log import Log
from streams.transport.record import Entry

STREETS: Final = """
SELECT
    r.name AS "街道", s.services AS "办件", a.ratings AS "主动评价",
    concat(toString(round(100 * a.ratings / s.services, 1)), '%') AS "主动评价率",
    concat(toString(round(100 * a.good / a.ratings, 2)), '%') AS "好评率",
    c.still_open AS "整改中差评", c.overdue AS "逾期差评", round(s.wait / 60, 1) AS "平均等候(分)"
FROM (SELECT street, count() AS services, avg(wait_seconds) AS wait FROM services WHERE completed_at IS NOT NULL GROUP BY street) AS s
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
    t.name AS "站点", w.name AS "窗口", count() AS "评价", countIf(r.level IN (SELECT level FROM levels WHERE bad)) AS "差评",
    concat(toString(round(100 * countIf(r.level IN (SELECT level FROM levels WHERE bad)) / count(), 1)), '%') AS "差评率",
    round(avg(r.points), 2) AS "平均分"
FROM ratings AS r
LEFT JOIN (SELECT code, name, parent FROM registry WHERE kind = 'window') AS w ON r.window = w.code
LEFT JOIN (SELECT code, name FROM registry WHERE kind = 'site') AS t ON r.site = t.code
WHERE r.effective AND NOT r.voided AND r.window != ''
GROUP BY r.site, r.window, t.name, w.name HAVING count() >= 20
ORDER BY avg(r.points) LIMIT 5
"""

REJECTS: Final = """
SELECT reason AS "拒收原因", count() AS "条数", any(detail) AS "例" FROM rejected GROUP BY reason ORDER BY count() DESC, reason
"""

_SEED: Final = 7
TABLES: Final = (("各街道", STREETS), ("评分最低的五个窗口", WORST), ("被拒收的消息", REJECTS))


def run(folder: Folder, district: Path, port: int, scale: float) -> None:
    """The whole demonstration, on standard output. Raises what the roles and ClickHouse raise."""
    console = Console()
    first, days = last_full_month(datetime.now(SHANGHAI).date())
    with running(folder, None, district, port, join=False) as check:
        with Log(folder.log) as log:
            is_done = any(log.ends().values())
        if is_done:
            console.print(f"{folder.root} 里已有数据,不再模拟。")
        else:
            console.print(f"模拟 {first:%Y年%m月} 全月({days} 天)并同时处理…")
            registry = Registry.load(district)
            with progress_bar("处理", estimate(registry, first, days, scale)) as advance:
                lines = _counted(simulate(registry, first, days, _SEED, scale), advance)
                done = ingest(folder, lines, check, lambda *_: None)
            show_ingested(console, done)
        show_tables(console, folder)
        endpoint = folder.endpoint()
        if endpoint is not None:
            console.print(f"SQL(只读):curl '{endpoint.url}?database=pingliu' -d 'SELECT count() FROM events'")
        if not sys.stdin.isatty():
            return
        console.print("现在起按真实速度继续产生事件;Ctrl-C 结束。")
        until_interrupted(check, live_feed(folder, district, _SEED))
    console.print("已停止,数据已全部入库。")


def _counted(lines: Iterator[bytes], advance: Callable[[int], None]) -> Iterator[bytes]:
    for line in lines:
        yield line
        advance(1)


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


def show_tables(console: Console, folder: Folder) -> None:
    """What a supervisor and an auditor would ask first. Raises AskingError."""
    for title, sql in TABLES:
        rows = ask_rows(folder, sql)
        table = Table(title=title, title_justify="left")
        for name in rows[0] if rows else ():
            table.add_column(name, justify="left" if isinstance(rows[0][name], str) else "right")
        for row in rows:
            table.add_row(*(_cell(value) for value in row.values()))
        console.print(table)


def live_feed(folder: Folder, district: Path, seed: int) -> Callable[[], float]:
    """A step that appends what has arrived by now, at real speed, and says when to call it next."""
    registry = Registry.load(district)
    now = datetime.now(UTC).astimezone(SHANGHAI)
    arrivals = live(registry, seed, now, 1.0)
    partitions = folder.settings(None).partitions
    ahead: list[tuple[datetime, bytes]] = []

    def arrived() -> Iterator[bytes]:
        for when, line in chain(list(ahead), arrivals):
            ahead.clear()
            if when > datetime.now(UTC):
                ahead.append((when, line))
                return
            yield line

    log = Log(folder.log)

    def step() -> float:
        now_ms = time.time_ns() // 1_000_000
        entries = []
        for line in arrived():
            topic, partition, key = address(line, partitions)
            entries.append(Entry(topic, partition, now_ms, key, line))
        if entries:
            log.append(entries)
        return 0.2

    return step


def _cell(value: Any) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return "" if value is None else str(value)
