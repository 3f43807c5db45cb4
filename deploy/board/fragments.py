"""What a scene looks like: a page's parts as HTML, by name. A part that is the same text needs no sending.

All that comes from elsewhere is escaped by `Markup`. Nothing is told by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

from deploy.board.names import Names
from deploy.board.scene import Figures, Rated, Scene
from deploy.board.windows import windows_of
from deploy.board.words import (
    NO_WORD,
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
    tag_texts,
    when,
)
from schemas.levels import BAD_LEVELS
from schemas.moments import epoch_ms
from schemas.notice_texts import sentence, severity, title

Fragments = Mapping[str, str]

# So many at most; a wall screen shows those for which it has room.
_BAD, _RATINGS, _OWED, _TOLD, _MISSED = 5, 8, 7, 5, 6
_SAID: Final = 3
_NOBODY: Final = Markup('<p class="none">{}</p>')


def fragments(scene: Scene, names: Names, street: str) -> dict[str, str]:
    """The parts of a page: the district's where `street` is '', but for those that change with every second."""
    codes = (street,) if street else _streets(scene, names)
    total = scene.total(codes)
    parts: dict[str, str] = {
        "tiles": _tiles(scene, codes, total),
        "bad": _bad(scene, names, codes),
        "ratings": _ratings(scene, names, codes),
        "owed": _owed(scene, names, codes, total),
        "told": _told(scene, names, codes),
        "missed": _missed(scene, names, codes, total),
    }
    if street:
        return parts | {"queues": _queues(scene, names, street), "windows": windows_of(scene, names, street)}
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


def ticking(scene: Scene, quiet_after_ms: int, street: str = "") -> dict[str, str]:
    """The parts of a page that change with every second: the time, and how fresh all is, or what is the street's."""
    return {"clock": _clock(scene), "state": _state(scene, quiet_after_ms, street)}


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


def _state(scene: Scene, quiet_after_ms: int, street: str) -> Markup:
    if scene.is_away:
        return Markup('<strong class="trouble">✕ 读不到数据，正在重试；以下内容可能已过时</strong>')
    if not scene.is_complete:
        return Markup('<span class="quiet">… 正在读取数据</span>')
    if scene.heard_ms is None:
        return Markup('<span class="quiet">… 还没有数据</span>')
    quiet_ms, silent_ms = scene.clock_ms - scene.heard_ms, scene.silent_ms(street)
    if quiet_ms >= quiet_after_ms or silent_ms is not None:
        quiet_ms = quiet_ms if silent_ms is None else silent_ms
        since = when(scene.clock_ms - quiet_ms, scene.clock_ms)
        words = f"■ {span(quiet_ms)}没有新数据，以下为截至{since}的数据：服务时间请检查网络和处理程序"
        return Markup('<strong class="trouble">{}</strong>').format(words)
    if scene.now.is_replay:
        return Markup('<span class="quiet">▶ 正在回放历史数据</span>')
    live = Markup('<span class="live">● 实时</span>')
    count = 0 if street else sum(scene.silent_ms(each) is not None for each in scene.streets)
    return live + Markup(' <strong class="silent">■ {}个街道无数据</strong>').format(count) if count else live


def _tiles(scene: Scene, codes: Sequence[str], of: Figures) -> Markup:
    has_day = any(map(scene.is_of_today, codes))
    heard = [street for street in codes if street in scene.streets]
    stale = " stale" if heard and all(scene.silent_ms(street) is not None for street in heard) else ""
    has_devices = any(street in scene.devices for street in codes)
    congested = f"拥堵{of.congested}处" if of.congested else ""
    overdue = f"逾期{of.overdue}" if of.overdue else ""
    tiles = (
        ("等候人数", f"{of.waiting}", has_day, congested, bool(congested)),
        ("最长等候", _wait(scene, of), has_day, "", False),
        ("服务窗口", f"{of.windows_open}", has_day, f"暂停{of.windows_paused}", False),
        ("今日评价", f"{of.ratings}", has_day, "", False),
        ("好评率", share(of.good, of.ratings), has_day, "", False),
        ("今日差评", f"{of.bad}", has_day, "", of.bad > 0),
        ("待整改", f"{of.open}", bool(heard), overdue, bool(overdue)),
        ("离线设备", f"{of.offline}", has_devices, "", of.offline > 0),
    )
    tile = Markup('<div class="tile{}"><dt>{}</dt><dd>{}{}</dd></div>')
    return Markup().join(
        tile.format(
            (" alarm" if is_alarm else "") + stale,
            name,
            value if is_known else NOTHING,
            Markup(" <small>{}</small>").format(more) if more and is_known else "",
        )
        for name, value, is_known, more, is_alarm in tiles
    )


def _row(scene: Scene, names: Names, street: str) -> Markup:
    of = scene.figures(street)
    silent_ms, unbeaten_ms = scene.silent_ms(street), scene.unbeaten_ms(street)
    has_day, is_silent = scene.is_of_today(street), silent_ms is not None
    # Of a street that isn't in the registry there is no page.
    name = (
        Markup('<a href="/street/{}">{}</a>').format(street, names.of(street))
        if street in names.streets
        else Markup("{}").format(names.of(street))
    )
    if of.congested:
        name += Markup(' <strong class="congested">▲ 拥堵</strong>')
    if silent_ms is not None:
        name += Markup(' <strong class="silent">■ {}无数据</strong>').format(span(silent_ms))
    windows = f"{of.windows_open}" + (f"（停{of.windows_paused}）" if of.windows_paused else "")
    owed = f"{of.open}" + (f"（逾期{of.overdue}）" if of.overdue else "")
    # Where the street is silent it is said already.
    unbeaten = "" if unbeaten_ms is None or is_silent else f"（{span(unbeaten_ms)}无心跳）"
    cells = (
        ("等候", f"{of.waiting}", has_day, is_silent, False),
        ("最长等候", _wait(scene, of), has_day, is_silent, False),
        ("窗口", windows, has_day, is_silent, False),
        ("评价", f"{of.ratings}", has_day, is_silent, False),
        ("好评率", share(of.good, of.ratings), has_day, is_silent, False),
        ("差评", f"{of.bad}", has_day, is_silent, of.bad > 0),
        ("待整改", owed, street in scene.streets, is_silent, of.overdue > 0),
        ("离线设备", f"{of.offline}{unbeaten}", street in scene.devices, unbeaten_ms is not None, of.offline > 0),
    )
    cell = Markup('<td role="cell" data-label="{}"{}>{}</td>')
    mark = {(True, False): "marked", (False, True): "stale", (True, True): "marked stale"}
    return Markup('<th role="rowheader" scope="row">{}</th>').format(name) + Markup().join(
        cell.format(
            label,
            Markup(' class="{}"').format(kind) if (kind := mark.get((is_marked, is_stale))) else "",
            value if is_known else NOTHING,
        )
        for label, value, is_known, is_stale, is_marked in cells
    )


def _wait(scene: Scene, of: Figures) -> str:
    """Of who waits longest, by the time that is shown: as far as is known nobody has called them yet."""
    return NOTHING if of.waiting_since_ms is None else span(max(0, scene.now.ms - of.waiting_since_ms))


def _face(level: str) -> Markup:
    return Markup('<svg class="face {}" aria-hidden="true"><use href="#{}"/></svg>').format(face(level), face(level))


def _bad(scene: Scene, names: Names, codes: Sequence[str]) -> Markup:
    return _list(
        [_bad_one(one, scene, names) for one in scene.bad_ratings(codes, _BAD)],
        _none(scene, codes, "没有差评"),
    )


def _bad_one(one: Rated, scene: Scene, names: Names) -> Markup:
    is_fresh, came_ms = scene.is_fresh(one), scene.sent_later_ms(one)
    sent_later = "" if came_ms is None else f"（{when(came_ms, scene.now.ms)}补传）"
    return Markup('<li class="{}">{}<div><p>{}<b>{}</b> {}{}</p><p class="more">{}</p></div></li>').format(
        "bad fresh" if is_fresh else "bad",
        _face(one.rating.level),
        Markup('<strong class="new">新</strong> ') if is_fresh else "",
        level_name(one.rating.level),
        _time(one.rating.time, scene),
        sent_later,
        "｜".join((names.place(one.street, one.rating.site, one.rating.window), *tag_texts(one.rating.tags))),
    )


def _ratings(scene: Scene, names: Names, codes: Sequence[str]) -> Markup:
    return _list(
        [
            Markup('<li class="{}">{}<div><p><b>{}</b> {} {}</p>{}</div></li>').format(
                "bad" if one.rating.level in BAD_LEVELS else "rated",
                _face(one.rating.level),
                level_name(one.rating.level),
                _time(one.rating.time, scene),
                names.place(one.street, one.rating.site, one.rating.window),
                _more("｜".join(tag_texts(one.rating.tags))),
            )
            for one in scene.last_ratings(codes, _RATINGS)
        ],
        "还没有评价",
    )


def _owed(scene: Scene, names: Names, codes: Sequence[str], total: Figures) -> Markup:
    items = []
    for one in scene.owed(codes, _OWED):
        of = one.rectification
        due_ms = epoch_ms(one.due)
        step = "办结" if one.due == of.due else "联系"
        items.append(
            Markup('<li class="{}"><p><b>{}</b> {} {}{}</p></li>').format(
                "late" if due_ms < scene.now.ms else "owed",
                left(due_ms, scene.now.ms),
                f"{step}期限{when(due_ms, scene.now.ms)}",
                f"{names.place(one.street, of.site, of.window)} {level_name(of.level) if of.level else '差评'}",
                Markup(' <strong class="reopened">回访不满意</strong>') if of.reopened else "",
            )
        )
    return _list(items, _none(scene, codes, "没有待整改的差评")) + _rest(total.open - len(items))


def _told(scene: Scene, names: Names, codes: Sequence[str]) -> Markup:
    return _list(
        [
            Markup('<li class="{}"><p><b>{}</b> {} {}{}</p></li>').format(
                severity(notice.type),
                title(notice.type),
                _time(notice.time, scene),
                sentence(notice, names.by_code),
                f"（当日同类另有{more}条）" if more else "",
            )
            for notice, more in scene.told(codes, _TOLD)
        ],
        "没有通知",
    )


def _missed(scene: Scene, names: Names, codes: Sequence[str], total: Figures) -> Markup:
    items = [
        Markup('<li class="missed"><p><b>{}</b> {} 离线{}</p></li>').format(
            code(one.device.device),
            names.place(one.street, one.device.site, one.device.window),
            span(max(0, scene.now.ms - epoch_ms(one.since))),
        )
        for one in scene.missed(codes, _MISSED)
    ]
    rest = _rest(total.offline - len(items))
    if (unbeaten := _unbeaten(scene, names, codes)) is not None:
        items.insert(0, unbeaten)
    none = "没有离线的设备" if any(street in scene.devices for street in codes) else NO_WORD
    return _list(items, none) + rest


def _unbeaten(scene: Scene, names: Names, codes: Sequence[str]) -> Markup | None:
    """The streets of which no device is heard, in a line."""
    silent = [(ms, street) for street in codes if (ms := scene.unbeaten_ms(street)) is not None]
    if not silent:
        return None
    named = "、".join(f"{names.of(street)}{span(ms)}" for ms, street in silent[:_SAID])
    more = f"，另有{len(silent) - _SAID}个街道" if len(silent) > _SAID else ""
    return Markup('<li class="missed"><p><b>全部设备无心跳</b> {}{}</p></li>').format(named, more)


def _queues(scene: Scene, names: Names, street: str) -> Markup:
    items = []
    for site in scene.queues(street):
        since = moment(site.waiting_since)
        wait = "" if since is None else f" 最长{span(scene.now.ms - since)}"
        congested = Markup(' <strong class="congested">▲ 拥堵</strong>') if site.congested_since else ""
        items.append(
            Markup("<li><p><b>{}</b> {}人等候{}{}</p></li>").format(
                names.within(site.site, street), site.waiting, wait, congested
            )
        )
    return _list(items, _none(scene, (street,), "没有人等候"))


def _time(text: str, scene: Scene) -> Markup:
    return Markup("<time>{}</time>").format(when(epoch_ms(text), scene.now.ms))


def _none(scene: Scene, codes: Sequence[str], words: str) -> str:
    """That there is nothing, where that is known."""
    return words if any(street in scene.streets for street in codes) else NO_WORD


def _more(text: str) -> Markup:
    return Markup('<p class="more">{}</p>').format(text) if text else Markup()


def _list(items: Sequence[Markup], none: str) -> Markup:
    if not items:
        return _NOBODY.format(none)
    return Markup("<ul>{}</ul>").format(Markup().join(items))


def _rest(count: int) -> Markup:
    return Markup('<p class="rest">另有{}项</p>').format(count) if count > 0 else Markup()
