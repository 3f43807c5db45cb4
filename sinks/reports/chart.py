"""Charts as SVG: lying bars, a row each; of several values they are stacked, with a legend. Workbooks have theirs."""

from __future__ import annotations

from decimal import Decimal
from html import escape
from itertools import pairwise
from typing import Final

from sinks.reports.document import Chart

# Dark to light, so that a copy in grey can still be told apart.
COLOURS: Final = ("#1f3f6e", "#4a75ab", "#86a8d0", "#bfd1e6", "#d9d9d9", "#eeeeee", "#f7f7f7")
_FONTS: Final = "'Noto Sans CJK SC','Microsoft YaHei','SimHei',sans-serif"
WIDTH: Final = 620
_LABELS: Final = 130
_VALUES: Final = 60
_ROW: Final = 24
_BAR: Final = 15
_LEGEND: Final = 26


def height(chart: Chart) -> int:
    """In the units of WIDTH."""
    return _top(chart) + _ROW * len(chart.bars()) + 6


def svg(chart: Chart) -> str:
    """The chart without its title, which stands in the text beside it."""
    bars = chart.bars()
    largest = max((sum(values, Decimal(0)) for _, values in bars), default=Decimal(0)) or Decimal(1)
    scale = (WIDTH - _LABELS - _VALUES) / largest
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height(chart)}" width="{WIDTH}"'
        f' height="{height(chart)}" font-family="{_FONTS}" font-size="12" role="img">',
        f"<title>{escape(chart.title)}</title>",
        *_legend(chart),
    ]
    for row, (label, values) in enumerate(bars):
        y = _top(chart) + _ROW * row
        parts.append(f'<text x="{_LABELS - 8}" y="{y + 12}" text-anchor="end">{escape(label)}</text>')
        edges = [Decimal(0)]
        for value in values:
            edges.append(edges[-1] + max(value, Decimal(0)) * scale)
        for place, (begin, end) in enumerate(pairwise(edges)):
            if end > begin:
                parts.append(
                    f'<rect x="{_LABELS + begin:.2f}" y="{y}" width="{end - begin:.2f}" height="{_BAR}"'
                    f' fill="{COLOURS[place % len(COLOURS)]}" stroke="#555" stroke-width="0.4"/>'
                )
        total = chart.text(sum(values, Decimal(0)) if len(values) > 1 else values[0])
        parts.append(f'<text x="{_LABELS + edges[-1] + 5:.2f}" y="{y + 12}">{escape(total)}</text>')
    return "".join([*parts, "</svg>"])


def _top(chart: Chart) -> int:
    return _LEGEND if len(chart.values) > 1 else 4


def _legend(chart: Chart) -> list[str]:
    if len(chart.values) < 2:
        return []
    step = (WIDTH - _LABELS) / len(chart.values)
    return [
        f'<rect x="{_LABELS + step * place:.1f}" y="4" width="12" height="12" fill="{COLOURS[place % len(COLOURS)]}"'
        f' stroke="#555" stroke-width="0.4"/>'
        f'<text x="{_LABELS + step * place + 16:.1f}" y="14">{escape(name)}</text>'
        for place, name in enumerate(chart.values)
    ]
