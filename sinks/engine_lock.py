"""One process per data path: an exclusive lock that dies with its holder, however that ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

_UNKNOWN: Final = "unknown"


class EngineBusy(Exception):  # noqa: N818 - it says what is the case
    """The data path is open elsewhere; the message names the path and the holder's pid."""


class PathLock:
    """Holds `<path>.lock`, which contains the holder's pid. kill -9 frees it; the file stays and means nothing.

    Raises EngineBusy.
    """

    def __init__(self, path: Path) -> None:
        file = path.with_name(path.name + ".lock")
        # Close-on-exec, as Python opens all: a program started by the holder doesn't hold it on.
        self._fd = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip() or _UNKNOWN
            os.close(self._fd)
            raise EngineBusy(f"{path} is open in process {holder}; one process at a time can hold it") from error
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Lets go; a second time does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
