"""What may be stored and published of a person: a rater becomes a keyed hash, free text loses numbers that identify.

Contract §5: no table holds a rater's phone or name. In accepted events the ids of the contract, which may look like
phone numbers, are left alone; in refused messages nothing is known to be an id, so whatever looks personal is masked.
Names inside free text can't be told from other words; fields that are named for a person are blanked whole.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import from_json, to_json

from schemas.events import KNOWN_FIELDS

_MASK: Final = "***"
_PERSONAL: Final = re.compile(
    r"""
    (?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[0-9Xx](?![0-9A-Za-z])  # 身份证
  | (?<!\d)(?:\+?86[-.\s]?)?\(?1[3-9]\d\)?[-.\s]?\d{4}[-.\s]?\d{4}(?!\d)                                 # mobile
  | (?<!\d)\(?0\d{2,3}(?:\)\s?|[-.\s])\d{7,8}(?!\d)                                                      # landline
  | [京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Za-hj-np-z][·\s]?
    [A-HJ-NP-Za-hj-np-z0-9]{5,6}                                                                         # 车牌
    """,
    re.VERBOSE,
)
# Free text of the contract's types.
_TEXTS: Final = frozenset(
    {"comment", "note", "text", "ground", "measure", "reason", "document", "tag_version", "firmware"}
)
# Fields that name a person: the contract's own, and what vendors add (DOMAIN §1.3). In lower case, without _ and -.
_NAMES: Final = frozenset(
    {
        "rater", "name", "phone", "mobile", "tel", "telephone", "username", "ratername", "raterphone", "idcard",
        "certkeygov", "certno", "applicant", "applicantname", "applicantphone", "address", "email",
    }
)  # fmt: skip
# A field that names a person, with its value, which may be cut off: for what is no JSON. Where a list or an object ends
# is not to be told then, so it is taken to last to the end.
_NAMED_VALUE: Final = re.compile(
    r'("(?:'
    + "|".join("[-_]?".join(name) for name in sorted(_NAMES))
    + r')"\s*:\s*)("(?:[^"\\]|\\.)+"?|(?!null\b)[-+.\w]+|[\[{].*)',
    re.IGNORECASE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")


def mask(text: str) -> str:
    """Text without phone, identity-card and plate numbers, also where they are written in full-width digits."""
    masked = _PERSONAL.sub(_MASK, text)
    if not masked.isascii():
        folded = unicodedata.normalize("NFKC", masked)
        again = _PERSONAL.sub(_MASK, folded)
        if again != folded:
            return again
    return masked


def mask_raw(raw: bytes) -> bytes:
    """The bytes of a refused message as they may be shown; the same bytes where nothing in them is personal.

    What is JSON is looked at by its structure, then everything as text: a message may be cut off, say a field twice, or
    escape its letters.
    """
    try:
        value = from_json(raw)
    except ValueError:
        pass
    else:
        cleaned = _clean(value)
        if cleaned != value:
            raw = to_json(cleaned)
    text = raw.decode("utf-8", "surrogateescape")
    masked = mask(_NAMED_VALUE.sub(rf'\1"{_MASK}"', text))
    plain = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), masked)
    if plain != masked and (again := mask(_NAMED_VALUE.sub(rf'\1"{_MASK}"', plain))) != plain:
        masked = again
    return _encode(masked)


class Privacy:
    """Turns event data into what may be kept. `key`: the district's secret, at least 16 bytes."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("rater key: at least 16 bytes are needed")
        self._key = key

    def rater_hash(self, rater: str) -> str:
        """HMAC-SHA-256 of a rater, 64 hexadecimal digits."""
        return hmac.new(self._key, rater.encode(), hashlib.sha256).hexdigest()

    def clean(self, kind: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """An accepted event's data as it may be stored; the same object where nothing in it is personal."""
        known = KNOWN_FIELDS[kind]
        cleaned: dict[str, Any] = {}
        is_changed = False
        for name, value in data.items():
            if name in known and name not in _TEXTS and name != "rater":
                cleaned[name] = value
                continue
            key, kept = name if name in known else mask(name), _clean_field(name, value)
            is_changed = is_changed or key != name or kept != value
            cleaned[key] = kept
        return cleaned if is_changed else data


def _clean_field(name: str, value: Any) -> Any:
    if name.lower().replace("_", "").replace("-", "") in _NAMES:
        return _MASK if value else value
    return _clean(value)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {mask(name): _clean_field(name, item) for name, item in value.items()}
    if isinstance(value, float) and value.is_integer():
        return _MASK if mask(f"{value:.0f}") == _MASK else value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**20:
        return _MASK if mask(str(value)) == _MASK else value
    return value


def _encode(text: str) -> bytes:
    """Text back to bytes; a half of a character that was escaped, which no bytes can say, becomes a question mark."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")
