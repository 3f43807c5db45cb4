"""What comes to be known after a seal changes nothing sealed: it is a correction, said once, with its cause."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import pytest

from tests.assessment.sealing import (
    FIFTH,
    FIRST,
    FOURTH,
    MONTH,
    NEXT,
    QUARTER,
    SECOND,
    THIRD,
    Told,
    copied,
    ingest,
    json_lines,
    said,
    sealed_sample,
    told,
    up,
)
from tests.box import Box

_Correction = Mapping[str, Any]
# Who is concerned, what the cause says, the events that it names, and the rule of the bill whose points differ.
_CAUSES: Final = (
    (FIRST, "申诉已决定 R-first；评价作废 R-first（", {"decided", "voided"}, "bad.dissatisfied: -2 → 无"),
    (SECOND, "迟到的办件 V-late；迟到的评价 R-late（", {"done-late", "rated-late"}, "rating.basically_satisfied: "),
    (THIRD, "巡查记录撤销 K-third（", {"unnoted-third"}, "late: "),
    (FOURTH, "迟到的办件 V-fourth（", {"done-fourth"}, "ontime.late: "),
    (FIFTH, "补录的巡查记录 K-fifth（", {"noted-fifth"}, "rude: 无 → -2"),
)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return sealed_sample(tmp_path_factory)[1]


def _of(corrections: Sequence[_Correction], subject: str, period: str = MONTH) -> _Correction:
    (found,) = [one for one in corrections if (one["period"], one["subject"]) == (period, subject)]
    return found


def _score(text: str) -> Decimal:
    return Decimal(str(json.loads(text)["score"]))


def test_nothing_sealed_changes(story: Told) -> None:
    assert story.then["sealed"] == story.first["sealed"]
    assert story.then["export"] == story.first["export"]
    period = json.loads(next(row for row in story.first["sealed"] if '"results_sha256"' in row))
    assert hashlib.sha256(story.then["export"].encode()).hexdigest() == period["results_sha256"]


@pytest.mark.parametrize(("staff", "words", "events", "line"), _CAUSES)
def test_a_correction_says_before_and_after_and_names_its_cause(
    story: Told, staff: str, words: str, events: set[str], line: str
) -> None:
    found = _of(story.waiting, staff)
    assert (found["scope"], found["street"]) == ("staff", "530102000")
    assert found["cause"].startswith(words)
    assert line in found["cause"]
    assert {tuple(event) for event in found["events"]} == {("tests/sealing", event) for event in events}
    sealed = next(
        row
        for text in story.first["sealed"]
        if (row := json.loads(text)).get("result") == "staff_months" and row["subject"] == staff
    )
    assert _score(found["before"]) == Decimal(sealed["score"]) != _score(found["after"])


def test_better_and_worse_are_so(story: Told) -> None:
    risen = {staff: _score(one["after"]) > _score(one["before"]) for staff in (FIRST, SECOND, THIRD, FOURTH, FIFTH)
             if (one := _of(story.waiting, staff))}  # fmt: skip
    assert risen == {FIRST: True, SECOND: False, THIRD: True, FOURTH: False, FIFTH: False}


def test_who_did_nothing_but_moves_is_told_so_and_no_event_is_blamed(story: Told) -> None:
    concerned = {FIRST, SECOND, THIRD, FOURTH, FIFTH}
    others = [one for one in story.waiting if one["scope"] == "staff" and one["subject"] not in concerned]
    assert others
    for one in others:
        before, after = json.loads(one["before"]), json.loads(one["after"])
        moved = before["score"] == after["score"]
        assert one["cause"].startswith("他人或同组分数更正，名次随之变动" if moved else "同组平均或登记信息变动")
        assert (one["events"], before != after) == ([], True)
    assert {one["period"] for one in story.waiting} == {MONTH}


def test_corrections_are_kept_with_the_next_seal_and_wait_no_longer(story: Told) -> None:
    assert story.bulletin == story.waiting
    assert story.rest == []


def test_the_next_paper_lists_them_and_that_of_the_sealed_month_stays(story: Told) -> None:
    first, then = (re.sub(r"\d\d:\d\d:\d\d（北京时间）", "", each["paper"]) for each in (story.first, story.then))
    assert then == first
    text = html.unescape(story.next_paper)
    assert f"更正{len(story.waiting)}项" in text
    for staff, words, _, _ in _CAUSES:
        assert words in text
        assert f"工号{staff[1:]}" in text
    assert "更正原因" not in story.first["paper"]


@pytest.fixture
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with up(copied(sealed_sample(tmp_path_factory)[0], tmp_path_factory.mktemp("reinstated") / "data")) as box:
        yield box


def test_a_reinstatement_is_a_correction_back_and_is_said_once(box: Box, story: Told) -> None:
    ingest(box, [told("rating.reinstated", "back", "2026-09-16T09:00:00", FIRST, rating="R-first", decided_by="S0001")])
    waiting = _corrections(box)
    earlier, back = _of(story.bulletin, FIRST), _of(waiting, FIRST)
    assert back["before"] == earlier["after"]
    # But for what the others changed in the average of the pool.
    assert abs(_score(back["after"]) - _score(earlier["before"])) < Decimal("0.01")
    assert back["cause"].startswith("评价恢复 R-first")
    assert back["events"] == [["tests/sealing", "back"]]
    # Of the others nothing is said again; who moves because of it has been moved.
    assert not [one for one in waiting if one["subject"] in (SECOND, THIRD, FOURTH, FIFTH) and "迟到" in one["cause"]]
    said(box, "seal", "quarter", QUARTER)
    assert _corrections(box, QUARTER) == waiting
    assert _corrections(box) == []
    assert _corrections(box, NEXT) == story.bulletin
    assert said(box, "verify") == "3 sealed periods verified: nothing was touched\n"


def _corrections(box: Box, *bulletin: str) -> Sequence[_Correction]:
    return json_lines(said(box, "corrections", "--json", *bulletin))
