"""The stack: the roles of an embedded pingliu as processes of their own, started and stopped together.

A role's standard input is a pipe that only the starter holds: when the starter is gone, however it went, the roles see
the end of it and stop cleanly.

Where a role ends by itself, so do all: nothing would be taken in, counted or stored. Those that only look on are
started again instead, and the others don't notice.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import click

from deploy.folder import Folder
from deploy.mistake import Mistake

_CLUSTER: Final = ("PINGLIU_BROKER", "PINGLIU_CLICKHOUSE", "PINGLIU_SECRET", "PINGLIU_LISTEN", "PINGLIU_INSTANCE")
# All others are commands of `run`.
_COMMANDS: Final = {"board": ("board",)}
_STOP_SECONDS: Final = 60.0
# Take nothing in and store nothing.
_ONLOOKERS: Final = ("board", "notify")
# Pauses before such a role is started again; one that ran for so long begins anew.
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
_SETTLED_SECONDS: Final = 60.0
# How a command says what its user can mend.
_MISTAKE: Final = "Error: "


class RoleEnded(Mistake):
    """A role ended by itself; the message holds the end of its log."""


class Pauses:
    """How long to wait before a role is started again: 1 s, then twice as long each time, up to 60 s."""

    def __init__(self) -> None:
        self._next = _FIRST_PAUSE

    def after(self, ran_seconds: float) -> float:
        """The seconds to wait after a run that was so long; a long one begins the row anew."""
        if ran_seconds >= _SETTLED_SECONDS:
            self._next = _FIRST_PAUSE
        pause = self._next
        self._next = min(2 * pause, _LONGEST_PAUSE)
        return pause


class _Onlooker:
    """What is known of a role that is started again: moments are monotonic, in seconds."""

    def __init__(self) -> None:
        self.pauses = Pauses()
        self.started = time.monotonic()
        self.runs = 1
        self.due: float | None = None


class Stack:
    """Context manager: `roles` run inside it, each with its options; they are stopped in their order.

    So the first hands in what the next ones work up. `check` is to be called again and again.
    """

    def __init__(self, folder: Folder, roles: Mapping[str, Sequence[str]]) -> None:
        self._folder = folder
        self._options = dict(roles)
        self._roles: dict[str, subprocess.Popen[bytes]] = {}
        self._onlookers: dict[str, _Onlooker] = {}
        self._board_port: int | None = None

    def __enter__(self) -> Self:
        self._folder.create()
        self._folder.withdraw()
        self._folder.withdraw_gateway()
        self._folder.withdraw_board()
        for role in self._options:
            self._roles[role] = self._start(role)
            if role in _ONLOOKERS:
                self._onlookers[role] = _Onlooker()
        return self

    def _start(self, role: str) -> subprocess.Popen[bytes]:
        options = [*self._options[role], "--data", str(self._folder.root)]
        if role == "board" and self._board_port is not None:
            # Screens look for it where it was.
            options += ["--port", str(self._board_port)]
        # A cluster that the environment names is not this folder's affair.
        environ = {name: value for name, value in os.environ.items() if name not in _CLUSTER}
        with self._folder.output(role).open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "deploy", *_command(role), "--with-starter", *options],
                env=environ,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                # Ctrl-C is for the starter, which then stops the roles in order.
                start_new_session=True,
            )

    def check(self) -> None:
        """Starts again who looks on and is gone, after a pause. Raises RoleEnded if another role is gone.

        So it does where an onlooker ends at its first start with a mistake of its user's, who is there to mend it.
        """
        for role, process in self._roles.items():
            if (code := process.poll()) is None:
                if role == "board":
                    self._note_port(process.pid)
                continue
            onlooker = self._onlookers.get(role)
            if onlooker is None:
                raise RoleEnded(f"{role} ended with {code}:\n{_tail(self._folder.output(role))}")
            self._start_again(role, onlooker, code)

    def _note_port(self, pid: int) -> None:
        board = self._folder.board()
        # Somebody's own board may be at work over this folder, too.
        if board is not None and board.pid == pid:
            self._board_port = board.port

    def _start_again(self, role: str, onlooker: _Onlooker, code: int) -> None:
        now = time.monotonic()
        if onlooker.due is None:
            ran, last = now - onlooker.started, _tail(self._folder.output(role), 1)
            if onlooker.runs == 1 and ran < _SETTLED_SECONDS and code > 0 and last.startswith(_MISTAKE):
                raise RoleEnded(f"{role} ended with {code}:\n{_tail(self._folder.output(role))}")
            pause = onlooker.pauses.after(ran)
            onlooker.due = now + pause
            click.echo(
                f"{role} ended with {code} and is started again in {pause:g} s; the other roles go on. Its log: "
                f"{self._folder.output(role)}",
                err=True,
            )
        elif now >= onlooker.due:
            _close(self._roles[role])
            self._roles[role] = self._start(role)
            onlooker.started, onlooker.due = now, None
            onlooker.runs += 1

    def stop(self) -> None:
        """Stops the roles, first those whose outputs the others store; a role that won't end is killed."""
        for role in self._options:
            process = self._roles.pop(role, None)
            if process is None:
                continue
            _close(process)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def _command(role: str) -> tuple[str, ...]:
    return _COMMANDS.get(role, ("run", role))


def _close(process: subprocess.Popen[bytes]) -> None:
    """Says to a role that it shall end."""
    if process.stdin is not None:
        process.stdin.close()


def _tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
