"""A table as Word's XML, written as text: the library takes seconds for the thousands of cells of a district."""

from __future__ import annotations

from html import escape
from typing import Final

from sinks.reports.document import NOTHING, ColumnKind, Table

W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TWIPS: Final = 1440 / 25.4  # per millimetre
_SIDES: Final = ("top", "left", "bottom", "right", "insideH", "insideV")
_MARGIN: Final = 40  # twips beside a cell's text


def table_xml(table: Table, width: float) -> str:
    """Of a width in millimetres; the header row is repeated, and rows aren't torn apart by a page's end."""
    whole = sum(column.width for column in table.columns)
    widths = [round(column.width / whole * width * _TWIPS) for column in table.columns]
    borders = "".join(f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="333333"/>' for side in _SIDES)
    grid = "".join(f'<w:gridCol w:w="{each}"/>' for each in widths)
    head = [(column.title, "center", "黑体", True) for column in table.columns]
    rows = [_row(head, widths, table.font_size, header=True)]
    texts = list(table.texts())
    total = len(texts) - 1 if table.total_row() else -1
    for number, row in enumerate(texts):
        cells = [
            (text, _align(text, column.kind, number == total), "黑体" if number == total else "宋体", False)
            for text, column in zip(row, table.columns, strict=True)
        ]
        rows.append(_row(cells, widths, table.font_size, header=False))
    return (
        f'<w:tbl xmlns:w="{W}"><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        f"<w:tblBorders>{borders}</w:tblBorders>"
        f'<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="{_MARGIN}" w:type="dxa"/>'
        f'<w:right w:w="{_MARGIN}" w:type="dxa"/></w:tblCellMar></w:tblPr><w:tblGrid>{grid}</w:tblGrid>'
        f"{''.join(rows)}</w:tbl>"
    )


def _align(text: str, kind: ColumnKind, total: bool) -> str:
    if kind == "centred" or text == NOTHING or (total and kind == "text"):
        return "center"
    return "left" if kind == "text" else "right"


def _row(cells: list[tuple[str, str, str, bool]], widths: list[int], size: float, header: bool) -> str:
    return (
        f"<w:tr><w:trPr><w:cantSplit/>{'<w:tblHeader/>' if header else ''}</w:trPr>"
        + "".join(_cell(*cell, width, size) for cell, width in zip(cells, widths, strict=True))
        + "</w:tr>"
    )


def _cell(text: str, align: str, font: str, shaded: bool, width: int, size: float) -> str:
    shade = '<w:shd w:val="clear" w:color="auto" w:fill="EEEEEE"/>' if shaded else ""
    lines = "<w:br/>".join(f'<w:t xml:space="preserve">{escape(line, quote=False)}</w:t>' for line in text.split("\n"))
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{shade}<w:vAlign w:val="center"/></w:tcPr>'
        '<w:p><w:pPr><w:spacing w:before="40" w:after="40" w:line="240" w:lineRule="auto"/>'
        f'<w:jc w:val="{align}"/></w:pPr>'
        f'<w:r><w:rPr><w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="{font}"/>'
        f'<w:sz w:val="{round(size * 2)}"/></w:rPr>'
        f"{lines}</w:r></w:p></w:tc>"
    )
