"""The webhooks file while the role runs."""

from __future__ import annotations

from pathlib import Path

from streams.notify.targets import Target, load_targets


class TargetBook:
    """A webhooks file; `targets` are those of the start. Raises WebhooksError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Before it is read: what is written meanwhile is a change.
        self._seen = self._look()
        self.targets = load_targets(path)

    def change(self) -> tuple[Target, ...] | None:
        """What the file says since it was changed, each time once; None where it wasn't. Raises WebhooksError."""
        seen = self._look()
        if seen == self._seen:
            return None
        self._seen = seen
        return load_targets(self._path)

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        # Not when it was written: who may read it counts, too.
        return found.st_ino, found.st_ctime_ns, found.st_size
