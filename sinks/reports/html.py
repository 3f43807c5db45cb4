"""A document as one HTML file: nothing is fetched from anywhere, and it prints as a paper does."""

from __future__ import annotations

from html import escape
from typing import Final

from sinks.reports.chart import svg
from sinks.reports.document import NOTHING, Annex, Block, Chart, Document, Heading, Paragraph, Table

_STYLE: Final = """
@page { size: A4; margin: 37mm 26mm 35mm 28mm; @bottom-center { content: "— " counter(page) " —"; } }
@page wide { size: A4 landscape; margin: 28mm 20mm 26mm; }
body { font: 16pt/29pt "FangSong_GB2312", "FangSong", "STFangsong", "Noto Serif CJK SC", serif; color: #000;
  max-width: 156mm; margin: 12mm auto; }
header { text-align: center; border-bottom: 1.4pt solid #d20000; padding-bottom: 6pt; margin-bottom: 24pt; }
.mark { color: #d20000; font: bold 30pt/1.4 "FZXiaoBiaoSong-B05S", "STZhongsong", "Noto Serif CJK SC", serif; }
h1 { font: bold 22pt/32pt "FZXiaoBiaoSong-B05S", "STZhongsong", "Noto Serif CJK SC", serif; text-align: center;
  margin: 0 0 8pt; }
h2, h3, .label, figcaption, caption, th, tr.total td { font-family: "SimHei", "Noto Sans CJK SC", sans-serif; }
h2 { font-size: 16pt; font-weight: normal; margin: 0; text-indent: 2em; }
h3 { font: bold 16pt/29pt "KaiTi_GB2312", "KaiTi", "STKaiti", "Noto Serif CJK SC", serif; margin: 0; text-indent: 2em; }
p { margin: 0; text-indent: 2em; text-align: justify; }
p.flush, p.notice { text-indent: 0; }
p.notice { text-align: center; font-size: 14pt; margin-bottom: 16pt; }
table { border-collapse: collapse; width: 100%; margin: 8pt 0; line-height: 1.3; font-variant-numeric: tabular-nums; }
caption, figcaption { font-size: 12pt; text-align: center; padding: 4pt; }
th, td { border: 0.5pt solid #333; padding: 2pt 3pt; }
th { background: #eee; font-weight: normal; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
td.integer, td.points, td.share { text-align: right; }
td.centred, td.none { text-align: center; }
figure { margin: 8pt 0; break-inside: avoid; }
figure svg { width: 100%; height: auto; }
.attachments { margin: 29pt 0 0 2em; padding: 0; list-style-position: inside; }
.signature { width: fit-content; margin: 44pt 4em 0 auto; text-align: center; break-inside: avoid; }
.seal { color: #888; font-size: 12pt; }
.statement { border: solid #000; border-width: 0.8pt 0; margin-top: 36pt; padding: 6pt 0; font-size: 10.5pt;
  line-height: 1.5; break-inside: avoid; }
dl { display: grid; grid-template-columns: 8em 1fr; margin: 0; }
dd { margin: 0; overflow-wrap: anywhere; }
section.annex { break-before: page; margin-top: 24mm; }
section.wide { page: wide; }
.label { text-indent: 0; }
@media screen { section.wide { width: 225mm; margin-left: -34mm; } }
@media print { body { margin: 0; max-width: none; } section.annex { margin-top: 0; } }
"""


def write(document: Document) -> bytes:
    """The file, in UTF-8."""
    notice = f'<p class="notice">{escape(document.notice)}</p>' if document.notice else ""
    statement = "".join(f"<dt>{escape(name)}：</dt><dd>{escape(value)}</dd>" for name, value in document.statement)
    page = [
        '<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{escape(document.heading)}</title><style>{_STYLE}</style></head><body>",
        f'<header><div class="mark">{escape(document.issuer)}文件</div><div>{escape(document.number)}</div></header>',
        f"<h1>{'<br>'.join(map(escape, document.title))}</h1>{notice}",
        f'<p class="flush">{escape(document.addressees)}</p>',
        *(_block(block) for block in document.blocks),
        '<p class="attachments">附件：</p><ol class="attachments" style="margin-top:0">',
        *(f"<li>{escape(title)}</li>" for title in document.attachments),
        '</ol><div class="signature"><div class="seal">（印章）</div>',
        f"<div>{escape(document.issuer)}</div><div>{escape(document.date)}</div></div>",
        f'<div class="statement"><div class="label">编制说明</div><dl>{statement}</dl></div>',
        *(_annex(annex) for annex in document.annexes),
        "</body></html>\n",
    ]
    return "\n".join(page).encode()


def _annex(annex: Annex) -> str:
    blocks = "\n".join(_block(block, annex.title) for block in annex.blocks)
    wide = " wide" if annex.landscape else ""
    return (
        f'<section class="annex{wide}"><p class="label">{escape(annex.label)}</p><h1>{escape(annex.title)}</h1>'
        f"\n{blocks}</section>"
    )


def _block(block: Block, title: str = "") -> str:
    if isinstance(block, Heading):
        name = f"h{block.level + 1}"
        return f"<{name}>{escape(block.text)}</{name}>"
    if isinstance(block, Paragraph):
        return f"<p>{escape(block.text)}</p>"
    if isinstance(block, Chart):
        # In a page of HTML an svg needs no namespace, which looks like an address.
        picture = svg(block).replace(' xmlns="http://www.w3.org/2000/svg"', "", 1)
        return f"<figure><figcaption>{escape(block.title)}</figcaption>{picture}</figure>"
    return _table(block, "" if block.caption == title else block.caption)


def _table(table: Table, caption: str) -> str:
    head = "".join(f'<th scope="col">{escape(column.title).replace(chr(10), "<br>")}</th>' for column in table.columns)
    whole = sum(column.width for column in table.columns)
    widths = "".join(f'<col style="width:{100 * column.width / whole:.1f}%">' for column in table.columns)
    rows = list(table.texts())
    total = len(rows) - 1 if table.total_row() else -1
    body = "\n".join(
        f"<tr{' class=total' if number == total else ''}>"
        + "".join(
            f'<td class="{"none" if cell == NOTHING else column.kind}">{escape(cell)}</td>'
            for cell, column in zip(row, table.columns, strict=True)
        )
        + "</tr>"
        for number, row in enumerate(rows)
    )
    return (
        f'<table style="font-size:{table.font_size}pt">{f"<caption>{escape(caption)}</caption>" if caption else ""}'
        f"<colgroup>{widths}</colgroup><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"
    )
