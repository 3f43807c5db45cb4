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
    "device.heartbeat", "window.opened", "window.closed",
)  # fmt: skip
_BROKEN = (
    b"",
    b"{",
    b"\xff",
    b"[]",
    b'{"specversion":"1.0","type":"no.such"}',
    b'{"specversion":"1.0","type":"window.closed"}',
)
_NO_DATA = ("device.heartbeat", "window.opened", "window.closed")
_NEEDS_WINDOW = {
    "ticket.called", "ticket.transferred", "service.started", "service.completed", "window.opened", "window.closed",
}  # fmt: skip


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
        if kind not in _NO_DATA:
            envelope["data"] = _fields(draw, kind)
        if draw(st.integers(0, 20)) == 0:
            envelope["id"] = "e0"  # another message under a name that was used
        values.append(json.dumps(envelope).encode())
    return values


# What presses have that suspicions look at; services are so many that ratings of them are mostly the first.
_raters = st.sampled_from([None, "13800000000", "13900000000"])
_prompts = st.sampled_from([None, 0, 1999, 1999, 1999.5, 2000, -1, True, "0"])
_staff = st.sampled_from([None, None, "S1", "S2"])
_sources = st.sampled_from(["terminal/1", "terminal/1", "terminal/2"])
_services = st.sampled_from(["V1", "V2", "V3", "V3", None])
_press_kinds = st.sampled_from(
    [
        "rating.submitted", "rating.submitted", "rating.submitted", "service.started", "service.completed",
        "service.completed", "ticket.called", "window.opened", "window.closed",
    ]
)  # fmt: skip
_press_steps = st.sampled_from(
    [
        0, SECOND, SECOND, 10 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 10 * MINUTE, 31 * MINUTE, 80 * MINUTE,
        5 * HOUR, DAY, 38 * DAY, -SECOND, -10 * SECOND, -40 * SECOND, -MINUTE, -11 * MINUTE, -DAY, -8 * DAY,
    ]
)  # fmt: skip


@st.composite
def presses(draw: st.DrawFn) -> list[bytes]:
    """The values of one street's messages at two windows, where ratings are what suspicions look for."""
    values: list[bytes] = []
    street, time_ms = STREETS[0], START_MS
    level = draw(st.sampled_from([st.just("very_satisfied"), _levels]))
    comment = draw(st.sampled_from([st.just(""), st.sampled_from(["", "慢"])]))
    for number in range(draw(st.integers(2, 30))):
        time_ms = min(time_ms + draw(_press_steps), RECEIVED_MS)
        kind, service = draw(_press_kinds), draw(_services)
        window = draw(st.sampled_from(["01", "01", "01", "02"]))
        changes: dict[str, Any] = {
            "id": f"e{number}", "source": draw(_sources), "street": street, "site": f"{street}-00",
            "time": iso(time_ms), "window": f"{street}-00-{window}",
            "staff": draw(_staff) or ("S1" if kind == "window.opened" else None),
        }  # fmt: skip
        if kind == "ticket.called":
            changes["ticket"] = f"T{number}"
        elif kind.startswith("service."):
            changes["service"] = service or "V1"
        elif kind == "rating.submitted":
            changes |= {
                "window": changes["window"] if draw(st.booleans()) else None, "rating": f"R{number}",
                "service": service, "level": draw(level), "comment": draw(comment), "rater": draw(_raters),
                "prompt_ms": draw(_prompts), "channel": draw(st.sampled_from(["hall_terminal", "hall_pad", "qr"])),
            }  # fmt: skip
        values.append(json.dumps(event(kind, **changes)).encode())
    return values
