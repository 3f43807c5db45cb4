"""The workbook: formulas where a reader expects them, and texts that stay texts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Final

import openpyxl
import pytest

from sinks.reports import Kind, xlsx
from sinks.reports.document import Column, Document, Table, shown
from tests.reports.conftest import PERIODS, Papers
from tests.reports.office import Office

_FIRST: Final = 4  # row of openpyxl, which counts from 1


def _sheets(document: Document) -> dict[str, Table]:
    return {table.name: table for table, _ in document.tables()}


def test_totals_shares_and_the_sum_of_blocks_are_formulas(papers: Papers) -> None:
    book = openpyxl.load_workbook(papers.file("monthly", "xlsx"))
    sheet = book["街道排名"]
    last = _FIRST + 10
    assert sheet.cell(last, 3).value == f"=SUM(C{_FIRST}:C{last - 1})"
    assert sheet.cell(last, 5).value == f'=IF(C{last}=0,"—",D{last}/C{last})'
    assert sheet.cell(last, 10).value == f"=AVERAGE(J{_FIRST}:J{last - 1})"
    assert sheet.cell(_FIRST, 5).value == f'=IF(C{_FIRST}=0,"—",D{_FIRST}/C{_FIRST})'
    assert book["华山街道站点"].cell(_FIRST, 11).value == f"=SUM(C{_FIRST}:J{_FIRST})"
    assert book["华山街道人员"].cell(_FIRST, 11).value == f"=SUM(F{_FIRST}:J{_FIRST})"


@pytest.mark.parametrize("kind", PERIODS)
def test_an_office_program_computes_what_the_tables_say(
    papers: Papers, office: Office, kind: Kind, tmp_path: Path
) -> None:
    # Written again by a library that computes nothing, so that no result of ours is left in the file.
    book = openpyxl.load_workbook(papers.file(kind, "xlsx"))
    bare = tmp_path / f"bare-{kind}.xlsx"
    book.save(bare)
    sheets = office.sheets(bare)
    compared = 0
    for name, table in _sheets(papers.documents[kind]).items():
        lines = sheets[name][_FIRST - 1 :]
        for row, line in zip(table.texts(), lines, strict=False):
            assert tuple(line[: len(row)]) == row, name
            compared += 1
        assert len(lines) >= len(table.rows)
    assert compared > 500


def test_sheets_print_on_a4_with_their_headers_and_stay_in_sight(papers: Papers) -> None:
    document = papers.documents["monthly"]
    book = openpyxl.load_workbook(papers.file("monthly", "xlsx"))
    assert book.sheetnames[0] == "通报正文"
    assert book.sheetnames[-1] == "编制说明"
    for table, landscape in document.tables():
        sheet = book[table.name]
        assert sheet.freeze_panes == "C4"
        assert sheet.print_title_rows == "$1:$3"
        assert sheet.page_setup.paperSize == 9
        assert (sheet.page_setup.orientation == "landscape") == landscape
        assert sheet.page_setup.fitToHeight == 0
        formats = [sheet.cell(_FIRST, place).number_format for place, _ in enumerate(table.columns, 1)]
        for column, row, form in zip(table.columns, table.rows[0], formats, strict=True):
            if column.kind == "points" and row is not None:
                assert form == "0.00"
    assert [len(book[name]._charts) for name in ("街道排名", "人员档次")] == [1, 1]


def test_a_name_that_looks_like_a_formula_or_a_link_stays_text(papers: Papers) -> None:
    names = ("=1+1", "+1", "@SUM(A1)", "https://example.org", "<b>&amp;", '"甲"')
    columns = (Column("站点", "text", 40), Column("办件量", "integer", 20, "sum"), Column("评价", "centred", 20))
    table = Table("=甲/[乙]", "=1+1", columns, tuple((name, 1, name) for name in names), total="合计")
    document = papers.documents["monthly"]
    strange = Document("=2+2", "=3", ("=4",), "", "", (table, replace(table)), ("=5",), "", document.statement, ())
    book = openpyxl.load_workbook(BytesIO(xlsx.write(strange)))
    sheet = book["=甲 乙"]
    assert [sheet.cell(_FIRST + row, 1).value for row in range(len(names))] == list(names)
    assert {sheet.cell(_FIRST + row, 1).data_type for row in range(len(names))} == {"s"}
    assert sheet.cell(_FIRST, 3).data_type == sheet.cell(1, 1).data_type == "s"
    assert all(cell.data_type != "f" for row in book["通报正文"].iter_rows() for cell in row)


def test_numbers_are_unrounded_and_shown_half_up(office: Office, papers: Papers, tmp_path: Path) -> None:
    scores = [Decimal(text) for text in ("94.995", "94.99499999", "2.675", "-94.995", "1.005")]
    table = Table(
        "分数", "分数", (Column("名", "text", 20), Column("得分", "points", 20)), tuple(("甲", s) for s in scores)
    )
    document = papers.documents["monthly"]
    file = tmp_path / "ties.xlsx"
    file.write_bytes(xlsx.write(Document("", "", ("",), "", "", (table,), (), "", document.statement, ())))
    found = [row[1] for row in office.sheets(file)["分数"][_FIRST - 1 :]]
    assert found == [shown(score, "points") for score in scores] == ["95.00", "94.99", "2.68", "-95.00", "1.01"]
