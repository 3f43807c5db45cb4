"""`pingliu`, whose aggregate hangs in the middle of its work: `python -m tests.cluster.stalling ARGUMENTS…`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence

from deploy.cli import cli
from streams.lane import Lane
from streams.transport.record import Record

_AFTER_MESSAGES = 3_000


def main() -> None:
    take = Lane.take
    taken = 0

    def stalling(self: Lane, messages: Sequence[Record], end: int | None = None) -> None:
        nonlocal taken
        take(self, messages, end)
        taken += len(messages)
        if taken >= _AFTER_MESSAGES:
            threading.Event().wait()

    Lane.take = stalling  # type: ignore[method-assign]
    cli(sys.argv[1:], prog_name="pingliu")


if __name__ == "__main__":
    main()
