"""What the papers say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli_report import report
from sinks.reports import Kind, Letterhead, ReportError, compose
from sinks.reports.document import Block, Document, Heading, Paragraph, Table
from sinks.reports.wording import NEXT_STEP, PROVISIONAL, UNGRADED, UNSAMPLED, rule_label
from tests.reports.conftest import PERIODS, Papers
from tests.reports.sample import REGISTRY, RULES


class Nothing:
    """A database without results."""

    def rows(self, sql: str) -> list[dict[str, object]]:
        return []


def _said(document: Document) -> str:
    return "\n".join(block.text for block in document.blocks if isinstance(block, Heading | Paragraph))


def _table(document: Document, name: str) -> Table:
    return next(table for table, _ in document.tables() if table.name == name)


def _blocks(document: Document) -> Iterator[Block]:
    yield from document.blocks
    for annex in document.annexes:
        yield from annex.blocks


@pytest.mark.parametrize("kind", PERIODS)
def test_a_paper_names_its_basis_and_leaves_what_is_next_to_people(papers: Papers, kind: Kind) -> None:
    document = papers.documents[kind]
    statement = dict(document.statement)
    assert statement["规则集"] == RULES.assessment.name
    assert statement["规则集SHA-256"] == RULES.sha256
    assert "pingliu.events：0→812345，" in statement["数据截至"]
    assert statement["计算时间"] == "2026-10-20 02:00:00（北京时间）"
    assert "pingliu.site_" in statement["数据来源"]
    assert statement["封账状态"] == "未封账（暂计）"
    assert document.notice == PROVISIONAL
    assert document.number == "五政务通〔2026〕9号"
    assert document.date == "2026年10月22日"
    assert document.heading.startswith("关于2026年")
    assert NEXT_STEP in _said(document)
    assert "六、更正\n无。" in _said(document)


def test_a_sealed_paper_is_not_provisional_and_lists_corrections(papers: Papers) -> None:
    assert papers.sealed.notice == ""
    assert dict(papers.sealed.statement)["封账状态"] == "已封账，封账SHA-256：" + "5ea1" * 16
    assert papers.sealed.number == "〔2026〕　号"
    rows = list(_table(papers.sealed, "更正").texts())
    assert rows == [
        ("2026-08", "人员", "工号0003", "95.00分，良好，第3名", "95.12分，优秀，第1名", "申诉成立，作废评价一条")
    ]


@pytest.mark.parametrize("kind", PERIODS)
def test_staff_appear_by_their_number_and_all_of_them_do(papers: Papers, kind: Kind) -> None:
    numbers = {member.display for member in REGISTRY.staff.values()}
    shown = set()
    for table, _ in papers.documents[kind].tables():
        titles = [column.title for column in table.columns]
        assert "姓名" not in titles
        if "工号" in titles:
            column = {str(row[titles.index("工号")]) for row in table.rows}
            assert column <= numbers
            if table.name.endswith("人员"):
                shown |= column
    assert shown == numbers


@pytest.mark.parametrize("kind", PERIODS)
def test_every_street_has_its_annex_with_all_its_sites(papers: Papers, kind: Kind) -> None:
    document = papers.documents[kind]
    for street in REGISTRY.streets.values():
        table = _table(document, f"{street.name}站点")
        assert len(table.rows) == sum(site.street == street.code for site in REGISTRY.sites.values())
        assert table.columns[-1].title == "失分最多的三项"


def test_who_has_too_little_is_listed_and_has_no_rank_and_no_score(papers: Papers) -> None:
    document = papers.documents["monthly"]
    ranking = _table(document, "社区排名")
    unsampled = [row for row in ranking.rows if row[0] == UNSAMPLED]
    assert unsampled
    assert all(row[-1] is None and row[-2] is None for row in unsampled)
    assert f"以下{len(unsampled)}个社区便民服务站样本不足" in _said(document)
    ungraded = _table(document, f"{UNGRADED}名单")
    assert ungraded.rows
    of_streets = [table for table, _ in document.tables() if table.name.endswith("人员")]
    for table in of_streets:
        place = table.place("档次")
        for row in table.rows:
            assert (row[place] == UNGRADED) == (row[table.place("合计")] is None) == (row[place + 1] is None)


def test_the_last_row_is_the_sum_or_the_mean_of_the_rows(papers: Papers) -> None:
    table = _table(papers.documents["monthly"], "街道排名")
    total = table.total_row()
    assert total is not None
    services = [row[table.place("办件量")] for row in table.rows]
    scores = [row[table.place("得分")] for row in table.rows]
    assert total[table.place("办件量")] == sum(one for one in services if isinstance(one, int))
    assert total[table.place("得分")] == sum(one for one in scores if isinstance(one, Decimal)) / len(scores)


def test_cuts_add_up_to_the_whole(papers: Papers) -> None:
    document = papers.documents["quarterly"]
    totals = []
    for name in ("分组情况", "先锋岗情况", "部门情况"):
        row = _table(document, name).total_row()
        assert row is not None
        totals.append(row[1:8])
    assert totals[0] == totals[1] == totals[2]
    assert all(totals[0])


def test_a_loss_is_named_in_chinese_whatever_its_rule(papers: Papers) -> None:
    codes = {code: of.text for code, of in RULES.conduct.codes.items()}
    assert rule_label("participation.low", codes) == "主动评价率不足"
    assert rule_label("late", codes) == "迟到"
    assert rule_label("criticised.lead", codes) == "媒体、上级负面通报（带班责任）"
    assert rule_label("praise.cap", codes) == "表扬信、锦旗（超上限）"
    assert rule_label("service.floor", codes) == "本项（扣完为止）"
    assert rule_label("something-else", codes) == "something-else"
    for document in papers.documents.values():
        for table, _ in document.tables():
            for column, cells in zip(table.columns, zip(*table.rows, strict=True), strict=True):
                if column.title == "失分最多的三项":
                    assert not any(re.search(r"[a-z]", str(cell)) for cell in cells)


def test_texts_have_chinese_punctuation(papers: Papers) -> None:
    for document in papers.documents.values():
        for block in _blocks(document):
            if isinstance(block, Paragraph):
                assert not re.search(r"[,;:()?!\"']", block.text), block.text
                assert block.text.endswith(("。", "："))


@pytest.mark.parametrize(
    ("kind", "period", "why"),
    [
        ("monthly", "2026-9", "a month"),
        ("monthly", "2026-Q3", "a month"),
        ("quarterly", "2026-Q5", "a quarter"),
        ("annual", "2026-09", "a year"),
        ("monthly", "2026-09", "has not been assessed"),
    ],
)
def test_a_period_that_is_none_or_was_not_assessed_is_refused(kind: Kind, period: str, why: str) -> None:
    with pytest.raises(ReportError, match=why):
        compose(Nothing(), kind, period, Letterhead("甲", "", date(2026, 1, 1)))


def test_a_file_of_another_kind_is_refused_by_name(tmp_path: Path) -> None:
    done = CliRunner().invoke(report, ["monthly", "2026-09", "--out", "a.odt", "--data", str(tmp_path)])
    assert isinstance(done.exception, ReportError)
    assert "a.odt" in str(done.exception)
    assert ".odt" in str(done.exception)
