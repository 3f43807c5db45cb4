"""Who consumes as a group: one process, which takes all partitions and has a lock on a file of the group's own.

The lock is the kernel's (flock), so it ends with the process, however that ends.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from urllib.parse import quote

from streams.transport.errors import GroupBusy


class Membership:
    """The one membership there is in `group` of the log at `path`, held from `join` until `leave`.

    A child process that was forked without exec would hold it on; the project starts none.
    """

    def __init__(self, path: Path, group: str) -> None:
        self.group = group
        self.path = path.with_name(f"{path.name}.{quote(group, safe='')}.lock")
        self._descriptor: int | None = None

    def join(self) -> None:
        """Become the member, or raise `GroupBusy` with the process id of who is."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(descriptor)
            raise GroupBusy(
                f"process {holder} consumes as group {self.group} already, and a group has one member ({self.path})"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def leave(self) -> None:
        """Let another process be the member. The file stays: deleting it would race with a join."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
