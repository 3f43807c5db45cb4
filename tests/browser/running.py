"""One `pingliu up` for all tests of this folder: what it is asked, where it is looked at, and what happens in it."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from deploy.folder import Endpoint, Folder
from streams.topics import GROUPS
from streams.transport.log import Log
from tests.box import Box, await_that
from tests.browser.hall import Hall
from tests.gateway.conftest import add_device

_PATIENCE_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Running:
    """Where board and gateway listen; `token` is of a terminal that may be anywhere, `hall` says what others do."""

    box: Box
    hall: Hall
    board: Endpoint
    gateway: Endpoint
    token: str
    process: subprocess.Popen[bytes]

    @classmethod
    def start(cls, root: Path) -> Self:
        """Starts it over a folder of its own, with a district in full swing."""
        box, folder = Box(root), Folder(root)
        token = add_device(folder, "DG-BROWSER", "terminal/DG-BROWSER", window="")
        process = box.start("up", "--port", "0", "--gateway-port", "0", "--board-port", "0")
        try:
            await_that(lambda: _is_up(folder) or process.poll() is not None, "all roles are up")
            assert process.poll() is None, process.communicate()
            board, gateway = folder.board(), folder.gateway()
            assert board is not None
            assert gateway is not None
            running = cls(box, Hall(folder.log), board, gateway, token, process)
            running.hall.fill()
            await_that(running.is_settled, "what happened until now is worked up")
            assert box.rows("SELECT reason, detail FROM pingliu.rejected") == []
        except BaseException:
            _end(process)
            raise
        return running

    def stop(self) -> None:
        """Stops it as a user does."""
        _end(self.process)

    def is_settled(self) -> bool:
        """Whether everything that came in is live and in ClickHouse."""
        with Log(self.box.root / "log.db") as log:
            return not any(
                lag for role in ("aggregate", "sink") for lag in log.lag(f"pingliu-{role}", GROUPS[role]).values()
            )


def _is_up(folder: Folder) -> bool:
    return None not in (folder.endpoint(), folder.gateway(), folder.board())


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.communicate()


async def until(condition: Callable[[], bool], what: str) -> None:
    """Waits for a condition while pages go on; the bound is for a program that hangs, and no test asserts it."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        await asyncio.sleep(0.05)
