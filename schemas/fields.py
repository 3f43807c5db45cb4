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
RFC3339: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$"


def _exists(text: str) -> str:
    epoch_ms(text)
    return text


def _is_date(text: str) -> str:
    date.fromisoformat(text)
    return text


# The envelope's time is checked for its shape here and read once, by the decoder, which also says if it does not exist.
Time = Annotated[str, Field(pattern=RFC3339, strict=True)]
Moment = Annotated[Time, AfterValidator(_exists)]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", strict=True), AfterValidator(_is_date)]
Id = Annotated[str, Field(min_length=1, max_length=64, strict=True)]
Source = Annotated[str, Field(min_length=1, max_length=128, strict=True)]
Street = Annotated[str, Field(pattern=r"^[0-9]{9}$", strict=True)]
Rater = Annotated[str, Field(max_length=128, strict=True)]
Comment = Annotated[str, Field(max_length=500, strict=True)]
Text = Annotated[str, Field(max_length=2000, strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(ge=0, strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
