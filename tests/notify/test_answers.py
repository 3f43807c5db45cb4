"""What a webhook's answer means."""

from __future__ import annotations

import json

import pytest

from streams.notify.answers import CODES, Outcome, judge
from streams.notify.targets import Format


@pytest.mark.parametrize(("format_", "code"), [(format_, code) for format_, codes in CODES.items() for code in codes])
def test_a_code_of_a_robot_means_what_the_table_says_whatever_http_says(format_: Format, code: int) -> None:
    answer = judge(format_, 200, json.dumps({"errcode": code, "errmsg": "x"}).encode())
    assert answer.outcome is CODES[format_][code][0]
    assert (answer.asked is not None) is (answer.outcome is Outcome.LIMIT)
    assert answer.why == f"errcode {code}: {CODES[format_][code][1]}"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.DELIVERED), (204, Outcome.DELIVERED), (301, Outcome.DENIED), (307, Outcome.DENIED),
        (400, Outcome.REFUSED), (401, Outcome.DENIED), (403, Outcome.DENIED), (404, Outcome.DENIED),
        (408, Outcome.BUSY), (413, Outcome.REFUSED), (418, Outcome.ODD), (422, Outcome.REFUSED), (429, Outcome.LIMIT),
        (500, Outcome.BUSY), (502, Outcome.BUSY), (503, Outcome.BUSY), (504, Outcome.BUSY),
    ],
)  # fmt: skip
def test_a_status_means_what_http_says(status: int, outcome: Outcome) -> None:
    assert judge("json", status, b"").outcome is outcome
    if status >= 300:
        assert judge("wecom", status, b'{"errcode":0}').outcome is outcome


def test_a_robot_has_taken_a_message_only_where_it_says_so() -> None:
    assert judge("wecom", 200, b'{"errcode":0,"errmsg":"ok"}').outcome is Outcome.DELIVERED
    assert judge("dingtalk", 200, b'{"errcode":424242}').outcome is Outcome.ODD
    for page in (b"<html>log in", b"", b"[]", b'{"errmsg":"ok"}', b"\xff"):
        assert judge("wecom", 200, page).outcome is Outcome.DENIED


@pytest.mark.parametrize(("header", "asked"), [("7", 7.0), ("99999", 300.0), ("", None), ("soon", None), ("²", None)])
def test_what_it_asks_for_is_waited_up_to_five_minutes(header: str, asked: float | None) -> None:
    assert judge("json", 503, b"", header).asked == asked


def test_why_quotes_nothing_of_the_answer() -> None:
    for status in (200, 301, 404, 418, 500):
        assert "canary" not in judge("wecom", status, b'{"errcode":93000,"errmsg":"canary"}').why
