"""Tables of staff that more than one paper has. Staff appear by their number (工号)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from sinks.reports.document import Block, Column, Paragraph, Table
from sinks.reports.figures.names import Names
from sinks.reports.wording import NONE, POOLS

_LEADERS: Final = 3


def leaders(name: str, caption: str, people: Sequence[tuple[str, int, str, str, Decimal]], names: Names) -> Table:
    """The first of each pool; `people`: pool, rank, staff, site, score."""
    columns = (
        Column("组别", "text", 34),
        Column("名次", "centred", 14),
        Column("工号", "text", 28),
        Column("站点", "text", 60),
        Column("得分", "points", 20),
    )
    order = list(POOLS)
    first = [one for one in people if 0 < one[1] <= _LEADERS and one[0] in POOLS]
    rows = tuple(
        (POOLS[pool], rank, names.number(staff), names.site(site), score)
        for pool, rank, staff, site, score in sorted(first, key=lambda one: (order.index(one[0]), one[1], one[2]))
    )
    return Table(name, caption, columns, rows)


def interviews(people: Sequence[tuple[str, str, Decimal, str]], names: Names) -> tuple[Block, ...]:
    """约谈 of staff: staff, site, score, reason."""
    if not people:
        return (Paragraph(NONE),)
    columns = (
        Column("工号", "text", 26),
        Column("站点", "text", 62),
        Column("得分", "points", 18),
        Column("约谈事由", "text", 50),
    )
    rows = tuple((names.number(staff), names.site(site), score, reason) for staff, site, score, reason in people)
    said = f"以下{len(rows)}名窗口人员符合约谈条件，由所在单位负责人约谈并督促改进："
    return Paragraph(said), Table("约谈", "约谈人员名单", columns, rows)


def ungraded_table(people: Sequence[tuple[str, str, str]], names: Names, state: str) -> tuple[Block, ...]:
    """Who has no band or stars: staff, site, pool."""
    if not people:
        return (Paragraph(NONE),)
    columns = (
        Column("工号", "text", 28),
        Column("站点", "text", 70),
        Column("组别", "text", 34),
        Column("情况", "centred", 24),
    )
    ordered = sorted(people, key=lambda one: (one[1], one[0]))
    rows = tuple((names.number(staff), names.site(site), POOLS.get(pool, pool), state) for staff, site, pool in ordered)
    return (Table(f"{state}名单", f"{state}人员名单", columns, rows),)
