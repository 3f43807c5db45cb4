"""A live board under test: its process over a folder, and a browser's part of the talk with it, without a browser."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from deploy.folder import Folder
from tests.box import await_that

_SOCKET = "_nicegui_ws/socket.io/"


class Board:
    """A running board. `url` ends with a slash."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Folder) -> None:
        self.process = process
        self.folder = folder
        endpoint = folder.board()
        assert endpoint is not None
        self.url = endpoint.url

    def end(self) -> tuple[int, str]:
        """Ends it as an operator does; its code, and what it logged."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate()
        return self.process.returncode, errors.decode()


@contextmanager
def board(root: Path, *options: str, **environ: str) -> Iterator[Board]:
    """A board over a folder, at a free port."""
    command = [sys.executable, "-m", "deploy", "board", "--data", str(root), "--port", "0", "--listen", "0", *options]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **environ}
    )
    folder = Folder(root)
    try:
        await_that(lambda: folder.board() is not None or process.poll() is not None, "the board is there")
        assert process.poll() is None, process.communicate()
        yield Board(process, folder)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


class Page:
    """A page that was opened: `html` as it was served, `parts` as they are by now, `said` what was read out."""

    def __init__(self, url: str, session: aiohttp.ClientSession, html: str) -> None:
        self.html = html
        self.parts: dict[str, str] = {}
        self.said: list[str] = []
        self.messages: list[dict[str, Any]] = []
        self._url = url
        self._session = session
        self.socket: aiohttp.ClientWebSocketResponse | None = None

    @classmethod
    async def open(cls, session: aiohttp.ClientSession, url: str, path: str = "") -> Page:
        """Asks for a page, and connects as it does."""
        async with session.get(url + path) as answer:
            assert answer.status == 200, answer.status
            page = cls(url, session, await answer.text())
        await page.connect()
        return page

    async def connect(self, **headers: str) -> None:
        client = re.search(r"'client_id': '([0-9a-f-]+)'", self.html)
        assert client is not None
        query = (
            f"?client_id={client[1]}&next_message_id=0&implicit_handshake=true&document_id=d-{client[1]}"
            f"&tab_id=t-{client[1]}&old_tab_id=null&EIO=4&transport=websocket"
        )
        self.socket = await self._session.ws_connect(self._url + _SOCKET + query, headers=headers)
        assert (await self.socket.receive_str()).startswith("0{")
        await self.socket.send_str("40")

    async def hear(self) -> dict[str, Any]:
        """The next message of the board, put in."""
        assert self.socket is not None
        while True:
            async with asyncio.timeout(60):
                frame = await self.socket.receive_str()
            if frame == "2":
                await self.socket.send_str("3")
            elif frame.startswith('42["board",'):
                message: dict[str, Any] = json.loads(frame[2:])[1]
                self.messages.append(message)
                self.parts |= message["parts"]
                if message["say"]:
                    self.said.append(message["say"])
                return message

    async def hear_until(self, part: str, text: str) -> None:
        """Listens until a part holds a text."""
        async with asyncio.timeout(180):
            while text not in self.parts.get(part, ""):
                await self.hear()
