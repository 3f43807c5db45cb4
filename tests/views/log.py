"""Raw messages by hand: a log of events as the examples have them, with what matters changed."""

from __future__ import annotations

import json
from typing import Any, Final, Self

from tests.examples import event
from tests.recount import Message

STREET: Final = "530102001"
SITE: Final = "530102001-00"
WINDOW: Final = "530102001-00-03"
OTHER_WINDOW: Final = "530102001-00-02"
# 2027: later than every event here, but for those that are meant to be later.
RECEIVED_MS: Final = 1_800_000_000_000


class Log:
    """Messages of one partition or more; every event gets an id of its own."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def add(self, kind: str, time: str, *, partition: int = 0, **changes: Any) -> Self:
        """Adds an event at a time like `2026-11-02 10:15:30.123`, Shanghai. Changes as in tests.examples.event."""
        moment = f"{time.replace(' ', 'T')}+08:00"
        return self.put(event(kind, **{"id": f"e{len(self.messages)}", "time": moment, **changes}), partition=partition)

    def put(self, message: object, *, partition: int = 0) -> Self:
        """Adds a message: bytes, or what is to be JSON."""
        value = message if isinstance(message, bytes) else json.dumps(message, ensure_ascii=False).encode()
        offset = sum(known.partition == partition for known in self.messages)
        self.messages.append(Message(partition, offset, RECEIVED_MS, value))
        return self
