"""What is shown: figures, order, times, what is new, and that nothing from outside becomes part of the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.board.fragments import announcement, fragments, ticking
from deploy.board.names import Names
from deploy.board.scene import Figures, Scene, now_of
from deploy.board.skeleton import skeleton
from deploy.board.state import State
from deploy.board.words import left, span, when
from deploy.district import FOLDER
from schemas.levels import LEVEL_NAMES, LEVELS
from schemas.live import (
    LiveDevice,
    LiveDevices,
    LiveRectification,
    LiveSite,
    LiveStreet,
    LiveWindow,
    encode_live,
)
from schemas.moments import DAY, HOUR, MINUTE, epoch_ms, iso
from schemas.published import Notice
from schemas.registry import Registry
from schemas.tags import text_of
from tests.live_board.halls import SITE, STREET, WINDOW, hall, notice, rating

NAMES = Names(Registry.load(FOLDER))
NOON = epoch_ms("2026-11-02T12:00:00+08:00")
GOOD = frozenset({"very_satisfied", "satisfied"})
OTHER = "530102002"


@dataclass
class Viewed:
    """A live view as it is at a moment."""

    streets: dict[str, LiveStreet] = field(default_factory=dict)
    devices: dict[str, LiveDevices] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    newest_ms: int = 0
    is_complete: bool = True
    is_away: bool = False


def scene(*streets: LiveStreet, at_ms: int = NOON) -> Scene:
    return State(Viewed({street.street: street for street in streets}, newest_ms=at_ms), GOOD).look(at_ms)


def owed(name: str, due_ms: int, contact_ms: int | None = None, *, contacted: bool = True) -> LiveRectification:
    contact = due_ms if contact_ms is None else contact_ms
    return LiveRectification(
        name, iso(NOON - DAY), iso(contact), iso(due_ms), "dissatisfied", SITE, WINDOW, contacted=contacted
    )


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words += data.split()


def text_of_part(html: str) -> str:
    """What a part says, without its markup."""
    parser = _Words()
    parser.feed(html)
    parser.close()
    return " ".join(parser.words)


def test_a_street_s_figures_are_those_of_its_message_and_the_district_s_are_their_sum() -> None:
    today = {"ratings": 10, "very_satisfied": 6, "satisfied": 1, "basically_satisfied": 1, "dissatisfied": 2}
    first = hall(
        1, NOON, waiting=4, waiting_since=iso(NOON - 9 * MINUTE), windows_open=3, windows_paused=1, today=today,
        rectifications_open=2, rectifications_overdue=1, sites=[LiveSite(SITE, 4, congested_since=iso(NOON))],
    )  # fmt: skip
    second = hall(1, NOON, OTHER, waiting=1, waiting_since=iso(NOON - 30 * MINUTE))
    looked = scene(first, second)
    assert looked.figures(STREET) == Figures(4, NOON - 9 * MINUTE, 3, 1, 10, 7, 2, 2, 1, 0, 1)
    assert looked.total([STREET, OTHER, "530102009"]) == Figures(5, NOON - 30 * MINUTE, 3, 1, 10, 7, 2, 2, 1, 0, 1)
    parts = fragments(looked, NAMES, "")
    assert text_of_part(parts[f"row-{STREET}"]) == "华山街道 ▲ 拥堵 4 9分钟 3（停1） 10 70.0% 2 2（超期1） 0"
    assert text_of_part(parts["row-530102009"]) == "普吉街道 0 — 0 0 — 0 0 0"
    assert "等候人数 5 拥堵1处 最长等候 30分钟" in text_of_part(parts["tiles"])


def test_a_street_of_which_nothing_was_heard_today_has_no_queue_and_no_figures_but_owes_what_it_owes() -> None:
    window = LiveWindow(WINDOW, SITE, "open")
    yesterday = hall(
        1, NOON - DAY, waiting=4, windows_open=1, today={"ratings": 9}, rectifications_open=1, windows=[window],
        rectifications=[owed("R-1", NOON - 1)], sites=[LiveSite(SITE, 4)],
    )  # fmt: skip
    looked = scene(yesterday, hall(1, NOON, OTHER))
    assert looked.figures(STREET) == Figures(open=1, overdue=1)
    assert not looked.windows(STREET)
    assert not looked.queues(STREET)
    assert "没有开放的窗口" in fragments(looked, NAMES, STREET)["windows"]


@pytest.mark.parametrize(
    ("newest_ms", "shown_ms", "is_replay"),
    [
        (NOON, NOON + MINUTE, False),
        (NOON - 10 * MINUTE, NOON, False),
        (NOON - 10 * MINUTE - 1, NOON - 10 * MINUTE - 1, True),
        (NOON + HOUR, NOON + HOUR, True),
    ],
)
def test_the_time_is_the_clock_s_unless_a_replay_is_looked_at_which_is_said(
    newest_ms: int, shown_ms: int, is_replay: bool
) -> None:
    clock_ms = NOON + MINUTE if newest_ms == NOON else NOON
    streets = [hall(1, newest_ms), hall(1, newest_ms - HOUR, OTHER)]
    assert now_of(streets, clock_ms) == (shown_ms, is_replay)
    looked = State(Viewed({street.street: street for street in streets}), GOOD).look(clock_ms)
    clock = text_of_part(ticking(looked, MINUTE)["clock"])
    assert ("数据时间" in clock) == is_replay
    assert iso(shown_ms)[11:19] in clock


def test_without_a_word_the_board_says_whether_it_reads_or_waits_or_for_how_long_it_was_quiet() -> None:
    def said(viewed: Viewed) -> str:
        return text_of_part(ticking(State(viewed, GOOD).look(NOON), 2 * MINUTE)["state"])

    assert said(Viewed(is_complete=False)) == "… 正在读取数据"
    assert said(Viewed()) == "… 还没有数据"
    assert said(Viewed(newest_ms=NOON - 2 * MINUTE + 1)) == "● 实时"
    assert said(Viewed(newest_ms=NOON - 5 * MINUTE)).startswith("■ 5分钟没有新数据")
    assert "读不到数据" in said(Viewed(newest_ms=NOON, is_away=True))


def test_open_rectifications_are_by_deadline_overdue_first_with_the_time_left_and_what_is_not_shown_is_counted() -> (
    None
):
    mine = [owed("R-1", NOON + 3 * HOUR), owed("R-2", NOON + 5 * HOUR, NOON - HOUR, contacted=False)]
    mine += [owed(f"R-x{n}", NOON + 9 * DAY) for n in range(10)]
    looked = scene(
        hall(1, NOON, rectifications_open=12, rectifications=mine),
        hall(1, NOON, OTHER, rectifications_open=1, rectifications=[owed("R-3", NOON - 2 * HOUR)]),
    )
    assert [one.rectification.rating for one in looked.owed([STREET, OTHER], 3)] == ["R-3", "R-2", "R-1"]
    shown = text_of_part(fragments(looked, NAMES, "")["owed"])
    assert shown.startswith("超期2小时 办结期限10:00")
    assert "超期1小时 联系期限11:00 华山街道便民服务中心 3号综合窗口 不满意 剩3小时 办结期限15:00" in shown
    assert shown.endswith("另有6项")


def test_a_bad_rating_that_comes_is_new_for_a_minute_and_read_out_once_and_those_of_before_are_not() -> None:
    viewed = Viewed({STREET: hall(1, NOON, ratings=[rating("R-0", "dissatisfied", NOON)])})
    state = State(viewed, GOOD)
    assert not state.look(NOON).is_fresh(state.look(NOON).bad[0])
    assert announcement(state.take_unsaid(), NAMES) == ""
    came = [rating("R-2", "very_dissatisfied", NOON, "115"), rating("R-1", "satisfied", NOON)]
    viewed.streets[STREET] = hall(2, NOON, ratings=[*came, rating("R-0", "dissatisfied", NOON - HOUR)])
    looked = state.look(NOON + 1000)
    assert [(one.rating.rating, looked.is_fresh(one)) for one in looked.bad] == [("R-2", True), ("R-0", False)]
    assert announcement(state.take_unsaid(), NAMES) == "新差评1条：华山街道便民服务中心 3号综合窗口，非常不满意"
    bad = text_of_part(fragments(looked, NAMES, "")["bad"])
    assert bad.startswith(f"新 非常不满意 12:00 华山街道便民服务中心 3号综合窗口｜{text_of('115')}")
    # Many good ones later it isn't among the last ratings any more; it is no new one when its rectification says it.
    viewed.streets[STREET] = hall(3, NOON, rectifications=[owed("R-2", NOON)])
    later = state.look(NOON + 62_000)
    assert [(one.rating.rating, later.is_fresh(one)) for one in later.bad] == [("R-2", False), ("R-0", False)]
    assert state.take_unsaid() == []


def test_the_last_ratings_are_the_newest_of_all_streets_in_words_with_their_tags() -> None:
    mine = [rating(f"R-{n}", level, NOON - n * MINUTE) for n, level in enumerate(LEVELS)]
    other = [msgspec.structs.replace(rating("R-x", "satisfied", NOON - 30_000, "413"), site="", window="")]
    shown = text_of_part(
        fragments(scene(hall(1, NOON, ratings=mine), hall(1, NOON, OTHER, ratings=other)), NAMES, "")["ratings"]
    )
    words = [word for word in shown.split() if word in LEVEL_NAMES.values()]
    assert words == ["非常满意", "满意", "满意", "基本满意", "不满意", "非常不满意"]
    assert f"满意 11:59 护国街道 {text_of('413')}" in shown


def test_a_street_s_page_shows_its_windows_and_nothing_of_another_street() -> None:
    windows = [
        LiveWindow(
            f"{SITE}-01", SITE, "open", staff="S0142", service="V-1", ticket="A012", started=iso(NOON - 5 * MINUTE)
        ),
        LiveWindow(f"{SITE}-02", SITE, "open", service="V-0", completed=iso(NOON - HOUR)),
        LiveWindow(WINDOW, SITE, "paused", iso(NOON - 9 * MINUTE), "meal", 30),
        LiveWindow(f"{SITE}-04", SITE, "closed"),
        LiveWindow(f"{SITE}-99", SITE, "open", called_ticket="A013", called=iso(NOON)),
    ]
    devices = LiveDevices(OTHER, 1, 1, 1, [LiveDevice("D-9", "rating", iso(NOON), offline_since=iso(NOON))])
    viewed = Viewed(
        {
            STREET: hall(1, NOON, windows=windows),
            OTHER: hall(1, NOON, OTHER, ratings=[rating("R-9", "satisfied", NOON)]),
        }
    )
    viewed.devices[OTHER] = devices
    viewed.notices = (notice("n", NOON, OTHER),)
    parts = fragments(State(viewed, GOOD).look(NOON), NAMES, STREET)
    shown = text_of_part(parts["windows"])
    assert "1号综合窗口 便民服务中心 ● 办理中 工号S0142 票号A012 已办5分钟" in shown
    assert "2号综合窗口 便民服务中心 ○ 空闲" in shown
    assert "3号综合窗口 便民服务中心 ‖ 暂停（用餐） 已停9分钟，计划30分钟" in shown
    assert f"{SITE}-99 便民服务中心 ○ 空闲 已叫号A013" in shown
    assert shown.endswith("另有17个窗口未开放")
    assert [text_of_part(parts[name]) for name in ("ratings", "missed", "told")] == [
        "还没有评价",
        "没有离线的终端",
        "没有通知",
    ]
    assert "D-9" in fragments(State(viewed, GOOD).look(NOON), NAMES, OTHER)["missed"]


def test_windows_for_which_there_was_no_room_are_counted_and_none_is_said_to_be_closed() -> None:
    windows = [LiveWindow(f"{SITE}-{number:03}", SITE, "open", staff="S" * 300) for number in range(400)]
    said = encode_live(hall(1, NOON, windows=windows, windows_open=399, windows_paused=1))
    kept = msgspec.json.decode(said, type=LiveStreet)
    assert 0 < len(kept.windows) < 400
    shown = text_of_part(fragments(scene(kept), NAMES, STREET)["windows"])
    assert shown.count("空闲") == len(kept.windows)
    assert shown.endswith(f"另有{400 - len(kept.windows)}个开放或暂停的窗口未列出")
    assert "未开放" not in shown


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen |= {tag, *(f"{tag} {name}" for name, _ in attrs)}


_HOSTILE = "<img src=x onerror=alert(1)>\"' onload=alert(2)</svg><script>alert(3)</script>{0}{name}%s&lt;"


@given(st.sampled_from(["windows", "ratings", "devices", "notices", "street"]), st.sampled_from(["", STREET]))
def test_what_others_chose_is_never_markup(kind: str, street: str) -> None:
    text = _HOSTILE
    window = LiveWindow(text, text, "paused", iso(NOON), text, 5, text, text, text, "", "", text, iso(NOON))
    busy = LiveWindow(f"{text}2", text, "open", staff=text, service=text, ticket=text, started=iso(NOON))
    hostile = msgspec.structs.replace(rating(text, text, NOON, text), site=text, window=text)
    bad = msgspec.structs.replace(hostile, level="dissatisfied")
    due = LiveRectification(text, iso(NOON), iso(NOON), iso(NOON), text, text, text)
    mine = hall(
        1, NOON,
        windows=[window, busy] if kind == "windows" else [],
        ratings=[hostile, bad] if kind == "ratings" else [],
        rectifications=[due] if kind == "ratings" else [],
        sites=[LiveSite(text, 3, iso(NOON), iso(NOON))],
    )  # fmt: skip
    viewed = Viewed({STREET: mine})
    if kind == "street":
        viewed.streets[text] = hall(1, NOON, text)
    if kind == "devices":
        device = LiveDevice(text, text, iso(NOON), text, text, firmware=text, offline_since=iso(NOON))
        viewed.devices[STREET] = LiveDevices(STREET, 1, 1, 1, [device])
    if kind == "notices":
        viewed.notices = (Notice(text, text, iso(NOON), STREET, text, text, {"device": text}),)
    looked = State(viewed, GOOD).look(NOON)
    parts = {**fragments(looked, NAMES, street), **ticking(looked, MINUTE)}
    tags = _Tags()
    tags.feed(skeleton(NAMES, street, parts))
    assert not {"img", "script"} & tags.seen
    assert not [name for name in tags.seen if " on" in name]


def test_a_number_that_could_be_a_person_s_is_not_shown() -> None:
    windows = [LiveWindow(WINDOW, SITE, "open", staff="13800000000", service="V", ticket="13911112222")]
    device = LiveDevice("T13800000000", "rating", iso(NOON), offline_since=iso(NOON))
    viewed = Viewed({STREET: hall(1, NOON, windows=windows)}, {STREET: LiveDevices(STREET, 1, 1, 1, [device])})
    shown = " ".join(fragments(State(viewed, GOOD).look(NOON), NAMES, STREET).values())
    assert "13800000000" not in shown
    assert "13911112222" not in shown


@given(st.integers(0, 400 * DAY))
def test_a_span_is_told_to_the_minute_below_a_day_and_never_as_more_than_it_is(ms: int) -> None:
    units = {"分钟": MINUTE, "小时": HOUR, "天": DAY}
    told, rest = 0, span(ms).removeprefix("不到1分钟")
    for unit in ("天", "小时", "分钟"):
        number, found, after = rest.partition(unit)
        if found:
            told, rest = told + int(number) * units[unit], after
    assert rest == ""
    assert told <= ms < told + (HOUR if ms >= DAY else MINUTE)


def test_deadlines_and_moments_are_told_as_people_read_them() -> None:
    assert left(NOON + 90 * MINUTE, NOON) == "剩1小时30分钟"
    assert left(NOON - 50 * HOUR, NOON) == "超期2天2小时"
    assert when(NOON, NOON + HOUR) == "12:00"
    assert when(NOON, NOON + DAY) == "11-02 12:00"
