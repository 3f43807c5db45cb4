"""The HTML file: whole in itself."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from sinks.reports import Kind, html
from sinks.reports.document import Document, Paragraph
from tests.reports.conftest import PERIODS, Papers

_VOID = {"meta", "br", "col", "rect"}


class _Reader(HTMLParser):
    """Holds that elements are closed in the order they were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            assert self.open.pop() == tag


@pytest.mark.parametrize("kind", PERIODS)
def test_a_page_is_well_formed_asks_nothing_of_anybody_and_holds_all_tables(papers: Papers, kind: Kind) -> None:
    text = papers.file(kind, "html").read_text(encoding="utf-8")
    document = papers.documents[kind]
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<script", text)
    assert not [tag for tag, values in reader.seen if {"src", "href"} & values.keys()]
    tags = [tag for tag, _ in reader.seen]
    assert tags.count("table") == len(list(document.tables()))
    assert tags.count("svg") == len(list(document.charts()))
    assert f"<title>{document.heading}</title>" in text
    assert '<html lang="zh-CN">' in text


def test_what_looks_like_markup_is_text(papers: Papers) -> None:
    document = papers.documents["monthly"]
    strange = Document("<i>", "", ("<b>",), "", "", (Paragraph("<script>"),), (), "", document.statement, ())
    text = html.write(strange).decode()
    assert "&lt;script&gt;" in text
    assert not re.search(r"<script|<i>|<b>", text)
