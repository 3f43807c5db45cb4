"""The frame of a page: its headings and the places of its parts, filled with what is so when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from markupsafe import Markup

from deploy.board.names import Names

# Where there is little room a heading is broken between its words.
_COLUMNS: Final = (
    "街道（中心）",
    "等候",
    "最长等候",
    "窗口",
    Markup("今日<wbr>评价"),
    "好评率",
    "差评",
    "待整改",
    Markup("离线<wbr>设备"),
)
# Eyes, and a mouth that tells: the levels are told apart without colour, and beside each stands its word.
_MOUTHS: Final = (
    "M6 13 Q12 22 18 13 Z",
    "M7 14 Q12 19 17 14",
    "M7 16 H17",
    "M7 18 Q12 13 17 18",
    "M6 19 Q12 11 18 19 M5 6 L10 9 M19 6 L14 9",
)


def skeleton(names: Names, street: str, parts: Mapping[str, str]) -> str:
    """A page's HTML: the district's where `street` is ''. `parts`: fragments by name."""
    head = _HEAD.format(
        title=f"{names.of(street)} 好差评实时看板" if street else "好差评实时看板",
        up=Markup('<a class="up" href="/">← 全部街道</a>') if street else "",
        state=_part("p", "state", parts),
        clock=_part("p", "clock", parts),
    )
    tiles = _part("dl", "tiles", parts, "tiles")
    first = _section("queues", "排队", parts) if street else _streets(names, parts)
    rest = _section("owed", "待整改（按期限）", parts) + _section("missed", "离线设备", parts)
    news = _section("bad", "差评", parts) + _section("told", "通知", parts) + _section("ratings", "最新评价", parts)
    # On a phone what is new comes first; where there is room it is at the side.
    columns = Markup('<div class="columns{}"><div class="news">{}</div><div class="all">{}</div>{}</div>').format(
        " one-street" if street else "",
        news,
        first + rest,
        _section("windows", "窗口", parts) if street else "",
    )
    return str(_SPRITE + head + tiles + columns + _SPOKEN)


def _part(element: str, name: str, parts: Mapping[str, str], kind: str = "") -> Markup:
    inner = Markup(parts.get(name, ""))  # noqa: S704 - fragments are made of what is escaped
    return Markup('<{0} data-part="{1}" class="{2}">{3}</{0}>').format(element, name, kind or name, inner)


def _section(name: str, heading: str, parts: Mapping[str, str]) -> Markup:
    return Markup('<section class="of-{0}" aria-labelledby="h-{0}"><h2 id="h-{0}">{1}</h2>{2}</section>').format(
        name, heading, _part("div", name, parts)
    )


def _streets(names: Names, parts: Mapping[str, str]) -> Markup:
    columns = Markup().join(Markup('<th role="columnheader" scope="col">{}</th>').format(name) for name in _COLUMNS)
    rows = Markup().join(_part("tr", f"row-{street}", parts, "street") for street in names.streets)
    return _TABLE.format(columns=columns, rows=rows, others=_part("tbody", "others", parts))


_TABLE: Final = Markup(
    '<section class="of-streets" aria-labelledby="h-streets"><h2 id="h-streets">街道</h2>'
    '<table role="table" aria-labelledby="h-streets"><thead role="rowgroup"><tr role="row">{columns}</tr></thead>'
    '<tbody role="rowgroup">{rows}</tbody>{others}</table></section>'
)
_HEAD: Final = Markup("<header>{up}<h1>{title}</h1>{state}{clock}</header>")
# What is read out, and what the browser says by itself when it hears nothing any more.
_SPOKEN: Final = Markup('<p class="spoken" role="status" aria-live="polite"></p><p class="lost" role="alert"></p>')
_SPRITE: Final = Markup('<svg class="sprite" aria-hidden="true">{}</svg>').format(
    Markup().join(
        Markup(
            '<symbol id="face-{}" viewBox="0 0 24 24"><circle cx="12" cy="12" r="11"/>'
            '<circle class="eye" cx="8" cy="10" r="1.5"/><circle class="eye" cx="16" cy="10" r="1.5"/>'
            '<path class="mouth" d="{}"/></symbol>'
        ).format(place, mouth)
        for place, mouth in enumerate(_MOUTHS, 1)
    )
)
