"""An embedded pingliu under test: its commands as a user types them, and its figures as an auditor reads them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from deploy.asking import ask_rows
from deploy.district import FOLDER
from deploy.folder import Folder
from deploy.simulator import simulate
from schemas.registry import Registry
from streams.transport.log import Log

TABLES = (
    "events", "ratings", "services", "rectifications", "window_minutes", "window_days", "street_minutes",
    "street_days", "rejected", "reconciliation",
)  # fmt: skip
_GROUPS = ("device", "rejected", "report", "rules", "score", "seal", "secret")
_PATIENCE_SECONDS = 120.0


def write_simulated(path: Path, days: int, scale: float, seed: int = 3) -> list[bytes]:
    """Writes a simulated stream from 2026-10-12 on (a Monday), and returns its lines."""
    lines = list(simulate(Registry.load(FOLDER), date(2026, 10, 12), days, seed, scale))
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return lines


def await_that(condition: Callable[[], bool], what: str) -> None:
    """Waits for a condition; the bound is for a program that hangs, and no test asserts it."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)


class Box:
    """A data folder and the commands over it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """Starts a command in the background."""
        command = [sys.executable, "-m", "deploy", *self._over_it(arguments)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def run(self, *arguments: str, stdin: bytes | None = None) -> str:
        """Runs a command that must succeed, and returns what it printed."""
        process = self.start(*arguments, stdin=subprocess.PIPE)
        output, errors = process.communicate(stdin)
        assert process.returncode == 0, errors.decode()
        return output.decode()

    def run_in_turn(self, *commands: Sequence[str]) -> list[str]:
        """Runs commands that must succeed in one process, and returns what each printed."""
        order = json.dumps([self._over_it(arguments) for arguments in commands])
        command = [sys.executable, "-m", "tests.in_turn"]
        done = subprocess.run(command, input=order.encode(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        said: list[str] = json.loads(done.stdout)
        return said

    def _over_it(self, arguments: Sequence[str]) -> list[str]:
        words = 2 if arguments[0] in _GROUPS else 1
        return [*arguments[:words], "--data", str(self.root), *arguments[words:]]

    def refused(self, *arguments: str) -> str:
        """Runs a command that must fail in a line, and returns that."""
        process = self.start(*arguments)
        output, errors = process.communicate()
        said = errors.decode().strip().splitlines()
        assert (process.returncode, output) == (1, b""), (output, errors)
        assert said[-1].startswith("Error: "), errors.decode()
        assert "Traceback" not in errors.decode()
        return said[-1].removeprefix("Error: ")

    def ingest(self, *files: Path) -> dict[str, Any]:
        """Ingests files, and returns the account."""
        account: dict[str, Any] = json.loads(self.run("ingest", "--json", *map(str, files)))
        return account

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The answer to a query; where SQL is answered already it is asked from here, which needs no process."""
        folder = Folder(self.root)
        if folder.endpoint() is not None:
            return ask_rows(folder, sql)
        return [json.loads(line) for line in self.run("query", sql, "--format", "JSONEachRow").splitlines()]

    def figures(self) -> dict[str, list[dict[str, Any]]]:
        """Every public table, without what depends on how events came. Nothing may be running."""
        dump = subprocess.run([sys.executable, "-m", "tests.dump", str(self.root)], capture_output=True, check=True)
        found: dict[str, list[dict[str, Any]]] = json.loads(dump.stdout)
        return found

    def committed(self, group: str) -> int:
        """How many messages of events a role has behind it."""
        if not (self.root / "log.db").exists():
            return 0
        with Log(self.root / "log.db") as log:
            partitions = range(log.partitions("pingliu.events") or 0)
            return sum(log.committed(group, "pingliu.events", partition) or 0 for partition in partitions)

    def pids(self) -> list[int]:
        """Every process over this folder."""
        found = []
        for process in Path("/proc").iterdir():
            if process.name.isdigit() and int(process.name) != os.getpid():
                try:
                    words = (process / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if str(self.root).encode() in words and b"deploy" in words:
                    found.append(int(process.name))
        return found

    def kill(self, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        """kill -9 of every process over this folder."""
        for pid in self.pids():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        for process in processes:
            process.communicate()
        await_that(lambda: not self.pids(), "killed processes are gone")


def split(lines: Iterable[bytes], is_first: Callable[[bytes], bool]) -> tuple[list[bytes], list[bytes]]:
    """Lines split in two by what they say, each part in the order it had."""
    first: list[bytes] = []
    second: list[bytes] = []
    for line in lines:
        (first if is_first(line) else second).append(line)
    return first, second
