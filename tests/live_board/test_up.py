"""The live board that `pingliu up` starts: what a terminal says is on it, with nothing in between but pingliu."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from datetime import datetime
from itertools import takewhile
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner

from deploy.cli import cli
from deploy.demo import left_to_people
from deploy.district import FOLDER
from deploy.folder import Endpoint, Folder
from deploy.live_feed import LiveFeed
from deploy.simulator import live
from deploy.stack import Pauses, RoleEnded, Stack
from schemas.moments import SHANGHAI, iso
from schemas.registry import Registry
from streams.agent import BlockingClient, Client
from streams.routing import entry_of
from streams.transport.log import Log
from tests.box import Box, await_that
from tests.examples import event
from tests.live_board.halls import STREET, clock_ms
from tests.live_board.looker import Page
from tests.notify.robot import Robots, serving


class Up:
    """A running `up`. `said`: its lines until it was up."""

    def __init__(self, box: Box, process: subprocess.Popen[bytes], robots: Robots) -> None:
        self.box, self.process, self.robots = box, process, robots
        self.folder = Folder(box.root)
        assert process.stdout is not None
        self.said = list(takewhile(lambda line: not line.startswith(b"Ctrl-C"), process.stdout))

    def board(self) -> Endpoint:
        endpoint = self.folder.board()
        assert endpoint is not None
        return endpoint

    def pids(self) -> dict[str, int]:
        """Of the roles that run."""
        words = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") for pid in self.box.pids()}
        roles = ("gateway", "aggregate", "notify", "board", "sink")
        return {role: pid for role in roles for pid, command in words.items() if role.encode() in command[:5]}

    def append(self, *values: dict[str, object]) -> None:
        with Log(self.folder.log) as log:
            partitions = log.partitions("pingliu.events") or 0
            log.append([entry_of(json.dumps(value).encode(), partitions, clock_ms()) for value in values])


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    root = tmp_path_factory.mktemp("up")
    file = root / "webhooks.toml"
    with serving() as robots:
        file.write_text(f'[[target]]\nname = "wecom-a"\nformat = "wecom"\nurl = "{robots.url("wecom-a")}"\n')
        file.chmod(0o600)
        box = Box(root / "data")
        ports = ("--port", "0", "--gateway-port", "0", "--board-port", "0")
        process = box.start("up", *ports, "--board", "--webhooks", str(file))
        try:
            yield Up(box, process, robots)
        finally:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert Folder(box.root).board() is None
    assert not box.pids()


async def test_a_bad_rating_that_a_terminal_sends_is_on_the_board_that_up_started_and_its_window_too(up: Up) -> None:
    endpoint = up.board()
    assert f"the live board is at {endpoint.url}\n".encode() in up.said
    async with aiohttp.ClientSession() as session:
        page = await Page.open(session, endpoint.url, f"street/{STREET}")
        await page.hear()
        now = clock_ms()
        up.append(
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


async def test_a_board_and_a_notify_that_are_killed_are_there_again_and_the_others_go_on_meanwhile(up: Up) -> None:
    endpoint, before = up.board(), up.pids()
    assert len(before) == 5
    for role in ("board", "notify"):
        os.kill(before[role], signal.SIGKILL)
    up.append(event("rating.submitted", id="k1", rating="R-killed", service="V-2", time=iso(clock_ms())))
    await_that(
        lambda: up.box.rows("SELECT count() AS n FROM ratings WHERE rating = 'R-killed'") == [{"n": 1}], "stored"
    )
    await_that(lambda: (again := up.folder.board()) is not None and again.pid != endpoint.pid, "the board is back")
    # Screens find it where it was.
    assert up.board().url == endpoint.url
    async with aiohttp.ClientSession() as session:
        page = await Page.open(session, endpoint.url, f"street/{STREET}")
        await page.hear_until("tiles", "今日差评</dt><dd>2")
    await_that(lambda: any("R-killed" in text for text in up.robots.texts("wecom-a")), "people are told")
    assert up.process.stderr is not None
    said = sorted(up.process.stderr.readline().decode() for _ in range(2))
    assert [line.partition(" in 1 s;")[0] for line in said] == [
        f"{role} ended with -9 and is started again" for role in ("board", "notify")
    ]
    after = up.pids()
    assert {role for role in before if before[role] != after[role]} == {"board", "notify"}


def test_the_demonstration_leaves_people_a_window_with_a_tablet_and_the_names_they_would_choose(up: Up) -> None:
    gateway, start = up.folder.gateway(), datetime.now(SHANGHAI)
    assert gateway is not None
    registry = Registry.load(FOLDER)
    own = left_to_people(registry)
    arrivals = live(registry, 7, start, 0.1, unstaffed=own.code)
    with LiveFeed(up.folder, gateway.url, takewhile(lambda arrival: arrival[0] <= start, arrivals)) as feed:
        feed.step()
        token = feed.tablet(registry.sites[own.site].street, own.site, own.code)
    added = CliRunner().invoke(cli, ["device", "add", "K-0003", "--window", own.code, "--data", str(up.box.root)])
    assert added.exit_code == 0, added.output
    pressed = event(
        "rating.submitted", id="p1", source=f"demo/tablet/{own.code}", rating="R-pressed", time=iso(clock_ms())
    )
    del pressed["data"]["service"]
    with BlockingClient(Client(gateway.url, token)) as client:
        assert [verdict.verdict for verdict in client.send([json.dumps(pressed).encode()])] == ["accepted"]
    counts = "SELECT count() AS n FROM ratings WHERE rating = 'R-pressed' AND effective"
    await_that(lambda: up.box.rows(counts) == [{"n": 1}], "it counts")
    simulated = "SELECT count() > 100 AS many FROM events WHERE startsWith(source, 'demo/counter/')"
    assert up.box.rows(simulated) == [{"many": 1}]
    again = CliRunner().invoke(
        cli, ["device", "add", "K-4", "--window", own.code, "--source", "demo/kiosk", "--data", str(up.box.root)]
    )
    assert "choose another one (`device add --source`)" in again.output


def test_a_board_that_can_t_start_as_it_was_asked_to_ends_up_with_its_reason(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        roles = {"board": ["--port", str(port), "--listen", "0"]}
        reason = rf"^board ended with 1:\n(.*\n)*Error: .*{port}"
        with pytest.raises(RoleEnded, match=reason), Stack(Folder(tmp_path), roles) as stack:
            await_that(lambda: _is_over(stack), "it ends")


def _is_over(stack: Stack) -> bool:
    stack.check()
    return False


def test_pauses_double_up_to_a_minute_and_begin_anew_after_a_long_run() -> None:
    pauses = Pauses()
    assert [pauses.after(3) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [pauses.after(ran) for ran in (59.9, 60, 0)] == [60, 1, 2]
