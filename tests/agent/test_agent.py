"""The agent as it is run, with a gateway as it is run: programs hand in over HTTP and on standard input."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner

from deploy.cli import cli
from deploy.folder import Folder
from schemas.secret import ensure_secret
from streams.agent.settings import AgentSettings
from streams.agent.spool import Spool
from streams.gateway.devices import Device, DeviceBook
from streams.transport.log import Log
from tests.agent.samples import SITE, SOURCE, STREET, WINDOW, draft, ticket
from tests.box import await_that

_NAME = "DG-1"


class Station:
    """A data folder with a gateway, and the agent of one device. Both are ended with it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = Folder(root / "data")
        self.folder.create()
        self.spool = root / "spool"
        self.token = root / "token"
        self.book = DeviceBook(self.folder.devices, ensure_secret(self.folder.secret))
        self.token.write_text(self.book.add(Device(_NAME, SOURCE, STREET, SITE, WINDOW), time.time_ns() // 1_000_000))
        self._processes: list[subprocess.Popen[bytes]] = []
        self._start(root / "gateway.log", "run", "gateway", "--data", str(self.folder.root), "--port", "0",
                    "--listen", "0")  # fmt: skip
        await_that(lambda: self.folder.gateway() is not None, "the gateway listens")
        endpoint = self.folder.gateway()
        assert endpoint is not None
        self.gateway = f"http://{endpoint.host}:{endpoint.port}"

    def start(self, *options: str) -> subprocess.Popen[bytes]:
        """Starts the agent; `url` says where it listens."""
        (self.root / "agent.log").unlink(missing_ok=True)
        return self._start(
            self.root / "agent.log", "agent", "--gateway", self.gateway, "--spool", str(self.spool), "--token-file",
            str(self.token), "--listen", "0", "--device", _NAME, *options,
        )  # fmt: skip

    def said(self) -> str:
        return (self.root / "agent.log").read_text()

    def url(self) -> str:
        await_that(lambda: "events are taken at" in self.said(), "the agent listens")
        found = re.search(r"taken at (http://\S+)", self.said())
        assert found is not None
        return found[1]

    def run(self, *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "deploy", "agent", words[0], "--spool", str(self.spool), *words[1:]]
        return subprocess.run(command, input=stdin, capture_output=True, check=False)

    def published(self) -> list[dict[str, Any]]:
        """What is in the log, heartbeats last."""
        with Log(self.folder.log) as log:
            return [
                json.loads(record.value or b"")
                for topic in ("pingliu.events", "pingliu.devices")
                for partition in range(log.partitions(topic) or 0)
                for record in log.read_all(topic, partition)
            ]

    def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    def _start(self, output: Path, *words: str) -> subprocess.Popen[bytes]:
        environ = os.environ | {"PINGLIU_AGENT_RETRY_FIRST": "0.05", "PINGLIU_AGENT_RETRY_SLOW": "0.1"}
        with output.open("ab") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "deploy", *words],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                env=environ,
            )
        self._processes.append(process)
        return process


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = Station(tmp_path)
    yield made
    made.close()


def _post(url: str, body: bytes, kind: str = "application/json", **headers: str) -> tuple[int, dict[str, Any], Any]:
    request = Request(url, body, {"Content-Type": kind, **headers}, method="POST")  # noqa: S310 - http, of our own
    try:
        with urlopen(request) as answer:  # noqa: S310
            return answer.status, json.load(answer), answer.headers
    except HTTPError as error:
        with error:
            return error.code, json.load(error), error.headers


def test_a_program_talks_to_the_agent_as_to_the_gateway_and_its_events_get_there(station: Station) -> None:
    agent = station.start("--site", SITE, "--window", WINDOW, "--firmware", "1.2")
    url = station.url()
    events = [json.loads(draft(ticket(number)).raw) for number in (1, 2)]
    lines = b"\n".join([json.dumps(events[0]).encode(), b"{broken", json.dumps(events[0]).encode(), b'{"id": "x"}'])
    status, said, headers = _post(url, lines, "application/x-ndjson")
    assert status == 200
    assert (said["accepted"], said["duplicate"], said["rejected"]) == (1, 1, 2)
    assert [(one["index"], one["verdict"], one.get("reason"), one.get("field")) for one in said["verdicts"]] == [
        (0, "accepted", None, None),
        (1, "rejected", "not_json", ""),
        (2, "duplicate", None, None),
        (3, "rejected", "invalid_field", "source"),
    ]
    assert headers["Pingliu-Time"].isdigit()
    assert _post(url, json.dumps(events[1:]).encode())[0] == 200
    assert _post(url, b"[]x", "application/cloudevents-batch+json")[0] == 422
    # What is no request of a program on this machine, or too much.
    assert _post(url, b"{}", "text/plain")[0] == 415
    assert _post(url, b"x" * (4 << 20) + b"x")[0] == 413
    assert _post(url, b"\n".join([b"{}"] * 1_001), "application/x-ndjson")[0] == 413
    assert _post(url, json.dumps(events[0]).encode(), Origin="https://a.page")[0] == 403
    assert _post(url, json.dumps(events[0]).encode(), Host="a.name.that.leads.here")[0] == 403
    await_that(lambda: len(station.published()) == 3, "two events and a heartbeat are published")
    *published, heartbeat = station.published()
    assert sorted(published, key=lambda event: event["id"]) == events
    assert heartbeat["data"] == {"device": _NAME, "kind": "rating", "backlog": 0, "firmware": "1.2"}
    # A second agent is told who has the spool.
    second = subprocess.run(
        [sys.executable, "-m", "deploy", "agent", "--gateway", station.gateway, "--spool", str(station.spool)],
        env=os.environ | {"PINGLIU_TOKEN": "any"}, capture_output=True, check=False,
    )  # fmt: skip
    assert second.returncode == 1
    assert f"another agent (process {agent.pid})" in second.stderr.decode()
    agent.send_signal(signal.SIGTERM)
    assert agent.wait() == 0, station.said()
    assert station.token.read_text() not in station.said()


def test_files_are_handed_in_without_the_agent_and_what_is_rejected_is_listed_and_goes_again(station: Station) -> None:
    elsewhere = ticket(2, window=f"{SITE}-99")
    lines = b"\n".join([draft(ticket(1)).raw, b"no event", draft(elsewhere).raw])
    sent = station.run("send", "-", stdin=lines)
    assert (sent.returncode, sent.stdout) == (1, b"2 on disk\n")
    assert b"event 2: not_json" in sent.stderr
    agent = station.start("--sign")
    await_that(lambda: len(station.published()) == 1, "one event is published")

    def rejected() -> list[dict[str, Any]]:
        return [json.loads(line) for line in station.run("rejected", "--json").stdout.splitlines()]

    await_that(lambda: bool(rejected()), "the other is rejected")
    (row,) = rejected()
    assert (row["reason"], row["field"]) == ("forbidden", "window")
    assert json.loads(row["event"]) == json.loads(draft(elsewhere).raw)
    assert f"{row['seq']}  ".encode() in station.run("rejected").stdout
    assert station.run("resend", str(row["seq"])).stdout == b"1 wait again\n"
    await_that(lambda: [one["seq"] for one in rejected()] not in ([], [row["seq"]]), "it is rejected again")
    agent.send_signal(signal.SIGINT)
    assert agent.wait() == 0, station.said()


def test_a_revoked_device_loses_nothing_and_goes_on_with_its_new_token(station: Station) -> None:
    station.book.revoke(_NAME)
    with Spool(station.spool) as spool:
        spool.put([[draft(ticket(number)) for number in range(3)]], 0)
        station.start()
        await_that(lambda: "refuses this device's credentials" in station.said(), "it is said")
        assert spool.held().events == 3
        station.token.write_text(station.book.rotate(_NAME, time.time_ns() // 1_000_000, 0))
        await_that(lambda: spool.held().events == 0, "all have verdicts")
    assert sorted(event["id"] for event in station.published()) == ["0", "1", "2"]


def test_a_mistake_is_said_in_a_line_that_names_it(tmp_path: Path) -> None:
    spool = ("--spool", str(tmp_path / "spool"))
    for words, said in (
        (("http://203.0.113.1",), "a token isn't sent over http"),
        (("https://127.0.0.1", "--listen", "0.0.0.0:0"), "listens on loopback only"),
        (("https://127.0.0.1", "--beat-every", "0"), "beat_every: "),
        (("https://127.0.0.1", "--device", "a", "--site", "b"), "site: "),
        (("https://127.0.0.1", "--device", "a", "--site", SITE, "--window", "1"), "window: 1 is not of site"),
    ):
        done = CliRunner(env={"PINGLIU_TOKEN": "any"}).invoke(cli, ["agent", *spool, "--gateway", *words])
        assert done.exit_code == 1
        assert said in done.output.splitlines()[-1]


def test_every_setting_of_the_agent_is_documented_with_its_meaning() -> None:
    page = (Path(__file__).parents[2] / "docs" / "agent.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .+ \| (.+) \|$", page, re.MULTILINE)
    assert rows == [(name, field.description) for name, field in AgentSettings.model_fields.items()]
