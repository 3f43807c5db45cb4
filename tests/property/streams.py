"""Arbitrary streams of a partition: few ids, so that they meet; times over every horizon; broken messages."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from schemas.moments import DAY, HOUR, MINUTE, SECOND, iso
from tests.examples import RECEIVED_MS, event

STREETS = ("530102001", "530102002")
START_MS = 1_793_500_000_000  # 2026-11-01, a Sunday before workdays, with a weekend inside the reach of the times

_ids = st.sampled_from(["1", "2", "3"])
_levels = st.sampled_from(["very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied"])
_channels = st.sampled_from(["hall_pad", "qr", "system_default"])
_windows = st.sampled_from(["", "01", "02"])

# Steps of event time: mostly forward, sometimes far back; edges of the horizons exactly.
_steps = st.sampled_from(
    [
        0, 1, 999, SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, HOUR, 2 * HOUR, 2 * HOUR + 1, DAY, DAY + 1, 7 * DAY,
        7 * DAY + 1, -SECOND, -MINUTE, -HOUR, -2 * HOUR, -2 * HOUR - 1, -DAY, -7 * DAY, -7 * DAY - 1, -9 * DAY,
    ]
)  # fmt: skip


def _fields(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Fields of data for the types that have figures; `fields` draws ids that meet."""
    match kind.split("."):
        case ["ticket", "transferred"]:
            return {"ticket": f"T{draw(_ids)}", "to_window": "w"}
        case ["ticket", _]:
            return {"ticket": f"T{draw(_ids)}"}
        case ["service", "completed"]:
            return {"service": f"V{draw(_ids)}", "outcome": "done"}
        case ["service", _]:
            return {"service": f"V{draw(_ids)}"}
        case ["rating", "submitted"]:
            return {
                "rating": f"R{draw(_ids)}", "service": draw(st.sampled_from([None, "V1", "V2", "V3"])),
                "level": draw(_levels), "channel": draw(_channels), "round": draw(st.sampled_from([None, 1, 2])),
            }  # fmt: skip
        case ["rating", "voided"]:
            return {"rating": f"R{draw(_ids)}", "reason": "mistake", "decided_by": "S1"}
        case ["rating", _]:
            return {"rating": f"R{draw(_ids)}", "decided_by": "S1"}
        case ["rectification", "extended"]:
            return {"rating": f"R{draw(_ids)}", "workdays": 2, "reason": "", "approved_by": "S1"}
        case ["rectification", "verified"]:
            finding = draw(st.sampled_from(["valid", "void"]))
            return {"rating": f"R{draw(_ids)}", "finding": finding, "liable": "none"}
        case ["rectification", "completed"]:
            return {"rating": f"R{draw(_ids)}", "measure": ""}
        case _:
            return {"rating": f"R{draw(_ids)}", "by": "S1"}


_KINDS = (
    "ticket.issued", "ticket.called", "ticket.called", "ticket.abandoned", "service.started", "service.completed",
    "rating.submitted", "rating.submitted", "rating.voided", "rating.reinstated", "ticket.transferred",
    "rectification.contacted", "rectification.verified", "rectification.extended", "rectification.completed",
    "device.heartbeat", "window.opened",
)  # fmt: skip
_BROKEN = (
    b"",
    b"{",
    b"\xff",
    b"[]",
    b'{"specversion":"1.0","type":"no.such"}',
    b'{"specversion":"1.0","type":"window.closed"}',
)
_NEEDS_WINDOW = {"ticket.called", "ticket.transferred", "service.started", "service.completed", "window.opened"}


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """The values of a partition's messages, in offset order."""
    values: list[bytes] = []
    time_ms = START_MS
    for number in range(draw(st.integers(1, 40))):
        if values and draw(st.integers(0, 7)) == 0:
            values.append(draw(st.sampled_from(values)))  # a redelivery
            continue
        if draw(st.integers(0, 15)) == 0:
            values.append(draw(st.sampled_from(_BROKEN)))
            continue
        time_ms = min(time_ms + draw(_steps), RECEIVED_MS)
        kind = draw(st.sampled_from(_KINDS))
        street = draw(st.sampled_from(STREETS))
        window = draw(_windows) or ("01" if kind in _NEEDS_WINDOW else "")
        changes: dict[str, Any] = {
            "id": f"e{number}", "street": street, "site": f"{street}-00", "time": iso(time_ms),
            "window": f"{street}-00-{window}" if window else None,
        }  # fmt: skip
        envelope = event(kind, **changes)
        if kind not in ("device.heartbeat", "window.opened"):
            envelope["data"] = _fields(draw, kind)
        if draw(st.integers(0, 20)) == 0:
            envelope["id"] = "e0"  # another message under a name that was used
        values.append(json.dumps(envelope).encode())
    return values
