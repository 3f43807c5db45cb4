"""The stack: the roles of an embedded pingliu as processes of their own, started and stopped together.

A role's standard input is a pipe that only the starter holds: when the starter is gone, however it went, the roles see
the end of it and stop cleanly.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from deploy.folder import Folder
from deploy.mistake import Mistake

ROLES: Final = ("aggregate", "sink")
_STOP_SECONDS: Final = 60.0


class RoleEnded(Mistake):
    """A role ended by itself; the message holds the end of its log."""


class Stack:
    """Context manager: the roles run inside it. `options` are passed to both roles' commands."""

    def __init__(self, folder: Folder, options: Sequence[str] = ()) -> None:
        self._folder = folder
        self._options = tuple(options)
        self._roles: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self._folder.create()
        self._folder.withdraw()
        for role in ROLES:
            with self._folder.output(role).open("ab") as output:
                self._roles[role] = subprocess.Popen(
                    [sys.executable, "-m", "deploy", "role", role, "--data", str(self._folder.root), *self._options],
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    # Ctrl-C is for the starter, which then stops the roles in order.
                    start_new_session=True,
                )
        return self

    def check(self) -> None:
        """Raises RoleEnded if a role is gone."""
        for role, process in self._roles.items():
            if (code := process.poll()) is not None:
                raise RoleEnded(f"{role} ended with {code}:\n{_tail(self._folder.output(role))}")

    def stop(self) -> None:
        """Stops the roles, first the one whose outputs the other stores; a role that won't end is killed."""
        for role in ROLES:
            process = self._roles.pop(role, None)
            if process is None:
                continue
            if process.stdin is not None:
                process.stdin.close()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def _tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
