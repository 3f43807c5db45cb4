"""The board and the terminal's page against a running pingliu, as people see them: whole, in time, and honest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from playwright.async_api import Locator, Page, expect

from deploy.district import FOLDER
from schemas.registry import Registry
from tests.browser.conftest import Visit
from tests.browser.hall import CROWDED, FULL, LATE, SILENT, TERMINALS
from tests.browser.running import Running, until
from tests.browser.visitor import CUT, SIZES, WALL, WALL_4K, Size, Visitor
from tests.proxy import Proxy

_REGISTRY: Final = Registry.load(FOLDER)
# Where nothing else happens.
_ELSEWHERE: Final = "530102004-05-01"
_PRESSES: Final = 3
_MANY: Final = 100
_SECONDS_MOST: Final = 2
_DONE: Final = "业务已办结，请您评价本次服务"
_WIDER: Final = "() => document.documentElement.scrollWidth - window.innerWidth"
_HIGHER: Final = "() => document.documentElement.scrollHeight - window.innerHeight"
# What is read from afar has at least so many pixels on a screen so wide.
_SMALLEST: Final = 22
# Of what is shown: the size of the smallest text in pixels, what of it sticks out of its place, and how much of the
# screen's height is used. What lists have no room for lies beside them.
_LOOKS: Final = """() => {
  const shown = (selector) => [...document.querySelectorAll(selector)].filter((one) => {
    const [place, list] = [one.getBoundingClientRect(), one.closest('ul')?.getBoundingClientRect()];
    return place.width > 0 && !(list && place.left >= list.right - 1);
  });
  const texts = shown('.board li, .board li *:not(svg, svg *), .board td, .board th, .tile dt, .counts');
  const boxes = shown('.board li, .board li p, .board td, .board th, .tile dd, .board section > div');
  const out = (one) => {
    const [place, whole] = [one, one.closest('section, dl')].map((each) => each.getBoundingClientRect());
    return one.scrollWidth > one.clientWidth + 1 || place.bottom > whole.bottom + 1 || place.right > whole.right + 1;
  };
  return {
    smallest: Math.min(...texts.map((one) => parseFloat(getComputedStyle(one).fontSize))),
    out: boxes.filter(out).map((one) => one.textContent),
    used: Math.max(...shown('.board section').map((one) => one.getBoundingClientRect().bottom)) / window.innerHeight,
  };
}"""
# Notes when so many bad ratings of a place were first on the board, and when the terminal was pressed: epoch ms.
_WATCH: Final = """(place) => {
  const bad = document.querySelector('[data-part="bad"]');
  window.seen = {};
  new MutationObserver(() => {
    const found = [...bad.querySelectorAll('li')].filter((one) => one.textContent.includes(place));
    window.seen[found.length] ??= Date.now();
  }).observe(bad, {childList: true, subtree: true, characterData: true});
}"""
_NOTE: Final = """() => {
  window.pressed = [];
  document.getElementById('submit').addEventListener('click', () => window.pressed.push(Date.now()), {capture: true});
}"""


async def test_the_district_is_all_there_on_every_screen_without_barriers(
    visit: Visit, running: Running, axe: str
) -> None:
    visitor = await visit(running.board.url)
    page = visitor.page
    await expect(_part(page, "state")).to_contain_text("实时")
    await expect(_row(page, CROWDED)).to_contain_text("拥堵")
    await expect(_row(page, SILENT).get_by_role("cell").last).to_have_text("3")
    await expect(_row(page, LATE)).to_contain_text(re.compile("逾期[23]"))
    await expect(_part(page, "bad").get_by_role("listitem").first).to_be_visible()
    await _is_whole(visitor, axe, "board")
    await _is_readable_from_afar(page)


async def test_a_street_is_all_there_on_every_screen_without_barriers(visit: Visit, running: Running, axe: str) -> None:
    visitor = await visit(running.board.url)
    page = visitor.page
    await _row(page, LATE).get_by_role("link").click()
    await page.wait_for_url(f"**/street/{LATE}")
    windows = _part(page, "windows").get_by_role("listitem")
    await expect(windows.filter(has_text="暂停（取送材料）")).not_to_have_count(0)
    await expect(windows.filter(has_text="办理中")).not_to_have_count(0)
    await expect(_part(page, "owed").get_by_text(re.compile("^逾期"))).not_to_have_count(0)
    await _is_whole(visitor, axe, "street")
    await _is_readable_from_afar(page)
    # A hundred windows have a place each, in the order in which people count.
    await page.goto(f"{running.board.url}street/{FULL}")
    await expect(windows.filter(has_text=re.compile(r"^100 ● 办理中 A0100"))).to_have_count(1)
    numbers = [int(number) for number in await windows.locator("b").all_inner_texts()]
    assert len(numbers) > _MANY
    assert numbers == sorted(numbers)
    await _is_readable_from_afar(page)
    await visitor.shoot("center")


async def test_a_board_that_is_cut_off_says_so_and_shows_what_is_so_when_it_is_back(
    visit: Visit, running: Running, axe: str
) -> None:
    with Proxy(f"{running.board.host}:{running.board.port}") as proxy:
        visitor = await visit(f"http://{proxy.address}/street/{_ELSEWHERE[:9]}")
        visitor.may(CUT)
        page = visitor.page
        bad = _part(page, "bad").get_by_role("listitem").filter(has_text=_place(_ELSEWHERE))
        before = await bad.count()
        proxy.refuse()
        await expect(page.get_by_role("alert")).to_contain_text("断开")
        assert await visitor.barriers(axe) == []
        await visitor.shoot("board-cut-off")
        running.hall.rate("very_dissatisfied", _ELSEWHERE)
        proxy.go_on()
        await expect(bad).to_have_count(before + 1)
        await expect(page.get_by_role("alert")).to_be_empty()


async def test_dissatisfied_is_on_the_board_within_two_seconds_of_the_press_and_in_clickhouse(
    visit: Visit, running: Running, axe: str
) -> None:
    window = TERMINALS[0]
    watcher = await visit(f"{running.board.url}street/{window[:9]}", size=WALL)
    board = watcher.page
    bad = _part(board, "bad").get_by_role("listitem").filter(has_text=_place(window))
    await expect(_part(board, "state")).to_contain_text("实时")
    before = await bad.count()
    await board.evaluate(_WATCH, _place(window))
    visitor = await visit(_terminal(running, window))
    terminal = visitor.page
    await terminal.evaluate(_NOTE)
    services = []
    for number in range(1, _PRESSES + 1):
        services.append(running.hall.serve(window))
        await _press(terminal, "不满意")
        await expect(terminal.get_by_role("heading", name="感谢您的评价")).to_be_visible()
        if number == 1:
            assert await visitor.barriers(axe) == []
            await visitor.shoot("terminal-thanks")
        await expect(bad).to_have_count(before + number)
    # For a minute it can't be missed.
    size, ground = await bad.first.evaluate(
        "(one) => [getComputedStyle(one).fontSize, getComputedStyle(one).backgroundColor]"
    )
    assert float(size.removesuffix("px")) > _SMALLEST
    assert not ground.startswith("rgba")
    assert await watcher.barriers(axe) == []
    await watcher.shoot("street-fresh", "wall")
    pressed, seen = await terminal.evaluate("() => window.pressed"), await board.evaluate("() => window.seen")
    took_ms = [seen[f"{before + number}"] - at for number, at in enumerate(pressed, 1)]
    # The quickest: what else this machine does is no delay of ours.
    assert min(took_ms) < _SECONDS_MOST * 1000, took_ms
    await until(lambda: _stored(running, services) == [(one, "dissatisfied", "hall_pad") for one in services], "stored")


async def test_a_terminal_that_is_cut_off_keeps_what_is_pressed_and_sends_it_once_when_it_is_back(
    visit: Visit, running: Running, axe: str
) -> None:
    window = TERMINALS[1]
    with Proxy(f"{running.gateway.host}:{running.gateway.port}") as proxy:
        visitor = await visit(_terminal(running, window, f"http://{proxy.address}/"))
        visitor.may(CUT)
        page = visitor.page
        await page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")
        service = running.hall.serve(window)
        await expect(page.get_by_role("heading", name=_DONE)).to_be_visible()
        proxy.refuse()
        await _press(page, "非常不满意")
        await expect(page.locator("#state-line")).to_contain_text("1 条待上传")
        assert await visitor.barriers(axe) == []
        await visitor.shoot("terminal-cut-off")
        assert _stored(running, [service]) == []
        proxy.go_on()
        await expect(page.locator("#state-line")).to_have_text("在线")
        await until(lambda: _stored(running, [service]) != [], "it is stored")
        assert _stored(running, [service]) == [(service, "very_dissatisfied", "hall_pad")]


async def test_a_terminal_is_all_there_on_every_screen_without_barriers(
    visit: Visit, running: Running, axe: str
) -> None:
    window = TERMINALS[2]
    visitor = await visit(f"{running.gateway.url}terminal?window={window}")
    await expect(visitor.page.get_by_role("heading", name="本机尚未启用")).to_be_visible()
    await _is_whole(visitor, axe, "terminal-setup")
    visitor = await visit(_terminal(running, window))
    page = visitor.page
    running.hall.serve(window)
    await expect(page.get_by_role("heading", name=_DONE)).to_be_visible()
    await _is_whole(visitor, axe, "terminal")
    await page.get_by_role("button", name="不满意", exact=True).click()
    await expect(page.get_by_role("button", name="直接提交")).to_be_enabled()
    await _is_whole(visitor, axe, "terminal-detail")


def _part(page: Page, name: str) -> Locator:
    return page.locator(f'[data-part="{name}"]')


def _row(page: Page, street: str) -> Locator:
    return _part(page, f"row-{street}")


async def _resize(page: Page, size: Size) -> None:
    await page.set_viewport_size({"width": size[0], "height": size[1]})


async def _press(page: Page, word: str) -> None:
    """Rates a service that has come to its end."""
    await expect(page.get_by_role("heading", name=_DONE)).to_be_visible()
    await page.get_by_role("button", name=word, exact=True).click()
    await page.get_by_role("button", name="直接提交").click()


async def _is_whole(visitor: Visitor, axe: str, name: str) -> None:
    """Nobody is kept out, nothing sticks out; and pictures of it."""
    assert await visitor.barriers(axe) == []
    for size in SIZES.values():
        await _resize(visitor.page, size)
        assert await visitor.page.evaluate(_WIDER) <= 0
    await visitor.shoot(name)


async def _is_readable_from_afar(page: Page) -> None:
    """On walls all is large and whole, nothing must be scrolled, and no part of the screen lies idle."""
    before = page.viewport_size
    for size in (WALL, WALL_4K):
        await _resize(page, size)
        looks = await page.evaluate(_LOOKS)
        assert looks["smallest"] >= _SMALLEST * size[0] / WALL[0]
        assert looks["out"] == []
        assert looks["used"] > 0.95
        assert await page.evaluate(_HIGHER) <= 0
        assert await page.evaluate(_WIDER) <= 0
    if before is not None:
        await page.set_viewport_size(before)


def _terminal(running: Running, window: str, gateway: str = "") -> str:
    return f"{gateway or running.gateway.url}terminal?window={window}#token={running.token}"


def _place(window: str) -> str:
    """As the board calls it."""
    return f"{_REGISTRY.sites[window[:12]].name} {_REGISTRY.windows[window].name}"


def _stored(running: Running, services: Sequence[str]) -> list[tuple[str, str, str]]:
    """What ClickHouse has of services: each rating's service, level and channel, in their order."""
    named = ", ".join(f"'{service}'" for service in services)
    rows = running.box.rows(
        f"SELECT service, level, channel FROM pingliu.ratings WHERE service IN ({named}) ORDER BY time"
    )
    return [(row["service"], row["level"], row["channel"]) for row in rows]
