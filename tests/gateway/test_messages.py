"""A body is split into what it holds, and nothing is judged by that."""

from __future__ import annotations

import json

import pytest

from streams.gateway.messages import BATCH, EITHER, LINES, ONE, TooMany, split


@pytest.mark.parametrize(
    ("body", "content_type", "messages"),
    [
        (b'{"a": 1}', ONE, [b'{"a": 1}']),
        (b"[1]", ONE, [b"[1]"]),
        (b"[1]", "", [b"[1]"]),
        (b' [ {"a" : [1,2]} ,\n"x,]" , 3]', BATCH, [b'{"a" : [1,2]}', b'"x,]"', b"3"]),
        (b" \n[1]", EITHER, [b"1"]),
        (b" {}", EITHER, [b" {}"]),
        (b"[]", BATCH, []),
        (b"", ONE, [b""]),
        (b'1\r\n\n{"a": "b\\n"}\n', LINES, [b"1", b'{"a": "b\\n"}']),
    ],
)
def test_messages_are_their_bytes_as_they_came(body: bytes, content_type: str, messages: list[bytes]) -> None:
    assert split(body, content_type, 10) == messages


@pytest.mark.parametrize("body", [b"", b"[1", b"[1,]", b"{}", b"[1] 2", b"\xef\xbb\xbf[1]", b"[" * 100_000])
def test_an_array_that_can_t_be_split_is_one_message(body: bytes) -> None:
    assert split(body, BATCH, 10) == [body]


@pytest.mark.parametrize(("content_type", "more"), [(BATCH, b"[1,1,1]"), (LINES, b"1\n1\n1"), (LINES, b"1\n" * 10**6)])
def test_more_than_a_request_may_bring_is_an_error(content_type: str, more: bytes) -> None:
    assert len(split(more, content_type, 3)) == 3 if len(more) < 10 else True
    with pytest.raises(TooMany, match="at most 2"):
        split(more, content_type, 2)


def test_an_array_of_too_many_values_is_refused_before_it_is_split() -> None:
    with pytest.raises(TooMany, match="too many values"):
        split(json.dumps([1] * 300_000).encode(), BATCH, 10**6)
