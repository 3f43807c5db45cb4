"""The data folder of an embedded pingliu: where everything lies, and who is using it."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from deploy.mistake import Mistake
from schemas.secret import SecretError, ensure_secret, load_secret, replace_secret
from streams.settings import Settings

# A bad rating must be seen in a second, in ClickHouse too, where that is cheap.
_SINK_SECONDS: Final = 0.5


class FolderBusy(Mistake):
    """Another pingliu runs over this folder."""


class Endpoint(msgspec.Struct, frozen=True):
    """Where the sink of a running pingliu answers SQL, its gateway takes events, or its board is."""

    pid: int
    host: str
    port: int
    tls: bool = False

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}/"


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

    @property
    def gateway_file(self) -> Path:
        return self.run / "gateway.json"

    @property
    def board_file(self) -> Path:
        return self.run / "board.json"

    @property
    def devices(self) -> Path:
        """The devices that may hand in events."""
        return self.root / "devices.json"

    @property
    def channel(self) -> Path:
        """The socket by which commands of the same user work on the engine of the sink that runs."""
        return self.run / "engine.sock"

    @property
    def name_file(self) -> Path:
        return self.root / "name"

    def output(self, role: str) -> Path:
        """Where a role's log goes."""
        return self.run / f"{role}.log"

    def create(self) -> None:
        """Makes the folder; it is its owner's alone, for it holds the secret and the events."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.run.mkdir(exist_ok=True, mode=0o700)

    def adopt_secret(self, path: Path) -> None:
        """Makes a cluster's secret this folder's too, so that its rejects can be opened here: it may have grown since.

        Raises SecretError.
        """
        given = load_secret(path)
        own = ensure_secret(self.secret, given.text())
        if not given.grew_from(own):
            raise SecretError(f"{self.secret} is another secret than {path}; this folder belongs to another cluster")
        if given.text() != own.text():
            replace_secret(self.secret, given)

    def name(self) -> str:
        """A name of its own, made at the first call: what tells this folder's ClickHouse from others."""
        if not self.name_file.exists():
            self.name_file.write_text(secrets.token_hex(8), encoding="ascii")
        return self.name_file.read_text(encoding="ascii")

    def settings(self, rules: Path | None) -> Settings:
        """Settings of the roles over this folder."""
        return Settings(
            broker=f"sqlite:///{self.log}", secret=self.secret, scratch=self.run, rules=rules, sink_every=_SINK_SECONDS
        )

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
        return _running(self.endpoint_file)

    def announce(self, host: str, port: int) -> None:
        """Says where SQL is answered; `withdraw` when it ends."""
        _announce(self.endpoint_file, Endpoint(os.getpid(), host, port))

    def withdraw(self) -> None:
        self.endpoint_file.unlink(missing_ok=True)

    def gateway(self) -> Endpoint | None:
        """Where events are taken now; None if no gateway runs."""
        return _running(self.gateway_file)

    def announce_gateway(self, host: str, port: int, *, tls: bool) -> None:
        """Says where events are taken; `withdraw_gateway` when it ends."""
        _announce(self.gateway_file, Endpoint(os.getpid(), host, port, tls))

    def withdraw_gateway(self) -> None:
        """Says so no more, unless it is another gateway that does."""
        _withdraw(self.gateway_file)

    def board(self) -> Endpoint | None:
        """Where the live board is now; None if none runs."""
        return _running(self.board_file)

    def announce_board(self, host: str, port: int, *, tls: bool) -> None:
        """Says where the live board is; `withdraw_board` when it ends."""
        _announce(self.board_file, Endpoint(os.getpid(), host, port, tls))

    def withdraw_board(self) -> None:
        """Says so no more, unless it is another board that does."""
        _withdraw(self.board_file)


def _running(file: Path) -> Endpoint | None:
    try:
        found = msgspec.json.decode(file.read_bytes(), type=Endpoint)
        os.kill(found.pid, 0)
    except (OSError, msgspec.MsgspecError):
        return None
    return found


def _withdraw(file: Path) -> None:
    found = _running(file)
    if found is None or found.pid == os.getpid():
        file.unlink(missing_ok=True)


def _announce(file: Path, endpoint: Endpoint) -> None:
    draft = file.with_suffix(".new")
    draft.write_bytes(msgspec.json.encode(endpoint))
    draft.replace(file)
