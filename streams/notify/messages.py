"""Messages: notices in the words and the format of a webhook. Pure.

A message to people holds as many notices as fit. Of more than anybody reads one by one it holds the most urgent, and
counts the others: where a district's notices of a night are a thousand, the board and the tables have each.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from schemas.notice_texts import SEVERITIES, place_of, sentence, severity, shown_time, title
from schemas.published import Notice
from streams.notify.targets import Format

# WeCom takes so many bytes of Markdown; DingTalk takes 20,000, which nobody reads at once.
TEXT_BYTES: Final = 4096
# More notices than these are counted: they would be some ten messages.
LISTED_MOST: Final = 200
# A program takes so many in a message.
JSON_MOST: Final = 200
# Stands in every message: a robot of DingTalk's may ask for a keyword.
SIGN: Final = "评流"

_LINE: Final = {"wecom": "\n> ", "dingtalk": "\n- "}


class Message(NamedTuple):
    """A body to post, and how many of the notices, from the first on, it tells."""

    body: bytes
    covered: int


_encode = msgspec.json.Encoder().encode


def compose(format_: Format, notices: Sequence[Notice], names: Mapping[str, str]) -> Message:
    """A message of as many notices as fit, at least one. `names`: by code, what places are called."""
    if format_ == "json":
        told = notices[:JSON_MOST]
        return Message(_json(told, names), len(told))
    if len(notices) > LISTED_MOST:
        ordered = sorted(notices, key=lambda notice: -SEVERITIES.index(severity(notice.type)))
        lines = _fitting(format_, _heading(notices), [_line(one, names) for one in ordered], _rest(len(notices)))
        return Message(_chat(format_, notices, [*lines, _rest(len(notices) - len(lines))]), len(notices))
    if len(notices) == 1:
        return Message(_chat(format_, notices, [_line(notices[0], names)]), 1)
    lines = _fitting(format_, _heading(notices), [_line(one, names) for one in notices], "")
    return Message(_chat(format_, notices[: len(lines)], lines), len(lines))


def greeting(format_: Format, text: str) -> bytes:
    """A message that says that all is well."""
    if format_ == "json":
        return _encode({"text": f"【{SIGN}】{text}", "notices": []})
    return _body(format_, f"【{SIGN}】{text}", f"**【{SIGN}】{text}**")


def text_of(body: bytes) -> str:
    """What people would read of a message."""
    said: dict[str, Any] = msgspec.json.decode(body)
    markdown = said.get("markdown")
    if markdown is None:
        return str(msgspec.json.format(body, indent=2).decode())
    return str(markdown.get("content") or markdown["text"])


def _chat(format_: Format, notices: Sequence[Notice], lines: Sequence[str]) -> bytes:
    heading = _heading(notices)
    return _body(format_, heading, f"**{heading}**" + "".join(_LINE[format_] + line for line in lines))


def _body(format_: Format, heading: str, text: str) -> bytes:
    if format_ == "wecom":
        return _encode({"msgtype": "markdown", "markdown": {"content": text}})
    return _encode({"msgtype": "markdown", "markdown": {"title": heading, "text": text}})


def _heading(notices: Sequence[Notice]) -> str:
    """What a phone shows of it."""
    counts = Counter(title(notice.type) for notice in notices)
    if len(notices) == 1:
        return f"【{SIGN}】{title(notices[0].type)}"
    return f"【{SIGN}】{len(notices)}条通知：" + "、".join(f"{name}{count}" for name, count in counts.most_common())


def _line(notice: Notice, names: Mapping[str, str]) -> str:
    return f"{shown_time(notice.time)[5:]} {sentence(notice, names)}"


def _rest(count: int) -> str:
    return f"另有{count}条，详见看板。"


def _fitting(format_: Format, heading: str, lines: Sequence[str], last: str) -> list[str]:
    """The first lines that fit with the heading and a last line; at least one."""
    room = TEXT_BYTES - _size(f"**{heading}**") - _size(_LINE[format_] + last)
    fitting: list[str] = []
    for line in lines:
        room -= _size(_LINE[format_] + line)
        if room < 0 and fitting:
            break
        fitting.append(line)
    return fitting


def _size(text: str) -> int:
    return len(text.encode())


def _json(notices: Sequence[Notice], names: Mapping[str, str]) -> bytes:
    return _encode({"text": _heading(notices), "notices": [_plain(notice, names) for notice in notices]})


def _plain(notice: Notice, names: Mapping[str, str]) -> dict[str, str]:
    """A notice for programs. `key` is the same when it comes again, and tells nothing else."""
    return {
        "key": hashlib.sha256(notice.id.encode()).hexdigest()[:32],
        "type": notice.type,
        "severity": severity(notice.type),
        "time": notice.time,
        "street": notice.street,
        "site": notice.site,
        "window": notice.window,
        "place": place_of(notice, names),
        "text": sentence(notice, names),
    }
