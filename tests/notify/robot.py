"""A server of ours that speaks as the robots of WeCom and DingTalk do, and fails as it is told to.

One server has any number of robots; a robot is a path with a key. Their clocks are real, their limits too.
"""

from __future__ import annotations

import base64
import hmac
import json
import ssl
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from deploy.local.server import Certificate

Fault = Literal["cut", "unavailable", "moved", "odd", "forbidden"]
KEY = "8b7e6c5d-canary-4f3a-9210-0a1b2c3d4e5f"
SECRET = "SEC0123456789canary0123456789"  # noqa: S105 - a robot of the test's
_MINUTE = 60.0
_ROBOT_RATE = 20


class Robots:
    """What arrived, and what goes wrong. `said`: by robot, the messages that were taken; `tries`: all that came."""

    def __init__(self) -> None:
        self.said: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.tries: dict[str, int] = defaultdict(int)
        # By robot: what goes wrong with the next messages, one after the other.
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.wrong_keys: set[str] = set()
        # A message with such a word is refused, as one that isn't wanted.
        self.unwanted = "\0"
        # Where it is set, a message that was taken is answered only when it is.
        self.answers = threading.Event()
        self.answers.set()
        # Where they are: scheme, host and port.
        self.origin = ""
        self._at: dict[str, list[float]] = defaultdict(list)

    def url(self, robot: str) -> str:
        """Where a robot is; WeCom's and DingTalk's paths differ, and so do their keys' names."""
        path = "robot/send?access_token" if robot.startswith("dingtalk") else "cgi-bin/webhook/send?key"
        return f"{self.origin}/{robot}/{path}={KEY}"

    def texts(self, robot: str) -> list[str]:
        """What people have read of a robot."""
        return [_text(message) for message in self.said[robot]]

    def answer(self, path: str, body: bytes) -> tuple[int, dict[str, Any]] | None:
        """Status and body; None where the line breaks off."""
        robot, query = path.split("/")[1], parse_qs(urlsplit(path).query)
        self.tries[robot] += 1
        fault = self.faults[robot].pop(0) if self.faults[robot] else None
        match fault:
            case "cut":
                return None
            case "unavailable":
                return 503, {"error": f"no backend for {path}"}
            case "moved":
                return 307, {}
            case "forbidden":
                return 403, {}
            case "odd":
                return 200, {"errcode": 987654, "errmsg": f"{path} is odd"}
        if robot.startswith("dingtalk"):
            return 200, self._dingtalk(robot, query, body)
        if robot.startswith("wecom"):
            return 200, self._wecom(robot, query, body)
        self._take(robot, json.loads(body), 0)
        return 204, {}

    def _wecom(self, robot: str, query: dict[str, list[str]], body: bytes) -> dict[str, Any]:
        message = json.loads(body)
        if query.get("key") != [KEY] or robot in self.wrong_keys:
            return {"errcode": 93000, "errmsg": "invalid webhook url, hint: [1], from ip: 127.0.0.1"}
        if self._is_too_fast(robot):
            return {"errcode": 45009, "errmsg": "api freq out of limit"}
        if len(message["markdown"]["content"].encode()) > 4096:
            return {"errcode": 40058, "errmsg": "markdown.content exceed max length 4096. invalid Request Parameter"}
        return self._take(robot, message, 40058)

    def _dingtalk(self, robot: str, query: dict[str, list[str]], body: bytes) -> dict[str, Any]:
        message = json.loads(body)
        if query.get("access_token") != [KEY] or robot in self.wrong_keys:
            return {"errcode": 300005, "errmsg": "token is not exist"}
        (moment,), (sign,) = query.get("timestamp", [""]), query.get("sign", [""])
        wanted = base64.b64encode(hmac.digest(SECRET.encode(), f"{moment}\n{SECRET}".encode(), "sha256")).decode()
        if sign != wanted or abs(time.time() * 1000 - int(moment)) > 3_600_000:
            return {"errcode": 310000, "errmsg": "sign not match"}
        if self._is_too_fast(robot):
            return {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}
        assert message["markdown"]["title"]
        return self._take(robot, message, 430102)

    def _take(self, robot: str, message: dict[str, Any], refusal: int) -> dict[str, Any]:
        if self.unwanted in _text(message):
            return {"errcode": refusal, "errmsg": f"not wanted: {_text(message)}"}
        self.said[robot].append(message)
        self.answers.wait()
        return {"errcode": 0, "errmsg": "ok"}

    def _is_too_fast(self, robot: str) -> bool:
        now = time.monotonic()
        self._at[robot] = [at for at in self._at[robot] if now - at < _MINUTE]
        if len(self._at[robot]) >= _ROBOT_RATE:
            return True
        self._at[robot].append(now)
        return False


def _text(message: dict[str, Any]) -> str:
    if "markdown" not in message:
        return json.dumps(message, ensure_ascii=False)
    return str(message["markdown"].get("content") or message["markdown"]["text"])


@contextmanager
def serving(certificate: Certificate | None = None, host: str = "127.0.0.1") -> Iterator[Robots]:
    """Robots on loopback; over TLS where they have a certificate."""
    robots = Robots()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = robots.answer(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            if answer is None:
                return  # the connection is closed without a word
            status, said = answer
            body = b"" if status == 204 else json.dumps(said).encode()
            self.send_response(status)
            if status == 307:
                self.send_header("Location", robots.url("wecom-elsewhere"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that was killed is gone, and so is one that doesn't trust us."""

    server = Server((host, 0), Handler)
    robots.origin = f"http://{host}:{server.server_address[1]}"
    if certificate is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate.file)
        # Hands are shaken by the thread of the connection, not by the one that lets it in.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        robots.origin = robots.origin.replace("http:", "https:")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield robots
    finally:
        robots.answers.set()
        server.shutdown()
        thread.join()
        server.server_close()
