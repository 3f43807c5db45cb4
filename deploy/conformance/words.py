"""The report for people, in Chinese and English: as text, and as a page that needs nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from deploy.conformance.checks import Weight
from deploy.conformance.report import Place, Report, Verdict
from schemas.contracts.meanings import TYPES

_TITLE: Final = "评流接入合规报告 Conformance report"
_VERDICTS: Final[dict[Verdict, str]] = {
    "conforms": "合规 conforms",
    "conforms with remarks": "合规，有提示 conforms with remarks",
    "does not conform": "不合规 does not conform",
}
_WEIGHTS: Final[dict[Weight, str]] = {"problem": "问题 problem", "remark": "提示 remark", "note": "说明 note"}
_UNITS: Final = {"line": "第{}行 line {}", "record": "第{}条 record {}"}
_CSS: Final = (
    "body{font:15px/1.6 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}"
    "td,th{border:1px solid #bbb;padding:.2em .6em;text-align:left}"
)

_Section = tuple[str, list[tuple[str, ...]]]


def as_text(report: Report) -> str:
    """The report as lines of text."""
    lines = [_TITLE, "", _summary(report)]
    for title, rows in _sections(report):
        lines += ["", f"== {title}", *("  ".join(cell for cell in row if cell) for row in rows)]
    return "\n".join(lines) + "\n"


def as_html(report: Report) -> str:
    """The report as an HTML page."""
    parts = [
        '<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8">',
        f"<title>{_TITLE}</title><style>{_CSS}</style></head><body><h1>{_TITLE}</h1>",
        f"<p><strong>{escape(_summary(report))}</strong></p>",
    ]
    for title, rows in _sections(report):
        parts.append(f"<h2>{escape(title)}</h2><table>")
        parts += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
        parts.append("</table>")
    return "".join(parts) + "</body></html>\n"


def _summary(report: Report) -> str:
    counts = f"消息 messages {report.messages}, 接受 accepted {report.accepted}, 拒收 refused {report.refused}"
    return f"{_VERDICTS[report.verdict]}: {counts}"


def _sections(report: Report) -> Iterator[_Section]:
    """Titles, and rows of cells; sections without a row are left out."""
    yield from (section for section in _all_sections(report) if section[1])


def _all_sections(report: Report) -> Iterator[_Section]:
    of_types: list[tuple[str, ...]] = [
        (one.type or "-", one.title, f"接受 accepted {one.accepted}", f"拒收 refused {one.refused}")
        for one in report.types
    ]
    yield "各类型 Types", of_types
    for refused in report.refusals:
        title = f"拒收 refused ({refused.count}): {refused.type or '-'} {refused.reason} {refused.field}"
        yield title, _places(report, refused.places, refused.count)
    for found in report.findings:
        title = f"{_WEIGHTS[found.weight]} ({found.count}): {found.title} {found.check}"
        yield title, [(found.says,), *_places(report, found.places, found.count)]
    yield "未出现的类型 Types never shown", [(kind, TYPES[kind].title) for kind in report.never_shown]
    keys: list[tuple[str, ...]] = [
        (key.topic, f"key {key.key}", f"消息 messages {key.messages}", f"分区 partition {key.partition}")
        for key in report.keys
    ]
    yield f"消息键 Keys, 分区 by murmur2 of {report.partitions} partitions", keys


def _places(report: Report, places: list[Place], count: int) -> list[tuple[str, ...]]:
    rows = [(_UNITS[report.unit].format(one.line, one.line), one.field, one.detail) for one in places]
    more = count - len(places)
    return [*rows, (f"另有 and {more} more", "", "")] if more else [*rows]
