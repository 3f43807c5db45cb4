"""A document as PDF, typeset by typst with CJK fonts embedded. What it says goes in as data, never as markup."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import resources
from typing import Final

import msgspec

from sinks.reports.chart import svg
from sinks.reports.document import Annex, Block, Chart, Document, Heading, Paragraph
from sinks.reports.typesetting import SANS, SERIF, typeset

# The paper's own date is in its text; the file's is fixed, so that the same paper is the same bytes.
MADE: Final = datetime(2000, 1, 1, tzinfo=UTC)


def write(document: Document) -> bytes:
    """Raises ReportError where the fonts are missing."""
    source = (resources.files("sinks.reports") / "document.typ").read_bytes()
    content = {
        "serif": SERIF,
        "sans": SANS,
        "issuer": document.issuer,
        "number": document.number,
        "title": document.title,
        "notice": document.notice,
        "addressees": document.addressees,
        "blocks": [_block(block) for block in document.blocks],
        "attachments": document.attachments,
        "date": document.date,
        "statement": document.statement,
        "annexes": [_annex(annex) for annex in document.annexes],
    }
    return typeset(source, {"document": msgspec.json.encode(content).decode()}, "pdf", MADE)


def _annex(annex: Annex) -> dict[str, object]:
    return {
        "label": annex.label,
        "title": annex.title,
        "landscape": annex.landscape,
        "blocks": [_block(block, annex.title) for block in annex.blocks],
    }


def _block(block: Block, title: str = "") -> dict[str, object]:
    if isinstance(block, Heading):
        return {"is": "heading", "text": block.text, "level": block.level}
    if isinstance(block, Paragraph):
        return {"is": "paragraph", "text": block.text}
    if isinstance(block, Chart):
        return {"is": "chart", "title": block.title, "svg": svg(block)}
    return {
        "is": "table",
        "caption": "" if block.caption == title else block.caption,
        "size": block.font_size,
        "columns": [{"title": column.title, "width": column.width, "kind": column.kind} for column in block.columns],
        "rows": list(block.texts()),
        "total": bool(block.total_row()),
    }
