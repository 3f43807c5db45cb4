"""What all papers share: head, basis, and the document around their chapters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sinks.assessment.corrections import Correction
from sinks.reports.corrections import corrections_section
from sinks.reports.document import Annex, Block, Document, Heading, Paragraph
from sinks.reports.figures.basis import Basis
from sinks.reports.figures.names import Names
from sinks.reports.period import ReportPeriod
from sinks.reports.wording import NEXT_STEP, PROVISIONAL

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
