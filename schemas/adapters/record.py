"""One record, read by its adapter's tables. Whatever can't be read is a Fault that names the vendor's field."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping as Tables
from datetime import date
from functools import cache
from typing import Any, Final, TypeVar

from schemas.adapters.fault import Fault
from schemas.adapters.mapping import TIME_PARTS, Field, Mapping
from schemas.fields import RFC3339
from schemas.moments import day_of, epoch_ms, to_date

# Half of SHA-256, in hexadecimal digits: an id has at most 64 characters.
_HASH_DIGITS: Final = 32
_MAX_ID: Final = 64
_MAX_KEPT: Final = 300
_MAX_NUMBER: Final = 10**18
_PARTS: Final = re.compile("|".join(TIME_PARTS))
_RFC3339: Final = re.compile(RFC3339)

_T = TypeVar("_T")


class Record:
    """The fields of a record, by the adapter's names for them."""

    def __init__(self, name: str, values: Tables[str, Any], mapping: Mapping) -> None:
        self.name = name
        self._values = values
        self.mapping = mapping

    def path(self, field: Field) -> str:
        """The vendor's name of a field: the one that this record has, or else the first it could have."""
        names = self.mapping.fields.get(field, (field,))
        return next((name for name in names if _is_there(self._values.get(name))), names[0])

    def text(self, field: Field) -> str:
        """A field as text, also where it is a number; '' where it isn't there. Raises Fault."""
        if field not in self.mapping.fields:
            return ""
        return self._text(self.path(field))

    def texts(self, field: Field) -> list[str]:
        """What is there under all the names of a field, without the blanks around it. Raises Fault."""
        found = [self._text(name).strip() for name in self.mapping.fields.get(field, ())]
        return [text for text in found if text]

    def need(self, field: Field) -> str:
        """A field without the blanks around it, which must be there. Raises Fault."""
        text = self.text(field).strip()
        if not text:
            raise Fault("invalid_field", self.path(field), f"{self.path(field)}: Field required")
        return text

    def code(self, field: Field, table: Tables[str, _T]) -> _T | None:
        """What a field's code stands for; None where the field isn't there. Raises Fault for a code not in the table.

        All the names under which the field is found must say the same.
        """
        found: dict[str, _T] = {}
        for name in self.mapping.fields.get(field, ()):
            if text := self._text(name).strip():
                if text not in table:
                    known = ", ".join(table)
                    raise Fault("invalid_field", name, f"{name}: {text[:40]} is none of the known codes: {known}")
                found[name] = table[text]
        if len(set(found.values())) > 1:
            said = ", but ".join(f"{name} says {value}" for name, value in found.items())
            raise Fault("invalid_field", self.path(field), said)
        return next(iter(found.values()), None)

    def need_code(self, field: Field, table: Tables[str, _T]) -> _T:
        """The same of a field that must be there."""
        value = self.code(field, table)
        if value is None:
            raise Fault("invalid_field", self.path(field), f"{self.path(field)}: Field required")
        return value

    def number(self, field: Field, default: int) -> int:
        """A whole number from 0 on. Raises Fault."""
        text = self.text(field).strip()
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise Fault("invalid_field", self.path(field), f"{self.path(field)}: {text[:40]} is no number")
        return int(text)

    def time(self, field: Field) -> str:
        """A moment as RFC 3339 text; one without an offset is of Asia/Shanghai. Raises Fault."""
        text = self.need(field)
        moment = (
            text if _RFC3339.match(text) else next(filter(None, (_read(text, form) for form in self.mapping.times)), "")
        )
        path = self.path(field)
        if not moment:
            raise Fault("invalid_field", path, f"{path}: {text[:40]} is no time like {', '.join(self.mapping.times)}")
        try:
            epoch_ms(moment)
        except ValueError as error:
            raise Fault("invalid_field", path, f"{path}: {error}") from error
        return moment

    def day(self, field: Field) -> date:
        """The day of Asia/Shanghai of a moment. Raises Fault."""
        return to_date(day_of(epoch_ms(self.time(field))))

    def kept(self) -> dict[str, Any]:
        """The vendor's own fields that may stay in `data`: short ones, of those that name nobody."""
        return {name: value for name in self.mapping.keep if _is_plain(value := self._values.get(name))}

    def digest(self, *more: str) -> str:
        """What names a record that has no identity of its own: a hash of its content, however it is written down."""
        return _hash(json.dumps([*more, self._values], sort_keys=True))

    def _text(self, name: str) -> str:
        value = self._values.get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _MAX_NUMBER:
            return str(value)
        raise Fault("invalid_field", name, f"{name}: must be a text or a whole number")


def fitting(text: str) -> str:
    """An id as it is, or its hash where it would be too long for one."""
    return text if len(text) <= _MAX_ID else _hash(text)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]


def _read(text: str, form: str) -> str:
    """Text in a form like YYYYMMDDThhmmss as RFC 3339; '' where it isn't."""
    found = _pattern(form).fullmatch(text)
    return "{YYYY}-{MM}-{DD}T{hh}:{mm}:{ss}+08:00".format_map(found.groupdict()) if found else ""


@cache
def _pattern(form: str) -> re.Pattern[str]:
    return re.compile(_PARTS.sub(lambda part: f"(?P<{part[0]}>[0-9]{{{len(part[0])}}})", re.escape(form)))


def _is_there(value: object) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= _MAX_KEPT
    return isinstance(value, int) and abs(value) < _MAX_NUMBER
