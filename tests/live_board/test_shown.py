"""What is shown: figures, order, times, what is new, and that nothing from outside becomes part of the page."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from deploy.board.fragments import announcement, fragments, ticking
from deploy.board.names import Names
from deploy.board.scene import Figures, Scene
from deploy.board.skeleton import skeleton
from deploy.board.state import State
from deploy.board.words import left, span, when
from deploy.district import FOLDER
from schemas.levels import LEVEL_NAMES, LEVELS
from schemas.live import (
    LiveDevice,
    LiveDevices,
    LiveRating,
    LiveRectification,
    LiveSite,
    LiveStreet,
    LiveWindow,
    encode_live,
)
from schemas.moments import DAY, HOUR, MINUTE, SECOND, epoch_ms, iso
from schemas.published import FLAGGED, Notice
from schemas.registry import Registry
from schemas.tags import CURRENT_VERSION, VERSIONS
from tests.live_board.halls import SITE, STREET, WINDOW, bad, hall, notice, rating

NAMES = Names(Registry.load(FOLDER))
NOON = epoch_ms("2026-11-02T12:00:00+08:00")
GOOD = frozenset({"very_satisfied", "satisfied"})
OTHER = "530102002"
SILENT = 10 * MINUTE
_TAGS = VERSIONS[CURRENT_VERSION]


@dataclass
class Viewed:
    """A live view as it is at a moment."""

    streets: dict[str, LiveStreet] = field(default_factory=dict)
    devices: dict[str, LiveDevices] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    newest_ms: int = 0
    is_complete: bool = True
    is_away: bool = False


def watching(viewed: Viewed) -> State:
    return State(viewed, GOOD, SILENT)


def looked_at(viewed: Viewed, at_ms: int = NOON) -> Scene:
    return watching(viewed).look(at_ms)


def scene(*streets: LiveStreet, at_ms: int = NOON) -> Scene:
    return looked_at(Viewed({street.street: street for street in streets}, newest_ms=at_ms), at_ms)


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
    assert text_of_part(parts[f"row-{STREET}"]) == "华山街道 ▲ 拥堵 4 9分钟 3（停1） 10 70.0% 2 2（逾期1） —"
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


def test_of_what_nothing_was_heard_the_board_says_that_and_not_that_there_is_nothing() -> None:
    viewed = Viewed({STREET: hall(1, NOON - DAY), OTHER: hall(1, NOON, OTHER)})
    viewed.devices[OTHER] = LiveDevices(OTHER, 1, 1, newest=iso(NOON))
    parts = fragments(looked_at(viewed), NAMES, "")
    assert text_of_part(parts["row-530102009"]) == "普吉街道 — — — — — — — —"
    assert text_of_part(parts[f"row-{STREET}"]) == "华山街道 — — — — — — 0 —"
    assert text_of_part(parts[f"row-{OTHER}"]) == "护国街道 0 — 0 0 — 0 0 0"
    nothing = fragments(looked_at(viewed), NAMES, "530102009")
    assert {text_of_part(nothing[name]) for name in ("bad", "owed", "missed")} == {"还没有数据"}
    assert text_of_part(nothing["tiles"]).split()[1::2] == ["—"] * 8
    assert text_of_part(parts["bad"]) == "没有差评"


def test_a_street_that_the_registry_does_not_know_has_a_row_and_no_page() -> None:
    parts = fragments(scene(hall(1, NOON, "530102999", waiting=7), hall(1, NOON)), NAMES, "")
    assert text_of_part(parts["others"]).startswith("530102999 7 ")
    assert "href" not in parts["others"]
    assert f'href="/street/{STREET}"' in parts[f"row-{STREET}"]


def test_a_street_of_which_nothing_comes_any_more_says_for_how_long_by_the_clock_and_its_figures_are_stale() -> None:
    """Its newest event, of long ago, came but now; and then the street is silent, while another goes on."""
    viewed = Viewed({STREET: hall(1, NOON - 25 * MINUTE, waiting=1, heard=iso(NOON))})
    viewed.devices[STREET] = LiveDevices(STREET, 1, 3, newest=iso(NOON - 5 * MINUTE))
    state = watching(viewed)
    for minutes, is_silent in ((9, False), (10, True), (70, True)):
        at_ms = NOON + minutes * MINUTE
        viewed.streets[OTHER] = hall(minutes, at_ms, OTHER, heard=iso(at_ms))
        viewed.newest_ms = at_ms
        looked = state.look(at_ms)
        parts = fragments(looked, NAMES, "")
        row, other = parts[f"row-{STREET}"], parts[f"row-{OTHER}"]
        assert (f"■ {span(minutes * MINUTE)}无数据" in text_of_part(row)) == is_silent
        assert row.count('class="stale"') == (8 if is_silent else 1)  # devices have been silent for longer
        assert "stale" not in other
        assert "无数据" not in other
        state_words = text_of_part(ticking(looked, 2 * MINUTE)["state"])
        assert state_words == ("● 实时 ■ 1个街道无数据" if is_silent else "● 实时")
        # Its own page says so in its head.
        own = text_of_part(ticking(looked, 2 * MINUTE, STREET)["state"])
        assert own.startswith(f"■ {span(minutes * MINUTE)}没有新数据，以下为截至12:00" if is_silent else "● 实时")
        assert ("stale" in fragments(looked, NAMES, STREET)["tiles"]) == is_silent
        assert text_of_part(ticking(looked, 2 * MINUTE, OTHER)["state"]) == "● 实时"
        assert "stale" not in parts["tiles"]
        missed = text_of_part(parts["missed"])
        assert missed.startswith(f"全部设备无心跳 华山街道{span((minutes + 5) * MINUTE)}")


def test_devices_that_are_all_silent_are_said_where_their_street_goes_on() -> None:
    viewed = Viewed({STREET: hall(1, NOON, heard=iso(NOON))})
    viewed.devices[STREET] = LiveDevices(STREET, 1, 3, newest=iso(NOON - 9 * MINUTE))
    assert text_of_part(fragments(looked_at(viewed), NAMES, STREET)["missed"]) == "没有离线的设备"
    later = fragments(looked_at(viewed, NOON + MINUTE), NAMES, "")
    assert text_of_part(later[f"row-{STREET}"]).endswith(" 0（10分钟无心跳）")


def clock_of(looked: Scene) -> str:
    return text_of_part(ticking(looked, MINUTE)["clock"])


def test_while_history_is_replayed_its_time_is_shown_and_said_and_nothing_of_it_is_news() -> None:
    long_ago = NOON - 30 * DAY
    viewed = Viewed({STREET: hall(1, long_ago, heard=iso(NOON))}, newest_ms=NOON)
    state = watching(viewed)
    state.look(NOON)
    for step in range(1, 5):
        then, at_ms = long_ago + step * HOUR, NOON + step * SECOND
        one = bad(f"R-{step}", then, came_ms=at_ms)
        viewed.streets[STREET] = hall(1 + step, then, heard=iso(at_ms), waiting_since=iso(then - 9 * MINUTE), bad=[one])
        looked = state.look(at_ms)
        # What was sent later than it happened makes the time go on once, too.
        assert looked.now == ((at_ms, False) if step < 3 else (then, True))
    assert clock_of(looked) == "数据时间 16:00:00 2026年10月3日 星期六"
    assert "回放" in ticking(looked, MINUTE)["state"]
    assert "最长等候 9分钟" in text_of_part(fragments(looked, NAMES, "")["tiles"])
    assert state.take_unsaid() == []
    assert text_of_part(fragments(looked, NAMES, "")["bad"]).startswith("不满意 16:00 华山街道")
    # When it is through the clock goes on.
    assert state.look(at_ms + 3 * MINUTE).now == (at_ms + 3 * MINUTE, False)


@given(
    st.lists(
        st.tuples(st.sampled_from([STREET, OTHER]), st.integers(0, 9), st.sampled_from([0, 1, 15, 600])), max_size=12
    )
)
def test_in_silence_the_clock_goes_on_and_no_time_ever_goes_back(said: list[tuple[str, int, int]]) -> None:
    """Whatever comes late, from terminals that were offline: as long as no newer time than all goes on far behind."""
    viewed = Viewed({STREET: hall(1, NOON, waiting_since=iso(NOON - 20 * MINUTE), heard=iso(NOON))}, newest_ms=NOON)
    state, at_ms, waited = watching(viewed), NOON, 20
    for street, late, minutes in said:
        at_ms += minutes * MINUTE
        before = viewed.streets.get(street)
        time_ms = max(NOON - late * HOUR, epoch_ms(before.time) if before else 0)
        more = {"waiting_since": before.waiting_since} if before else {}
        version = before.version + 1 if before else 1
        viewed.streets[street] = hall(version, time_ms, street, heard=iso(at_ms), **more)
        looked = state.look(at_ms)
        assert looked.now == (at_ms, False)
        since = looked.total([STREET]).waiting_since_ms
        assert since is None or (at_ms - since) // MINUTE >= waited


def test_in_silence_it_says_since_when_there_are_no_data_though_the_last_ones_are_said_anew() -> None:
    evening = NOON + 9 * HOUR
    viewed = Viewed({STREET: hall(1, evening, heard=iso(evening))}, newest_ms=evening)
    looked = looked_at(viewed, evening + 11 * MINUTE)
    assert clock_of(looked).startswith("21:11:00 ")
    words = "■ 11分钟没有新数据，以下为截至21:00的数据：服务时间请检查网络和处理程序"
    assert text_of_part(ticking(looked, 2 * MINUTE)["state"]) == words
    # A role that starts anew says all anew.
    viewed.newest_ms = evening + 11 * MINUTE
    assert text_of_part(ticking(looked_at(viewed, evening + 11 * MINUTE), 2 * MINUTE)["state"]) == words
    viewed.devices[STREET] = LiveDevices(STREET, 1, 1, newest=iso(evening + 10 * MINUTE))
    assert "实时" in ticking(looked_at(viewed, evening + 11 * MINUTE), 2 * MINUTE)["state"]


def test_without_a_word_the_board_says_whether_it_reads_or_waits_or_for_how_long_it_was_quiet() -> None:
    def said(viewed: Viewed) -> str:
        return text_of_part(ticking(looked_at(viewed), 2 * MINUTE)["state"])

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
    assert shown.startswith("逾期2小时 办结期限10:00")
    assert "逾期1小时 联系期限11:00 华山街道便民服务中心 3号综合窗口 不满意 剩3小时 办结期限15:00" in shown
    assert shown.endswith("另有6项")
    # The tile counts what the list says, contact too.
    assert "待整改 13 逾期2" in text_of_part(fragments(looked, NAMES, "")["tiles"])


def test_a_rectification_that_a_revisit_reopened_is_due_anew_and_says_why() -> None:
    one = msgspec.structs.replace(owed("R-1", NOON + DAY, NOON - 9 * DAY, contacted=False), reopened=True)
    looked = scene(hall(1, NOON, rectifications_open=1, rectifications=[one]))
    shown = text_of_part(fragments(looked, NAMES, STREET)["owed"])
    assert shown == "剩1天 办结期限11-03 12:00 华山街道便民服务中心 3号综合窗口 不满意 回访不满意"
    assert looked.figures(STREET).overdue == 0


def names_in(looked: Scene, *codes: str) -> list[str]:
    return [one.rating.rating for one in looked.bad_ratings(codes or (STREET, OTHER), 9)]


def test_a_bad_rating_that_comes_is_new_for_a_minute_and_read_out_once_and_those_of_before_are_not() -> None:
    old = bad("R-0", NOON - HOUR)
    viewed = Viewed({STREET: hall(1, NOON, bad=[old])})
    state = watching(viewed)
    assert not state.look(NOON).is_fresh(state.look(NOON).bad[0])
    assert announcement(state.take_unsaid(), NAMES) == ""
    came = bad("R-2", NOON, "115", level="very_dissatisfied")
    viewed.streets[STREET] = hall(2, NOON, bad=[came, old])
    looked = state.look(NOON + 1000)
    assert [(one.rating.rating, looked.is_fresh(one)) for one in looked.bad] == [("R-2", True), ("R-0", False)]
    assert announcement(state.take_unsaid(), NAMES) == "新差评1条：华山街道便民服务中心 3号综合窗口，非常不满意"
    shown = text_of_part(fragments(looked, NAMES, "")["bad"])
    assert shown.startswith(f"新 非常不满意 12:00 华山街道便民服务中心 3号综合窗口｜{_TAGS['115'].text}")
    viewed.streets[STREET] = hall(3, NOON, bad=[came, old])
    later = state.look(NOON + 62_000)
    assert [(one.rating.rating, later.is_fresh(one)) for one in later.bad] == [("R-2", False), ("R-0", False)]
    assert state.take_unsaid() == []


@given(st.lists(st.tuples(st.sampled_from([STREET, OTHER]), st.integers(0, 4), st.booleans()), max_size=30))
def test_whatever_messages_hold_a_bad_rating_is_news_once_and_shown_once(came: list[tuple[str, int, bool]]) -> None:
    """Messages lose the ends of their lists where they are long, and have them back; streets go, and come again."""
    viewed, given = Viewed({STREET: hall(1, NOON), OTHER: hall(1, NOON, OTHER)}), dict[str, list[LiveRating]]()
    state, said, at_ms = watching(viewed), list[str](), NOON
    state.look(at_ms)
    for number, (street, kept, is_gone) in enumerate(came):
        at_ms += 7 * SECOND
        given.setdefault(street, []).insert(0, bad(f"R-{number}", at_ms - HOUR, came_ms=at_ms))
        viewed.streets[street] = hall(2 + number, at_ms, street, bad=given[street][: 1 + kept])
        looked = state.look(at_ms)
        shown = [(one.street, one.rating.rating) for one in looked.bad_ratings([STREET, OTHER], 99)]
        assert len(set(shown)) == len(shown)
        assert shown[0] == (street, f"R-{number}")
        fresh = {one.rating.rating for one in looked.bad if looked.is_fresh(one)}
        assert fresh <= {f"R-{known}" for known in range(number - 8, number + 1)}
        said += [one.rating.rating for one in state.take_unsaid()]
        if is_gone:
            del viewed.streets[street]
            state.look(at_ms)
    assert said == [f"R-{number}" for number in range(len(came))]


def test_a_bad_rating_that_came_late_is_on_top_and_read_out_with_when_it_was_and_when_it_was_sent() -> None:
    some = [bad(f"R-{n}", NOON - n * MINUTE) for n in range(5)]
    viewed = Viewed({STREET: hall(1, NOON, bad=some)})
    state = watching(viewed)
    state.look(NOON)
    late = bad("R-late", NOON - 3 * HOUR, came_ms=NOON + 5 * MINUTE)
    viewed.streets[STREET] = hall(2, NOON, bad=[late, *some])
    looked = state.look(NOON + 5 * MINUTE)
    assert names_in(looked)[:2] == ["R-late", "R-0"]
    assert text_of_part(fragments(looked, NAMES, "")["bad"]).startswith("新 不满意 09:00 （12:05补传） 华山街道")
    assert len(state.take_unsaid()) == 1
    # One of which the broker has known for long, and the board hears but now, is new to all, and first.
    behind = bad("R-behind", NOON - HOUR)
    viewed.streets[STREET] = hall(3, NOON, bad=[late, *some, behind])
    looked = state.look(NOON + 8 * MINUTE)
    assert names_in(looked)[:2] == ["R-behind", "R-late"]
    assert looked.is_fresh(looked.bad_ratings([STREET], 1)[0])


def test_a_board_that_starts_anew_shows_as_new_what_came_within_the_minute_and_nothing_else() -> None:
    some = [bad("R-1", NOON - 2 * HOUR, came_ms=NOON - 40 * SECOND), bad("R-0", NOON - 90 * SECOND)]
    viewed = Viewed({STREET: hall(1, NOON, bad=some)})
    state = watching(viewed)
    looked = state.look(NOON)
    assert [looked.is_fresh(one) for one in looked.bad] == [True, False]
    assert not any(map(state.look(NOON + 30 * SECOND).is_fresh, looked.bad))
    # Nor is what the first message of another street has of days before.
    viewed.streets[OTHER] = hall(1, NOON, OTHER, bad=[bad("R-9", NOON - DAY)])
    looked = state.look(NOON + 30 * SECOND)
    assert names_in(looked) == ["R-1", "R-0", "R-9"]
    assert not any(map(looked.is_fresh, looked.bad))
    assert state.take_unsaid() == []


def test_what_is_urgent_is_told_however_many_other_notices_came_since() -> None:
    kinds = ["rectification.overdue", "queue.congested", "device.offline"]
    notices = [notice(f"n-{kind}", NOON - HOUR, STREET, kind) for kind in kinds]
    notices += [notice(f"f-{n}", NOON - HOUR + n * SECOND, STREET, FLAGGED) for n in range(40)]
    notices += [notice("n-again", NOON - MINUTE, OTHER, "queue.congested")]
    viewed = Viewed(notices=tuple(reversed(notices)))
    viewed.streets |= {STREET: hall(1, NOON), OTHER: hall(1, NOON, OTHER)}
    told = [(one.notice.id, one.more) for one in looked_at(viewed).told([STREET, OTHER], 4)]
    assert told[:3] == [("n-rectification.overdue", 0), ("n-again", 1), ("n-device.offline", 0)]
    assert told[3] == ("f-39", 39)
    shown = text_of_part(fragments(looked_at(viewed), NAMES, "")["told"])
    assert shown.index("整改逾期") < shown.index("排队拥堵") < shown.index("设备离线") < shown.index("评价疑点")
    assert "（当日同类另有39条）" in shown
    # What is settled isn't told, nor is what is of another day before what is of today.
    viewed.notices = (
        notice("cleared", NOON, OTHER, "queue.cleared"),
        *viewed.notices,
        notice("old", NOON - DAY, STREET, "rectification.due_soon"),
    )
    told = [(one.notice.id, one.more) for one in looked_at(viewed).told([STREET, OTHER], 9)]
    assert ("n-queue.congested", 0) in told
    assert told[-1] == ("old", 0)


def test_the_last_ratings_are_the_newest_of_all_streets_in_words_with_their_tags() -> None:
    mine = [rating(f"R-{n}", level, NOON - n * MINUTE) for n, level in enumerate(LEVELS)]
    other = [msgspec.structs.replace(rating("R-x", "satisfied", NOON - 30_000, "413"), site="", window="")]
    shown = text_of_part(
        fragments(scene(hall(1, NOON, ratings=mine), hall(1, NOON, OTHER, ratings=other)), NAMES, "")["ratings"]
    )
    words = [word for word in shown.split() if word in LEVEL_NAMES.values()]
    assert words == ["非常满意", "满意", "满意", "基本满意", "不满意", "非常不满意"]
    assert f"满意 11:59 护国街道 {_TAGS['413'].text}" in shown


def test_a_tag_that_the_national_list_does_not_have_is_not_shown() -> None:
    named = [rating("R-1", "dissatisfied", NOON, "213", "张三不好")]
    looked = scene(hall(1, NOON, ratings=named, bad=[bad("R-1", NOON, "213", "张三不好")]))
    parts = fragments(looked, NAMES, "")
    assert all("窗口人员业务不熟练" in parts[name] and "张三" not in parts[name] for name in ("bad", "ratings"))


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
    parts = fragments(looked_at(viewed), NAMES, STREET)
    shown = text_of_part(parts["windows"])
    assert shown.startswith("● 办理中1 已叫号1 ‖ 暂停1 ○ 空闲1 未开放17 1号 ● 办理中 A012 5分钟 工号S0142 2号 ○ 空闲")
    assert shown.endswith(f"3号 ‖ 暂停（用餐） 9分钟 计划30分钟 {SITE}-99 已叫号 A013")
    assert [text_of_part(parts[name]) for name in ("ratings", "missed", "told")] == [
        "还没有评价",
        "还没有数据",
        "没有通知",
    ]
    assert "D-9" in fragments(looked_at(viewed), NAMES, OTHER)["missed"]


def test_windows_for_which_there_was_no_room_are_counted_and_none_is_said_to_be_closed() -> None:
    windows = [LiveWindow(f"{SITE}-{number:03}", SITE, "open", staff="S" * 300) for number in range(400)]
    said = encode_live(hall(1, NOON, windows=windows, windows_open=399, windows_paused=1))
    kept = msgspec.json.decode(said, type=LiveStreet)
    assert 0 < len(kept.windows) < 400
    shown = text_of_part(fragments(scene(kept), NAMES, STREET)["windows"])
    assert shown == f"○ 空闲{len(kept.windows)} 另有{400 - len(kept.windows)}个开放或暂停的窗口未列出"


def test_windows_are_in_natural_order_by_site_and_of_many_those_that_are_idle_are_but_counted() -> None:
    center, other = "530102000-00", "530102000-01"

    def busy(site: str, number: int) -> LiveWindow:
        return LiveWindow(f"{site}-{number:02}", site, "open", service="V", ticket=f"A{number:04}", started=iso(NOON))

    def shown(*windows: LiveWindow) -> str:
        street = hall(1, NOON, "530102000", windows=list(windows), windows_open=len(windows))
        return text_of_part(fragments(scene(street), NAMES, "530102000")["windows"])

    idle = [LiveWindow(f"{center}-{number:02}", center, "open") for number in (3, 4)]
    some = shown(busy(other, 1), *(busy(center, number) for number in (100, 11, 2)), *idle)
    assert re.findall(r"(\S+号|\S+-01) [●○]", some) == ["2号", "3号", "4号", "11号", "100号", f"{other}-01"]
    many = shown(*(busy(center, number) for number in range(115, 4, -1)), *idle)
    assert many.startswith("● 办理中111 ○ 空闲2 未开放2 5 ● 办理中 A0005 不到1分钟 6 ● 办理中")
    assert re.findall(r"(\d+) ● 办理中 A0*(\d+)", many) == [(str(number),) * 2 for number in range(5, 116)]
    named = msgspec.structs.replace(busy(center, 2), ticket="T-261125205203.0-001-20")
    assert "2号 ● 办理中 …001-20" in shown(named)
    # Of a street that wasn't heard of nothing is known.
    assert text_of_part(fragments(scene(), NAMES, STREET)["windows"]) == "还没有数据"


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
    worse = msgspec.structs.replace(hostile, level="dissatisfied", came=iso(NOON))
    due = LiveRectification(text, iso(NOON), iso(NOON), iso(NOON), text, text, text)
    mine = hall(
        1, NOON,
        windows=[window, busy] if kind == "windows" else [],
        ratings=[hostile, worse] if kind == "ratings" else [],
        bad=[hostile, worse] if kind == "ratings" else [],
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
    looked = looked_at(viewed)
    parts = {**fragments(looked, NAMES, street), **ticking(looked, MINUTE)}
    tags = _Tags()
    tags.feed(skeleton(NAMES, street, parts))
    assert not {"img", "script"} & tags.seen
    assert not [name for name in tags.seen if " on" in name]


def test_a_number_that_could_be_a_person_s_is_not_shown() -> None:
    windows = [LiveWindow(WINDOW, SITE, "open", staff="13800000000", service="V", ticket="13911112222")]
    device = LiveDevice("T13800000000", "rating", iso(NOON), offline_since=iso(NOON))
    viewed = Viewed({STREET: hall(1, NOON, windows=windows)}, {STREET: LiveDevices(STREET, 1, 1, 1, [device])})
    shown = " ".join(fragments(looked_at(viewed), NAMES, STREET).values())
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
    assert left(NOON - 50 * HOUR, NOON) == "逾期2天2小时"
    assert when(NOON, NOON + HOUR) == "12:00"
    assert when(NOON, NOON + DAY) == "11-02 12:00"
