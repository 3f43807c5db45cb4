"""Every notice has a Chinese sentence with the registry's names, and nothing in it is a person's or a link."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from deploy.district import FOLDER
from schemas.events import KNOWN_FIELDS
from schemas.notice_texts import kinds, names_of, sentence, severity, title
from schemas.published import Notice
from schemas.registry import Registry
from schemas.rules import SUSPICION_RULES
from tests.notify.notices import DATA, NAMES, STREET, notice

_ROOT = Path(__file__).parents[2]
_FAMILIES = ("rectification.", "rating.", "device.", "queue.")


def _published_types() -> set[str]:
    """The texts in the core that look like a type and are no event's."""
    files = [
        *(_ROOT / "streams" / "street").glob("*.py"),
        _ROOT / "schemas" / "live.py",
        _ROOT / "schemas/published.py",
    ]
    texts = {
        node.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in texts if text.startswith(_FAMILIES) and text.isascii() and " " not in text} - set(
        KNOWN_FIELDS
    )


def test_every_type_that_the_core_publishes_has_a_text_and_no_other() -> None:
    assert set(kinds()) == _published_types() == {kind for kind, _ in DATA}


def test_every_rule_of_suspicion_has_its_own_words() -> None:
    assert {rule for kind, rule in DATA if kind == "rating.flagged"} == set(SUSPICION_RULES)
    said = {sentence(notice("rating.flagged", rule=rule), NAMES) for rule in SUSPICION_RULES}
    assert len(said) == len(SUSPICION_RULES)
    assert not [text for text in said for rule in SUSPICION_RULES if rule in text]


@pytest.mark.parametrize(("kind", "rule"), DATA)
def test_a_sentence_names_the_place_and_holds_neither_staff_nor_code(kind: str, rule: str) -> None:
    text = sentence(notice(kind, rule=rule), NAMES)
    assert text.startswith("华山街道便民服务中心3号综合窗口")
    assert text.endswith("。")
    assert "\n" not in text
    assert "S0142" not in text
    assert STREET not in text
    assert "None" not in text
    assert title(kind) != title("unknown.type")


def test_what_is_urgent_is_told_apart() -> None:
    assert severity("rectification.overdue") == "critical"
    assert severity("rectification.opened") == severity("device.offline") == "warning"
    assert severity("device.back") == "info"


def test_the_sentence_of_a_bad_rating_says_by_when_what_is_to_be_done() -> None:
    said = "华山街道便民服务中心3号综合窗口收到差评（R-7），请于2026-11-03前首次联系评价人，2026-11-09前办结整改。"
    assert sentence(notice(number=7), NAMES) == said


def test_a_place_is_its_window_else_its_site_else_its_street_and_by_code_where_it_has_no_name() -> None:
    def start(**changes: Any) -> str:
        return sentence(notice("device.back", **changes), NAMES).partition("的")[0]

    assert start(window="") == "华山街道便民服务中心"
    assert start(window="", site="") == "华山街道"
    assert start(window="530102001-00-99") == "530102001-00-99"
    assert start(window="", site="", street="530102999") == "530102999"


def test_the_names_are_the_registry_s() -> None:
    names = names_of(Registry.load(FOLDER))
    assert names["530102000-00"] == "五华区政务服务中心"
    assert names["530102000-00-01"] == "1号综合窗口"


@pytest.mark.parametrize("id_", ["13812345678", "1３812345678", "530102199001011234", "云A12345"])
def test_a_number_that_identifies_somebody_is_masked_wherever_an_id_is_one(id_: str) -> None:
    texts = [
        sentence(notice(data={"rating": id_}), NAMES),
        sentence(notice("rating.flagged", rule="off_hours", data={"rating": id_}), NAMES),
        sentence(notice("device.offline", data={"device": id_}), NAMES),
        sentence(notice(street=id_, site="", window=""), {}),
    ]
    assert not [text for text in texts if id_ in text]


@pytest.mark.parametrize("id_", ["[看](http://a.example/)", "<@all>", "a\nb", "**重**", "@所有人", "a.example", "`x`"])
def test_an_id_can_t_become_a_link_a_mention_or_a_format(id_: str) -> None:
    text = sentence(notice("device.offline", data={"device": id_}), NAMES)
    shown = text.partition("（")[2].partition("）")[0]
    assert not set(shown) & set("[]()<>@*`./:\n")


@pytest.mark.parametrize("data", [{}, {"rating": 5, "due": 7, "count": "x", "waiting": None, "kind": []}])
@pytest.mark.parametrize("kind", [*kinds(), "unknown.type"])
def test_a_notice_with_other_data_still_makes_a_sentence(kind: str, data: dict[str, object]) -> None:
    text = sentence(Notice("n", kind, "yesterday", STREET, "", "", data), NAMES)
    assert text.startswith("华山街道")
    assert text.endswith("。")
