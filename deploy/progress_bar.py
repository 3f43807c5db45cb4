"""Progress on a terminal: bars on standard error, and nothing where nobody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

# Telling the bar of every event would cost more than making it.
_EVERY = 5_000

Count = Callable[[Iterable[bytes]], Iterator[bytes]]
Tell = Callable[[int, dict[str, int]], None]


@contextmanager
def progress_bar(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar of `total` steps, of which there may turn out to be some more or less; None: nobody knows."""
    with _progress() as progress:
        task = progress.add_task(what, total=total)
        waiting = 0

        def advance(steps: int) -> None:
            nonlocal waiting
            waiting += steps
            if waiting >= _EVERY:
                progress.advance(task, waiting)
                waiting = 0

        yield advance
        progress.update(task, completed=total, refresh=True)


@contextmanager
def ingest_bar(size: int) -> Iterator[tuple[Count, Tell]]:
    """Bars of an ingest of `size` bytes: what was read, and how far the roles are behind."""
    with _progress() as progress:
        reading = progress.add_task("reading", total=size or None)
        roles: dict[str, TaskID] = {}
        read = 0

        def count(lines: Iterable[bytes]) -> Iterator[bytes]:
            nonlocal read
            for line in lines:
                read += len(line) + 1
                yield line

        def tell(messages: int, lag: dict[str, int]) -> None:
            progress.update(reading, completed=min(read, size) if size else read)
            for role, behind in lag.items():
                if role not in roles:
                    roles[role] = progress.add_task(role.removeprefix("pingliu-"), total=messages)
                progress.update(roles[role], total=messages + behind, completed=messages)

        yield count, tell


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
