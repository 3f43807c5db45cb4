"""The windows of a street as small cells: what each does, for whom, and for how long. HTML, as fragments are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Final

from markupsafe import Markup

from deploy.board.names import Names
from deploy.board.scene import Scene
from deploy.board.words import NO_WORD, code, moment, span, state_of
from schemas.live import LiveWindow

# What windows do, and the mark of it; a window that has called is told by the word.
_KINDS: Final = {"busy": "办理中", "called": "已叫号", "paused": "暂停", "open": "空闲"}
_MARKS: Final = {"busy": "● ", "called": "", "paused": "‖ ", "open": "○ "}
# More windows than these are told shortly, for a wall holds a hundred and more of them no other way.
_CELLS_MOST: Final = 40
_NUMBER: Final = re.compile("([0-9]+)号")
_DIGITS: Final = re.compile("[0-9]+")
_DIGITS_MOST: Final = 20
_TICKET_MOST: Final = 7


def windows_of(scene: Scene, names: Names, street: str) -> Markup:
    """How many do what, and a cell each, by site and in natural order. Of many windows those idle are but counted."""
    if street not in scene.streets:
        return Markup('<p class="none">{}</p>').format(NO_WORD)
    windows = scene.windows(street)
    kinds = {code: _kind(window) for code, window in windows.items()}
    figures = scene.figures(street)
    unlisted = figures.windows_open + figures.windows_paused - len(windows)
    # Where some aren't listed it isn't known which, and so of no other that it is closed.
    closed = 0 if unlisted > 0 else len(set(names.windows_of(street)) - windows.keys())
    is_full = len(windows) > _CELLS_MOST
    cells = [window for code, window in windows.items() if not (is_full and kinds[code] == "open")]
    cells.sort(key=lambda window: (_natural(window.site), _natural(window.window)))
    return (
        _counts(Counter(kinds.values()), closed)
        + (Markup() if windows or unlisted > 0 else Markup('<p class="none">没有开放的窗口</p>'))
        + (Markup('<p class="rest">另有{}个开放或暂停的窗口未列出</p>').format(unlisted) if unlisted > 0 else Markup())
        + Markup('<div class="sites">{}</div>').format(_sites(cells, scene, names, street))
    )


def _counts(kinds: Counter[str], closed: int) -> Markup:
    counts = [(f"{_MARKS[kind]}{name}", kinds[kind]) for kind, name in _KINDS.items()]
    return Markup('<p class="counts">{}</p>').format(
        Markup().join(
            Markup("<span>{}{}</span>").format(name, count) for name, count in (*counts, ("未开放", closed)) if count
        )
    )


def _sites(cells: Sequence[LiveWindow], scene: Scene, names: Names, street: str) -> Markup:
    is_many = len(cells) > _CELLS_MOST
    sites = [(site, list(its)) for site, its in groupby(cells, key=lambda window: window.site)]
    return Markup().join(
        Markup('<div class="site">{}<ul class="cells{}">{}</ul></div>').format(
            Markup("<h3>{}</h3>").format(names.within(site, street)) if len(sites) > 1 else "",
            " many" if is_many else "",
            Markup().join(_cell(window, scene, names, is_many=is_many) for window in its),
        )
        for site, its in sites
    )


def _kind(window: LiveWindow) -> str:
    kind, _ = state_of(window)
    has_called = kind == "open" and window.called_ticket and window.called > window.completed
    return "called" if has_called else kind


def _cell(window: LiveWindow, scene: Scene, names: Names, *, is_many: bool) -> Markup:
    kind, (_, words), name = _kind(window), state_of(window), names.of(window.window)
    number = _NUMBER.match(name)
    ticket = since = ""
    if kind == "busy":
        ticket, since = window.ticket, window.started
    elif kind == "called":
        ticket, words = window.called_ticket, _KINDS["called"]
    elif kind == "paused":
        since = window.since
    # On the smallest cells it stays where no mark, or nothing beside the mark, says it.
    is_needed = kind == "called" or not (ticket or since)
    said = [
        Markup("<b>{}</b>").format(name if number is None else number[1] if is_many else number[0]),
        Markup('{}<span class="{}">{}</span>').format(_MARKS[kind], "said" if is_needed else "word", words),
    ]
    if ticket:
        said.append(Markup("<span>{}</span>").format(_ticket(ticket)))
    if (since_ms := moment(since)) is not None:
        said.append(Markup('<span class="span">{}</span>').format(span(max(0, scene.now.ms - since_ms))))
    if kind == "paused" and window.planned_minutes:
        said.append(Markup('<span class="plan">计划{}分钟</span>').format(f"{window.planned_minutes:g}"))
    if window.staff:
        said.append(Markup("<small>工号{}</small>").format(code(window.staff)))
    return Markup('<li class="{}" title="{}">{}</li>').format(kind, name, Markup(" ").join(said))


def _ticket(text: str) -> str:
    """What a visitor's ticket says; of what a system made up for itself, the end."""
    shown = code(text)
    return shown if len(shown) <= _TICKET_MOST else f"…{shown[1 - _TICKET_MOST :]}"


def _natural(text: str) -> str:
    """What sorts as people count: 2 before 10."""
    return _DIGITS.sub(lambda digits: digits[0].zfill(_DIGITS_MOST), text)
