"""One browser for all tests of a process; for each test as many visitors, with contexts of their own, as it wants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ViewportSize, async_playwright, expect

from deploy.local import node
from deploy.local.browser import launch_options
from tests.browser.running import Running
from tests.browser.visitor import DESKTOP, Size, Visitor, origin_of
from tests.servers import need

# For a page that hangs; no test asserts it.
_PATIENCE_MS: Final = 60_000


class Visit(Protocol):
    """Opens a page, as somebody who was never there. `origins`: what it may load from, besides its own."""

    def __call__(
        self, url: str, *, size: Size = DESKTOP, origins: tuple[str, ...] = (), **options: Any
    ) -> Awaitable[Visitor]: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of this folder share a browser, and so its event loop."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    options = need(launch_options)
    expect.set_options(timeout=_PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**options)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    """Makes visitors; a fault that any of them met and wasn't to expect fails the test."""
    visitors: list[Visitor] = []

    async def visit(url: str, *, size: Size = DESKTOP, origins: tuple[str, ...] = (), **options: Any) -> Visitor:
        viewport = ViewportSize(width=size[0], height=size[1])
        context = await browser.new_context(
            viewport=viewport, locale="zh-CN", timezone_id="Asia/Shanghai", color_scheme="light", **options
        )
        context.set_default_timeout(_PATIENCE_MS)
        visitor = Visitor(context, await context.new_page(), (origin_of(url), *origins))
        visitors.append(visitor)
        await visitor.page.goto(url)
        return visitor

    yield visit
    for visitor in visitors:
        await visitor.leave()
    if faults := [fault for visitor in visitors for fault in visitor.faults]:
        pytest.fail("\n".join(faults), pytrace=False)


@pytest.fixture(scope="session")
def axe() -> str:
    """The program that judges accessibility."""
    return need(node.axe)


@pytest.fixture(scope="package")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A pingliu that is up, with its gateway and its board, over a district in full swing."""
    running = Running.start(tmp_path_factory.mktemp("browser") / "data")
    yield running
    running.stop()
