"""Two hundred terminals with bad lines and bad sockets, each with a spool of its own, against a real gateway."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.district import FOLDER
from deploy.folder import Folder
from deploy.progress import wait_drained
from schemas.moments import SHANGHAI
from schemas.registry import Registry
from schemas.secret import ensure_secret
from streams.agent.spool import Spool
from streams.gateway.devices import Device, DeviceBook
from streams.transport.log import Log
from tests.agent.terminals import Terminal
from tests.box import Box, await_that
from tests.proxy import Proxy

_TERMINALS = 200
_HOSTS = 8
# Terminals of one building share a line.
_LINES = 40
_EVENTS = 24
_SEED = 20_261_102
_POINTS = {"very_satisfied": 10, "satisfied": 8, "basically_satisfied": 6, "dissatisfied": 3, "very_dissatisfied": 0}


class _Gateway:
    """`pingliu run gateway` at a port of its own, which it keeps when it is started again."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._folder = Folder(box.root)
        self._process = self._start(0)
        endpoint = self._folder.gateway()
        assert endpoint is not None
        self.address = f"{endpoint.host}:{endpoint.port}"

    def _start(self, port: int) -> subprocess.Popen[bytes]:
        with (self._box.root / "run" / "gateway.log").open("ab") as output:
            data = ("--data", str(self._box.root))
            process = subprocess.Popen(
                [sys.executable, "-m", "deploy", "run", "gateway", *data, "--port", str(port), "--listen", "0"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

        def is_up() -> bool:
            assert process.poll() is None, (self._box.root / "run" / "gateway.log").read_text()
            endpoint = self._folder.gateway()
            return endpoint is not None and endpoint.pid == process.pid

        await_that(is_up, "the gateway listens")
        return process

    def power_cut(self) -> None:
        """kill -9, and another at the same port."""
        self.kill()
        self._process = self._start(int(self.address.rpartition(":")[2]))

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


class _Host:
    """A process that hosts some terminals."""

    def __init__(self, number: int, terminals: list[Terminal], folder: Path) -> None:
        self.terminals = terminals
        self._config = folder / f"host-{number}.json"
        self._config.write_bytes(msgspec.json.encode(terminals))
        self._log = folder / f"host-{number}.log"
        self._process = self._start()
        self.cuts = 0

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.agent.terminals", str(self._config)], stdout=output, stderr=output
            )

    def told(self) -> int:
        """How many events its programs were told about."""
        return sum(terminal.told.read_bytes().count(b"\n") for terminal in self.terminals if terminal.told.exists())

    def power_cut(self) -> None:
        """kill -9, and then it comes up again."""
        assert self._process.poll() in (None, 0), self._log.read_text()
        self.kill()
        self._process = self._start()
        self.cuts += 1

    def has_ended(self) -> bool:
        """Whether all of its programs are through, and everything has a verdict."""
        assert self._process.poll() in (None, 0), self._log.read_text()
        return self._process.poll() == 0

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


def _terminals(folder: Path, book: DeviceBook, lines: list[Proxy], now: datetime) -> list[Terminal]:
    """A terminal at each of so many windows of the district, registered."""
    registry = Registry.load(FOLDER)
    windows = sorted(registry.windows)[:_TERMINALS]
    assert len(windows) == _TERMINALS
    begins = (now - timedelta(minutes=1)).isoformat(timespec="seconds")
    terminals = []
    for number, window in enumerate(windows):
        name, site = f"DG-{number:05}", registry.windows[window].site
        street = registry.sites[site].street
        token = book.add(Device(name, f"terminal/{name}", street, site, window), time.time_ns() // 1_000_000)
        url = f"http://{lines[number % _LINES].address}"
        home = folder / name
        home.mkdir()
        terminals.append(Terminal(name, url, token, street, site, window, str(home), begins, _EVENTS, number))
    return terminals


@contextmanager
def _up(box: Box) -> Iterator[None]:
    with (box.root / "up.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy", "up", "--port", "0", "--no-board", "--data", str(box.root)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        await_that(lambda: Folder(box.root).endpoint() is not None or process.poll() is not None, "SQL is answered")
        assert process.poll() is None, (box.root / "up.log").read_text()
        yield
    finally:
        process.terminate()
        process.wait()


def _disturb(line: Proxy, chance: random.Random) -> None:
    """Something that happens to lines; what is refused or stalled goes on with a later turn."""
    match chance.randrange(6):
        case 0:
            line.cut()
        case 1 | 2:
            # In the middle of a request; or after it, when only the answer is lost.
            line.cut_after(chance.randrange(1, 6_000))
        case 3:
            line.refuse()
        case 4:
            line.stall()
        case _:
            line.go_on()


@pytest.mark.timeout(600)
def test_two_hundred_terminals_offline_at_random_and_power_cut_lose_nothing_and_nothing_counts_twice(
    tmp_path: Path,
) -> None:
    chance = random.Random(_SEED)
    box, folder = Box(tmp_path / "data"), Folder(tmp_path / "data")
    folder.create()
    now = datetime.now(SHANGHAI)
    with ExitStack() as held:
        held.enter_context(_up(box))
        gateway = _Gateway(box)
        held.callback(lambda: gateway.kill())
        lines = [held.enter_context(Proxy(gateway.address)) for _ in range(_LINES)]
        book = DeviceBook(folder.devices, ensure_secret(folder.secret))
        terminals = _terminals(tmp_path, book, lines, now)
        hosts = []
        for number in range(_HOSTS):
            hosts.append(_Host(number, terminals[number::_HOSTS], tmp_path))
            held.callback(hosts[-1].kill)
        whole = _EVENTS * len(hosts[0].terminals)
        # Each loses its power once, half of them twice, at shares of their events; the gateway in the middle.
        due = [(chance.uniform(0.05, 0.45), host) for host in hosts]
        due += [(chance.uniform(0.55, 0.95), host) for host in hosts[::2]]
        due.sort(key=lambda cut: cut[0])
        gateway_cuts = 0
        while due or any(host.told() < whole for host in hosts):
            _disturb(chance.choice(lines), chance)
            for share, host in due:
                if host.told() >= share * whole:
                    host.power_cut()
                    due.remove((share, host))
                    break
            if not gateway_cuts and sum(host.told() for host in hosts) > _HOSTS * whole // 2:
                gateway.power_cut()
                gateway_cuts += 1
            time.sleep(0.05)  # the storm's own pace
        assert [host.cuts for host in hosts] == [2, 1] * (_HOSTS // 2)
        for line in lines:
            line.go_on()
        await_that(lambda: all(host.has_ended() for host in hosts), "everything has a verdict")
        with Log(folder.log) as log:
            wait_drained(log, lambda: None, lambda _: None)
        _judge(box, terminals)


def _judge(box: Box, terminals: list[Terminal]) -> None:
    """By what the programs handed in, all of which they were told is on disk."""
    assert all(t.told.read_text().split() == [f"{number}" for number in range(_EVENTS)] for t in terminals)
    wanted = {
        (event["source"], event["id"]): (terminal, event)
        for terminal in terminals
        for number in range(_EVENTS)
        if number != terminal.stray
        for event in [terminal.event(number)]
    }
    found = Counter((row["source"], row["id"]) for row in box.rows("SELECT source, id FROM events"))
    assert found.keys() == wanted.keys(), "nothing is lost, and nothing is there that nobody sent"
    assert set(found.values()) == {1}, "nothing is there twice"
    assert _live(box) == _sums([event for _, event in wanted.values()])
    for terminal in terminals:
        # The one that was forbidden is kept, and was in nobody's way.
        with Spool(terminal.spool) as spool:
            assert spool.held().events == 0
            ids = {json.loads(row.event)["id"] for row in spool.refused(100)}
            assert ids == {f"{terminal.name}-{terminal.stray}"}


def _sums(events: list[dict[str, Any]]) -> dict[tuple[str, str], Counter[str]]:
    """What `window_days` must say of each day and window: sums, without zeros."""
    sums: dict[tuple[str, str], Counter[str]] = {}
    for event in events:
        of = sums.setdefault((event["time"][:10], event["window"]), Counter())
        match event["type"]:
            case "ticket.called":
                of["calls"] += 1
            case "service.completed":
                of["services"] += 1
            case _:
                level = event["data"]["level"]
                of["ratings"] += 1
                of[level] += 1
                of["points"] += _POINTS[level]
                of["rectifications_opened"] += level in ("dissatisfied", "very_dissatisfied")
    return {key: +counter for key, counter in sums.items()}


def _live(box: Box) -> dict[tuple[str, str], Counter[str]]:
    names = ["calls", "services", "ratings", "points", "rectifications_opened", *_POINTS]
    rows = box.rows(f"SELECT toString(bucket) AS day, window, {', '.join(names)} FROM window_days")
    return {(row["day"], row["window"]): +Counter({name: int(row[name]) for name in names}) for row in rows}
