"""The stack: the roles of an embedded pingliu as processes of their own, started and stopped together.

A role's standard input is a pipe that only the starter holds: when the starter is gone, however it went, the roles see
the end of it and stop cleanly.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from deploy.folder import Folder
from deploy.mistake import Mistake

_CLUSTER: Final = ("PINGLIU_BROKER", "PINGLIU_CLICKHOUSE", "PINGLIU_SECRET", "PINGLIU_LISTEN", "PINGLIU_INSTANCE")
# All others are commands of `run`.
_COMMANDS: Final = {"board": ("board",)}
_STOP_SECONDS: Final = 60.0


class RoleEnded(Mistake):
    """A role ended by itself; the message holds the end of its log."""


class Stack:
    """Context manager: `roles` run inside it, each with its options; they are stopped in their order.

    So the first hands in what the next ones work up.
    """

    def __init__(self, folder: Folder, roles: Mapping[str, Sequence[str]]) -> None:
        self._folder = folder
        self._options = dict(roles)
        self._roles: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self._folder.create()
        self._folder.withdraw()
        self._folder.withdraw_gateway()
        self._folder.withdraw_board()
        data = ("--data", str(self._folder.root))
        # A cluster that the environment names is not this folder's affair.
        environ = {name: value for name, value in os.environ.items() if name not in _CLUSTER}
        for role, options in self._options.items():
            with self._folder.output(role).open("ab") as output:
                self._roles[role] = subprocess.Popen(
                    [sys.executable, "-m", "deploy", *_command(role), "--with-starter", *options, *data],
                    env=environ,
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
        """Stops the roles, first those whose outputs the others store; a role that won't end is killed."""
        for role in self._options:
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


def _command(role: str) -> tuple[str, ...]:
    return _COMMANDS.get(role, ("run", role))


def _tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
