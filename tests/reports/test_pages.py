"""What is printed: A4 pages with embedded fonts, from our PDF and from what an office program makes of the others."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pypdf
import pytest

from sinks.reports import Kind, ReportError, docx, html, pdf, typesetting, xlsx
from sinks.reports.document import Paragraph
from tests.reports.conftest import PERIODS, Papers
from tests.reports.office import Office
from tests.reports.sample import REGISTRY

_A4 = (595, 842)


def _sizes(file: Path) -> list[tuple[int, int]]:
    pages = pypdf.PdfReader(file).pages
    return [(round(page.mediabox.width), round(page.mediabox.height)) for page in pages]


def _is_drawn(picture: Path) -> bool:
    """Whether a PNG has a page's size and isn't blank: a blank page of this size takes a few hundred bytes."""
    content = picture.read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    return {round(width / 10), round(height / 10)} == {25, 35} and len(content) > 2000


@pytest.mark.parametrize("kind", PERIODS)
def test_a_pdf_has_a4_pages_with_extractable_text_in_embedded_fonts(papers: Papers, office: Office, kind: Kind) -> None:
    file = papers.file(kind, "pdf")
    sizes = _sizes(file)
    assert set(sizes) == {_A4, _A4[::-1]}
    assert 20 < len(sizes) < 80
    text = office.text(file)
    assert papers.documents[kind].heading in text
    assert all(street.name in text for street in REGISTRY.streets.values())
    assert re.search(r"—1—", text)
    fonts = office.fonts(file)
    assert {font[0].split("+")[1] for font in fonts} >= {"NotoSerifCJKsc-Regular-Identity-H"}
    assert {tuple(font[-5:-2]) for font in fonts} == {("yes", "yes", "yes")}
    assert file.stat().st_size < 1_000_000
    pictures = office.pictures(file, 10)
    assert len(pictures) == 10
    assert all(map(_is_drawn, pictures))


@pytest.mark.parametrize("suffix", ["docx", "xlsx"])
def test_an_office_program_opens_and_prints_the_others_on_a4(papers: Papers, office: Office, suffix: str) -> None:
    printed = office.pdf(papers.file("monthly", suffix))
    sizes = _sizes(printed)
    assert set(sizes) == {_A4, _A4[::-1]}
    assert 20 < len(sizes) < 90
    text = office.text(printed)
    assert papers.documents["monthly"].heading in text
    assert all(street.name in text for street in REGISTRY.streets.values())
    assert {font[-5] for font in office.fonts(printed)} == {"yes"}
    pictures = office.pictures(printed.rename(printed.with_name(f"{suffix}.pdf")), 4)
    assert len(pictures) == 4
    assert all(map(_is_drawn, pictures))


def test_header_rows_are_repeated_on_every_page_of_a_table(papers: Papers, office: Office) -> None:
    pages = [page.extract_text() for page in pypdf.PdfReader(papers.file("monthly", "pdf")).pages]
    ranking = [page for page in pages if "社区便民服务站" in page and "名次" in page and "升降" in page]
    assert len(ranking) >= 4
    printed = pypdf.PdfReader(office.pdf(papers.file("monthly", "docx"))).pages
    staff = [page.extract_text() for page in printed if page.extract_text().count("工号0") > 15]
    assert len(staff) > 10
    assert all("组别" in page for page in staff)


def test_a_docx_names_its_fonts_and_has_the_layout_of_the_standard(papers: Papers) -> None:
    with ZipFile(papers.file("monthly", "docx")) as parts:
        text = parts.read("word/document.xml").decode()
        footers = [parts.read(name).decode() for name in parts.namelist() if "footer" in name]
        styles = parts.read("word/styles.xml").decode()
    for font in ("仿宋_GB2312", "方正小标宋简体", "黑体", "楷体_GB2312", "宋体"):
        assert f'w:eastAsia="{font}"' in text
    assert 'eastAsiaTheme="' not in re.sub(r"<w:style .*</w:style>", "", styles, flags=re.DOTALL)
    assert '<w:pgSz w:w="11906" w:h="16838"/>' in text
    margins = re.search(r'<w:pgMar w:top="(\d+)" w:right="(\d+)" w:bottom="(\d+)" w:left="(\d+)"', text)
    assert margins is not None
    # 37 and 28 mm, and a text block of 156 by 225 mm.
    assert [round(int(each) * 25.4 / 1440) for each in margins.groups()] == [37, 26, 35, 28]
    assert text.count("<w:tblHeader/>") == len(list(papers.documents["monthly"].tables()))
    assert all("PAGE" in footer and "— " in footer for footer in footers)
    assert len(footers) == 2


def test_what_looks_like_markup_is_text(papers: Papers) -> None:
    said = '#panic("甲") <w:t> & $x$ *乙* _丙_'
    document = replace(papers.documents["monthly"], blocks=(Paragraph(said),), annexes=())
    assert said in " ".join(pypdf.PdfReader(BytesIO(pdf.write(document))).pages[0].extract_text().split("\n"))
    with ZipFile(BytesIO(docx.write(document))) as parts:
        assert "&lt;w:t&gt; &amp; $x$" in parts.read("word/document.xml").decode()


def test_a_machine_without_the_fonts_is_told_which_package_has_them(
    papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typesetting, "SERIF", "Nobody's Serif")
    with pytest.raises(ReportError, match=r"Nobody's Serif.*fonts-noto-cjk"):
        pdf.write(papers.documents["monthly"])


def test_the_same_results_give_the_same_bytes(papers: Papers) -> None:
    for suffix, writer in (("pdf", pdf), ("xlsx", xlsx), ("html", html)):
        assert writer.write(papers.documents["monthly"]) == papers.file("monthly", suffix).read_bytes()
