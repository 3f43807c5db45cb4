"""The bill of a score as a person reads it."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from deploy.assessing import bring_up_to_date, opened, period_of, shown
from deploy.mistake import Mistake
from sinks.assessment.explain import Bill, Unknown, explain
from sinks.assessment.sealed import seal_of

_TITLES: Final = {
    "staff": "人员",
    "site": "站点",
    "centre": "街道便民服务中心本级",
    "entry": "录入事项（不计入本期得分）",
}
_BLOCKS: Final = {
    "rating": "评价",
    "efficiency": "效率",
    "discipline": "工作纪律",
    "service": "服务规范",
    "bonus": "加分",
    "participation": "主动评价",
    "closing": "差评闭环",
    "opening": "开窗",
    "quality": "数据质量",
    "patrol": "巡查督办",
    "months": "各月",
    "quarters": "各季",
    "inspection": "现场检查",
    "supervision": "督办",
    "street": "街道",
    "stars": "评星",
    "review": "评议",
    "adjustment": "调整",
}


def print_bill(
    data: Path | None, clickhouse: str | None, of: Any, subject: str, text: str, with_events: bool, as_json: bool
) -> None:
    """Prints a bill, after bringing the period up to date. Raises Mistake for an unknown subject."""
    period = period_of(text)
    with opened(data, clickhouse) as warehouse:
        bring_up_to_date(warehouse, period)
        try:
            bill = explain(warehouse, of, subject, period)
        except Unknown as error:
            raise Mistake(str(error)) from error
        sealed = seal_of(warehouse, period)
    if as_json:
        click.echo(msgspec.json.encode(bill))
        return
    state = f"已封账 {sealed.sealed_at}，此为按目前事实重算" if sealed else "未封账"
    click.echo(f"{bill.subject} {period.text} 得分 {shown(bill.score) or '无'}（{state}）")
    _print_lines(bill, with_events)


def _print_lines(bill: Bill, with_events: bool) -> None:
    for (scope, block), lines in groupby(bill.lines, key=lambda line: (line.scope, line.block)):
        of_block = list(lines)
        total = sum(line.points for line in of_block)
        title = "" if scope == bill.scope else f"［{_TITLES[scope]}］"
        click.echo(f"{title}{_BLOCKS.get(block, block)}  {shown(total)}")
        for line in of_block:
            count = f"  {line.count}/{line.of}" if line.of else ""
            click.echo(f"  {shown(line.points):>8}  {line.rule:26} {line.detail}{count}  [{len(line.events)} events]")
            if with_events:
                for source, name in line.events:
                    click.echo(f"{'':12}{name}  {source}")
