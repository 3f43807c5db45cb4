"""The small types that events are made of (contract §1): ids, codes, moments and free text.

Types are strict: a number in quotes is no number. `None` stands for an absent optional (docs/semantics.md).
Times stay the text they came as, so that what is stored is what was sent; `schemas.moments` reads them.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from schemas.moments import epoch_ms

# RFC 3339 §5.6 with an offset: the shape. That the moment exists (month 13, second 60) is `epoch_ms`'s to say.
RFC3339: Final = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)


def _exists(text: str) -> str:
    epoch_ms(text)
    return text


def _is_date(text: str) -> str:
    date.fromisoformat(text)
    return text


# What the fields with a pattern ask for, in words.
_MOMENT_WORDS: Final = "must be a time with an offset (RFC 3339), like 2026-11-02T10:15:30+08:00"
PATTERNS: Final = {
    "time": _MOMENT_WORDS,
    "promised_by": _MOMENT_WORDS,
    "street": "must be 9 digits",
    "due": "must be a date, like 2026-11-02",
}

# The envelope's time is checked for its shape here and read once, by the decoder, which also says if it does not exist.
Time = Annotated[str, Field(pattern=RFC3339, strict=True)]
Moment = Annotated[Time, AfterValidator(_exists)]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", strict=True), AfterValidator(_is_date)]
Id = Annotated[str, Field(min_length=1, max_length=64, strict=True)]
Source = Annotated[str, Field(min_length=1, max_length=128, strict=True)]
Street = Annotated[str, Field(pattern=r"^[0-9]{9}$", strict=True)]
Comment = Annotated[str, Field(max_length=500, strict=True)]
Suggestion = Annotated[str, Field(max_length=2000, strict=True)]
# No length is asked for; a message's own (64 KiB) bounds it.
Text = Annotated[str, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
