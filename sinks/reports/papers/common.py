"""What all papers share: head, figures of the whole district, interviews, basis, and the document around them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sinks.assessment.corrections import Correction
from sinks.reports.corrections import corrections_section
from sinks.reports.document import Annex, Block, Document, Heading, Paragraph
from sinks.reports.figures.basis import Basis
from sinks.reports.figures.counts import Closing, Counts, Measured
from sinks.reports.figures.names import DISTRICT, Names
from sinks.reports.period import ReportPeriod
from sinks.reports.wording import NEXT_STEP, PROVISIONAL, compared, rate

_ORDINALS = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who circulates the paper, under which number, when. `number` is '' while it has none.

    `seal`: that of the period, '' while it isn't sealed. Whoever has the paper can tell a chain that was cut off.
    """

    issuer: str
    number: str
    day: date
    seal: str = ""
    corrections: Sequence[Correction] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter; its number comes from its place."""

    title: str
    blocks: tuple[Block, ...]


def paper(
    period: ReportPeriod,
    head: Letterhead,
    names: Names,
    basis: Basis,
    sources: Iterable[str],
    sections: Sequence[Section],
    attachments: Sequence[str],
    annexes: Sequence[Annex],
) -> Document:
    """The document around its chapters; corrections and what is next come last."""
    chapters = (
        *sections,
        Section("更正", corrections_section(head.corrections, names)),
        Section("下一步工作", (Paragraph(NEXT_STEP),)),
    )
    blocks: list[Block] = [Paragraph(_opening(period, basis))]
    for ordinal, section in zip(_ORDINALS, chapters, strict=False):
        blocks += [Heading(f"{ordinal}、{section.title}"), *section.blocks]
    return Document(
        issuer=head.issuer,
        number=head.number or f"〔{head.day.year}〕　号",
        title=(f"关于{period.title}政务服务“好差评”", "考核情况的通报"),
        notice="" if head.seal else PROVISIONAL,
        addressees=f"各街道便民服务中心、各社区便民服务站，{names.centre() or '区政务服务中心'}各窗口：",
        blocks=tuple(blocks),
        attachments=tuple(attachments),
        date=chinese_date(head.day),
        statement=_statement(period, head, basis, sources),
        annexes=tuple(annexes),
    )


def chinese_date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def overview(
    when: str, sites: int, counts: Counts, measured: Measured | None, closing: Closing, before: Counts | None = None
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
    if not closing.rectified and not closing.contacted:
        return Paragraph(services), Paragraph("差评整改方面，无到期应整改的有效差评。")
    kept = (
        f"差评整改方面，到期应整改的有效差评{closing.rectified}条，按期整改{closing.rectified - closing.late}条，"
        f"逾期{closing.late}条；应响应{closing.contacted}条，及时响应{closing.contacted - closing.unanswered}条；"
        f"应回访{closing.revisited}条，已回访{closing.revisited - closing.missing}条。"
    )
    return Paragraph(services), Paragraph(kept)


def streets_of(names: Names) -> list[str]:
    """Codes of streets that have sites: the district's own first, then by code."""
    tiers = {site.street: False for site in names.sites.values()}
    tiers |= {site.street: True for site in names.sites.values() if site.tier == DISTRICT}
    return sorted(tiers, key=lambda street: (not tiers[street], street))


def _opening(period: ReportPeriod, basis: Basis) -> str:
    return (
        f"按照政务服务“好差评”工作要求，依据规则集《{basis.rules_name}》，对{period.title}全区政务服务“好差评”"
        "情况进行了考核。现将有关情况通报如下："
    )


def _statement(
    period: ReportPeriod, head: Letterhead, basis: Basis, sources: Iterable[str]
) -> tuple[tuple[str, str], ...]:
    state = f"已封账，封账SHA-256：{head.seal}" if head.seal else "未封账（暂计）"
    return (
        ("考核期间", f"{period.title}（{period.code}）"),
        ("规则集", basis.rules_name),
        ("规则集SHA-256", basis.rules_sha256),
        ("输入SHA-256", f"{basis.inputs_sha256}（规则、登记簿和工作日历）"),
        ("结果SHA-256", basis.results_sha256),
        ("数据截至", "；".join(basis.positions) or "无事件"),
        ("计算时间", f"{basis.assessed_at}（北京时间）"),
        ("封账状态", state),
        ("数据来源", "、".join(f"pingliu.{source}" for source in sources)),
        ("数值说明", "得分按未舍入的精确值计算和比较，仅在本文件中四舍五入保留两位小数；“—”表示无数据或不参加排名。"),
    )
