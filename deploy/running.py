"""Has the roles run for as long as a command needs them: starts them, or joins those that run already."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from deploy.folder import Endpoint, Folder, FolderBusy
from deploy.stack import Stack

_POLL_SECONDS: Final = 0.05
# Another's roles may be starting, or ending.
_PATIENCE_SECONDS: Final = 60.0


@contextmanager
def running(
    folder: Folder,
    rules: Path | None,
    district: Path,
    port: int,
    *,
    join: bool = False,
    gateway: Sequence[str] | None = None,
    webhooks: Path | None = None,
    board: Sequence[str] | None = None,
    canary: str | None = None,
) -> Iterator[Callable[[], None]]:
    """Yields a check that raises where the roles are gone. `join`: another's roles over the folder will do.

    `gateway`, `board`: their options, where they are to run too; `webhooks`: the file of those that are to be told of
    notices; `canary`: the street that has one. Raises FolderBusy where another's roles won't do.
    """
    common = [] if rules is None else ["--rules", str(rules)]
    roles: dict[str, Sequence[str]] = {}
    if gateway is not None:
        roles["gateway"] = [*common, "--district", str(district), *gateway]
    roles["aggregate"] = common if canary is None else [*common, "--canary", canary]
    if webhooks is not None:
        roles["notify"] = [*common, "--district", str(district), "--webhooks", str(webhooks)]
    if board is not None:
        roles["board"] = [*common, "--district", str(district), *board]
    roles["sink"] = [*common, "--district", str(district), "--port", str(port)]
    with ExitStack() as held:
        if join and not _lock_or_join(held, folder):
            yield lambda: _check_joined(folder)
            return
        if not join:
            held.enter_context(folder.lock())
        yield held.enter_context(Stack(folder, roles)).check


def _lock_or_join(held: ExitStack, folder: Folder) -> bool:
    """Whether the folder is ours; if not, another's roles are up over it. Raises FolderBusy if they don't come up."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            held.enter_context(folder.lock())
        except FolderBusy:
            if folder.endpoint() is not None:
                return False
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)
        else:
            return True


def _check_joined(folder: Folder) -> None:
    if folder.endpoint() is None:
        raise FolderBusy(f"the pingliu that ran over {folder.root} has ended meanwhile; do this again, nothing is lost")


def wait_ready(find: Callable[[], Endpoint | None], check: Callable[[], None]) -> Endpoint:
    """Waits until a role says where it answers (`Folder.endpoint`, `Folder.gateway`). Raises what `check` raises."""
    while (endpoint := find()) is None:
        check()
        time.sleep(_POLL_SECONDS)
    return endpoint


def until_interrupted(check: Callable[[], None], step: Callable[[], float] | None = None) -> None:
    """Waits for Ctrl-C or SIGTERM. `step` is called again and again and says after how many seconds to call it next."""
    ended = threading.Event()
    earlier = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        pause = 0.2
        while not ended.wait(pause):
            check()
            if step is not None:
                pause = step()
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
