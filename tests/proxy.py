"""A TCP proxy on loopback whose connections can be broken off at will: a network that fails, for tests."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from typing import Final, Self

_HOST: Final = "127.0.0.1"
# Below the ports that the kernel gives to clients: the port is still free when connections are let in again.
_PORTS: Final = range(20_000, 32_000)
_CHUNK: Final = 65_536


class Proxy:
    """Forwards what connects to `address` to `target`, both "HOST:PORT". All methods work at once, from any thread."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = host, int(port)
        self._lock = threading.Lock()
        self._connections: set[tuple[socket.socket, socket.socket]] = set()
        self._flowing = threading.Event()
        self._left: int | None = None
        self._listener: socket.socket | None = None
        self._port = 0
        self.accepted = 0  # connections ever
        self.go_on()

    @property
    def address(self) -> str:
        return f"{_HOST}:{self._port}"

    def cut(self) -> None:
        """Breaks off all connections; new ones are forwarded."""
        with self._lock:
            connections, self._connections = self._connections, set()
        for connection in connections:
            _close(*connection)

    def cut_after(self, sent: int) -> None:
        """Breaks off all connections when clients have sent so many bytes more: these arrive, what follows doesn't."""
        with self._lock:
            self._left = sent

    def refuse(self) -> None:
        """Breaks off all connections and refuses new ones."""
        with self._lock:
            listener, self._listener = self._listener, None
        if listener is not None:
            _close(listener)
        self.cut()

    def stall(self) -> None:
        """Takes connections and bytes, but forwards none of these until `go_on`."""
        self._flowing.clear()

    def go_on(self) -> None:
        """Forwards again."""
        self._flowing.set()
        if self._listener is None:
            self._listener = self._listen()
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        self.refuse()
        self._flowing.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _listen(self) -> socket.socket:
        for port in [self._port] if self._port else random.sample(_PORTS, len(_PORTS)):
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((_HOST, port))
                listener.listen()
            except OSError:
                listener.close()
            else:
                self._port = port
                return listener
        raise OSError(f"no port to listen at: {self._port or _PORTS}")

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            try:
                server = socket.create_connection(self._target)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._connections.add((client, server))
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, sink, source is client), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, is_client: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                self._flowing.wait()
                allowed = self._allowed(len(data)) if is_client else None
                sink.sendall(data[:allowed])
                if allowed is not None:
                    self.cut()
        for end in (source, sink):
            _close(end)
        with self._lock:
            self._connections -= {(source, sink), (sink, source)}

    def _allowed(self, size: int) -> int | None:
        """How many of so many bytes may still be forwarded; None for all, and no end."""
        with self._lock:
            if self._left is None:
                return None
            allowed, self._left = min(size, self._left), self._left - size
            if self._left > 0:
                return None
            self._left = None
            return allowed


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)  # wakes who waits in it
        end.close()
