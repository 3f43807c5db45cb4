"""typst and the fonts that it needs: of CJK, with the serifs that a paper has and without, for charts."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Final, Literal

import typst

from sinks.reports.error import ReportError

SERIF: Final = "Noto Serif CJK SC"
SANS: Final = "Noto Sans CJK SC"
_PACKAGE: Final = "fonts-noto-cjk"


@cache
def fonts() -> typst.Fonts:
    """All fonts of this machine; it takes a moment to find them."""
    return typst.Fonts()


def typeset(
    source: bytes, inputs: dict[str, str], form: Literal["pdf", "png"], made: datetime, ppi: float = 144
) -> bytes:
    """What typst makes of a source of one page (png) or any (pdf). Raises ReportError where the fonts are missing."""
    absent = [family for family in (SERIF, SANS) if family not in fonts().families()]
    if absent:
        # typst would print boxes in the place of characters.
        raise ReportError(
            f"the fonts {' and '.join(absent)} are not installed; with Debian: apt-get install {_PACKAGE}"
        )
    # Tags would make a file of 0.3 MB one of 2 MB, for the thousands of cells of a district.
    made_of = typst.compile(
        source, format=form, font_paths=fonts(), sys_inputs=inputs, timestamp=made, ppi=ppi, pdf_tags=False
    )
    if not isinstance(made_of, bytes):
        raise TypeError("typst made several pages of a picture")
    return made_of
