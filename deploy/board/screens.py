"""Who looks: each page that is open, told what has changed of what it shows. One drawing serves all of a kind.

A page that connects, or does so again, is told all; then what differs from what was told last, and something each
second, so that a page knows by itself when nobody tells it anything any more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from nicegui import Client

from deploy.board.fragments import announcement, fragments, ticking
from deploy.board.names import Names
from deploy.board.state import State
from schemas.moments import MINUTE
from streams.live_view import LiveView
from streams.metrics import BoardMetrics

_LOOK_SECONDS: Final = 0.2
_MESSAGE: Final = "board"


class Screens:
    """To be used in the event loop alone. `street` is '' on pages of the district."""

    def __init__(self, view: LiveView, state: State, names: Names, quiet_ms: int, metrics: BoardMetrics) -> None:
        self._view = view
        self._state = state
        self._names = names
        self._quiet_ms = quiet_ms
        self._metrics = metrics
        self._open: dict[str, tuple[Client, str]] = {}
        # What the open pages of a street were told last, and what all is drawn from.
        self._told: dict[str, dict[str, str]] = {}
        self._scene = state.look(_clock_ms())
        self._drawn_for: tuple[object, ...] = ()
        self._parts: dict[str, dict[str, str]] = {}

    @property
    def count(self) -> int:
        """How many pages are connected."""
        return sum(client.has_socket_connection for client, _ in self._open.values())

    def parts(self, street: str) -> dict[str, str]:
        """All parts of a page as they are now."""
        self._look()
        return self._all(street)

    def open(self, client: Client, street: str) -> None:
        """A page was asked for: it is told when it connects, until it is gone for good."""
        self._open[client.id] = (client, street)
        client.on_connect(lambda: self._greet(client, street))
        client.on_delete(lambda: self._open.pop(client.id, None))

    async def run(self) -> None:
        """Tells until cancelled."""
        while True:
            self._look()
            came = self._state.take_unsaid()
            looked_at = {street for _, street in self._open.values()}
            self._told = {street: told for street, told in self._told.items() if street in looked_at}
            for street in looked_at:
                its = [rated for rated in came if street in {"", rated.street}]
                self._tell(street, announcement(its, self._names))
            await asyncio.sleep(_LOOK_SECONDS)

    def _look(self) -> None:
        """Sees what is so. Spans are told to the minute, of the time that is shown and of the clock: in the next one
        all looks different.
        """
        self._scene = self._state.look(_clock_ms())
        scene = self._scene
        drawn_for = (
            self._view.version(),
            scene.now.ms // MINUTE,
            scene.clock_ms // MINUTE,
            [rated for rated in scene.bad if scene.is_fresh(rated)],
        )
        if drawn_for != self._drawn_for:
            self._drawn_for, self._parts = drawn_for, {}

    def _all(self, street: str) -> dict[str, str]:
        parts = self._parts.get(street)
        if parts is None:
            parts = self._parts[street] = fragments(self._scene, self._names, street)
        return {**parts, **ticking(self._scene, self._quiet_ms, street)}

    def _tell(self, street: str, said: str) -> None:
        now, before = self._all(street), self._told.get(street, {})
        changed = {name: text for name, text in now.items() if before.get(name) != text}
        self._told[street] = now
        if not (changed or said):
            return
        for client, its in self._open.values():
            if its == street and client.has_socket_connection:
                self._send(client, changed, said)

    def _greet(self, client: Client, street: str) -> None:
        # What the others were told last, for the next that is told is what differs from it.
        if street not in self._told:
            self._told[street] = self._all(street)
        self._send(client, self._told[street], "")

    def _send(self, client: Client, parts: Mapping[str, str], said: str) -> None:
        # Each its own: the message gets the number that it has for its client.
        client.outbox.enqueue_message(_MESSAGE, {"parts": parts, "say": said}, client.id)
        self._metrics.updates.inc()


def _clock_ms() -> int:
    return time.time_ns() // 1_000_000
