"""The national tag list: complete, and by version."""

from __future__ import annotations

from schemas.levels import LEVELS
from schemas.tags import CURRENT_VERSION, VERSIONS, find_tag, tags_of


def test_every_level_has_eight_tags_of_which_three_are_shown_at_once() -> None:
    for level in LEVELS:
        tags = tags_of(level)
        assert len(tags) == 8
        assert [tag.folded for tag in tags] == [False] * 3 + [True] * 5


def test_a_code_says_its_level() -> None:
    digits = dict(zip("54321", LEVELS, strict=True))
    assert all(tag.level == digits[code[0]] and tag.code == code for code, tag in VERSIONS[CURRENT_VERSION].items())
    assert len(VERSIONS[CURRENT_VERSION]) == 40


def test_a_tag_is_found_by_code_and_version() -> None:
    tag = find_tag("213", "2020-08")
    assert tag is not None
    assert (tag.level, tag.text) == ("dissatisfied", "窗口人员业务不熟练")
    assert find_tag("213", "") == find_tag("213") == tag


def test_an_unknown_code_or_version_is_no_tag() -> None:
    assert find_tag("999") is None
    assert find_tag("213", "1999-01") is None
    assert tags_of("satisfied", "1999-01") == ()
    tag = find_tag("115")
    assert tag is not None
    assert tag.text == "服务态度差效率低"
