"""Somebody who looks at pages: a browser context of their own, in which every fault is noted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, CDPSession, ConsoleMessage, Page, Request, Response, WebError

from deploy.local.browser import SCREENSHOTS

Size = tuple[int, int]
DESKTOP: Final[Size] = (1440, 900)
WALL: Final[Size] = (1920, 1080)
WALL_4K: Final[Size] = (3840, 2160)
PHONE: Final[Size] = (390, 844)
SIZES: Final = {"desktop": DESKTOP, "wall": WALL, "phone": PHONE}
# What the browser itself says of a network that is cut.
CUT: Final = r"net::ERR_|WebSocket connection to .* failed"
_GRAVE: Final = ("serious", "critical")
_LEVELS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
_RUN: Final = "axe.run(document, {runOnly: %s, resultTypes: ['violations']})"


class Visitor:
    """One page in a context that nobody else uses; made by the fixture `visit`.

    `faults`: what went wrong since it was opened, but for what `may` allows: errors on the console, errors that no
    script caught, requests and connections to another origin than `origins`, answers of 400 and above.
    """

    def __init__(self, context: BrowserContext, page: Page, origins: Iterable[str]) -> None:
        self.page = page
        self._context = context
        self._origins = frozenset(origins)
        self._noted: list[str] = []
        self._allowed: list[re.Pattern[str]] = []
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        context.on("response", self._response)
        page.on("websocket", lambda socket: self._reach(socket.url))

    @property
    def faults(self) -> list[str]:
        return [fault for fault in self._noted if not any(pattern.search(fault) for pattern in self._allowed)]

    def may(self, pattern: str) -> None:
        """Faults in which this is found are none, before and after."""
        self._allowed.append(re.compile(pattern))

    async def barriers(self, axe: str) -> list[str]:
        """What axe finds in the page as it is that is serious or critical: rule, and the elements at fault.

        It is run past the page's own policy, which lets in no script that isn't the page's.
        """
        session = await self._context.new_cdp_session(self.page)
        try:
            await _evaluate(session, f"{axe};undefined")
            found = await _evaluate(session, _RUN % [*_LEVELS])
        finally:
            await session.detach()
        return grave(found["violations"])

    async def shoot(self, name: str, *sizes: str) -> None:
        """Keeps pictures of the page as it is, of each size, and sets it back to the size that it had."""
        before = self.page.viewport_size
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        for size in sizes or SIZES:
            width, height = SIZES[size]
            await self.page.set_viewport_size({"width": width, "height": height})
            # A phone's page is scrolled; a wall's can't be.
            await self.page.screenshot(path=SCREENSHOTS / f"{name}-{size}.png", full_page=size == "phone")
        if before is not None:
            await self.page.set_viewport_size(before)

    async def leave(self) -> None:
        """Closes the context."""
        await self._context.close()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._noted.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _error(self, error: WebError) -> None:
        self._noted.append(f"script: {error.error}")

    def _request(self, request: Request) -> None:
        self._reach(request.url)

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self._noted.append(f"answer: {response.status} of {response.url}")

    def _reach(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in {"data", "blob"}:
            return
        scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
        if f"{scheme}://{parts.netloc}" not in self._origins:
            self._noted.append(f"elsewhere: {url}")


def origin_of(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def grave(violations: Sequence[Any]) -> list[str]:
    """The serious and critical ones of axe's violations, a line each: rule, what it asks for, and the elements."""
    return [
        f"{one['id']}: {one['help']}: {'; '.join(node['html'][:200] for node in one['nodes'][:5])}"
        for one in violations
        if one["impact"] in _GRAVE
    ]


async def _evaluate(session: CDPSession, expression: str) -> Any:
    """What an expression gives, awaited, in the page and without its policy's leave."""
    answer = await session.send(
        "Runtime.evaluate", {"expression": expression, "awaitPromise": True, "returnByValue": True}
    )
    assert "exceptionDetails" not in answer, answer["exceptionDetails"]
    return answer["result"].get("value")
