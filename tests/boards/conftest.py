"""One pingliu and one Prometheus for all tests of this folder, with a day behind them."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from deploy.folder import Folder
from streams.routing import entry_of
from streams.topics import GROUPS
from streams.transport.log import Log
from tests.boards.day import EVENING, MORNING, TOLD, bad_now, refused, simulated, story
from tests.boards.scraper import Prometheus
from tests.box import Box, await_that
from tests.gateway.caller import Caller, array
from tests.gateway.conftest import add_device
from tests.notify.robot import Robots, serving
from tests.security.door import rating
from tests.servers import need

ROLES = ("aggregate", "sink", "gateway", "notify", "board")

_ROBOT = "wecom-a"


@dataclass(frozen=True)
class District:
    """What boards ask: a box for SQL, a Prometheus for PromQL."""

    box: Box
    prometheus: Prometheus


@pytest.fixture(scope="package")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[District]:
    """A pingliu with all roles that took in a day, scraped meanwhile; a gateway that accepted, rejected and refused; a
    robot that was told of a bad rating at the second try. It ends with this folder's tests: idle, it takes from others.
    """
    with serving() as robots:
        yield from _district(tmp_path_factory.mktemp("boards"), robots)


def _district(root: Path, robots: Robots) -> Iterator[District]:
    box = Box(root / "data")
    folder = Folder(box.root)
    token = add_device(folder, "DG-1", "t/1")
    webhooks = root / "webhooks.toml"
    webhooks.write_text(f'[[target]]\nname = "wecom-a"\nformat = "wecom"\nurl = "{robots.url(_ROBOT)}"\n')
    webhooks.chmod(0o600)
    process = box.start(
        "up", "--port", "0", "--gateway-port", "0", "--board-port", "0", "--webhooks", str(webhooks), "--canary", TOLD,
    )  # fmt: skip
    prometheus = None
    try:
        await_that(lambda: _is_up(folder) or process.poll() is not None, "all roles are up")
        assert process.poll() is None, process.communicate()
        prometheus = Prometheus(root / "prometheus", {role: _port(folder, role) for role in ROLES})
        need(prometheus.start)
        district = District(box, prometheus)
        _take_in(district, token)
        _tell_people(district, robots)
        yield district
    finally:
        if prometheus is not None:
            prometheus.stop()
        process.send_signal(signal.SIGINT)
        process.communicate()


def _take_in(district: District, token: str) -> None:
    """The day in two halves with a scrape between them, so that counters rise; the gateway's calls with each."""
    messages = [*simulated(), *story()]
    half = len(messages) // 2
    for moment, part in ((MORNING, messages[:half]), (EVENING, messages[half:])):
        _append(district.box, [*part, *refused()])
        _call_gateway(Folder(district.box.root), token, moment)
        _settle(district)


def _tell_people(district: District, robots: Robots) -> None:
    """A robot that is away first. What rises is known from the second scrape on; canaries rise each 10 s."""
    robots.faults[_ROBOT].append("unavailable")
    _append(district.box, [bad_now()])
    await_that(lambda: bool(robots.texts(_ROBOT)), "people are told")
    for _ in range(2):
        _settle(district)
    rising = [f"increase(pingliu_canary_{way}_seconds_count[5m]) > 0" for way in ("live", "stored")]
    await_that(lambda: all(district.prometheus.ask(expr) for expr in rising), "a canary is live and stored")
    _settle(district)


def _append(box: Box, messages: Sequence[bytes]) -> None:
    now_ms = time.time_ns() // 1_000_000
    with Log(box.root / "log.db") as log:
        partitions = log.partitions("pingliu.events") or 0
        log.append([entry_of(message, partitions, now_ms) for message in messages])


def _call_gateway(folder: Folder, token: str, moment: datetime) -> None:
    endpoint = folder.gateway()
    assert endpoint is not None
    good = rating(moment.hour, "t/1", time=moment.isoformat())
    bad = rating(moment.hour + 24, "t/1", time=moment.isoformat(), level="fine")
    assert Caller(endpoint, token).call(array(good, bad)).status == 200
    assert Caller(endpoint, token).call(array(bad)).status == 422
    assert Caller(endpoint, "pl1_" + 43 * "A").call(array(good)).status == 401


def _settle(district: District) -> None:
    """Waits until all is stored, then scraped, then in what is recorded of it."""
    for role in ("aggregate", "sink"):
        await_that(partial(_is_done, district.box, role), f"the {role} is done")
    stored = time.time()
    await_that(lambda: _is_scraped(district.prometheus, stored), "it is scraped")
    scraped = datetime.now(UTC)
    await_that(lambda: min(district.prometheus.evaluated()) > scraped, "it is recorded")


def _is_done(box: Box, role: str) -> bool:
    with Log(box.root / "log.db") as log:
        return not any(log.lag(f"pingliu-{role}", GROUPS[role]).values())


def _is_scraped(prometheus: Prometheus, since: float) -> bool:
    moments = [float(one["value"][1]) for one in prometheus.ask("timestamp(up)")]
    return len(moments) == len(ROLES) and min(moments) > since


def _is_up(folder: Folder) -> bool:
    ready = folder.endpoint() is not None and folder.gateway() is not None
    return ready and all(_ports(folder, role) for role in ROLES)


def _port(folder: Folder, role: str) -> int:
    return int(_ports(folder, role)[-1])


def _ports(folder: Folder, role: str) -> list[str]:
    output = folder.output(role)
    text = output.read_text(encoding="utf-8") if output.exists() else ""
    return re.findall(r"/readyz at port (\d+)", text)
