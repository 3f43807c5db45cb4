"""Puts files of events through the log, the agents and the sink, and ends when all is drained."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from deploy.folder import Folder
from deploy.progress import tally, wait_drained
from deploy.publishing import chunks
from streams.topics import create_topics
from streams.transport.log import Log


class Ingested(msgspec.Struct, frozen=True):
    """What became of the lines of one ingest: `read` = `accepted` + the sum of `rejected` (by reason)."""

    read: int
    accepted: int
    rejected: dict[str, int]
    duplicates: int
    seconds: float
    events_per_second: int


def ingest(
    folder: Folder,
    lines: Iterable[bytes],
    check: Callable[[], None],
    tell: Callable[[int, dict[str, int]], None],
) -> Ingested:
    """Appends lines and waits until what they say can be asked for. The roles must be running, or about to.

    `check` is called again and again and may raise; `tell` gets the lines read so far and the lag of the roles.
    """
    began = time.monotonic()
    read = 0
    with Log(folder.log) as log:
        partitions = folder.settings(None).partitions
        create_topics(log, partitions)
        # What an earlier run left unfinished is not this one's.
        wait_drained(log, check, lambda lag: tell(0, lag))
        before = tally(log)
        for entries in chunks(lines, partitions):
            log.append(entries)
            read += len(entries)
            tell(read, {})
            check()
        wait_drained(log, check, lambda lag: tell(read, lag))
        came = tally(log).since(before)
    seconds = time.monotonic() - began
    rejected = dict(sorted(came.rejected.items()))
    return Ingested(read, came.accepted, rejected, came.duplicates, round(seconds, 3), int(read / seconds))


def read_lines(files: Sequence[Path | None], standard_input: BinaryIO) -> Iterator[bytes]:
    """The lines of files, one after the other, as bytes without their ends; None is standard input. Raises OSError.

    A blank line is none.
    """
    for path in files:
        if path is None:
            yield from _lines(standard_input)
        else:
            with path.open("rb") as file:
                yield from _lines(file)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    for line in file:
        if event := line.rstrip(b"\r\n"):
            yield event
