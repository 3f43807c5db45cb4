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
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic_core import from_json, to_json

from schemas.events import KNOWN_FIELDS
from schemas.secret import Secret

_MASK: Final = "***"
# What stands for a rater in events that we publish: a hash, and a proof that it is ours.
_NAMED: Final = "hmac-sha256:"
_TAG_DIGITS: Final = 32
_RATING: Final = "rating.submitted"
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
    """Text without phone, identity-card and plate numbers, also where they are written in full-width digits.

    What is masked stays as it is when it is masked again: a number may show only once the one before it is gone.
    """
    while (masked := _mask_once(text)) != text:
        text = masked
    return text


def _mask_once(text: str) -> str:
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
    """Turns event data into what may be kept and published.

    `raters`: the keys that hash raters, each with the moment from which it is in force (epoch ms), newest first, the
    last since ever. `tokens`: the keys that vouch for a hash that we published, the one that is used first.
    """

    def __init__(self, raters: Sequence[tuple[int, bytes]], tokens: Sequence[bytes]) -> None:
        self._raters = raters
        self._tokens = tokens

    @classmethod
    def from_secret(cls, secret: Secret) -> Privacy:
        """By the district's secret."""
        newest = secret.key("rater token")
        older = [key for key in secret.keys("rater token") if key != newest]
        return cls(secret.dated("rater"), [newest, *older])

    def rater_hash(self, rater: str, at_ms: int) -> str:
        """HMAC-SHA-256 of a rater, 64 hexadecimal digits; what a token of ours names, where it is one.

        `at_ms`: when the broker got the event (epoch ms), which decides by which key.
        """
        if named := self.named(rater):
            return named
        key = next((key for from_ms, key in self._raters if from_ms <= at_ms), self._raters[-1][1])
        return _hmac(key, rater)

    def rater_hashes(self, rater: str) -> list[str]:
        """What a rater is called under each key there is."""
        return [_hmac(key, rater) for _, key in self._raters]

    def publishable(self, kind: str, data: Mapping[str, Any], at_ms: int) -> Mapping[str, Any]:
        """An accepted event's data as we may publish it ourselves; the same object where nothing in it is personal.

        As `clean` gives it, but for the rater: a token, for which `rater_hash` gives the hash that the rater has at
        `at_ms`. What comes of it further on is what would have come of the data as they were.
        """
        cleaned = self.clean(kind, data)
        rater = data.get("rater")
        if kind != _RATING or not rater:
            return cleaned
        token = self._token(self.rater_hash(rater, at_ms))
        published = {**cleaned, "rater": token}
        return data if published == data else published

    def _token(self, rater_hash: str, key: bytes | None = None) -> str:
        return f"{_NAMED}{rater_hash}.{_hmac(key or self._tokens[0], rater_hash)[:_TAG_DIGITS]}"

    def named(self, token: str) -> str:
        """The hash in a token of ours; '' if it is none: nobody else can name a hash."""
        if not token.startswith(_NAMED):
            return ""
        rater_hash = token.removeprefix(_NAMED).partition(".")[0]
        is_ours = any(
            hmac.compare_digest(token.encode(), self._token(rater_hash, key).encode()) for key in self._tokens
        )
        return rater_hash if is_ours else ""

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


def _hmac(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


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
