"""A document as a workbook: the text, a sheet for each table, and the basis. Sums, averages and shares are formulas.

Numbers are unrounded, and shown with two digits; texts are texts, whatever they look like.
"""

from __future__ import annotations

import re
from datetime import datetime
from io import BytesIO
from math import ceil
from typing import Final

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_range, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from sinks.reports.chart import COLOURS
from sinks.reports.document import NOTHING, Cell, Chart, Column, ColumnKind, Document, Heading, ShareOf, SumOf, Table

_TEXT: Final = "通报正文"
_BASIS: Final = "编制说明"
_NO_SHEET: Final = re.compile(r"[\[\]:*?/\\']+")
_SHEET_CHARS: Final = 31
_A4: Final = 9
_FORMATS: Final[dict[ColumnKind, str]] = {
    "text": "@", "centred": "General", "integer": "0", "points": "0.00", "share": "0.00%",
}  # fmt: skip
_SIZE: Final = 10.5
# What wraps is as high as its lines, which Excel sees to by itself when it opens a file, but others don't.
_LINE: Final = 1.35
_CHARACTER: Final = 5.25  # points of a column's width of 1
_TEXT_WIDTH: Final = 76
_BORDER: Final = {"border": 1, "valign": "vcenter", "font_name": "宋体", "font_size": _SIZE}
_HEADER: Final = 2  # row
_FIRST: Final = 3
# The first columns stay in sight: rank and name, or a number and a site.
_FROZEN: Final = 2
_CHART_WIDTH: Final = 640
_BAR_HEIGHT: Final = 26


def write(document: Document) -> bytes:
    """The file."""
    buffer = BytesIO()
    book = Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    # The same paper is the same bytes.
    book.set_properties(
        {"title": document.heading, "author": document.issuer, "created": datetime(2000, 1, 1)}  # noqa: DTZ001
    )
    _Writer(book, document).write()
    book.close()
    return buffer.getvalue()


class _Writer:
    def __init__(self, book: Workbook, document: Document) -> None:
        self._book = book
        self._document = document
        self._sheets: dict[int, str] = {}
        self._cells = {
            (kind, strong): book.add_format(_cell_format(kind, strong)) for kind in _FORMATS for strong in (False, True)
        }
        self._none = book.add_format({**_BORDER, "align": "center"})
        self._caption = book.add_format({"font_name": "黑体", "font_size": 14, "align": "center", "valign": "vcenter"})
        self._note = book.add_format({"font_name": "宋体", "font_size": 9, "font_color": "#555555"})
        header = {**_BORDER, "font_name": "黑体", "align": "center", "text_wrap": True, "bg_color": "#EEEEEE"}
        self._header = book.add_format(header)

    def write(self) -> None:
        text = self._book.add_worksheet(_TEXT)
        taken = {_TEXT, _BASIS}
        tables = list(self._document.tables())
        for table, _ in tables:
            self._sheets[id(table)] = _sheet_name(table.name, taken)
        self._write_text(text)
        charts = list(self._document.charts())
        for table, landscape in tables:
            self._write_table(table, landscape, [chart for chart in charts if chart.table is table])
        self._write_basis()

    def _write_text(self, sheet: Worksheet) -> None:
        """The document's text in one column, with a link to each table's sheet."""
        document = self._document

        def style(**more: object) -> Format:
            return self._book.add_format({"text_wrap": True, "valign": "top", "font_name": "仿宋_GB2312", **more})

        body, right, centred = style(font_size=14), style(font_size=14, align="right"), style(align="center")
        lines: list[tuple[str, Format]] = [
            (
                document.issuer + "文件",
                style(font_name="方正小标宋简体", font_size=26, align="center", font_color="#D20000"),
            ),
            (document.number, centred),
            ("", body),
            (document.heading, style(font_name="方正小标宋简体", font_size=20, align="center")),
            (document.notice, centred),
            (document.addressees, body),
        ]
        headings = style(font_name="黑体", font_size=14)
        links: dict[int, str] = {}
        for block in document.blocks:
            if isinstance(block, Table):
                links[len(lines)] = self._sheets[id(block)]
                lines.append((f"　　表：{block.caption}", style(font_size=12, font_color="#1F3F6E", underline=1)))
            elif not isinstance(block, Chart):
                lines.append(("　　" + block.text, headings if isinstance(block, Heading) else body))
        lines += [("", body), *((f"　　附件{n}：{title}", body) for n, title in enumerate(document.attachments, 1))]
        for annex in document.annexes:
            for block in annex.blocks:
                if isinstance(block, Table):
                    links[len(lines)] = self._sheets[id(block)]
                    lines.append(
                        (f"　　{annex.label}　{block.caption}", style(font_size=12, font_color="#1F3F6E", underline=1))
                    )
        lines += [("", body), ("（印章）", right), (document.issuer, right), (document.date, right)]
        sheet.set_column(0, 0, _TEXT_WIDTH)
        for row, (line, form) in enumerate(lines):
            if row in links:
                sheet.write_url(row, 0, f"internal:'{links[row]}'!A1", form, line)
            else:
                sheet.write_string(row, 0, line, form)
            size = float(form.font_size)
            sheet.set_row(row, max(_lines(line, _TEXT_WIDTH, size), 1) * size * _LINE)
        self._set_up(sheet, landscape=False)

    def _write_table(self, table: Table, landscape: bool, charts: list[Chart]) -> None:
        """Caption, origin, header, rows and totals; its charts below."""
        sheet = self._book.add_worksheet(self._sheets[id(table)])
        width = len(table.columns) - 1
        sheet.merge_range(0, 0, 0, width, "", self._caption)
        sheet.write_string(0, 0, table.caption, self._caption)
        sheet.write_string(1, 0, self._origin(), self._note)
        sheet.set_row(0, 26)
        sheet.set_row(_HEADER, 32)
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, _width(column))
            sheet.write_string(_HEADER, place, column.title, self._header)
        for number, row in enumerate(table.rows):
            lines = max(
                (_lines(cell, _width(column), _SIZE) for cell, column in zip(row, table.columns, strict=True)
                 if isinstance(cell, str) and column.kind == "text"),
                default=1,
            )  # fmt: skip
            sheet.set_row(_FIRST + number, max(lines, 1) * _SIZE * _LINE)
            for place, cell in enumerate(row):
                self._write_cell(sheet, table, _FIRST + number, place, cell)
        end = _FIRST + len(table.rows)
        if (total := table.total_row()) is not None:
            for place, cell in enumerate(total):
                self._write_total(sheet, table, end, place, cell)
        sheet.freeze_panes(_FIRST, min(_FROZEN, width))
        sheet.repeat_rows(0, _HEADER)
        self._set_up(sheet, landscape)
        for chart in charts:
            self._write_chart(sheet, chart, end + 2)

    def _origin(self) -> str:
        """On every sheet: what it is part of, and how final it is."""
        said = dict(self._document.statement)
        return f"{self._document.heading}　{said['封账状态']}　数据截至、规则集等见“{_BASIS}”"

    def _write_cell(self, sheet: Worksheet, table: Table, row: int, place: int, cell: Cell) -> None:
        column = table.columns[place]
        form = self._cells[column.kind, False]
        if cell is None:
            sheet.write_string(row, place, NOTHING, self._none)
        elif isinstance(cell, str):
            sheet.write_string(row, place, cell, form if column.kind in ("text", "centred") else self._none)
        elif column.formula is not None:
            sheet.write_formula(row, place, _formula(table, column.formula, row), form, float(cell))
        else:
            sheet.write_number(row, place, float(cell), form)

    def _write_total(self, sheet: Worksheet, table: Table, row: int, place: int, cell: Cell) -> None:
        column = table.columns[place]
        form = self._cells[column.kind, True]
        if cell is None:
            sheet.write_string(row, place, "", form)
        elif isinstance(cell, str):
            sheet.write_string(row, place, cell, form)
        else:
            sheet.write_formula(row, place, _total(table, column, row, place), form, float(cell))

    def _write_chart(self, sheet: Worksheet, chart: Chart, row: int) -> None:
        kind = {"type": "bar", "subtype": "stacked"} if len(chart.values) > 1 else {"type": "bar"}
        native = self._book.add_chart(kind)
        last = _FIRST + len(chart.table.rows) - 1
        label = chart.table.place(chart.label)
        name = sheet.get_name()
        for number, title in enumerate(chart.values):
            place = chart.table.place(title)
            series: dict[str, object] = {
                "name": [name, _HEADER, place],
                "categories": [name, _FIRST, label, last, label],
                "values": [name, _FIRST, place, last, place],
                "fill": {"color": COLOURS[number % len(COLOURS)].upper()},
                "border": {"color": "#555555", "width": 0.5},
                "gap": 60,
            }
            if len(chart.values) == 1:
                series["data_labels"] = {"value": True}
            native.add_series(series)
        native.set_title(
            {"name": chart.title, "overlay": False, "name_font": {"name": "黑体", "size": 12, "bold": False}}
        )
        native.set_y_axis({"reverse": True})
        # Bars begin at 0, or their lengths would mislead.
        native.set_x_axis({"min": 0, "major_gridlines": {"visible": True, "line": {"color": "#DDDDDD"}}})
        native.set_legend({"position": "bottom"} if len(chart.values) > 1 else {"none": True})
        native.set_size({"width": _CHART_WIDTH, "height": 120 + _BAR_HEIGHT * len(chart.table.rows)})
        sheet.insert_chart(row, 0, native, {"x_offset": 4, "y_offset": 4})

    def _write_basis(self) -> None:
        sheet = self._book.add_worksheet(_BASIS)
        wrapped = self._book.add_format({**_BORDER, "text_wrap": True})
        sheet.set_column(0, 0, 16)
        sheet.set_column(1, 1, 74)
        for row, (name, value) in enumerate(self._document.statement):
            sheet.write_string(row, 0, name, self._header)
            sheet.write_string(row, 1, value, wrapped)
        self._set_up(sheet, landscape=False)

    def _set_up(self, sheet: Worksheet, landscape: bool) -> None:
        sheet.set_paper(_A4)
        if landscape:
            sheet.set_landscape()
        sheet.set_margins(left=0.6, right=0.6, top=0.8, bottom=0.8)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&C— &P —")


def _width(column: Column) -> float:
    return max(column.width * 0.62, 7)


def _lines(text: str, width: float, size: float) -> int:
    """About how many lines a text takes in a column: ASCII is half as wide as Chinese."""
    points = sum(size / 2 if character.isascii() else size for character in text)
    return ceil(points / (width * _CHARACTER - size / 2))


def _cell_format(kind: ColumnKind, strong: bool) -> dict[str, object]:
    align = {"text": "left", "centred": "center"}.get(kind, "right")
    form: dict[str, object] = {**_BORDER, "align": align, "num_format": _FORMATS[kind]}
    if kind == "text":
        form["text_wrap"] = True
    return {**form, "bold": True, "bg_color": "#F5F5F5"} if strong else form


def _formula(table: Table, formula: SumOf | ShareOf, row: int) -> str:
    if isinstance(formula, SumOf):
        return f"=SUM({xl_range(row, table.place(formula.first), row, table.place(formula.last))})"
    whole = xl_rowcol_to_cell(row, table.place(formula.whole))
    return f'=IF({whole}=0,"{NOTHING}",{xl_rowcol_to_cell(row, table.place(formula.part))}/{whole})'


def _total(table: Table, column: Column, row: int, place: int) -> str:
    if isinstance(column.formula, ShareOf):
        return _formula(table, column.formula, row)
    function = "AVERAGE" if column.total == "average" else "SUM"
    return f"={function}({xl_range(_FIRST, place, row - 1, place)})"


def _sheet_name(name: str, taken: set[str]) -> str:
    """A name that Excel takes, and no other sheet has."""
    stem = _NO_SHEET.sub(" ", name).strip()[:_SHEET_CHARS] or "表"
    found, number = stem, 1
    while found.lower() in taken:
        number += 1
        found = f"{stem[: _SHEET_CHARS - 4]}（{number}）"
    taken.add(found.lower())
    return found
