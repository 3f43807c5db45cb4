"""The shipped rules as they are written: what is recorded by which expression, and what is told when."""

from __future__ import annotations

import re
import textwrap
from typing import Final

from tests.boards.scraper import SHIPPED

_RULE: Final = re.compile(r"^ +- (record|alert): (\S+)\n( +)expr: (?:\|\n((?:\3 +.*\n)+)|(.+)\n)((?:\3.*\n)*)", re.M)


def _rules(kind: str) -> dict[str, tuple[str, str]]:
    """By name: the expression, and the lines below it."""
    found = {}
    for path in sorted((SHIPPED / "rules").glob("*.yml")):
        text = path.read_text(encoding="utf-8")
        for said, name, _, block, line, rest in _RULE.findall(text):
            if said == kind:
                assert name not in found, name
                found[name] = (textwrap.dedent(block).strip() if block else line, textwrap.dedent(rest))
        assert len(_RULE.findall(text)) == len(re.findall(r"^ +- (?:record|alert):", text, re.M)), path
    return found


RECORDED: Final = {name: expr for name, (expr, _) in _rules("record").items()}
ALERTS: Final = {name: expr for name, (expr, _) in _rules("alert").items()}
# What an alert has beside its expression: labels and annotations, as lines.
SAID: Final = {name: rest for name, (_, rest) in _rules("alert").items()}
