"""Masking: whatever stands around a person's number or a field named for a person, neither is shown.

Numbers are looked for by a plain scan of digits, not by the patterns of `schemas.privacy`.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from typing import Any

from schemas.privacy import mask, mask_raw

_PHONE = "13812345678"
# What an input's control characters stand for, so that few changed bytes make another message.
_PARTS = (
    f'{{"rating":"R-1","comment":"回电 {_PHONE} 谢谢"}}', f'{{"rater":"{_PHONE}"}}', f'{{"callback":{_PHONE}}}', _PHONE,
    "\\u0031\\u0033\\u0038\\u0031\\u0032\\u0033\\u0034\\u0035\\u0036\\u0037\\u0038", "１３８１２３４５６７８",
    "+86", "53010219900307123X", "云A12345", "0871-63123456", "1.3812345678e10", "1e10", '"comment":', '"rater":',
    '"x":"', "\\u00", "\\", '"', "{", "}", "[", "]", ",", ":", "null", " ", "-", "1", "\\u0022",
)  # fmt: skip
WORDS: list[bytes] = []
SEEDS = [bytes([which, *around]) for which in range(len(_PARTS)) for around in ((), (14, which, 17), (18, 12, which))]


def check(data: bytes) -> None:
    """G14, for texts and for the bytes of refused messages."""
    raw = b"".join(_PARTS[byte].encode() if byte < len(_PARTS) else bytes([byte]) for byte in data)
    shown = mask_raw(raw)
    for text in (shown.decode("utf-8", "replace"), *_texts(shown)):
        assert not list(phones(text)), (raw, shown)
    assert mask_raw(shown) == shown, (raw, shown)
    text = raw.decode("utf-8", "replace")
    masked = mask(text)
    assert not list(phones(masked)), (text, masked)
    assert mask(masked) == masked, (text, masked)


def phones(text: str) -> Iterator[str]:
    """Runs of exactly eleven digits, of any script, that a mobile number may be."""
    run = ""
    for letter in f"{text} ":
        digit = unicodedata.decimal(letter, -1)
        if digit >= 0:
            run += str(digit)
            continue
        if len(run) == 11 and run[0] == "1" and run[1] in "3456789":
            yield run
        run = ""


def _texts(shown: bytes) -> Iterator[str]:
    """The texts and numbers of what is JSON."""
    try:
        yield from _inside(json.loads(shown))
    except (ValueError, RecursionError):
        return


def _inside(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from _inside(item)
    elif isinstance(value, list):
        for item in value:
            yield from _inside(item)
    elif isinstance(value, int | str) and not isinstance(value, bool):
        yield str(value)
