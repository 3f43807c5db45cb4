"""The data folder of an embedded pingliu: where everything lies, and who is using it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from deploy.mistake import Mistake
from streams.settings import Settings


class FolderBusy(Mistake):
    """Another pingliu runs over this folder."""


class Endpoint(msgspec.Struct, frozen=True):
    """Where the sink of a running pingliu answers SQL."""

    pid: int
    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/"


@dataclass(frozen=True, slots=True)
class Folder:
    """Paths under `root`, which need not exist yet."""

    root: Path

    @property
    def log(self) -> Path:
        return self.root / "log.db"

    @property
    def engine(self) -> Path:
        return self.root / "clickhouse"

    @property
    def secret(self) -> Path:
        return self.root / "secret"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def endpoint_file(self) -> Path:
        return self.run / "sql.json"

    def output(self, role: str) -> Path:
        """Where a role's log goes."""
        return self.run / f"{role}.log"

    def create(self) -> None:
        """Makes the folder; it is its owner's alone, for it holds the secret and the events."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.run.mkdir(exist_ok=True)

    def settings(self, rules: Path | None) -> Settings:
        """Settings of the roles over this folder."""
        return Settings(broker=f"sqlite:///{self.log}", secret=self.secret, scratch=self.run, rules=rules)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Holds the folder for one stack of roles. Raises FolderBusy."""
        self.create()
        with (self.run / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise FolderBusy(f"another pingliu (pid {file.read().strip() or '?'}) runs over {self.root}") from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def endpoint(self) -> Endpoint | None:
        """Where SQL is answered now; None if no sink runs."""
        try:
            found = msgspec.json.decode(self.endpoint_file.read_bytes(), type=Endpoint)
            os.kill(found.pid, 0)
        except (OSError, msgspec.MsgspecError):
            return None
        return found

    def announce(self, host: str, port: int) -> None:
        """Says where SQL is answered; `withdraw` when it ends."""
        draft = self.endpoint_file.with_suffix(".new")
        draft.write_text(json.dumps({"pid": os.getpid(), "host": host, "port": port}))
        draft.replace(self.endpoint_file)

    def withdraw(self) -> None:
        self.endpoint_file.unlink(missing_ok=True)
