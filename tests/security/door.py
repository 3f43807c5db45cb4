"""A gateway under test, a device that uses it as it should, and what comes over the wire otherwise."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from deploy.folder import Endpoint, Folder
from schemas.moments import SHANGHAI
from streams.transport.log import Log
from tests.box import await_that
from tests.examples import event

WINDOW = "530102001-00-03"
OTHER_WINDOW = "530102002-00-01"
# Another address of this machine: limits by address must not hit who sends from elsewhere.
_ELSEWHERE = "127.0.0.2"
_ANSWER = 1 << 20


class Door:
    """`pingliu run gateway` over a folder, at free ports."""

    def __init__(self, root: Path, environ: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.environ = {**os.environ, **(environ or {})}
        self.output = root.parent / "gateway.log"
        self._process: subprocess.Popen[bytes] | None = None

    def add(self, name: str, *where: str) -> str:
        """Registers a device, and returns its token."""
        command = [sys.executable, "-m", "deploy", "device", "add", name, *where, "--data", str(self.root)]
        done = subprocess.run(command, capture_output=True, check=True, env=self.environ)
        return done.stdout.decode().strip()

    def open(self) -> Endpoint:
        """Starts it, and says where it listens."""
        command = [sys.executable, "-m", "deploy", "run", "gateway", "--data", str(self.root), "--port", "0"]
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [*command, "--listen", "0"], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=self.environ
            )
        folder = Folder(self.root)
        await_that(lambda: folder.gateway() is not None or self.has_ended(), "the gateway listens")
        found = folder.gateway()
        assert found is not None, self.said()
        return found

    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def close(self) -> int | None:
        """Asks it to end, and returns how it did."""
        if self._process is None:
            return None
        self._process.terminate()
        return self._process.wait()

    def said(self) -> str:
        """Its log."""
        return self.output.read_text(errors="replace")

    def metrics(self) -> str:
        (port,) = re.findall(r"/readyz at port (\d+)", self.said())[-1:]
        connection = http.client.HTTPConnection("127.0.0.1", int(port))
        connection.request("GET", "/metrics")
        with connection.getresponse() as answer:
            text = answer.read().decode()
        connection.close()
        return text

    def peak_bytes(self) -> int:
        """The most memory it had."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (kibibytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
        return int(kibibytes) << 10

    def events(self, topic: str = "pingliu.events") -> list[dict[str, Any]]:
        """What is on a topic of its log, in order within each partition."""
        found = []
        with Log(self.root / "log.db") as log:
            for partition in range(log.partitions(topic) or 0):
                found += [json.loads(record.value or b"") for record in log.read_all(topic, partition)]
        return found


def rating(number: int, speaker: str, /, **changes: Any) -> bytes:
    """A rating of now at the window, as JSON; changed by attribute or field."""
    said = event("rating.submitted", id=f"{number:06}", source=speaker, time=datetime.now(SHANGHAI).isoformat())
    said["data"] |= {"rating": f"R-{speaker}-{number}", "service": f"V-{speaker}-{number}"}
    for name, value in changes.items():
        (said if name in said else said["data"])[name] = value
    return json.dumps(said, ensure_ascii=False).encode()


class Terminal:
    """A device that sends as it should. `refused`: statuses that were no 200, in order."""

    def __init__(self, endpoint: Endpoint, token: str, source: str) -> None:
        self._endpoint = endpoint
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
        self._source = source
        self._connection = http.client.HTTPConnection(endpoint.host, endpoint.port, timeout=60)
        self.accepted: list[str] = []
        self.refused: list[tuple[int, bytes]] = []

    def send(self) -> None:
        """Sends one more rating."""
        number = len(self.accepted) + len(self.refused)
        self._connection.request("POST", "/v1/events", rating(number, self._source), self._headers)
        with self._connection.getresponse() as answer:
            body = answer.read()
        if answer.status == http.HTTPStatus.OK and json.loads(body)["accepted"] == 1:
            self.accepted.append(f"{number:06}")
        else:
            self.refused.append((answer.status, body))

    def close(self) -> None:
        self._connection.close()


class Attempt:
    """A connection of somebody else's, from another address; what it sends, nobody checks."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._socket = socket.create_connection((endpoint.host, endpoint.port), 30, (_ELSEWHERE, 0))

    def send(self, raw: bytes, *, and_end: bool = False) -> None:
        """Sends bytes, as far as they are taken. `and_end`: and nothing more, though an answer may still come."""
        with suppress(OSError):
            self._socket.sendall(raw)
            if and_end:
                self._socket.shutdown(socket.SHUT_WR)

    def answers(self, most: int = 16) -> tuple[list[int], bytes]:
        """The statuses of what comes back until the other side ends, or has answered `most` times, and all of it."""
        said = b""
        while len(said) < _ANSWER:
            try:
                part = self._socket.recv(65_536)
            except OSError:
                break
            if not part:
                break
            said += part
            if len(statuses(said)) >= most and said.rstrip().endswith(b"}"):
                break
        return statuses(said), said

    def close(self) -> None:
        self._socket.close()

    def is_closed(self) -> bool:
        """Whether the other side has ended the connection by now."""
        self._socket.setblocking(False)
        try:
            while self._socket.recv(65_536):
                pass
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True


def statuses(said: bytes) -> list[int]:
    """The statuses of answers in a stream."""
    return [int(code) for code in re.findall(rb"(?:^|\n|\})HTTP/\d\.\d (\d{3}) ", said)]
