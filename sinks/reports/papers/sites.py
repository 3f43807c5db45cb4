"""Tables of sites that more than one paper has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sinks.reports.document import Annex, Block, Cell, Column, Paragraph, ShareOf, Table
from sinks.reports.figures.counts import Counts, Measured, measured
from sinks.reports.figures.months import SiteMonth
from sinks.reports.figures.names import COMMUNITY, Names
from sinks.reports.figures.rows import Database
from sinks.reports.period import ReportPeriod
from sinks.reports.wording import PIONEERS, POOLS, TIERS, UNASSIGNED, joined

# Counts of services and ratings, with the shares made of them.
COUNTS: Final = (
    Column("办件量", "integer", 14, "sum"),
    Column("按期\n评价件", "integer", 15, "sum"),
    Column("主动\n评价率", "share", 17.5, formula=ShareOf("按期\n评价件", "办件量")),
    Column("有效\n评价", "integer", 13, "sum"),
    Column("好评", "integer", 13, "sum"),
    Column("好评率", "share", 17.5, formula=ShareOf("好评", "有效\n评价")),
    Column("差评", "integer", 10, "sum"),
)


def counts_cells(counts: Counts) -> tuple[Cell, ...]:
    """Cells of COUNTS."""
    return (
        counts.services, counts.rated_services, counts.participation,
        counts.ratings, counts.good_ratings, counts.good_share, counts.bad_ratings,
    )  # fmt: skip


def tier_table(sites: Sequence[SiteMonth]) -> Table:
    """By tier, over all months given."""
    columns = (Column("层级", "text", 38), Column("站点数", "integer", 13, "sum"), *COUNTS)
    rows = []
    for tier, label in TIERS.items():
        of_tier = [site for site in sites if site.tier == tier]
        if of_tier:
            rows.append((label, len({site.site for site in of_tier}), *counts_cells(Counts.of(of_tier))))
    return Table("总体情况", "分层级办件和评价情况", columns, tuple(rows), total="合计")


def pool_table(pools: Iterable[Measured], pioneers: Iterable[Measured]) -> tuple[Table, Table]:
    """By the pool of who served, and by whether theirs is a pioneers' post."""
    columns = (Column("组别", "text", 32), *COUNTS)
    by_pool = tuple(
        (POOLS.get(row.code, UNASSIGNED), *counts_cells(Counts.of([row]))) for row in sorted(pools, key=_order)
    )
    by_post = tuple(
        (PIONEERS.get(row.code, UNASSIGNED), *counts_cells(Counts.of([row])))
        for row in sorted(pioneers, key=lambda row: row.code, reverse=True)
    )
    return (
        Table("分组情况", "分组办件和评价情况", columns, by_pool, total="合计"),
        Table("先锋岗情况", "党员先锋岗办件和评价情况", (Column("岗位", "text", 32), *COUNTS), by_post, total="合计"),
    )


def _order(row: Measured) -> int:
    """The pools in their order, what belongs to none last."""
    return list(POOLS).index(row.code) if row.code in POOLS else len(POOLS)


def department_annex(title: str, database: Database, period: ReportPeriod, names: Names) -> Annex:
    """By the department of the item."""
    columns = (Column("事项主管部门", "text", 46), *COUNTS, Column("办不\n成事", "integer", 14, "sum"))
    rows = tuple(
        (names.department(row.code) or "事项未登记", *counts_cells(Counts.of([row])), row.unresolved)
        for row in measured(database, period.months, "department")
    )
    name = "各部门事项办件和评价情况表"
    return Annex(title, name, (Table("部门情况", name, columns, rows, total="合计"),))


def unsampled(stations: Sequence[str], names: Names) -> tuple[Block, ...]:
    """Stations that have too few services, by street."""
    if not stations:
        return (Paragraph("本期无样本不足的社区便民服务站。"),)
    by_street: dict[str, list[str]] = {}
    for code in stations:
        by_street.setdefault(names.sites[code].street, []).append(names.station(code))
    said = "；".join(f"{names.street(street)}：{joined(found)}" for street, found in sorted(by_street.items()))
    return (Paragraph(f"以下{len(stations)}个社区便民服务站样本不足，只列名单、不参加排名：{said}。"),)


def overdue_table(overdue: Sequence[tuple[str, int]], names: Names) -> tuple[Block, ...]:
    """督办: sites with matters that went overdue."""
    overdue = [(site, number) for site, number in overdue if number]
    if not overdue:
        return (Paragraph("本期无逾期未办结的督办事项。"),)
    columns = (Column("街道", "text", 40), Column("站点", "text", 80), Column("逾期督办（件）", "integer", 36, "sum"))
    rows = tuple(
        (names.street(names.sites[site].street) if site in names.sites else "", names.station(site), number)
        for site, number in overdue
    )
    said = f"本期有{len(rows)}个站点的督办事项逾期未办结，共{sum(number for _, number in overdue)}件。"
    return Paragraph(said), Table("督办", "督办事项逾期情况", columns, rows, total="合计")


def is_station(tier: str) -> bool:
    return tier == COMMUNITY
