"""月通报: streets, stations and staff of a month."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from sinks.reports.document import Annex, Block, Cell, Chart, Column, Document, Heading, Paragraph, SumOf, Table, folded
from sinks.reports.error import ReportError
from sinks.reports.figures.basis import Basis
from sinks.reports.figures.counts import Counts
from sinks.reports.figures.months import SiteMonth, StaffMonth, site_months, staff_months
from sinks.reports.figures.names import COMMUNITY, DISTRICT, STREET, Names
from sinks.reports.figures.rows import Database
from sinks.reports.papers.common import Letterhead, Section, paper
from sinks.reports.papers.general import general
from sinks.reports.papers.sites import (
    COUNTS,
    counts_cells,
    department_annex,
    overdue_table,
    unsampled,
)
from sinks.reports.papers.staff import interviews, leaders, ungraded_table
from sinks.reports.papers.streets import street_annexes
from sinks.reports.period import ReportPeriod
from sinks.reports.rounding import rounded
from sinks.reports.wording import (
    BANDS,
    POOLS,
    SITE_BLOCKS,
    STAFF_BLOCKS,
    STAFF_INTERVIEWS,
    UNGRADED,
    UNSAMPLED,
    change,
    losses,
)

_SOURCES: Final = ("site_months", "staff_months", "measures", "bill_lines", "assessments", "rule_sets")
# As many stations at each end of the ranking are named in the text; the annex has all.
_ENDS: Final = 10


def monthly(database: Database, period: ReportPeriod, head: Letterhead) -> Document:
    """Raises ReportError where the month wasn't assessed."""
    names = Names.of(database)
    basis = Basis.of(database, period.code)
    found = site_months(database, (period.before, period.code))
    sites = [site for site in found if site.period == period.code]
    staff = staff_months(database, period.code)
    if not sites:
        raise ReportError(f"{period.code} has no results of sites")
    before = [site for site in found if site.period != period.code]
    return paper(
        period,
        head,
        names,
        basis,
        _SOURCES,
        (
            general(database, period, len(sites), sites, before),
            Section("街道排名", _streets(sites, names)),
            Section("社区便民服务站排名", _stations(sites, names)),
            Section("窗口人员月评分", _staff(staff, names)),
            Section("约谈和督办", _measures(sites, staff, names)),
        ),
        ("社区便民服务站排名表", "各部门事项办件和评价情况表", "不定档人员名单", "分街道站点和人员情况表（附表1起）"),
        (
            Annex("附件1", "社区便民服务站排名表", (_ranking(sites, names),)),
            department_annex("附件2", database, period, names),
            Annex("附件3", "不定档人员名单", ungraded_table([(one.staff, one.site, one.pool) for one in staff
                                                       if not one.graded], names, UNGRADED)),
            *street_annexes("附件4", names, sites, staff, lambda name, of: _site_table(name, of, names, basis),
                            lambda name, of: _staff_table(name, of, names)),
        ),
    )  # fmt: skip


def _streets(sites: Sequence[SiteMonth], names: Names) -> tuple[Block, ...]:
    centres = sorted((site for site in sites if site.tier == STREET), key=lambda site: (site.rank, site.site))
    if not centres:
        return (Paragraph("本期无街道结果。"),)
    columns = (
        Column("名次", "centred", 11),
        Column("街道", "text", 26),
        *COUNTS,
        Column("得分", "points", 16, "average"),
        Column("上月", "centred", 11),
        Column("升降", "centred", 12),
    )
    rows = tuple(
        (site.rank, names.street(site.street), *counts_cells(Counts.of([site])), site.score,
         site.previous_rank or None, change(site.previous_rank, site.rank))
        for site in centres
    )  # fmt: skip
    table = Table("街道排名", "街道便民服务中心排名表", columns, rows, total="合计/平均")
    district = [site for site in sites if site.tier == DISTRICT]
    said = (
        f"{len(centres)}个街道中，{names.street(centres[0].street)}以{rounded(centres[0].score)}分列第一位，"
        f"{names.street(centres[-1].street)}以{rounded(centres[-1].score)}分列末位。"
        + "".join(f"{names.site(site.site)}得分{rounded(site.score)}分，不参加街道排名。" for site in district)
    )
    return Paragraph(said), table, Chart("街道便民服务中心得分（分）", table, "街道", ("得分",))


def _station_columns() -> tuple[Column, ...]:
    return (
        Column("名次", "centred", 19),
        Column("街道", "text", 26),
        Column("站点", "text", 44),
        Column("办件量", "integer", 16, "sum"),
        Column("有效\n评价", "integer", 15, "sum"),
        Column("得分", "points", 18, "average"),
        Column("升降", "centred", 16),
    )


def _station_row(site: SiteMonth, names: Names) -> tuple[Cell, ...]:
    return (
        site.rank if site.ranked else UNSAMPLED, names.street(site.street), names.station(site.site), site.services,
        site.ratings, site.score if site.ranked else None,
        change(site.previous_rank, site.rank) if site.ranked else None,
    )  # fmt: skip


def _ranked(sites: Sequence[SiteMonth]) -> tuple[list[SiteMonth], list[SiteMonth]]:
    """The stations by rank, and those that have none."""
    stations = [site for site in sites if site.tier == COMMUNITY]
    ranked = sorted((site for site in stations if site.ranked), key=lambda site: (site.rank, site.site))
    return ranked, [site for site in stations if not site.ranked]


def _stations(sites: Sequence[SiteMonth], names: Names) -> tuple[Block, ...]:
    ranked, others = _ranked(sites)
    columns = _station_columns()
    first = tuple(_station_row(site, names) for site in ranked[:_ENDS])
    last = tuple(_station_row(site, names) for site in ranked[max(_ENDS, len(ranked) - _ENDS) :])
    blocks: list[Block] = [Paragraph(f"参加排名的社区便民服务站{len(ranked)}个，完整排名见附件1。")]
    if first:
        blocks.append(Table("社区前列", f"社区便民服务站排名前{len(first)}位", columns, first))
    if last:
        blocks.append(Table("社区后列", f"社区便民服务站排名后{len(last)}位", columns, last))
    return (*blocks, *unsampled([site.site for site in others], names))


def _ranking(sites: Sequence[SiteMonth], names: Names) -> Table:
    ranked, others = _ranked(sites)
    rows = tuple(_station_row(site, names) for site in (*ranked, *others))
    return Table("社区排名", "社区便民服务站排名表", _station_columns(), rows, total="合计/平均")


def _staff(staff: Sequence[StaffMonth], names: Names) -> tuple[Block, ...]:
    columns = (
        Column("组别", "text", 34),
        Column("人数", "integer", 16, "sum"),
        *(Column(label, "integer", 16, "sum") for label in BANDS.values()),
        Column("平均得分", "points", 20),
    )
    rows = []
    for pool, label in POOLS.items():
        people = [one for one in staff if one.pool == pool]
        scores = [one.score for one in people if one.graded]
        if people:
            bands = [sum(one.band == band for one in people) for band in BANDS]
            rows.append((label, len(people), *bands, sum(scores, Decimal(0)) / len(scores) if scores else None))
    table = Table("人员档次", "窗口人员月评分档次分布（平均得分不含不定档人员）", columns, tuple(rows), total="合计")
    graded = sum(one.graded for one in staff)
    said = (
        f"应评窗口人员{len(staff)}人，定档{graded}人，"
        f"不定档{len(staff) - graded}人（名单见附件3，不参加排名）。定档人员中："
        + "，".join(f"{BANDS[band]}{sum(one.band == band for one in staff)}人" for band in BANDS if band != "ungraded")
        + "。人员以工号列示。"
    )
    first = leaders(
        "组内前列", "窗口人员组内前三名",
        [(one.pool, one.rank, one.staff, one.site, one.score) for one in staff if one.graded], names,
    )  # fmt: skip
    chart = Chart("窗口人员月评分档次分布（人）", table, "组别", tuple(BANDS.values()))
    return Paragraph(said), table, chart, first


def _measures(sites: Sequence[SiteMonth], staff: Sequence[StaffMonth], names: Names) -> tuple[Block, ...]:
    called = [
        (one.staff, one.site, one.score, STAFF_INTERVIEWS.get(one.interview, one.interview))
        for one in staff
        if one.interview
    ]
    return (
        Heading("（一）约谈", 2),
        *interviews(called, names),
        Heading("（二）督办", 2),
        *overdue_table([(site.site, site.overdue) for site in sites], names),
    )


def _site_table(name: str, sites: Sequence[SiteMonth], names: Names, basis: Basis) -> Table:
    columns = (
        Column("站点", "text", 38),
        Column("办件量", "integer", 12, "sum"),
        *(Column(folded(block), "points", 12, "average") for block in SITE_BLOCKS),
        Column("合计", "points", 13, "average", SumOf(*map(folded, (SITE_BLOCKS[0], SITE_BLOCKS[-1])))),
        Column("名次", "centred", 14),
        Column("街道内\n名次", "centred", 12),
        Column("失分最多的三项", "text", 40),
    )
    ordered = sorted(sites, key=lambda site: (site.tier == COMMUNITY, not site.ranked, site.rank, site.site))
    rows = tuple(
        (
            names.station(site.site), site.services,
            *(site.blocks if site.ranked else (None,) * len(SITE_BLOCKS)),
            site.score if site.ranked else None,
            (site.rank if site.tier != DISTRICT else None) if site.ranked else UNSAMPLED,
            site.rank_in_street or None,
            losses(site.loss_rules, site.loss_points, basis.codes),
        )
        for site in ordered
    )  # fmt: skip
    return Table(f"{name}站点", f"{name}站点得分表（名次在同层级内）", columns, rows, total="合计/平均")


def _staff_table(name: str, staff: Sequence[StaffMonth], names: Names) -> Table:
    columns = (
        Column("工号", "text", 18),
        Column("站点", "text", 38),
        Column("组别", "text", 22),
        Column("办件量", "integer", 12, "sum"),
        Column("评价", "integer", 12, "sum"),
        *(Column(folded(block), "points", 14, "average") for block in STAFF_BLOCKS),
        Column("合计", "points", 15, "average", SumOf(*map(folded, (STAFF_BLOCKS[0], STAFF_BLOCKS[-1])))),
        Column("档次", "centred", 14),
        Column("组内名次", "centred", 18),
        Column("约谈", "centred", 10),
    )
    ordered = sorted(staff, key=lambda one: (not one.graded, POOLS.get(one.pool, ""), one.rank, one.staff))
    rows = tuple(
        (
            names.number(one.staff), names.station(one.site), POOLS.get(one.pool, one.pool), one.services, one.ratings,
            *(one.blocks if one.graded else (None,) * len(STAFF_BLOCKS)),
            one.score if one.graded else None, BANDS.get(one.band, one.band),
            f"{one.rank}/{one.pool_size}" if one.graded else None, "约谈" if one.interview else "",
        )
        for one in ordered
    )  # fmt: skip
    return Table(f"{name}人员", f"{name}窗口人员得分表", columns, rows, total="合计/平均")
