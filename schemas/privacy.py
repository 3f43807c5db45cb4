"""What may be stored and published of a person: a rater becomes a keyed hash, free text loses numbers that identify.

Contract §5: no table holds a rater's phone or name. Ids, which may look like phone numbers, are left alone.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, Final

from schemas.events import KNOWN_FIELDS

_MASK: Final = "***"
_PERSONAL: Final = re.compile(
    r"""
    (?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[0-9Xx](?![0-9A-Za-z])  # 身份证
  | (?<!\d)(?:\+?86[-\s]?)?1[3-9]\d[-\s]?\d{4}[-\s]?\d{4}(?!\d)                                             # mobile
  | (?<!\d)0\d{2,3}[-\s]\d{7,8}(?!\d)                                                                       # landline
  | [京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·\s]?[A-HJ-NP-Z0-9]{5,6}    # 车牌
    """,
    re.VERBOSE,
)
# Free text of the contract's types.
_TEXTS: Final = frozenset({"comment", "note", "text", "ground", "measure", "reason", "document"})
# Fields that vendors add to `data` and that name a person (DOMAIN §1.3).
_NAMES: Final = frozenset(
    {
        "name", "phone", "mobile", "tel", "telephone", "username", "user_name", "rater_name", "rater_phone", "idcard",
        "id_card", "certkeygov", "certno", "applicant", "applicantname", "applicantphone", "address", "email",
    }
)  # fmt: skip


def mask(text: str) -> str:
    """Text without phone, identity-card and plate numbers."""
    return _PERSONAL.sub(_MASK, text)


def mask_bytes(raw: bytes) -> bytes:
    """The same for bytes that may be no text at all; bytes that are nobody's number stay as they are."""
    return mask(raw.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


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
        changed: dict[str, Any] = {}
        for name, value in data.items():
            if name in _TEXTS:
                if value and isinstance(value, str) and (masked := mask(value)) != value:
                    changed[name] = masked
            elif name == "rater" or name not in known:
                cleaned = _MASK if name == "rater" or name.lower() in _NAMES else _clean_unknown(value)
                if cleaned != value:
                    changed[name] = cleaned
        return {**data, **changed} if changed else data


def _clean_unknown(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [_clean_unknown(item) for item in value]
    if isinstance(value, dict):
        return {mask(name): _MASK if name.lower() in _NAMES else _clean_unknown(item) for name, item in value.items()}
    return value
