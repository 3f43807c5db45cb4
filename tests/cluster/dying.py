"""`pingliu`, which kills itself at one moment: `python -m tests.cluster.dying MOMENT ARGUMENTS…`.

MOMENT is "after TABLE" (the sink has inserted into it), "after outputs" or "after saves" (the aggregate has sent them).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from deploy import storing
from deploy.cli import cli
from sinks.columns import Columns
from sinks.destination import Stored
from streams.role import Role
from streams.topics import CHECKPOINTS, METRICS
from streams.transport.record import Entry


def main() -> None:
    what = sys.argv[1].removeprefix("after ")
    send = Role.send

    class Dying(Stored):
        def insert(self, table: str, columns: Columns) -> None:
            super().insert(table, columns)
            _die(table == what)

    async def dying(self: Role, entries: Sequence[Entry]) -> None:
        await send(self, entries)
        topics = {entry.topic for entry in entries}
        # An announcement is no save.
        _die(
            (what == "outputs" and METRICS in topics) or (what == "saves" and CHECKPOINTS in topics and _saves(entries))
        )

    setattr(storing, "Stored", Dying)  # noqa: B010 - the module doesn't export what it imports
    Role.send = dying  # type: ignore[method-assign]
    cli(sys.argv[2:], prog_name="pingliu")


def _saves(entries: Sequence[Entry]) -> bool:
    return any(b"/totals/" in (entry.key or b"") for entry in entries)


def _die(now: bool) -> None:
    if now:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
