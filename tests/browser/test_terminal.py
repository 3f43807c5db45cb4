"""A terminal's page in a browser, before a real gateway: what is pressed is in the log once, whatever happens."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from playwright.async_api import FloatRect, Page, expect

from deploy.folder import Endpoint, Folder
from schemas.moments import SHANGHAI
from schemas.secret import load_secret
from streams.gateway.devices import DeviceBook, now_ms
from tests.browser.conftest import Visit
from tests.browser.running import until
from tests.browser.visitor import CUT, PHONE, Visitor
from tests.gateway.conftest import add_device
from tests.kiosk.hall import Hall
from tests.proxy import Proxy
from tests.security.door import Door

_STREET: Final = "530102001"
_TABLET: Final = (1280, 800)
_SMALL_TABLET: Final = (1024, 600)
# Tags, and the field for a comment, that lie under the buttons.
_COVERED: Final = """[...document.querySelectorAll('#tags button, #comment')]
  .filter((one) => one.checkVisibility())
  .filter((one) => [...document.querySelectorAll('#detail .actions button')].some((button) => {
    const [a, b] = [one.getBoundingClientRect(), button.getBoundingClientRect()];
    return a.right > b.left && b.right > a.left && a.bottom > b.top && b.bottom > a.top;
  }))
  .map((one) => one.outerHTML.slice(0, 100))"""
_WIDER: Final = "document.documentElement.scrollWidth - window.innerWidth"
# Texts below 24 pixels, and what visitors press below 96.
_TOO_SMALL: Final = """[...document.querySelectorAll('main *, header *, footer *')]
  .filter((one) => one.checkVisibility() && !one.closest('svg'))
  .filter((one) => parseFloat(getComputedStyle(one).fontSize) < 24
    || (one.matches('button, input, textarea') && one.getBoundingClientRect().height < 96))
  .map((one) => one.outerHTML.slice(0, 100))"""
_ID: Final = r"K[0-9a-f]{32}"


@dataclass(frozen=True)
class Tablet:
    """A window's tablet: where its page is, and what has come of it."""

    door: Door
    endpoint: Endpoint
    window: str
    token: str
    hall: Hall

    @property
    def name(self) -> str:
        return f"K-{self.window}"

    def url(self, address: str = "", **parameters: str) -> str:
        """The page, with the token as an operator opens it."""
        query = "&".join(f"{name}={value}" for name, value in {"window": self.window, **parameters}.items())
        return f"http://{address or f'{self.endpoint.host}:{self.endpoint.port}'}/terminal?{query}#token={self.token}"

    def said(self, topic: str = "pingliu.events") -> list[dict[str, Any]]:
        """Its events in the log, in order."""
        return [event for event in self.door.events(topic) if event["source"] == f"terminal/{self.name}"]

    def levels(self) -> list[str]:
        return [event["data"]["level"] for event in self.said()]

    def book(self) -> DeviceBook:
        folder = Folder(self.door.root)
        return DeviceBook(folder.devices, load_secret(folder.secret))


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    door = Door(tmp_path_factory.mktemp("terminal") / "data")
    yield door
    door.close()


@pytest.fixture(scope="module")
def gateway(door: Door) -> Endpoint:
    Folder(door.root).create()
    return door.open()


_numbers = iter(range(1, 100))


@pytest.fixture
def tablet(door: Door, gateway: Endpoint) -> Tablet:
    """A tablet at a window of its own."""
    window = f"{_STREET}-00-{next(_numbers):02}"
    token = add_device(Folder(door.root), f"K-{window}", f"terminal/K-{window}", window=window)
    return Tablet(door, gateway, window, token, Hall(door.root, window))


async def _press(page: Page, word: str, *tags: str) -> None:
    await page.get_by_role("button", name=word, exact=True).click()
    await expect(page.get_by_role("heading", name=f"您的评价：{word}")).to_be_focused()
    for tag in tags:
        await page.get_by_role("button", name=tag).click()
        await expect(page.get_by_role("button", name=tag)).to_have_attribute("aria-pressed", "true")


async def _submit(page: Page) -> None:
    await page.locator("#submit").click()
    await expect(page.get_by_role("heading", name="感谢您的评价")).to_be_focused()


async def _rate(page: Page, word: str, *tags: str) -> None:
    await _press(page, word, *tags)
    await _submit(page)


async def _is_ready(page: Page) -> None:
    await expect(page.get_by_role("heading", name="请您评价本次服务")).to_be_focused()


async def test_a_press_with_tags_and_a_comment_is_in_the_log_once_and_the_token_nowhere(
    visit: Visit, tablet: Tablet, axe: str
) -> None:
    visitor = await visit(tablet.url(comment="1"), size=_TABLET)
    page = visitor.page
    await _is_ready(page)
    assert tablet.token not in page.url
    assert tablet.token not in await page.evaluate("JSON.stringify(history.state) + document.documentElement.outerHTML")
    barriers = {"start": await visitor.barriers(axe)}
    await visitor.shoot("terminal-start")
    await _press(page, "不满意", "服务态度生硬", "没有提供材料清单")
    await page.get_by_label("您还想说什么").fill("等了很久，电话13912345678")
    await expect(page.locator("#submit")).to_have_text("提交")
    barriers["detail"] = await visitor.barriers(axe)
    await visitor.shoot("terminal-detail")
    await _submit(page)
    barriers["thanks"] = await visitor.barriers(axe)
    await visitor.shoot("terminal-thanks", "desktop")
    assert barriers == {"start": [], "detail": [], "thanks": []}
    await until(lambda: bool(tablet.said()), "the press is in the log")
    (event,) = tablet.said()
    data = event["data"]
    assert (data["level"], data["tags"], data["tag_version"], data["channel"]) == (
        "dissatisfied", ["214", "208"], "2020-08", "hall_pad",
    )  # fmt: skip
    assert "13912345678" not in data["comment"]
    assert re.fullmatch(_ID, data["rating"])
    assert {"service", "rater"} & data.keys() == set()
    assert (event["id"], event["window"]) == (data["rating"], tablet.window)
    await until(lambda: bool(tablet.said("pingliu.devices")), "the tablet says that it is alive")
    assert tablet.said("pingliu.devices")[0]["data"]["kind"] == "rating"
    assert tablet.token not in tablet.door.said()


async def test_what_is_pressed_without_the_gateway_survives_a_reload_and_is_sent_once_in_order(
    visit: Visit, tablet: Tablet
) -> None:
    proxy = Proxy(f"{tablet.endpoint.host}:{tablet.endpoint.port}")
    try:
        visitor = await visit(tablet.url(proxy.address), size=_TABLET)
        visitor.may(CUT)
        page = visitor.page
        await _is_ready(page)
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        proxy.refuse()
        pressed_ms = now_ms()
        for number, word in enumerate(("非常满意", "不满意", "基本满意")):
            await _rate(page, word)
            await expect(page.locator("#state-line")).to_contain_text(f"{number + 1} 条待上传")
            await page.reload()
            await _is_ready(page)
        await expect(page.locator("#state-line")).to_contain_text("离线")
        await visitor.shoot("terminal-offline", "desktop")
        assert tablet.said() == []
        back_ms = now_ms()
        proxy.go_on()
        await expect(page.locator("#state-line")).to_have_text("在线")
    finally:
        proxy.close()
    assert tablet.levels() == ["very_satisfied", "dissatisfied", "basically_satisfied"]
    times = [datetime.fromisoformat(event["time"]).timestamp() * 1000 for event in tablet.said()]
    assert [pressed_ms, *times, back_ms] == sorted([pressed_ms, *times, back_ms])


async def _where_a_tag_comes_under_a_face(page: Page, word: str) -> tuple[float, float]:
    face = _edges(await page.get_by_role("button", name=word, exact=True).bounding_box())
    await _press(page, word)
    tags = [_edges(await tag.bounding_box()) for tag in await page.locator("#tags button").all()]
    await page.get_by_role("button", name="返回重选").click()
    await _is_ready(page)
    for tag in tags:
        left, top, right, bottom = (*map(max, face[:2], tag[:2]), *map(min, face[2:], tag[2:]))
        if left + 4 < right and top + 4 < bottom:
            return (left + right) / 2, (top + bottom) / 2
    raise AssertionError("no tag lies where a face was")


def _edges(box: FloatRect | None) -> tuple[float, float, float, float]:
    """Left, top, right and bottom."""
    assert box is not None
    return box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]


async def test_a_hand_that_shakes_presses_once(visit: Visit, tablet: Tablet) -> None:
    page = (await visit(tablet.url(), size=_TABLET)).page
    await _is_ready(page)
    at = await _where_a_tag_comes_under_a_face(page, "满意")
    await page.mouse.click(*at)
    await expect(page.locator("#detail")).to_be_visible()
    await page.mouse.click(*at)  # the second tap, when there is something else
    await expect(page.get_by_role("heading", name="您的评价：满意")).to_be_focused()
    assert await page.locator("#tags [aria-pressed=true]").count() == 0
    await page.get_by_role("button", name="返回重选").click()
    await _is_ready(page)
    await _press(page, "满意")
    tag = page.locator("#tags button").first
    await tag.dblclick()
    await expect(tag).to_have_attribute("aria-pressed", "true")
    await page.locator("#submit").dblclick()
    await expect(page.get_by_role("heading", name="感谢您的评价")).to_be_focused()
    await until(lambda: bool(tablet.said()), "the press is in the log")
    await expect(page.locator("#state-line")).to_have_text("在线")
    assert tablet.levels() == ["satisfied"]


async def test_a_service_is_rated_once_and_the_next_one_again(visit: Visit, tablet: Tablet) -> None:
    tablet.hall.serves("V-1")
    visitor = await visit(tablet.url(), size=_TABLET)
    page = visitor.page
    await _is_ready(page)
    await page.clock.install()
    tablet.hall.serves("V-1", completed_ms=now_ms())
    await expect(page.get_by_role("heading", name="业务已办结")).to_be_visible()
    await _rate(page, "满意")
    await page.clock.fast_forward(5_000)
    waits = page.get_by_role("heading", name="业务办结后，请在此评价")
    await expect(waits).to_be_focused()
    await visitor.shoot("terminal-wait", "desktop")
    await page.reload()
    await expect(waits).to_be_focused()
    # A tablet that was replaced, or has lost what it kept, says it under the same name.
    other = (await visit(tablet.url(), size=_TABLET)).page
    await _rate(other, "不满意")
    await until(lambda: len(tablet.said()) == 2, "both are in the log")
    first, second = tablet.said()
    assert first["data"]["service"] == second["data"]["service"] == "V-1"
    assert (first["id"], first["data"]["rating"]) == (second["id"], second["data"]["rating"])
    tablet.hall.serves("V-2")
    await _is_ready(page)
    await _rate(page, "不满意")
    await until(lambda: len(tablet.said()) == 3, "the next one is in the log")
    assert tablet.said()[2]["data"]["service"] == "V-2"
    assert tablet.said()[2]["id"] != first["id"]


async def _comes(page: Page, screen: str, act: Awaitable[None]) -> None:
    """A screen comes up by something that is done, and can be pressed, while the page's clock stands still."""
    await act
    await expect(page.locator(f"#{screen}")).to_be_visible()
    await page.clock.run_for(400)


async def test_a_visitor_who_is_slow_rates_the_own_service_and_the_next_one_theirs(
    visit: Visit, tablet: Tablet
) -> None:
    done_ms = now_ms() - 60_000
    tablet.hall.serves("V-1", completed_ms=done_ms)
    page = (await visit(tablet.url(), size=_TABLET)).page
    start = page.locator("#start")
    face, back, submit = page.locator("#level-basically_satisfied"), page.locator("#back"), page.locator("#submit")
    await expect(start).to_contain_text("业务已办结")
    await page.clock.install()
    await page.clock.pause_at(datetime.now(SHANGHAI) + timedelta(seconds=5))
    await _comes(page, "detail", face.click())
    await expect(page.locator("#tags-hint")).to_have_text("以下哪些符合您的情况？可多选，也可以不选")
    # The next one sits there already: what was begun for the first stays the first one's, also when one goes back.
    async with page.expect_response("**/v1/terminal?*"):
        tablet.hall.serves("V-2", started_ms=done_ms + 5_000, after=("V-1", done_ms))
    await _comes(page, "start", back.click())
    await _comes(page, "detail", face.click())
    await _comes(page, "thanks", submit.click())
    await _comes(page, "wait", page.clock.run_for(5_000))
    # The next one is done, and another one, as a finger comes down: it can't press what has come under it.
    tablet.hall.serves("V-2", completed_ms=now_ms())
    await _comes(page, "start", asyncio.sleep(0))
    await expect(start).not_to_have_attribute("inert", "")
    tablet.hall.serves("V-3", completed_ms=now_ms())
    await expect(start).to_have_attribute("inert", "")
    await page.clock.run_for(400)
    await _comes(page, "detail", face.click())
    # Who goes back has the same service before them, until they have done nothing for a while.
    await _comes(page, "start", back.click())
    async with page.expect_response("**/v1/terminal?*"):
        tablet.hall.serves("V-4", completed_ms=now_ms())
    await expect(start).not_to_have_attribute("inert", "")
    await page.clock.run_for(30_000 - 400)
    await expect(start).to_have_attribute("inert", "")
    await page.clock.run_for(400)
    await _comes(page, "detail", face.click())
    await _comes(page, "thanks", submit.click())
    await until(lambda: len(tablet.said()) == 2, "both are in the log")
    assert [event["data"]["service"] for event in tablet.said()] == ["V-1", "V-4"]


async def test_a_page_of_another_s_window_says_that_it_is_and_asks_for_no_token(
    visit: Visit, tablet: Tablet, axe: str
) -> None:
    misplaced = dataclasses.replace(tablet, window=f"{_STREET}-00-98")
    visitor = await visit(misplaced.url(), size=_TABLET)
    visitor.may("403")
    page = visitor.page
    await expect(page.get_by_role("heading", name="本机不属于这个窗口")).to_be_focused()
    await expect(page.get_by_text("连接不上网关")).to_be_hidden()
    await expect(page.get_by_label("令牌")).to_be_hidden()
    await expect(page.locator("#state-line")).to_have_text("本机未登记在此窗口，请联系管理员")
    assert await visitor.barriers(axe) == []
    await visitor.shoot("terminal-misplaced", "desktop")
    # Staff may enter another token all the same, and leave it.
    await page.locator("summary").click()
    await page.get_by_role("button", name="更换令牌").click()
    await expect(page.get_by_label("令牌")).to_be_visible()
    await page.get_by_role("button", name="返回", exact=True).click()
    await expect(page.get_by_role("heading", name="本机不属于这个窗口")).to_be_focused()


async def test_who_goes_away_has_pressed_what_was_pressed_and_a_clock_that_is_wrong_dates_nothing_wrong(
    visit: Visit, tablet: Tablet
) -> None:
    visitor = await visit(tablet.url(), size=_TABLET, service_workers="block")
    visitor.may(CUT)
    page = visitor.page
    await _is_ready(page)
    # The clock jumps ahead while nobody can tell: what is pressed then is dated when somebody can.
    await page.route("**/v1/**", lambda route: route.abort())
    await page.clock.install(time=datetime.now(SHANGHAI) + timedelta(hours=5))
    await page.reload()
    await page.clock.run_for(1_000)
    await page.get_by_role("button", name="满意", exact=True).click()
    await page.clock.run_for(1_000)
    await page.locator("#submit").click()
    await expect(page.get_by_role("heading", name="感谢您的评价")).to_be_visible()
    await page.unroute("**/v1/**")
    await page.clock.run_for(60_000)
    await expect(page.locator("#state-list")).to_contain_text("已校正")
    await until(lambda: tablet.levels() == ["satisfied"], "the first press is in the log")
    await page.clock.run_for(60_000)
    await page.get_by_role("button", name="不满意", exact=True).click()
    tag = page.get_by_role("button", name="没有提供材料清单")
    await page.clock.run_for(1_000)
    await tag.click()
    await expect(tag).to_have_attribute("aria-pressed", "true")
    await page.clock.run_for(25_000)
    await expect(page.get_by_role("status").filter(has_text="自动提交")).to_be_visible()
    await page.mouse.move(5, 5)
    await page.mouse.down()
    await page.mouse.up()
    await page.clock.run_for(25_000)
    await expect(page.get_by_role("heading", name="您的评价")).to_be_visible()
    await page.clock.run_for(6_000)
    await expect(page.get_by_role("heading", name="感谢您的评价")).to_be_visible()
    await page.clock.run_for(6_000)
    await expect(page.get_by_role("heading", name="请您评价本次服务")).to_be_visible()
    await until(lambda: tablet.levels() == ["satisfied", "dissatisfied"], "the second press is in the log")
    assert tablet.said()[1]["data"]["tags"] == ["208"]
    # And it jumps again, while the page is there.
    await page.clock.set_system_time(datetime.now(SHANGHAI) + timedelta(hours=10))
    await page.get_by_role("button", name="基本满意", exact=True).click()
    await page.clock.run_for(1_000)
    await page.locator("#submit").click()
    await until(lambda: len(tablet.said()) == 3, "the third press is in the log")
    await page.clock.run_for(6_000)
    await _is_ready(page)
    # And once more, while an answer is under way: it was asked for by one clock and comes by the other.
    await page.clock.set_system_time(datetime.now(SHANGHAI) + timedelta(hours=15))
    tablet.hall.serves("V-9", completed_ms=now_ms())
    await expect(page.get_by_role("heading", name="业务已办结，请您评价本次服务")).to_be_visible()
    await page.clock.run_for(1_000)
    await page.get_by_role("button", name="满意", exact=True).click()
    await page.clock.run_for(1_000)
    await page.locator("#submit").click()
    await until(lambda: len(tablet.said()) == 4, "the fourth press is in the log")
    for event in tablet.said():
        assert abs(datetime.fromisoformat(event["time"]) - datetime.now(SHANGHAI)) < timedelta(hours=1)


async def test_everything_is_big_enough_to_be_read_and_pressed_on_a_tablet_and_on_a_phone(
    visit: Visit, tablet: Tablet
) -> None:
    for size in (_TABLET, _TABLET[::-1], _SMALL_TABLET, PHONE):
        visitor = await visit(tablet.url(comment="1"), size=size)
        page = visitor.page
        await _is_ready(page)
        small = {"start": await page.evaluate(_TOO_SMALL)}
        wide = [await page.evaluate(_WIDER)]
        await _press(page, "不满意")
        small["detail"] = await page.evaluate(_TOO_SMALL)
        wide.append(await page.evaluate(_WIDER))
        assert (small, wide) == ({"start": [], "detail": []}, [0, 0]), size
        if size != PHONE:
            assert await page.evaluate(_COVERED) == [], size
        # Wherever the tags end, the way on is in sight.
        await expect(page.locator("#submit")).to_be_in_viewport(ratio=1)
        await page.get_by_role("button", name="返回重选").click()


async def test_the_page_can_be_used_without_touching_it(visit: Visit, tablet: Tablet) -> None:
    page = (await visit(tablet.url(), size=_TABLET)).page
    await _is_ready(page)
    face = page.get_by_role("button", name="非常满意")
    await page.keyboard.press("Tab")
    await expect(face).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="您的评价：非常满意")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    await expect(page.locator("#tags button").first).to_have_attribute("aria-pressed", "true")
    await expect(page.locator("#submit")).to_have_text("提交")
    for _ in range(await page.locator("#tags button").count() + 1):
        await page.keyboard.press("Tab")
    await expect(page.locator("#submit")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="感谢您的评价")).to_be_focused()
    await until(lambda: tablet.levels() == ["very_satisfied"], "the press is in the log")


async def test_what_is_pressed_under_a_token_that_is_good_no_more_is_sent_under_the_next_one(
    visit: Visit, tablet: Tablet
) -> None:
    visitor = await visit(tablet.url(), size=_TABLET)
    visitor.may("401")
    page = visitor.page
    await _is_ready(page)
    tablet.book().revoke(tablet.name)
    await _rate(page, "不满意")
    await expect(page.locator("#state-line")).to_contain_text("令牌无效")
    await expect(page.locator("#state-line")).to_contain_text("1 条待上传")
    await visitor.shoot("terminal-revoked", "desktop")
    assert tablet.said() == []
    token = tablet.book().rotate(tablet.name, now_ms(), 0)
    await page.locator("summary").click()
    await page.get_by_role("button", name="更换令牌").click()
    await expect(page.get_by_role("heading", name="本机")).to_be_focused()
    await page.get_by_label("令牌").fill(token)
    await page.get_by_role("button", name="启用").click()
    await _is_ready(page)
    await until(lambda: tablet.levels() == ["dissatisfied"], "the press is in the log")


async def test_a_reload_between_press_and_submission_and_a_second_page_double_nothing(
    visit: Visit, tablet: Tablet
) -> None:
    page = (await visit(tablet.url(), size=_TABLET)).page
    await _is_ready(page)
    await _press(page, "不满意", "服务态度生硬")
    second = await page.context.new_page()
    await second.goto(tablet.url())
    await expect(page.get_by_role("heading", name="评价页已在另一个窗口打开")).to_be_focused()
    await _is_ready(second)
    await until(lambda: bool(tablet.said()), "the press is in the log")
    await _press(second, "满意")
    await second.reload()
    await _is_ready(second)
    await until(lambda: len(tablet.said()) == 2, "both are in the log")
    await _rate(second, "非常满意")
    await until(lambda: len(tablet.said()) == 3, "all are in the log")
    assert tablet.levels() == ["dissatisfied", "satisfied", "very_satisfied"]
    assert tablet.said()[0]["data"]["tags"] == ["214"]
    assert len({event["id"] for event in tablet.said()}) == 3


async def test_what_is_rejected_is_kept_counted_and_sent_again_when_it_is_wanted(visit: Visit, tablet: Tablet) -> None:
    visitor: Visitor = await visit(tablet.url(), size=_TABLET)
    visitor.may("422")
    page = visitor.page
    await _is_ready(page)
    # The window was given another tablet by mistake: this one is bound elsewhere from now on.
    await page.route("**/v1/events", lambda route: _misplace(route, tablet.window))
    await _rate(page, "不满意")
    await expect(page.locator("#state-line")).to_have_text("1 条被拒收")
    await page.unroute("**/v1/events")
    await page.locator("summary").click()
    await expect(page.locator("#state-list")).to_contain_text("被拒收 1 条：窗口或来源不是本机登记的（window）")
    await page.get_by_role("button", name="重新上传被拒收的评价").click()
    await until(lambda: tablet.levels() == ["dissatisfied"], "the press is in the log")
    await expect(page.locator("#state-line")).to_have_text("在线")


async def _misplace(route: Any, window: str) -> None:
    body = (route.request.post_data or "").replace(f'"window":"{window}"', f'"window":"{window[:-2]}99"')
    await route.continue_(post_data=body)
