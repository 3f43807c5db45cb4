"""季考核和季评星: streets, stations and staff of a quarter."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from sinks.reports.document import Annex, Block, Cell, Chart, Column, Document, Heading, Paragraph, Table
from sinks.reports.error import ReportError
from sinks.reports.figures.basis import Basis
from sinks.reports.figures.months import site_months
from sinks.reports.figures.names import COMMUNITY, DISTRICT, STREET, Names
from sinks.reports.figures.quarters import Loss, SiteQuarter, StaffQuarter, losses, site_quarters, staff_quarters
from sinks.reports.figures.rows import Database
from sinks.reports.papers.common import Letterhead, Section, paper
from sinks.reports.papers.general import general
from sinks.reports.papers.sites import department_annex, overdue_table, unsampled
from sinks.reports.papers.staff import leaders, ungraded_table
from sinks.reports.papers.streets import street_annexes, streets_of
from sinks.reports.period import ReportPeriod
from sinks.reports.rounding import rounded
from sinks.reports.wording import (
    BANDS,
    NONE,
    POOLS,
    STARS,
    STREET_INTERVIEWS,
    UNRATED,
    UNSAMPLED,
    change,
)
from sinks.reports.wording import losses as losses_said

_SOURCES: Final = (
    "site_quarters", "staff_quarters", "site_months", "measures", "bill_lines", "assessments", "rule_sets",
)  # fmt: skip
_FIVE: Final = 5


def quarterly(database: Database, period: ReportPeriod, head: Letterhead) -> Document:
    """Raises ReportError where the quarter wasn't assessed."""
    names = Names.of(database)
    basis = Basis.of(database, period.code)
    months = site_months(database, period.months)
    sites = site_quarters(database, period.quarters)
    staff = staff_quarters(database, period.code)
    if not sites:
        raise ReportError(f"{period.code} has no results of sites")
    scores = {(one.site, one.period): one.score for one in months if one.ranked and one.services}
    lost = losses(database, period.months)
    unrated = [(one.staff, one.site, one.pool) for one in staff if not one.rated]
    return paper(
        period,
        head,
        names,
        basis,
        _SOURCES,
        (
            general(database, period, len(sites), months),
            Section("街道季考核", _streets(sites, names)),
            Section("社区便民服务站季考核", _stations(sites, names)),
            Section("窗口人员季评星", _staff(staff, names)),
            Section("约谈和督办", _measures(sites, names)),
        ),
        (
            "社区便民服务站季考核排名表",
            "各部门事项办件和评价情况表",
            "不参评人员名单",
            "分街道站点和人员情况表（附表1起）",
        ),
        (
            Annex("附件1", "社区便民服务站季考核排名表", (_ranking(sites, names),)),
            department_annex("附件2", database, period, names),
            Annex("附件3", "不参评人员名单", ungraded_table(unrated, names, UNRATED)),
            *street_annexes(
                "附件4",
                names,
                sites,
                staff,
                lambda name, of: _site_table(period, name, of, scores, lost, names, basis),
                lambda name, of: _staff_table(name, of, names),
            ),
        ),
    )


def _streets(sites: Sequence[SiteQuarter], names: Names) -> tuple[Block, ...]:
    centres = sorted((one for one in sites if one.tier == STREET), key=lambda one: (not one.ranked, one.rank, one.site))
    if not centres:
        return (Paragraph("本期无街道结果。"),)
    columns = (
        Column("名次", "centred", 14),
        Column("街道", "text", 28),
        Column("现场检查", "points", 18, "average"),
        Column("中心得分", "points", 18, "average"),
        Column("计入站数", "integer", 16, "sum"),
        Column("得分", "points", 18, "average"),
        Column("等次", "centred", 16),
        Column("上季", "centred", 13),
        Column("升降", "centred", 15),
    )
    rows = tuple(
        (one.rank if one.ranked else UNSAMPLED, names.street(one.street), one.inspection, one.own, one.communities,
         one.score, BANDS.get(one.band), one.previous_rank or None, change(one.previous_rank, one.rank))
        for one in centres
    )  # fmt: skip
    table = Table("街道排名", "街道季考核排名表", columns, rows, total="合计/平均")
    said = "，".join(
        f"{BANDS[band]}{sum(one.band == band for one in centres)}个" for band in BANDS if band != "ungraded"
    )
    district = "".join(
        f"{names.site(one.site)}得分{rounded(one.score)}分，不参加街道排名。"
        for one in sites
        if one.tier == DISTRICT and one.score is not None
    )
    return (
        Paragraph(f"{len(centres)}个街道中，{said}。{district}"),
        table,
        Chart("街道季考核得分（分）", table, "街道", ("得分",)),
    )


def _stations(sites: Sequence[SiteQuarter], names: Names) -> tuple[Block, ...]:
    stations = [one for one in sites if one.tier == COMMUNITY]
    columns = (
        Column("街道", "text", 40),
        Column("参加排名\n站点", "integer", 20, "sum"),
        *(Column(label, "integer", 16, "sum") for band, label in BANDS.items() if band != "ungraded"),
        Column(UNSAMPLED, "integer", 18, "sum"),
    )
    rows: list[tuple[Cell, ...]] = []
    for street in streets_of(names):
        of_street = [one for one in stations if one.street == street]
        if of_street:
            bands = [sum(one.band == band for one in of_street) for band in BANDS if band != "ungraded"]
            ranked = sum(one.ranked for one in of_street)
            rows.append((names.street(street), ranked, *bands, len(of_street) - ranked))
    table = Table("社区等次", "社区便民服务站季考核等次分布", columns, tuple(rows), total="合计")
    ranked = sum(one.ranked for one in stations)
    return (
        Paragraph(f"参加排名的社区便民服务站{ranked}个，完整排名见附件1。"),
        table,
        *unsampled([one.site for one in stations if not one.ranked], names),
    )


def _ranking(sites: Sequence[SiteQuarter], names: Names) -> Table:
    columns = (
        Column("名次", "centred", 19),
        Column("街道", "text", 26),
        Column("站点", "text", 45),
        Column("现场检查", "points", 18, "average"),
        Column("得分", "points", 18, "average"),
        Column("等次", "centred", 15),
        Column("升降", "centred", 15),
    )
    stations = sorted(
        (one for one in sites if one.tier == COMMUNITY), key=lambda one: (not one.ranked, one.rank, one.site)
    )
    rows = tuple(
        (one.rank if one.ranked else UNSAMPLED, names.street(one.street), names.station(one.site), one.inspection,
         one.score, BANDS.get(one.band), change(one.previous_rank, one.rank))
        for one in stations
    )  # fmt: skip
    return Table("社区排名", "社区便民服务站季考核排名表", columns, rows, total="平均")


def _staff(staff: Sequence[StaffQuarter], names: Names) -> tuple[Block, ...]:
    stars = tuple(reversed(range(len(STARS))))
    columns = (
        Column("组别", "text", 32),
        Column("人数", "integer", 14, "sum"),
        *(Column(STARS[star], "integer", 15, "sum") for star in stars),
        Column(UNRATED, "integer", 15, "sum"),
    )
    rows: list[tuple[Cell, ...]] = []
    for pool, label in POOLS.items():
        people = [one for one in staff if one.pool == pool]
        if people:
            rated = [one for one in people if one.rated]
            counts = [sum(one.star == star for one in rated) for star in stars]
            rows.append((label, len(people), *counts, len(people) - len(rated)))
    table = Table("人员评星", "窗口人员季评星分布", columns, tuple(rows), total="合计")
    rated = [one for one in staff if one.rated]
    said = (
        f"应评窗口人员{len(staff)}人，参评{len(rated)}人，"
        f"不参评{len(staff) - len(rated)}人（名单见附件3，不参加排名）。"
        + "，".join(f"{STARS[star]}{sum(one.star == star for one in rated)}人" for star in stars)
        + "。人员以工号列示。"
    )
    chart = Chart("窗口人员季评星分布（人）", table, "组别", tuple(STARS[star] for star in stars))
    scored = [(one.pool, one.rank, one.staff, one.site, one.score) for one in rated if one.score is not None]
    return Paragraph(said), table, chart, leaders("组内前列", "窗口人员组内前三名", scored, names), *_five(rated, names)


def _five(staff: Sequence[StaffQuarter], names: Names) -> tuple[Block, ...]:
    five = sorted((one for one in staff if one.star == _FIVE), key=lambda one: (one.pool, one.rank, one.staff))
    if not five:
        return (Paragraph("本季度无五星人员。"),)
    columns = (
        Column("工号", "text", 28),
        Column("站点", "text", 64),
        Column("组别", "text", 34),
        Column("组内名次", "centred", 16),
        Column("得分", "points", 16),
    )
    rows = tuple(
        (names.number(one.staff), names.site(one.site), POOLS.get(one.pool, one.pool), one.rank, one.score)
        for one in five
    )
    return (Table("五星人员", f"五星窗口人员名单（{len(rows)}人）", columns, rows),)


def _measures(sites: Sequence[SiteQuarter], names: Names) -> tuple[Block, ...]:
    called = [one for one in sites if one.interview]
    columns = (
        Column("街道", "text", 50),
        Column("得分", "points", 30),
        Column("约谈事由", "text", 76),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (names.street(one.street), one.score, STREET_INTERVIEWS.get(one.interview, one.interview)) for one in called
    )
    said: tuple[Block, ...] = (Paragraph(NONE),)
    if rows:
        said = (
            Paragraph(f"以下{len(rows)}个街道符合约谈条件，约谈其主要负责人："),
            Table("约谈", "约谈街道名单", columns, rows),
        )
    return (
        Heading("（一）约谈", 2),
        *said,
        Heading("（二）督办", 2),
        *overdue_table([(one.site, one.overdue) for one in sites], names),
    )


def _site_table(
    period: ReportPeriod,
    name: str,
    sites: Sequence[SiteQuarter],
    scores: dict[tuple[str, str], Decimal],
    lost: dict[str, list[Loss]],
    names: Names,
    basis: Basis,
) -> Table:
    columns = (
        Column("站点", "text", 44),
        *(Column(f"{int(month[5:])}月得分", "points", 15, "average") for month in period.months),
        Column("现场检查", "points", 15, "average"),
        Column("逾期\n督办", "integer", 13, "sum"),
        Column("自身得分", "points", 15, "average"),
        Column("季得分", "points", 15, "average"),
        Column("等次", "centred", 13),
        Column("名次", "centred", 15),
        Column("街道内\n名次", "centred", 13),
        Column("失分最多的三项", "text", 52),
    )
    ordered = sorted(sites, key=lambda one: (one.tier == COMMUNITY, not one.ranked, one.rank, one.site))
    rows = tuple(
        (
            names.station(one.site), *(scores.get((one.site, month)) for month in period.months), one.inspection,
            one.overdue, one.own, one.score, BANDS.get(one.band),
            (one.rank if one.tier != DISTRICT else None) if one.ranked else UNSAMPLED, one.rank_in_street or None,
            losses_said(
                (loss.rule for loss in lost.get(one.site, [])), (loss.lost for loss in lost.get(one.site, [])),
                basis.codes,
            ),
        )
        for one in ordered
    )  # fmt: skip
    return Table(f"{name}站点", f"{name}站点季考核表（名次在同层级内）", columns, rows, total="合计/平均")


def _staff_table(name: str, staff: Sequence[StaffQuarter], names: Names) -> Table:
    columns = (
        Column("工号", "text", 24),
        Column("站点", "text", 48),
        Column("组别", "text", 28),
        Column("定档月数", "integer", 15),
        Column("办件量", "integer", 16, "sum"),
        Column("评价", "integer", 15, "sum"),
        Column("扣分次数", "integer", 15, "sum"),
        Column("有责件数", "integer", 15, "sum"),
        Column("季得分", "points", 18, "average"),
        Column("组内名次", "centred", 19),
        Column("星级", "centred", 16),
    )
    ordered = sorted(staff, key=lambda one: (not one.rated, POOLS.get(one.pool, ""), one.rank, one.staff))
    rows = tuple(
        (
            names.number(one.staff), names.station(one.site), POOLS.get(one.pool, one.pool), one.graded_months,
            one.services, one.ratings, one.deductions, one.liable, one.score if one.rated else None,
            f"{one.rank}/{one.pool_size}" if one.rank else None,
            "一票否决" if one.veto else STARS[one.star] if one.rated else UNRATED,
        )
        for one in ordered
    )  # fmt: skip
    return Table(f"{name}人员", f"{name}窗口人员季评星表", columns, rows, total="合计/平均")
