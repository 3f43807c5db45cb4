"""The live board that `pingliu up` starts: what a terminal says is on it, with nothing in between but pingliu."""

from __future__ import annotations

import json
import re
import signal
from itertools import takewhile
from pathlib import Path

import aiohttp

from deploy.folder import Folder
from schemas.moments import iso
from streams.routing import entry_of
from streams.transport.log import Log
from tests.box import Box
from tests.examples import event
from tests.live_board.halls import STREET, clock_ms
from tests.live_board.looker import Page


def _append(folder: Folder, *values: dict[str, object]) -> None:
    with Log(folder.log) as log:
        partitions = log.partitions("pingliu.events") or 0
        log.append([entry_of(json.dumps(value).encode(), partitions, clock_ms()) for value in values])


async def test_a_bad_rating_that_a_terminal_sends_is_on_the_board_that_up_started_and_its_window_too(
    tmp_path: Path,
) -> None:
    box, folder = Box(tmp_path / "data"), Folder(tmp_path / "data")
    process = box.start("up", "--port", "0", "--gateway-port", "0", "--board-port", "0", "--board")
    try:
        assert process.stdout is not None
        said = list(takewhile(lambda line: not line.startswith(b"Ctrl-C"), process.stdout))
        endpoint = folder.board()
        assert endpoint is not None
        assert f"the live board is at {endpoint.url}\n".encode() in said
        async with aiohttp.ClientSession() as session:
            page = await Page.open(session, endpoint.url, f"street/{STREET}")
            await page.hear()
            now = clock_ms()
            _append(
                folder,
                event("window.opened", id="e1", time=iso(now - 3000)),
                event("service.started", id="e2", time=iso(now - 2000)),
                event("rating.submitted", id="e3", time=iso(now - 1000)),
            )
            await page.hear_until("bad", "窗口人员业务不熟练")
            await page.hear_until("windows", "办理中")
            assert page.said == ["新差评1条：华山街道便民服务中心 3号综合窗口，不满意"]
            assert re.search(r"今日差评</dt><dd>1", page.parts["tiles"])
            await page.hear_until("told", "收到差评")
            assert "13800000000" not in "".join(page.parts.values())
            assert "太慢" not in "".join(page.parts.values())
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert folder.board() is None
