"""What the other tests of this folder rely on: a visitor notes what is wrong with a page, and axe runs in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import pytest
from playwright.async_api import expect

from deploy.local.browser import SCREENSHOTS
from tests.browser.conftest import Visit
from tests.browser.visitor import CUT, SIZES

_HEAD: Final = (
    '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>页</title><link rel="icon" href="data:,">'
)
_GOOD: Final = "<main><h1>评价</h1><p>您好</p></main>"
_PAGES: Final = {
    "/good": _GOOD,
    "/gray": "<main><h1>评价</h1><p style='color:#bbb'>看不清</p></main>",
    "/nameless": "<main><h1>评价</h1><button></button></main>",
    "/says": "<main><h1>评价</h1></main><script>console.error('broken')</script>",
    "/throws": "<main><h1>评价</h1></main><script>null.name</script>",
    "/lacks": "<main><h1>评价</h1></main><script src='absent.js'></script>",
    "/elsewhere": "<main><h1>评价</h1></main><script>fetch('http://127.0.0.2:9/font').catch(() => null)</script>",
    "/socket": "<main><h1>评价</h1></main><script>new WebSocket('ws://127.0.0.2:9/')</script>",
}
_STRICT: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        page = _PAGES.get(self.path)
        body = (_HEAD + page).encode() if page is not None else b""
        self.send_response(200 if page is not None else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        if "<script" not in (page or ""):
            self.send_header("Content-Security-Policy", _STRICT)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def pages() -> Iterator[str]:
    """Where the pages are."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_axe_finds_what_keeps_people_from_using_a_page_whatever_its_policy_and_else_nothing(
    visit: Visit, pages: str, axe: str
) -> None:
    found = {}
    for page in ("good", "gray", "nameless"):
        visitor = await visit(f"{pages}/{page}")
        found[page] = [line.split(":")[0] for line in await visitor.barriers(axe)]
    assert found == {"good": [], "gray": ["color-contrast"], "nameless": ["button-name"]}


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ("says", "console: broken"),
        ("throws", "script: "),
        ("lacks", "answer: 404 of "),
        ("elsewhere", "elsewhere: http://127.0.0.2:9/font"),
        ("socket", "elsewhere: ws://127.0.0.2:9/"),
    ],
)
async def test_a_page_that_says_throws_lacks_or_reaches_for_what_it_must_not_is_at_fault(
    visit: Visit, pages: str, page: str, fault: str
) -> None:
    visitor = await visit(f"{pages}/{page}")
    await expect(visitor.page.get_by_role("heading")).to_be_visible()
    async with visitor.page.expect_event("close"):
        await visitor.page.close(run_before_unload=False)
    assert [one for one in visitor.faults if one.startswith(fault)] != []
    visitor.may(CUT)
    visitor.may(r"broken|Cannot read|404|127\.0\.0\.2")
    assert visitor.faults == []


async def test_pictures_of_a_page_are_kept_in_every_size(visit: Visit, pages: str) -> None:
    for old in SCREENSHOTS.glob("visitor-*.png"):
        old.unlink()
    visitor = await visit(f"{pages}/good")
    await visitor.shoot("visitor")
    assert {file.name for file in SCREENSHOTS.glob("visitor-*.png")} == {f"visitor-{size}.png" for size in SIZES}
