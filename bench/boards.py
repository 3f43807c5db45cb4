"""How soon boards answer while events come in at a pace: /metrics of every role, the live board, and what it is told.

Arguments: events a second (10000), and for how many seconds (20). All that `pingliu up` runs is on one machine,
and so are who sends, who asks and a browser that looks.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import aiohttp
from playwright.async_api import Page, async_playwright

from deploy.district import FOLDER
from deploy.folder import Folder
from deploy.local.browser import launch_options
from deploy.simulator import simulate
from schemas.moments import SHANGHAI
from schemas.registry import Registry
from streams.routing import entry_of
from streams.topics import EVENTS, GROUPS
from streams.transport.log import Log
from streams.transport.record import Entry

_ROLES: Final = ("gateway", "aggregate", "board", "sink")
# Nothing else happens there, so that what is said of it is ours.
_STREET: Final = "530102010"
_REST_SECONDS: Final = 3
_STEP_SECONDS: Final = 0.1
_ASK_SECONDS: Final = 0.1
_MARK_SECONDS: Final = 0.25
# Notes when the page first showed so many ratings of today, by the machine's clock, and says how many it shows now.
_NOTE: Final = """() => {
  const tiles = document.querySelector('[data-part="tiles"]');
  const count = () => {
    const name = [...tiles.querySelectorAll('dt')].find((one) => one.textContent === '今日评价');
    return parseInt(name.nextElementSibling.textContent) || 0;  // a street that nothing is known of shows no number
  };
  window.seen = {};
  new MutationObserver(() => { window.seen[count()] ??= performance.timeOrigin + performance.now(); })
    .observe(tiles, {childList: true, subtree: true, characterData: true});
  return count();
}"""


def main() -> None:
    pace = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    with tempfile.TemporaryDirectory() as scratch:
        folder, file = Folder(Path(scratch) / "data"), Path(scratch) / "events.ndjson"
        with file.open("wb") as out:
            out.writelines(line + b"\n" for line in islice(_simulated(), pace * seconds))
        with _up(folder) as ports:
            asyncio.run(_measure(folder, ports, file, 0, _REST_SECONDS))
            asyncio.run(_measure(folder, ports, file, pace, seconds))


def _simulated() -> Iterator[bytes]:
    """What devices send, but for one street's."""
    street = f'"street":"{_STREET}"'.encode()
    return (line for line in simulate(Registry.load(FOLDER), date(2026, 10, 12), 31, 7, 1.0) if street not in line)


@contextmanager
def _up(folder: Folder) -> Iterator[dict[str, int]]:
    """`pingliu up`, while it is needed; yields the port of each role's /metrics."""
    folder.create()
    command = [sys.executable, "-m", "deploy", "up", "--data", str(folder.root), "--port", "0"]
    process = subprocess.Popen([*command, "--gateway-port", "0", "--board-port", "0"], stdout=subprocess.DEVNULL)
    try:
        while None in (folder.endpoint(), folder.gateway(), folder.board()) or len(_ports(folder)) < len(_ROLES):
            assert process.poll() is None
            time.sleep(0.05)
        yield _ports(folder)
    finally:
        process.terminate()
        process.wait()


def _ports(folder: Folder) -> dict[str, int]:
    found = {}
    for role in _ROLES:
        output = folder.output(role)
        said = output.read_text(encoding="utf-8") if output.exists() else ""
        if ports := re.findall(r"/readyz at port (\d+)", said):
            found[role] = int(ports[-1])
    return found


async def _measure(folder: Folder, ports: dict[str, int], file: Path, pace: int, seconds: int) -> None:
    """Prints how long answers took while the file's lines came in."""
    board = folder.board()
    assert board is not None
    asked = {f"/metrics of {role}": f"http://127.0.0.1:{port}/metrics" for role, port in ports.items()}
    asked |= {"the board's page": board.url, "a street's page": f"{board.url}street/530102001"}
    took: dict[str, list[float]] = {what: [] for what in asked}
    async with async_playwright() as playwright, aiohttp.ClientSession() as session:
        browser = await playwright.chromium.launch(**launch_options())
        page = await browser.new_page()
        await page.goto(f"{board.url}street/{_STREET}")
        await page.wait_for_selector('[data-part="tiles"] dt')
        before = await page.evaluate(_NOTE)
        ended = asyncio.Event()
        asking = [asyncio.create_task(_ask(session, url, took[what], ended)) for what, url in asked.items()]
        marking = asyncio.create_task(_mark(folder, ended))
        # Not in this process, whose own work would delay what it measures.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            replay = asyncio.get_running_loop().run_in_executor(pool, _replay, folder.log, file, pace, seconds)
            sent = await replay
        behind = _behind(folder)
        ended.set()
        await asyncio.gather(*asking)
        marks = await marking
        took["an event's way to a page"] = await _ways(page, before, marks)
        await browser.close()
    name = f"{pace:,} events/s" if pace else "at rest"
    print(f"{name:32} {sent:10,.0f} events/s sent, {behind:,} behind at the end")
    print(f"{'':32} {'asked':>8} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8}")
    for what, times in took.items():
        ordered = sorted(times)
        middle, high = (ordered[math.ceil(len(ordered) * part) - 1] * 1000 for part in (0.5, 0.99))
        print(f"{what:32} {len(ordered):8,} {middle:8.1f} {high:8.1f} {ordered[-1] * 1000:8.1f}")


def _replay(path: Path, file: Path, pace: int, seconds: int) -> float:
    """Appends the file's lines at a pace; returns how many came in a second."""
    with Log(path) as log, file.open("rb") as lines:
        partitions = log.partitions(EVENTS) or 0
        step = int(pace * _STEP_SECONDS)
        began, sent = time.monotonic(), 0
        for number in range(int(seconds / _STEP_SECONDS)):
            time.sleep(max(0.0, began + number * _STEP_SECONDS - time.monotonic()))
            now_ms = time.time_ns() // 1_000_000
            log.append([entry_of(line.rstrip(b"\n"), partitions, now_ms) for line in islice(lines, step)])
            sent += step
    return sent / (time.monotonic() - began)


async def _ask(session: aiohttp.ClientSession, url: str, took: list[float], ended: asyncio.Event) -> None:
    """Asks at a pace, as a scraper does; who waits for an answer asks again when it is there."""
    while not ended.is_set():
        began = time.monotonic()
        async with session.get(url) as answer:
            assert answer.status == 200, (url, answer.status)
            await answer.read()
        took.append(time.monotonic() - began)
        await asyncio.sleep(_ASK_SECONDS)


async def _mark(folder: Folder, ended: asyncio.Event) -> list[float]:
    """Sends ratings one by one; returns when each was sent (seconds since 1970)."""
    sent = []
    with Log(folder.log) as log:
        partitions = log.partitions(EVENTS) or 0
        while not ended.is_set():
            now = time.time()
            await asyncio.to_thread(log.append, [_rating(now, partitions)])
            sent.append(now)
            await asyncio.sleep(_MARK_SECONDS)
    return sent


def _rating(now: float, partitions: int) -> Entry:
    name = f"{now:.3f}"
    event = {
        "specversion": "1.0", "id": name, "source": "bench", "type": "rating.submitted", "street": _STREET,
        "site": f"{_STREET}-00", "window": f"{_STREET}-00-01",
        "time": datetime.fromtimestamp(now, SHANGHAI).isoformat(timespec="milliseconds"),
        "data": {"rating": name, "level": "satisfied", "channel": "hall_terminal"},
    }  # fmt: skip
    return entry_of(json.dumps(event).encode(), partitions, int(now * 1000))


async def _ways(page: Page, before: int, sent: Sequence[float]) -> list[float]:
    """How long each rating took from being sent to being counted on the page, which showed `before` of them."""
    seen: dict[int, float] = {}
    while max(seen, default=0) < before + len(sent):
        await asyncio.sleep(_STEP_SECONDS)
        seen = {int(count): at / 1000 for count, at in (await page.evaluate("window.seen")).items()}
    # Where several were counted at once, all of them were shown then.
    return [
        min(at for count, at in seen.items() if count >= before + number) - moment
        for number, moment in enumerate(sent, 1)
    ]


def _behind(folder: Folder) -> int:
    """How many events the roles have yet to work up."""
    with Log(folder.log) as log:
        return sum(sum(log.lag(f"pingliu-{role}", GROUPS[role]).values()) for role in ("aggregate", "sink"))


if __name__ == "__main__":
    main()
