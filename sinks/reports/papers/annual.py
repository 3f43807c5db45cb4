"""年度排名和年度政务服务明星候选: two rankings of sites, and candidates among staff."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from sinks.reports.document import Annex, Block, Chart, Column, Document, Paragraph, Table
from sinks.reports.error import ReportError
from sinks.reports.figures.basis import Basis
from sinks.reports.figures.months import site_months
from sinks.reports.figures.names import COMMUNITY, DISTRICT, STREET, Names
from sinks.reports.figures.quarters import site_quarters
from sinks.reports.figures.rows import Database
from sinks.reports.figures.years import SiteYear, StaffYear, site_years, staff_years
from sinks.reports.papers.common import Letterhead, Section, paper
from sinks.reports.papers.general import general
from sinks.reports.papers.sites import department_annex, overdue_table, unsampled
from sinks.reports.papers.streets import street_annexes
from sinks.reports.period import ReportPeriod
from sinks.reports.rounding import rounded
from sinks.reports.wording import POOLS, UNRATED, UNSAMPLED, change, losses

_SOURCES: Final = (
    "site_years", "staff_years", "site_quarters", "site_months", "measures", "bill_lines", "assessments",
    "rule_sets",
)  # fmt: skip
# The scores of the year's quarters, by site and quarter.
Quarters = dict[tuple[str, str], Decimal]


def annual(database: Database, period: ReportPeriod, head: Letterhead) -> Document:
    """Raises ReportError where the year wasn't assessed."""
    names = Names.of(database)
    basis = Basis.of(database, period.code)
    months = site_months(database, period.months)
    quarters = site_quarters(database, period.quarters)
    sites = site_years(database, period.code)
    staff = staff_years(database, period.code)
    if not sites:
        raise ReportError(f"{period.code} has no results of sites")
    scores = {(one.site, one.period): one.score for one in quarters if one.score is not None}
    overdue: dict[str, int] = {}
    for quarter in quarters:
        overdue[quarter.site] = overdue.get(quarter.site, 0) + quarter.overdue
    return paper(
        period,
        head,
        names,
        basis,
        _SOURCES,
        (
            general(database, period, len(sites), months),
            Section("街道年度排名", _streets(period, sites, scores, names)),
            Section("社区便民服务站年度排名", _stations(sites, names)),
            Section("年度政务服务明星候选人员", _candidates(staff, names)),
            Section("督办", overdue_table(sorted(overdue.items()), names)),
        ),
        ("社区便民服务站年度排名表", "各部门事项办件和评价情况表", "分街道站点和人员情况表（附表1起）"),
        (
            Annex("附件1", "社区便民服务站年度排名表", (_ranking(sites, names, basis),), landscape=True),
            department_annex("附件2", database, period, names),
            *street_annexes(
                "附件3",
                names,
                sites,
                staff,
                lambda name, of: _site_table(period, name, of, scores, names, basis),
                lambda name, of: _staff_table(name, of, names),
            ),
        ),
    )


def _streets(period: ReportPeriod, sites: Sequence[SiteYear], scores: Quarters, names: Names) -> tuple[Block, ...]:
    centres = sorted((one for one in sites if one.tier == STREET), key=lambda one: (not one.ranked, one.rank, one.site))
    if not centres:
        return (Paragraph("本期无街道结果。"),)
    columns = (
        Column("名次", "centred", 14),
        Column("街道", "text", 28),
        *_quarter_columns(period),
        Column("年度调整", "points", 16, "average"),
        Column("年得分", "points", 17, "average"),
        Column("上年", "centred", 12),
        Column("升降", "centred", 14),
    )
    rows = tuple(
        (one.rank if one.ranked else UNSAMPLED, names.street(one.street),
         *(scores.get((one.site, quarter)) for quarter in period.quarters), one.adjustment, one.score,
         one.previous_rank or None, change(one.previous_rank, one.rank))
        for one in centres
    )  # fmt: skip
    table = Table("街道排名", "街道年度排名表", columns, rows, total="平均")
    district = "".join(
        f"{names.site(one.site)}得分{rounded(one.score)}分，不参加街道排名。"
        for one in sites
        if one.tier == DISTRICT and one.score is not None
    )
    said = f"全年{len(centres)}个街道排名如下表，失分情况见附件3。{district}"
    return Paragraph(said), table, Chart("街道年度得分（分）", table, "街道", ("年得分",))


def _quarter_columns(period: ReportPeriod) -> tuple[Column, ...]:
    return tuple(Column(f"{quarter[5:]}得分", "points", 16, "average") for quarter in period.quarters)


def _stations(sites: Sequence[SiteYear], names: Names) -> tuple[Block, ...]:
    stations = [one for one in sites if one.tier == COMMUNITY]
    ranked = sum(one.ranked for one in stations)
    return (
        Paragraph(f"参加排名的社区便民服务站{ranked}个，全区名次和街道内名次见附件1。"),
        *unsampled([one.site for one in stations if not one.ranked], names),
    )


def _ranking(sites: Sequence[SiteYear], names: Names, basis: Basis) -> Table:
    columns = (
        Column("名次", "centred", 15),
        Column("街道", "text", 21),
        Column("站点", "text", 37),
        Column("年得分", "points", 15, "average"),
        Column("街道内\n名次", "centred", 13),
        Column("升降", "centred", 13),
        Column("失分最多的三项", "text", 110),
    )
    stations = sorted(
        (one for one in sites if one.tier == COMMUNITY), key=lambda one: (not one.ranked, one.rank, one.site)
    )
    rows = tuple(
        (one.rank if one.ranked else UNSAMPLED, names.street(one.street), names.station(one.site), one.score,
         one.rank_in_street or None, change(one.previous_rank, one.rank),
         losses(one.loss_rules, one.loss_points, basis.codes))
        for one in stations
    )  # fmt: skip
    return Table("社区排名", "社区便民服务站年度排名表", columns, rows, total="平均", small=True)


def _candidates(staff: Sequence[StaffYear], names: Names) -> tuple[Block, ...]:
    candidates = [one for one in staff if one.candidate]
    columns = (
        Column("组别", "text", 24),
        Column("名次", "centred", 10),
        Column("工号", "text", 18),
        Column("站点", "text", 54),
        Column("累计\n星数", "integer", 11),
        Column("评议", "points", 15),
        Column("年得分", "points", 16),
        Column("建议", "centred", 14),
    )
    order = list(POOLS)
    ordered = sorted(
        candidates, key=lambda one: (order.index(one.pool) if one.pool in POOLS else 0, one.rank, one.staff)
    )
    rows = tuple(
        (POOLS.get(one.pool, one.pool), one.rank, names.number(one.staff), names.site(one.site), one.stars,
         one.review, one.score, "拟推荐" if one.proposed else "候选")
        for one in ordered
    )  # fmt: skip
    places = {one.pool: one.places for one in staff}
    quotas = "，".join(f"{label}{places[pool]}名" for pool, label in POOLS.items() if pool in places)
    said = (
        f"应评窗口人员{len(staff)}人，有年度得分{sum(one.score is not None for one in staff)}人，符合参评条件"
        f"{sum(one.eligible for one in staff)}人。名额：{quotas or '无'}。"
        f"系统按规则列出候选人员{len(rows)}人，"
        f"其中拟推荐{sum(one.proposed for one in candidates)}人；最终人选由有关会议研究确定并签发。人员以工号列示。"
    )
    if not rows:
        return (Paragraph(said),)
    return Paragraph(said), Table("明星候选", "年度政务服务明星候选人员名单", columns, rows, small=True)


def _site_table(
    period: ReportPeriod, name: str, sites: Sequence[SiteYear], scores: Quarters, names: Names, basis: Basis
) -> Table:
    columns = (
        Column("站点", "text", 44),
        *_quarter_columns(period),
        Column("年度调整", "points", 15),
        Column("年得分", "points", 16, "average"),
        Column("名次", "centred", 16),
        Column("街道内\n名次", "centred", 14),
        Column("升降", "centred", 13),
        Column("失分最多的三项", "text", 60),
    )
    ordered = sorted(sites, key=lambda one: (one.tier == COMMUNITY, not one.ranked, one.rank, one.site))
    rows = tuple(
        (
            names.station(one.site), *(scores.get((one.site, quarter)) for quarter in period.quarters),
            one.adjustment, one.score, (one.rank if one.tier != DISTRICT else None) if one.ranked else UNSAMPLED,
            one.rank_in_street or None, change(one.previous_rank, one.rank),
            losses(one.loss_rules, one.loss_points, basis.codes),
        )
        for one in ordered
    )  # fmt: skip
    return Table(f"{name}站点", f"{name}站点年度考核表（名次在同层级内）", columns, rows, total="平均")


def _staff_table(name: str, staff: Sequence[StaffYear], names: Names) -> Table:
    columns = (
        Column("工号", "text", 26),
        Column("站点", "text", 50),
        Column("组别", "text", 30),
        Column("参评季数", "integer", 16),
        Column("累计星数", "integer", 16, "sum"),
        Column("四星以上\n季数", "integer", 18),
        Column("评议", "points", 16, "average"),
        Column("年得分", "points", 18, "average"),
        Column("组内名次", "centred", 16),
        Column("情况", "centred", 18),
    )
    ordered = sorted(staff, key=lambda one: (one.score is None, POOLS.get(one.pool, ""), one.rank or 10**6, one.staff))
    rows = tuple(
        (names.number(one.staff), names.station(one.site), POOLS.get(one.pool, one.pool), one.quarters, one.stars,
         one.star_quarters, one.review, one.score, one.rank or None, _state(one))
        for one in ordered
    )  # fmt: skip
    return Table(f"{name}人员", f"{name}窗口人员年度情况表", columns, rows, total="合计/平均")


def _state(one: StaffYear) -> str:
    if one.veto:
        return "一票否决"
    if one.score is None:
        return UNRATED
    if not one.eligible:
        return "不符合条件"
    return "拟推荐" if one.proposed else "候选" if one.candidate else "符合条件"
