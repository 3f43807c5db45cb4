"""Contract §3 in plain words, for envelopes: why a message is refused. Knows nothing of the project's decoder."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, Final

TYPES: Final = frozenset(
    {
        "ticket.issued", "ticket.called", "ticket.abandoned", "ticket.transferred", "service.started",
        "service.completed", "rating.submitted", "rating.voided", "rating.reinstated", "appeal.filed", "appeal.decided",
        "rectification.contacted", "rectification.verified", "rectification.extended", "rectification.completed",
        "rectification.revisited", "window.opened", "window.paused", "window.resumed", "window.closed",
        "conduct.recorded", "conduct.withdrawn", "supervision.opened", "supervision.closed", "suggestion.received",
        "device.heartbeat",
    }
)  # fmt: skip
REASONS: Final = frozenset(
    ["too_large", "not_utf8", "not_json", "not_an_event", "unknown_type", "invalid_field", "misplaced", "clock_ahead"]
)
_NEEDS_WINDOW: Final = re.compile(r"ticket\.(called|transferred)|service\..*|window\..*")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?\+08:00")


def why_refused(line: bytes, broker_ms: int) -> str | None:
    """The first reason that applies, or None."""
    if len(line) > 65_536:
        return "too_large"
    try:
        event = json.loads(line.decode())
    except UnicodeDecodeError:
        return "not_utf8"
    except ValueError:
        return "not_json"
    if not isinstance(event, dict) or event.get("specversion") != "1.0" or "type" not in event:
        return "not_an_event"
    if event["type"] not in TYPES:
        return "unknown_type"
    if not _is_well_formed(event):
        return "invalid_field"
    if not event["site"].startswith(event["street"]):
        return "misplaced"
    if not (event.get("window") or event["site"]).startswith(event["site"]):
        return "misplaced"
    return "clock_ahead" if time_ms(event) > broker_ms + 600_000 else None


def time_ms(event: dict[str, Any]) -> int:
    """An event's time, epoch ms."""
    return round(datetime.fromisoformat(event["time"]).timestamp() * 1000)


def _is_well_formed(event: dict[str, Any]) -> bool:
    texts = {"id": 64, "source": 128, "site": 64}
    if any(not isinstance(event.get(name), str) or not 1 <= len(event[name]) <= most for name, most in texts.items()):
        return False
    if _NEEDS_WINDOW.fullmatch(event["type"]) and "window" not in event:
        return False
    if event["type"] == "window.opened" and "staff" not in event:
        return False
    return (
        bool(_TIME.fullmatch(event["time"]))
        and bool(re.fullmatch(r"\d{9}", event["street"]))
        and isinstance(event.get("data"), dict)
    )
