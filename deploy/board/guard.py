"""What stands before the pages: who may look, at what, and what a browser may do with it. ASGI, and nothing else.

It lets through the pages, NiceGUI's own files and its socket, by GET; and of what the socket says only what keeps it
going, for the board is there to be looked at.
"""

from __future__ import annotations

import re
import secrets
import time
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.board.password import CHALLENGE, Password
from streams.gateway.limits import Rates, peer_of, retry_after
from streams.gateway.settings import is_loopback

_PAGES: Final = re.compile(r"/|/street/[0-9]{9}|/favicon\.ico|/_nicegui/[^?]*")
_SOCKET: Final = "/_nicegui_ws/"
_READ: Final = ("GET", "HEAD")
_FAILURES_A_MINUTE: Final = 60
_PEERS_KEPT: Final = 10_000
_FRAME_MOST: Final = 4096
# Engine.io's own frames (ping, pong, noop), Socket.IO's connect and disconnect, and the two events that NiceGUI needs.
_SPOKEN: Final = re.compile(r'[1-6]|[23]probe|4[01].*|42[0-9]*\["(?:ack|handshake)",.*', re.DOTALL)
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
# Scripts are ours or bear the page's own number; NiceGUI and its Quasar set styles in the page itself.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'{nonce}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class _Refusal(NamedTuple):
    status: HTTPStatus
    text: str
    headers: tuple[tuple[str, str], ...] = ()


class Guard:
    """`password`: None where whoever reaches the port may look; then only by a name of this machine."""

    def __init__(self, app: ASGIApp, password: Password | None) -> None:
        self._app = app
        self._password = password
        self._failures = Rates(_FAILURES_A_MINUTE / 60, _FAILURES_A_MINUTE, _PEERS_KEPT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            if refusal is not None:
                await receive()
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, _heard(receive), send)
            return
        answer = _Answer(send, self._cookie(headers))
        if refusal is not None:
            await answer.refuse(refusal)
            return
        await self._app(scope, receive, answer)

    def _refusal(self, scope: Scope, headers: Headers) -> _Refusal | None:
        path = scope["path"]
        if self._password is None and not _is_local(headers.get("host", "")):
            return _Refusal(HTTPStatus.MISDIRECTED_REQUEST, "请用本机地址访问")
        if self._password is not None and (refusal := self._stranger(scope, headers, self._password)) is not None:
            return refusal
        if scope["type"] == "websocket":
            is_right = path.startswith(_SOCKET) and _is_same(headers.get("origin"), headers.get("host", ""))
            return None if is_right else _Refusal(HTTPStatus.FORBIDDEN, "")
        if not _PAGES.fullmatch(path):
            return _Refusal(HTTPStatus.NOT_FOUND, "没有这个页面")
        if scope["method"] not in _READ:
            return _Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "只能查看", (("Allow", ", ".join(_READ)),))
        return None

    def _stranger(self, scope: Scope, headers: Headers, password: Password) -> _Refusal | None:
        """Who is right is never held up by who is wrong."""
        said = headers.get("authorization", "")
        if password.is_said(said) or password.is_kept(headers.get("cookie", "")):
            return None
        if said:
            peer = peer_of(scope["client"][0]) if scope.get("client") else ""
            if wait := self._failures.take(peer, 1, time.monotonic()):
                after = (("Retry-After", str(retry_after(wait))),)
                return _Refusal(HTTPStatus.TOO_MANY_REQUESTS, "密码错误次数过多，请稍后再试", after)
        return _Refusal(HTTPStatus.UNAUTHORIZED, "需要密码", (("WWW-Authenticate", CHALLENGE),))

    def _cookie(self, headers: Headers) -> str:
        if self._password is None or not self._password.is_said(headers.get("authorization", "")):
            return ""
        return self._password.cookie()


class _Answer:
    """An answer on its way to the browser. Of a page the whole body is kept until its scripts bear their number."""

    def __init__(self, send: Send, cookie: str) -> None:
        self._send = send
        self._cookie = cookie
        self._start: Message = {}
        self._page: bytearray | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            headers = MutableHeaders(scope=message)
            if headers.get("content-type", "").startswith("text/html"):
                self._page = bytearray()
                return
            self._finish(headers, "")
        elif self._page is not None:
            self._page += message.get("body", b"")
            if message.get("more_body"):
                return
            # Elements are escaped in it: what opens a script is NiceGUI's own.
            nonce = secrets.token_urlsafe(16)
            body = bytes(self._page).replace(b"<script", f'<script nonce="{nonce}"'.encode())
            headers = MutableHeaders(scope=self._start)
            headers["Content-Length"] = str(len(body))
            self._finish(headers, f" 'nonce-{nonce}'")
            await self._send(self._start)
            message = {"type": "http.response.body", "body": body}
        await self._send(message)

    async def refuse(self, refusal: _Refusal) -> None:
        body = f"{refusal.text}\n".encode()
        start: Message = {"type": "http.response.start", "status": refusal.status.value, "headers": []}
        headers = MutableHeaders(scope=start)
        for name, value in (
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            *refusal.headers,
        ):
            headers[name] = value
        await self(start)
        await self({"type": "http.response.body", "body": body})

    def _finish(self, headers: MutableHeaders, nonce: str) -> None:
        for name, value in _HEADERS.items():
            headers[name] = value
        headers["Content-Security-Policy"] = _POLICY.format(nonce=nonce)
        if self._cookie:
            headers["Set-Cookie"] = self._cookie


def _heard(receive: Receive) -> Receive:
    """What a socket says, without what the board has no use for."""

    async def heard() -> Message:
        while True:
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            text = message.get("text") or ""
            if len(text) <= _FRAME_MOST and _SPOKEN.fullmatch(text):
                return message

    return heard


def _is_local(host: str) -> bool:
    """Whether a Host header names this machine: a page elsewhere may have its own name lead here."""
    return is_loopback(urlsplit(f"//{host}").hostname or "")


def _is_same(origin: str | None, host: str) -> bool:
    """Whether a socket is opened by a page of the board, or by what is no browser."""
    return origin is None or urlsplit(origin).netloc == host
