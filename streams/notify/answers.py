"""What a webhook's answer means. Pure. Robots say 200 also when they refuse: their `errcode` decides."""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import msgspec

from streams.notify.targets import Format


class Outcome(Enum):
    """What became of a message; the value is what metrics call it."""

    DELIVERED = "delivered"
    # Away, or not well: the same again, later.
    BUSY = "busy"
    # It says that it gets too many.
    LIMIT = "limit"
    # Its key, its signature or its address is wrong: somebody must mend that, and then the same is sent.
    DENIED = "denied"
    # It will never take this message.
    REFUSED = "refused"
    # What it says isn't known here: it may be of the target, or of the message.
    ODD = "odd"


class Answer(NamedTuple):
    """An outcome, and why, in our own words: nothing of what was sent and no URL. `asked`: to wait so many seconds.

    `said`: the webhook's own words, for the eyes of who holds the webhooks file; never for logs.
    """

    outcome: Outcome
    why: str
    asked: float | None = None
    said: str = ""


class _Robot(msgspec.Struct):
    errcode: int
    errmsg: str = ""


_decode = msgspec.json.Decoder(_Robot).decode
# A robot counts by minutes; DingTalk's is deaf for longer, and then says so again.
_LIMIT_SECONDS: Final = 60.0
_WECOM: Final = {
    -1: (Outcome.BUSY, "the system is busy"),
    45009: (Outcome.LIMIT, "too many messages"),
    45033: (Outcome.LIMIT, "too many calls at a time"),
    93000: (Outcome.DENIED, "the key in the URL is wrong"),
    93008: (Outcome.DENIED, "the robot isn't in the group any more"),
    93017: (Outcome.DENIED, "the robot was disabled"),
    40058: (Outcome.REFUSED, "the message has a field that can't be, or is too long"),
    44004: (Outcome.REFUSED, "the message is empty"),
    45002: (Outcome.REFUSED, "the message is too long"),
}
_DINGTALK: Final = {
    -1: (Outcome.BUSY, "the system is busy"),
    90030: (Outcome.LIMIT, "too many messages"),
    130101: (Outcome.LIMIT, "too many messages"),
    410100: (Outcome.LIMIT, "too many messages"),
    300001: (Outcome.DENIED, "the token in the URL is wrong"),
    300005: (Outcome.DENIED, "the token in the URL is wrong"),
    310000: (Outcome.DENIED, "the robot's security settings don't fit: signature, clock, keyword or address"),
    400101: (Outcome.DENIED, "the token in the URL is wrong"),
    400102: (Outcome.DENIED, "the robot was disabled"),
    40035: (Outcome.REFUSED, "the message has a field that can't be"),
    400105: (Outcome.REFUSED, "the message is of a type that can't be"),
    430101: (Outcome.REFUSED, "the message has a link that isn't wanted"),
    430102: (Outcome.REFUSED, "the message has a text that isn't wanted"),
    430104: (Outcome.REFUSED, "the message has a content that isn't wanted"),
    460101: (Outcome.REFUSED, "the message is too long"),
}
CODES: Final[dict[Format, dict[int, tuple[Outcome, str]]]] = {"wecom": _WECOM, "dingtalk": _DINGTALK, "json": {}}

_DENIED: Final = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.PROXY_AUTHENTICATION_REQUIRED,
    HTTPStatus.GONE,
)
_REFUSED: Final = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)
_LONGEST_WAIT: Final = 300.0


def judge(format_: Format, status: int, body: bytes, retry_after: str = "") -> Answer:
    """What an answer of HTTP means; `retry_after`: the header, '' where there is none."""
    asked = min(float(retry_after), _LONGEST_WAIT) if retry_after.isascii() and retry_after.isdigit() else None
    why, said = f"HTTP {status}", _words(body)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Answer(Outcome.LIMIT, why, asked or _LIMIT_SECONDS, said)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return Answer(Outcome.BUSY, why, asked, said)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Answer(Outcome.DENIED, f"{why}: it points elsewhere, and keys aren't taken there", None, said)
    if status in _DENIED:
        return Answer(Outcome.DENIED, why, None, said)
    if status in _REFUSED:
        return Answer(Outcome.REFUSED, why, None, said)
    if status >= HTTPStatus.BAD_REQUEST or status < HTTPStatus.OK:
        return Answer(Outcome.ODD, why, None, said)
    return Answer(Outcome.DELIVERED, why, None, said) if format_ == "json" else _of_robot(format_, body, said)


def _of_robot(format_: Format, body: bytes, said: str) -> Answer:
    try:
        robot = _decode(body)
    except msgspec.DecodeError:
        # A page to log in at, say: whoever answers is no robot.
        return Answer(Outcome.DENIED, "the answer is no robot's", None, said)
    if robot.errcode == 0:
        return Answer(Outcome.DELIVERED, "errcode 0", None, said)
    outcome, meaning = CODES[format_].get(robot.errcode, (Outcome.ODD, "not known here"))
    asked = _LIMIT_SECONDS if outcome is Outcome.LIMIT else None
    return Answer(outcome, f"errcode {robot.errcode}: {meaning}", asked, said)


def _words(body: bytes) -> str:
    text: Any = body.decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else " " for sign in text[:300])
