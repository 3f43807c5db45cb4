"""Messages: every notice is told, in as few as may be, and none is longer than a robot takes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.notice_texts import sentence
from schemas.published import Notice
from streams.notify.messages import LISTED_MOST, TEXT_BYTES, compose, text_of
from streams.notify.targets import Format
from tests.notify.notices import DATA, NAMES, notice

_CHATS: tuple[Format, ...] = ("wecom", "dingtalk")
_KINDS = st.sampled_from(sorted(DATA))


@pytest.mark.parametrize("format_", _CHATS)
def test_one_notice_is_a_message_with_its_title_time_and_sentence(format_: Format) -> None:
    one = notice()
    text = text_of(compose(format_, [one], NAMES).body)
    assert text.startswith("**【评流】差评**")
    assert f"11-02 12:00 {sentence(one, NAMES)}" in text


@pytest.mark.parametrize("format_", [*_CHATS, "json"])
@given(kinds=st.lists(_KINDS, min_size=1, max_size=LISTED_MOST), name=st.text("窗a", min_size=1, max_size=100))
def test_messages_tell_every_notice_once_in_order_and_fit(
    format_: Format, kinds: list[tuple[str, str]], name: str
) -> None:
    notices = [notice(kind, number, rule=rule) for number, (kind, rule) in enumerate(kinds)]
    names = dict.fromkeys(NAMES, name)
    left, told = notices, []
    while left:
        body, covered = compose(format_, left, names)
        assert covered >= 1
        text = text_of(body)
        if format_ != "json":
            assert len(text.encode()) <= TEXT_BYTES
            said = [line[2:] for line in text.splitlines()[1:]]
            assert len(said) == covered
        else:
            said = [f"{one['time'][5:16].replace('T', ' ')} {one['text']}" for one in json.loads(body)["notices"]]
        told += said
        left = left[covered:]
    assert told == [f"11-02 12:00 {sentence(one, names)}" for one in notices]


@pytest.mark.parametrize("format_", _CHATS)
def test_of_more_than_anybody_reads_the_most_urgent_are_listed_and_the_others_counted(format_: Format) -> None:
    notices = [notice("device.back", number) for number in range(LISTED_MOST)]
    notices.append(notice("rectification.overdue", 999, rule="contact"))
    body, covered = compose(format_, notices, NAMES)
    text = text_of(body)
    first, *lines, last = text.splitlines()
    assert covered == len(notices)
    assert len(text.encode()) <= TEXT_BYTES
    assert first == f"**【评流】{len(notices)}条通知：设备恢复{LISTED_MOST}、整改逾期1**"
    assert "R-999" in lines[0]
    assert last[2:] == f"另有{len(notices) - len(lines)}条，详见看板。"


def test_a_program_gets_fields_and_a_key_that_stays_the_same_and_tells_nothing() -> None:
    one = notice(number=5)
    (said,) = json.loads(compose("json", [one], NAMES).body)["notices"]
    (again,) = json.loads(compose("json", [one], {}).body)["notices"]
    assert said["text"] == sentence(one, NAMES)
    assert (said["type"], said["severity"], said["window"]) == (one.type, "warning", one.window)
    assert said["key"] == again["key"]
    assert "R-5" not in said["key"]


def test_ids_of_persons_are_in_no_message() -> None:
    phone = "13812345678"
    one = Notice(f"rectification.opened/{phone}", "rectification.opened", "", "530102001", "", "", {"rating": phone})
    for format_ in (*_CHATS, "json"):
        assert phone.encode() not in compose(format_, [one], NAMES).body
