"""Corrections (更正): what a later bulletin says about results that were already circulated."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from sinks.assessment.corrections import Correction
from sinks.reports.document import NOTHING, Block, Column, Paragraph, Table
from sinks.reports.figures.names import Names
from sinks.reports.rounding import rounded
from sinks.reports.wording import BANDS, NONE, SCOPES, STARS


def corrections_section(corrections: Sequence[Correction], names: Names) -> tuple[Block, ...]:
    """A table of them, or 无."""
    if not corrections:
        return (Paragraph(NONE),)
    columns = (
        Column("期间", "centred", 19),
        Column("类别", "centred", 13),
        Column("对象", "text", 32),
        Column("原结果", "text", 30),
        Column("更正为", "text", 30),
        Column("更正原因", "text", 32),
    )
    rows = tuple(
        (
            correction.period,
            SCOPES.get(correction.scope, correction.scope),
            names.number(correction.subject) if correction.scope == "staff" else names.site(correction.subject),
            _value(correction.before),
            _value(correction.after),
            correction.cause,
        )
        for correction in corrections
    )
    said = f"对此前已封账期间的结果更正{len(rows)}项，具体如下："
    return Paragraph(said), Table("更正", "更正事项表", columns, rows)


def _value(text: str) -> str:
    """A result as a bulletin says it: from JSON with score, band, rank and star, as far as they are there."""
    result = _parsed(text)
    said = []
    if result.get("score") not in (None, ""):
        said.append(f"{rounded(Decimal(str(result['score'])))}分")
    if result.get("band"):
        said.append(BANDS.get(str(result["band"]), str(result["band"])))
    if result.get("star") is not None:
        said.append(STARS[int(str(result["star"]))])
    if result.get("rank"):
        said.append(f"第{result['rank']}名")
    return "，".join(said) or NOTHING


def _parsed(text: str) -> dict[str, object]:
    """Empty for who had no result then."""
    return msgspec.json.decode(text, type=dict[str, object]) if text else {}
