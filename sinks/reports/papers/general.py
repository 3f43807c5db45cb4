"""总体情况: the chapter on the whole district, which all papers begin with."""

from __future__ import annotations

from collections.abc import Sequence

from sinks.reports.document import Block, Paragraph
from sinks.reports.figures.counts import Closing, Counts, Measured, closing, measured
from sinks.reports.figures.months import SiteMonth
from sinks.reports.figures.rows import Database
from sinks.reports.papers.common import Section
from sinks.reports.papers.sites import pool_table, tier_table
from sinks.reports.period import ReportPeriod
from sinks.reports.wording import compared, rate


def general(
    database: Database, period: ReportPeriod, sites: int, months: Sequence[SiteMonth], before: Sequence[SiteMonth] = ()
) -> Section:
    """The chapter: so many sites, their months, and those of the period before, if it is compared with that."""
    whole = measured(database, period.months, "all")
    summary = _overview(
        period.title,
        sites,
        Counts.of(months),
        whole[0] if whole else None,
        closing(database, period.months),
        Counts.of(before) if before else None,
    )
    pools = pool_table(measured(database, period.months, "pool"), measured(database, period.months, "pioneer"))
    return Section("总体情况", (*summary, tier_table(months), *pools))


def _overview(
    when: str, sites: int, counts: Counts, measured: Measured | None, closed: Closing, before: Counts | None = None
) -> tuple[Block, ...]:
    """总体情况 in words."""
    since = before or Counts(0, 0, 0, 0, 0)
    services = (
        f"{when}，全区{sites}个服务站点共办结政务服务事项{counts.services}件，收到有效评价{counts.ratings}条。"
        f"其中按期评价的办件{counts.rated_services}件，主动评价率{rate(counts.participation)}"
        f"{compared(counts.participation, since.participation)}；"
        f"好评{counts.good_ratings}条，好评率{rate(counts.good_share)}{compared(counts.good_share, since.good_share)}；"
        f"差评{counts.bad_ratings}条。"
    )
    if measured is not None:
        services += (
            f"另有系统默认评价{measured.defaults}条（不计入好评率），经核查作废评价{measured.voided}条，"
            f"未匹配办件的评价{measured.unmatched}条，“办不成事”反映{measured.unresolved}件。"
        )
    if not closed.rectified and not closed.contacted:
        return Paragraph(services), Paragraph("差评整改方面，无到期应整改的有效差评。")
    kept = (
        f"差评整改方面，到期应整改的有效差评{closed.rectified}条，按期整改{closed.rectified - closed.late}条，"
        f"逾期{closed.late}条；应响应{closed.contacted}条，及时响应{closed.contacted - closed.unanswered}条；"
        f"应回访{closed.revisited}条，已回访{closed.revisited - closed.missing}条。"
    )
    return Paragraph(services), Paragraph(kept)
