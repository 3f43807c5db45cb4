"""A document for Word, in the layout of GB/T 9704-2012. Its fonts are named, and the reader's Windows has them."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Any, Final

import docx
from docx.document import Document as Word
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn
from docx.section import Section
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph as WordParagraph

from sinks.reports.chart import svg
from sinks.reports.document import Block, Chart, Document, Heading, Paragraph
from sinks.reports.docx_table import W, table_xml
from sinks.reports.pdf import MADE
from sinks.reports.typesetting import typeset

_BODY: Final = "仿宋_GB2312"
_TITLE: Final = "方正小标宋简体"
_BLACK: Final = "黑体"
_ITALIC: Final = "楷体_GB2312"
_LATIN: Final = "Times New Roman"
_RED: Final = RGBColor(0xD2, 0, 0)
_GREY: Final = RGBColor(0x88, 0x88, 0x88)
# 22 lines in 225 mm.
_LINE: Final = 29.0
_INDENT: Final = 2  # characters
_TEXT_WIDTH: Final = {False: 156, True: 225}
_PICTURE: Final = b"""#set page(width: 156mm, height: auto, margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg", width: 100%)
"""


def write(document: Document) -> bytes:
    """The file. Raises ReportError where the fonts of charts are missing."""
    word = docx.Document()
    _prepare(word, document)
    _head(word, document)
    for block in document.blocks:
        _block(word, block, landscape=False)
    _tail(word, document)
    landscape = False
    for annex in document.annexes:
        # A paper that turns needs a section of its own; others begin a page.
        turned = annex.landscape != landscape
        if turned:
            _lay_out(word.add_section(WD_SECTION.NEW_PAGE), annex.landscape)
            landscape = annex.landscape
        label = _line(word, annex.label, _BLACK)
        label.paragraph_format.page_break_before = not turned
        _line(word, annex.title, _TITLE, size=20, align="center")
        for block in annex.blocks:
            _block(word, block, landscape, annex.title)
    buffer = BytesIO()
    word.save(buffer)
    return buffer.getvalue()


def _prepare(word: Word, document: Document) -> None:
    """Fonts, language, page and footer; properties that are always the same."""
    word.core_properties.title = document.heading
    word.core_properties.author = document.issuer
    word.core_properties.created = word.core_properties.modified = datetime(2000, 1, 1)  # noqa: DTZ001
    for defaults in word.styles.element.iter(qn("w:rPrDefault")):
        for fonts in defaults.iter(qn("w:rFonts")):
            # A theme's fonts would go before those that we name.
            fonts.attrib.clear()
            _name_fonts(fonts, _BODY)
        for language in defaults.iter(qn("w:lang")):
            language.set(qn("w:eastAsia"), "zh-CN")
    word.settings.odd_and_even_pages_header_footer = True
    section = word.sections[0]
    _lay_out(section, landscape=False)
    for footer, align in ((section.footer, "right"), (section.even_page_footer, "left")):
        _page_number(footer.paragraphs[0], align)


def _lay_out(section: Section, landscape: bool) -> None:
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (Mm(297), Mm(210)) if landscape else (Mm(210), Mm(297))
    top, right, bottom, left = (28, 36, 26, 36) if landscape else (37, 26, 35, 28)
    section.top_margin, section.right_margin = Mm(top), Mm(right)
    section.bottom_margin, section.left_margin = Mm(bottom), Mm(left)
    section.footer_distance = Mm(bottom - 12)


def _head(word: Word, document: Document) -> None:
    mark = document.issuer + "文件"
    _line(word, mark, _TITLE, size=min(36, 430 // len(mark)), align="center", colour=_RED, exact=False)
    _line(word, "", _BODY)
    number = _line(word, document.number, _BODY, align="center")
    number._p.get_or_add_pPr().append(
        parse_xml(f'<w:pBdr xmlns:w="{W}"><w:bottom w:val="single" w:sz="12" w:space="8" w:color="D20000"/></w:pBdr>')
    )
    _line(word, "", _BODY)
    for line in document.title:
        _line(word, line, _TITLE, size=22, align="center", exact=False)
    if document.notice:
        _line(word, document.notice, _BLACK, size=14, align="center")
    _line(word, "", _BODY)
    _line(word, document.addressees, _BODY)


def _tail(word: Word, document: Document) -> None:
    """What is attached, who signs, and what the figures stand on."""
    _line(word, "", _BODY)
    for place, title in enumerate(document.attachments):
        _line(word, f"{'附件：' if not place else '　　　'}{place + 1}．{title}", _BODY, indent=True)
    _line(word, "", _BODY)
    # A signature alone on a page could belong to anything.
    for line in word.paragraphs[-len(document.attachments) - 1 :]:
        line.paragraph_format.keep_with_next = True
    for text, size, colour in (("（印章）", 12, _GREY), (document.issuer, 16, None), (document.date, 16, None)):
        # Centred above each other, four characters from the right edge.
        line = _line(word, text, _BODY, size=size, align="center", colour=colour)
        line.paragraph_format.left_indent = Pt(442 - 64 - 16 * max(len(document.issuer), 11))
        line.paragraph_format.right_indent = Pt(64)
        line.paragraph_format.keep_with_next = True
    _line(word, "", _BODY)
    _line(word, "编制说明", _BLACK, size=10.5, exact=False).paragraph_format.keep_with_next = True
    for name, value in document.statement:
        _line(word, f"{name}：{value}", _BODY, size=9, exact=False)


def _block(word: Word, block: Block, landscape: bool, title: str = "") -> None:
    if isinstance(block, Heading):
        heading = _line(word, block.text, _BLACK if block.level == 1 else _ITALIC, indent=True)
        heading.paragraph_format.keep_with_next = True
    elif isinstance(block, Paragraph):
        _line(word, block.text, _BODY, align="both", indent=True)
    elif isinstance(block, Chart):
        caption = _line(word, block.title, _BLACK, size=12, align="center", exact=False)
        caption.paragraph_format.keep_with_next = True
        picture = typeset(_PICTURE, {"svg": svg(block)}, "png", MADE, ppi=200)
        word.add_paragraph().add_run().add_picture(BytesIO(picture), width=Mm(156))
    else:
        if block.caption != title:
            caption = _line(word, block.caption, _BLACK, size=12, align="center", exact=False)
            caption.paragraph_format.keep_with_next = True
            caption.paragraph_format.space_before = caption.paragraph_format.space_after = Pt(6)
        # Before the section's properties, which are the last element.
        word.element.body.insert(len(word.element.body) - 1, parse_xml(table_xml(block, _TEXT_WIDTH[landscape])))
        _line(word, "", _BODY, size=6, exact=False)


def _line(
    word: Word,
    text: str,
    font: str,
    *,
    size: float = 16,
    align: str = "left",
    indent: bool = False,
    colour: RGBColor | None = None,
    exact: bool = True,
) -> WordParagraph:
    """A paragraph. `exact`: on the grid of 22 lines a page, for what isn't larger than its line."""
    paragraph = word.add_paragraph()
    paragraph.alignment = {
        "left": WD_ALIGN_PARAGRAPH.LEFT,
        "center": WD_ALIGN_PARAGRAPH.CENTER,
        "both": WD_ALIGN_PARAGRAPH.JUSTIFY,
    }[align]
    form = paragraph.paragraph_format
    form.space_before = form.space_after = Pt(0)
    if exact:
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(_LINE)
    if indent:
        form.first_line_indent = Pt(size * _INDENT)
    run = paragraph.add_run(text)
    run.font.size = Pt(size)
    if colour is not None:
        run.font.color.rgb = colour
    _name_fonts(run._r.get_or_add_rPr().get_or_add_rFonts(), font)
    return paragraph


def _name_fonts(fonts: Any, east_asian: str, latin: str = _LATIN) -> None:
    """Sets a w:rFonts element; without eastAsia Word takes any font for Chinese."""
    for name, font in (("ascii", latin), ("hAnsi", latin), ("cs", latin), ("eastAsia", east_asian)):
        fonts.set(qn(f"w:{name}"), font)


def _page_number(paragraph: WordParagraph, align: str) -> None:
    """— 1 —, outside on the page, a character from the edge."""
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if align == "right" else WD_ALIGN_PARAGRAPH.LEFT
    paragraph.paragraph_format.right_indent = paragraph.paragraph_format.left_indent = Pt(14)
    for text in ("— ", None, " —"):
        run = paragraph.add_run(text or "")
        run.font.size = Pt(14)
        _name_fonts(run._r.get_or_add_rPr().get_or_add_rFonts(), "宋体", "宋体")
        if text is None:
            for kind in ("begin", "PAGE", "end"):
                if kind == "PAGE":
                    element = OxmlElement("w:instrText")
                    element.text = kind
                else:
                    element = OxmlElement("w:fldChar")
                    element.set(qn("w:fldCharType"), kind)
                run._r.append(element)
