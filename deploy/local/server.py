"""What the servers of the local stack have in common: a folder, ports of their own, a certificate, a life as a process.

A server is known by the pid in its folder, and is ours only if that process was started with the folder's own
configuration: a pid that the kernel has given to another program since is never signalled.
"""

from __future__ import annotations

import datetime
import fcntl
import inspect
import ipaddress
import json
import os
import random
import select
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar, Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.mistake import Mistake

HOST: Final = "127.0.0.1"
# Below the ports that the kernel gives to clients: nobody takes one while its server is down, and a client that
# knocks meanwhile doesn't meet itself.
_PORTS: Final = range(20_000, 32_000)
_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05
# Waits for the end of its input, which the starter holds, and kills the server if its pid is still that server's.
_WATCH: Final = 'read -r _; grep -qsxzF -e "$2" "/proc/$1/cmdline" && kill -9 "$1"'


class _Process(NamedTuple):
    """A process by its handle, which is that process's alone, whatever becomes of its pid."""

    pid: int
    handle: int

    def send(self, what: signal.Signals) -> None:
        # One that has ended is no error: that was wanted.
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, what)

    def ends_within(self, seconds: float | None) -> bool:
        """Waits for its end; None waits for ever."""
        waiting = select.poll()
        waiting.register(self.handle, select.POLLIN)
        return bool(waiting.poll(None if seconds is None else seconds * 1000))


class Server(ABC):
    """A server over `folder`, which need not exist yet. Its data stay there from one start to the next."""

    name: ClassVar[str]

    def __init__(self, folder: Path, ports: Mapping[str, int]) -> None:
        """`ports` by purpose; for a 0 a free one is chosen, once, and kept in the folder."""
        self.folder: Final = folder.resolve()
        self._ports = ports
        self._child: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None

    @property
    @abstractmethod
    def address(self) -> str:
        """Host and port for clients."""

    @abstractmethod
    def _prepare(self) -> None:
        """Writes all that the server reads when it starts."""

    @abstractmethod
    def _command(self) -> list[str]:
        """What starts the server; one argument is `_mark`."""

    @property
    @abstractmethod
    def _mark(self) -> str:
        """The argument that tells this server from all other processes."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether the server answers requests now."""

    @property
    def log(self) -> Path:
        return self.folder / "output.log"

    @property
    def pid(self) -> int | None:
        """The server's process; None if it doesn't run."""
        with self._running() as process:
            return process and process.pid

    def start(self, *, lasting: bool = False) -> None:
        """Returns when the server answers. One that runs already is left as it is.

        It ends with the process that started it, however that ends, unless it is `lasting`. In order:

        1. nobody else starts it, and it doesn't run;
        2. its ports are free;
        3. its files are written, then the process started, its pid noted, and its watcher started;
        4. it answers; if it ends instead, the end of its log is raised.
        """
        with self._lock():
            if self.pid is not None:
                self._await_answer()
                return
            self._reap()
            for port in map(self.port, self._ports):
                if not _free(port):
                    raise Mistake(f"{self.name} can't start: port {port} of {HOST} is taken by another program")
            self._prepare()
            try:
                self._spawn(lasting)
                self._await_answer()
            except BaseException:
                self.kill()
                raise

    def stop(self) -> None:
        """A clean end; one that takes too long is a kill."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """The end of a machine that loses power, as far as the process can tell."""
        self._end(signal.SIGKILL)

    def port(self, purpose: str) -> int:
        """The port for `purpose`, as given or as chosen before."""
        if port := self._ports[purpose]:
            return port
        path = self.folder / "ports.json"
        known: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        if purpose not in known:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            free = (port for port in random.sample(_PORTS, len(_PORTS)) if port not in known.values() and _free(port))
            known[purpose] = next(free)
            path.write_text(json.dumps(known))
        return known[purpose]

    @property
    def _pid_file(self) -> Path:
        return self.folder / "pid"

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def _running(self) -> Iterator[_Process | None]:
        """The server's process, held for as long as the context lasts; None if it doesn't run."""
        handle = -1
        try:
            pid = int(self._pid_file.read_text())
            # Held first, then looked at: so what is looked at is what is held.
            handle = os.pidfd_open(pid)
            ours = self._mark in _arguments(pid)
        except (OSError, ValueError):
            ours = False
        try:
            yield _Process(pid, handle) if ours else None
        finally:
            if handle >= 0:
                os.close(handle)

    def _spawn(self, lasting: bool) -> None:
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                self._command(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C is for the starter.
                start_new_session=True,
            )
        # For a moment a new process has no arguments yet, by which it is known.
        while self._mark not in _arguments(self._child.pid) and self._child.poll() is None:
            time.sleep(_POLL_SECONDS / 10)
        self._pid_file.write_text(str(self._child.pid))
        if not lasting:
            # Not PR_SET_PDEATHSIG: that would end the server with the thread that started it.
            self._watcher = subprocess.Popen(
                ["/bin/sh", "-c", _WATCH, "watcher", str(self._child.pid), self._mark],
                stdin=subprocess.PIPE,
                start_new_session=True,
            )

    def _await_answer(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        with self._running() as process:
            while not self._answers():
                if process is None or process.ends_within(_POLL_SECONDS):
                    raise Mistake(f"{self.name} ended while it started:\n{_tail(self.log)}")
                if time.monotonic() > deadline:
                    raise Mistake(f"{self.name} doesn't answer after {_START_SECONDS:.0f} s:\n{_tail(self.log)}")

    def _end(self, how: signal.Signals) -> None:
        with self._running() as process:
            if process is not None:
                process.send(how)
                if not process.ends_within(_STOP_SECONDS):
                    process.send(signal.SIGKILL)
                    process.ends_within(None)
        self._reap()

    def _reap(self) -> None:
        """Clears away what is left of a server that ended, so that it is no zombie; then its watcher has no work."""
        self._pid_file.unlink(missing_ok=True)
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None
        if self._watcher is not None:
            # Closes its input and waits.
            self._watcher.communicate()
            self._watcher = None


class Certificate:
    """A certificate for loopback, in `folder`, with which a server proves itself. It is its own authority."""

    def __init__(self, folder: Path) -> None:
        # What clients trust.
        self.ca_file: Final = folder.resolve() / "ca.pem"
        # What the server reads: its key and its certificate.
        self.file: Final = folder.resolve() / "server.pem"

    def make(self) -> None:
        """Makes it unless it is there."""
        if self.ca_file.exists():
            return
        key = ec.generate_private_key(ec.SECP256R1())
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        certificate = _sign(key).public_bytes(serialization.Encoding.PEM)
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.file.touch(mode=0o600)
        self.file.write_bytes(secret + certificate)
        self.ca_file.write_bytes(certificate)


def _sign(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    uses = {use: use in ("digital_signature", "key_cert_sign") for use in inspect.signature(x509.KeyUsage).parameters}
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**uses), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _free(port: int) -> bool:
    with socket.socket() as probe:
        # Connections of a server that has just ended don't count, as they won't for the next one.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _arguments(pid: int) -> list[str]:
    """Those of a process; a zombie has none."""
    return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")


def _tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
