"""What a scene looks like: a page's parts as HTML, by name. A part that is the same text needs no sending.

All that comes from elsewhere is escaped by `Markup`. Nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from markupsafe import Markup

from deploy.board.names import Names
from deploy.board.scene import Figures, Rated, Scene
from deploy.board.words import (
    NOTHING,
    clock,
    code,
    date_of,
    face,
    left,
    level_name,
    moment,
    share,
    span,
    state_of,
    when,
)
from schemas.levels import BAD_LEVELS
from schemas.live import LiveWindow
from schemas.moments import epoch_ms
from schemas.notice_texts import sentence, severity, title
from schemas.tags import text_of

Fragments = Mapping[str, str]

# What fits a wall screen without scrolling.
_BAD, _RATINGS, _OWED, _TOLD, _MISSED = 5, 8, 7, 4, 6
_SAID: Final = 3
_WINDOW_STATES: Final = {"busy": "●", "open": "○", "paused": "‖"}
_NOBODY: Final = Markup('<p class="none">{}</p>')


def fragments(scene: Scene, names: Names, street: str) -> dict[str, str]:
    """The parts of a page: the district's where `street` is '', but for those that change with every second."""
    codes = (street,) if street else _streets(scene, names)
    total = scene.total(codes)
    parts: dict[str, str] = {
        "tiles": _tiles(scene, total),
        "bad": _bad(scene, names, codes),
        "ratings": _ratings(scene, names, codes),
        "owed": _owed(scene, names, codes, total),
        "told": _told(scene, names, codes),
        "missed": _missed(scene, names, codes, total),
    }
    if street:
        return parts | {"queues": _queues(scene, names, street), "windows": _windows(scene, names, street)}
    return (
        parts
        | {f"row-{each}": _row(scene, names, each) for each in names.streets}
        | {
            "others": Markup().join(
                Markup('<tr role="row">{}</tr>').format(_row(scene, names, each))
                for each in codes[len(names.streets) :]
            )
        }
    )


def ticking(scene: Scene, quiet_after_ms: int) -> dict[str, str]:
    """The parts that change with every second: the time, and how fresh all is."""
    return {"clock": _clock(scene), "state": _state(scene, quiet_after_ms)}


def announcement(came: Sequence[Rated], names: Names) -> str:
    """What is read out of bad ratings that came; text, no HTML."""
    said = "；".join(
        f"{names.place(one.street, one.rating.site, one.rating.window)}，{level_name(one.rating.level)}"
        for one in came[-_SAID:]
    )
    return f"新差评{len(came)}条：{said}" if came else ""


def _streets(scene: Scene, names: Names) -> tuple[str, ...]:
    """The registry's, then those that it doesn't know."""
    heard = scene.streets.keys() | scene.devices.keys()
    return (*names.streets, *sorted(heard - set(names.streets)))


def _clock(scene: Scene) -> Markup:
    time = Markup("<time>{}</time> <span>{}</span>").format(clock(scene.now.ms), date_of(scene.now.ms))
    return Markup('<strong class="replay">数据时间</strong> {}').format(time) if scene.now.is_replay else time


def _state(scene: Scene, quiet_after_ms: int) -> Markup:
    if scene.is_away:
        return Markup('<strong class="trouble">✕ 读不到数据，正在重试；以下内容可能已过时</strong>')
    if not scene.is_complete:
        return Markup('<span class="quiet">… 正在读取数据</span>')
    if scene.quiet_ms is None:
        return Markup('<span class="quiet">… 还没有数据</span>')
    if scene.quiet_ms >= quiet_after_ms:
        words = f"■ {span(scene.quiet_ms)}没有新数据：营业时间请检查网络和处理程序"
        return Markup('<strong class="trouble">{}</strong>').format(words)
    return Markup('<span class="live">● 实时</span>')


def _tiles(scene: Scene, total: Figures) -> Markup:
    since = total.waiting_since_ms
    tiles = (
        ("等候人数", f"{total.waiting}", f"拥堵{total.congested}处" if total.congested else "", bool(total.congested)),
        ("最长等候", NOTHING if since is None else span(scene.now.ms - since), "", False),
        ("服务窗口", f"{total.windows_open}", f"暂停{total.windows_paused}", False),
        ("今日评价", f"{total.ratings}", "", False),
        ("好评率", share(total.good, total.ratings), "", False),
        ("今日差评", f"{total.bad}", "", total.bad > 0),
        ("待整改", f"{total.open}", f"超期{total.overdue}" if total.overdue else "", total.overdue > 0),
        ("离线终端", f"{total.offline}", "", total.offline > 0),
    )
    tile = Markup('<div class="tile{}"><dt>{}</dt><dd>{}{}</dd></div>')
    return Markup().join(
        tile.format(
            " alarm" if is_alarm else "", name, value, Markup(" <small>{}</small>").format(more) if more else ""
        )
        for name, value, more, is_alarm in tiles
    )


def _row(scene: Scene, names: Names, street: str) -> Markup:
    of = scene.figures(street)
    since = of.waiting_since_ms
    name = Markup('<a href="/street/{}">{}</a>').format(street, names.of(street))
    if of.congested:
        name += Markup(' <strong class="congested">▲ 拥堵</strong>')
    cells = (
        ("等候", f"{of.waiting}", False),
        ("最长等候", NOTHING if since is None else span(scene.now.ms - since), False),
        ("窗口", f"{of.windows_open}" + (f"（停{of.windows_paused}）" if of.windows_paused else ""), False),
        ("评价", f"{of.ratings}", False),
        ("好评率", share(of.good, of.ratings), False),
        ("差评", f"{of.bad}", of.bad > 0),
        ("待整改", f"{of.open}" + (f"（超期{of.overdue}）" if of.overdue else ""), of.overdue > 0),
        ("离线", f"{of.offline}", of.offline > 0),
    )
    cell = Markup('<td role="cell" data-label="{}"{}>{}</td>')
    marked = Markup(' class="marked"')
    return Markup('<th role="rowheader" scope="row">{}</th>').format(name) + Markup().join(
        cell.format(label, marked if is_marked else "", value) for label, value, is_marked in cells
    )


def _face(level: str) -> Markup:
    return Markup('<svg class="face {}" aria-hidden="true"><use href="#{}"/></svg>').format(face(level), face(level))


def _bad(scene: Scene, names: Names, codes: Iterable[str]) -> Markup:
    return _list(
        [
            Markup('<li class="{}">{}<div><p>{}<b>{}</b> {}</p><p class="more">{}</p></div></li>').format(
                "bad fresh" if scene.is_fresh(one) else "bad",
                _face(one.rating.level),
                Markup('<strong class="new">新</strong> ') if scene.is_fresh(one) else "",
                level_name(one.rating.level),
                _time(one.rating.time, scene),
                "｜".join((names.place(one.street, one.rating.site, one.rating.window), *map(_tag, one.rating.tags))),
            )
            for one in scene.bad_ratings(codes, _BAD)
        ],
        "没有差评",
    )


def _ratings(scene: Scene, names: Names, codes: Iterable[str]) -> Markup:
    return _list(
        [
            Markup('<li class="{}">{}<div><p><b>{}</b> {} {}</p>{}</div></li>').format(
                "bad" if one.rating.level in BAD_LEVELS else "rated",
                _face(one.rating.level),
                level_name(one.rating.level),
                _time(one.rating.time, scene),
                names.place(one.street, one.rating.site, one.rating.window),
                _more("｜".join(map(_tag, one.rating.tags))),
            )
            for one in scene.last_ratings(codes, _RATINGS)
        ],
        "还没有评价",
    )


def _owed(scene: Scene, names: Names, codes: Iterable[str], total: Figures) -> Markup:
    items = []
    for one in scene.owed(codes, _OWED):
        of = one.rectification
        due_ms = epoch_ms(one.due)
        step = "联系" if not of.contacted and one.due == of.contact_due else "办结"
        items.append(
            Markup('<li class="{}"><p><b>{}</b> {} {}</p></li>').format(
                "late" if due_ms < scene.now.ms else "owed",
                left(due_ms, scene.now.ms),
                f"{step}期限{when(due_ms, scene.now.ms)}",
                f"{names.place(one.street, of.site, of.window)} {level_name(of.level) if of.level else '差评'}",
            )
        )
    return _list(items, "没有待整改的差评") + _rest(total.open - len(items))


def _told(scene: Scene, names: Names, codes: Iterable[str]) -> Markup:
    return _list(
        [
            Markup('<li class="{}"><p><b>{}</b> {} {}</p></li>').format(
                severity(notice.type), title(notice.type), _time(notice.time, scene), sentence(notice, names.by_code)
            )
            for notice in scene.told(codes, _TOLD)
        ],
        "没有通知",
    )


def _missed(scene: Scene, names: Names, codes: Iterable[str], total: Figures) -> Markup:
    items = [
        Markup('<li class="missed"><p><b>{}</b> {} 离线{}</p></li>').format(
            code(one.device.device),
            names.place(one.street, one.device.site, one.device.window),
            span(max(0, scene.now.ms - epoch_ms(one.since))),
        )
        for one in scene.missed(codes, _MISSED)
    ]
    return _list(items, "没有离线的终端") + _rest(total.offline - len(items))


def _queues(scene: Scene, names: Names, street: str) -> Markup:
    items = []
    for site in scene.queues(street):
        since = moment(site.waiting_since)
        wait = "" if since is None else f"，最长{span(scene.now.ms - since)}"
        congested = Markup(' <strong class="congested">▲ 拥堵</strong>') if site.congested_since else ""
        items.append(
            Markup("<li><p><b>{}</b> {}人等候{}{}</p></li>").format(names.of(site.site), site.waiting, wait, congested)
        )
    return _list(items, "没有人等候")


def _windows(scene: Scene, names: Names, street: str) -> Markup:
    """Those that serve or are paused; the others are counted."""
    windows = scene.windows(street)
    cards = sorted(windows.values(), key=lambda window: (state_of(window)[0] == "paused", window.window))
    items = [_window(window, scene, names, street) for window in cards]
    figures = scene.figures(street)
    left_out = figures.windows_open + figures.windows_paused - len(windows)
    if left_out > 0:  # which ones isn't known, so of no other is it known that it is closed
        return _list(items, "窗口过多，未能列出") + Markup('<p class="rest">另有{}个开放或暂停的窗口未列出</p>').format(
            left_out
        )
    closed = len(set(names.windows_of(street)) - windows.keys())
    return _list(items, "没有开放的窗口") + (
        Markup('<p class="rest">另有{}个窗口未开放</p>').format(closed) if closed else Markup()
    )


def _window(window: LiveWindow, scene: Scene, names: Names, street: str) -> Markup:
    kind, words = state_of(window)
    lines = []
    if kind == "busy":
        started = moment(window.started)
        lines.append(f"票号{code(window.ticket)}" if window.ticket else f"办件{code(window.service)}")
        lines.append("" if started is None else f"已办{span(max(0, scene.now.ms - started))}")
    elif window.called_ticket and window.called > window.completed:
        lines.append(f"已叫号{code(window.called_ticket)}")
    if kind == "paused" and (since := moment(window.since)) is not None:
        planned = f"，计划{window.planned_minutes:g}分钟" if window.planned_minutes else ""
        lines.append(f"已停{span(max(0, scene.now.ms - since))}{planned}")
    staff = f"工号{code(window.staff)}" if window.staff else ""
    return Markup('<li class="window {}"><p><b>{}</b> <small>{}</small></p><p>{} {} {}</p>{}</li>').format(
        kind,
        names.of(window.window),
        names.of(window.site).removeprefix(names.of(street)),
        _WINDOW_STATES[kind],
        words,
        staff,
        _more(" ".join(filter(None, lines))),
    )


def _time(text: str, scene: Scene) -> Markup:
    return Markup("<time>{}</time>").format(when(epoch_ms(text), scene.now.ms))


def _tag(tag: str) -> str:
    return text_of(code(tag))


def _more(text: str) -> Markup:
    return Markup('<p class="more">{}</p>').format(text) if text else Markup()


def _list(items: Sequence[Markup], none: str) -> Markup:
    if not items:
        return _NOBODY.format(none)
    return Markup("<ul>{}</ul>").format(Markup().join(items))


def _rest(count: int) -> Markup:
    return Markup('<p class="rest">另有{}项</p>').format(count) if count > 0 else Markup()
