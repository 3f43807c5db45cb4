"""A valid event of every type, to be changed by tests."""

from __future__ import annotations

from typing import Any

RECEIVED_MS = 1_800_000_000_000  # 2027-01-15, Shanghai

EXAMPLES: dict[str, dict[str, Any]] = {
    "ticket.issued": {"ticket": "T-1", "item": "IT-0001", "priority": "elderly", "channel": "kiosk"},
    "ticket.called": {"ticket": "T-1", "call_no": 1},
    "ticket.abandoned": {"ticket": "T-1", "reason": "no_show"},
    "ticket.transferred": {"ticket": "T-1", "to_window": "530102001-00-04"},
    "service.started": {"service": "V-1", "ticket": "T-1", "item": "IT-0001", "kind": "consult"},
    "service.completed": {
        "service": "V-1", "ticket": "T-1", "item": "IT-0001", "case": "C-1", "kind": "accept", "outcome": "done",
        "promised_by": "2026-11-09T18:00:00+08:00",
    },
    "rating.submitted": {
        "rating": "R-1", "service": "V-1", "level": "dissatisfied", "channel": "hall_terminal", "tags": ["213"],
        "tag_version": "2020-08", "comment": "太慢", "real_name": True, "rater": "13800000000", "round": 1,
    },
    "rating.voided": {"rating": "R-1", "reason": "malicious", "decided_by": "S0001", "document": "文号1"},
    "rating.reinstated": {"rating": "R-1", "decided_by": "S0001"},
    "appeal.filed": {"appeal": "A-1", "rating": "R-1", "ground": "误评"},
    "appeal.decided": {"appeal": "A-1", "rating": "R-1", "result": "upheld", "decided_by": "S0001"},
    "rectification.contacted": {"rating": "R-1", "by": "S0001"},
    "rectification.verified": {"rating": "R-1", "finding": "valid", "liable": "staff", "staff": "S0142"},
    "rectification.extended": {"rating": "R-1", "workdays": 3, "reason": "材料在外", "approved_by": "S0001"},
    "rectification.completed": {"rating": "R-1", "measure": "培训"},
    "rectification.revisited": {"rating": "R-1", "result": "satisfied"},
    "window.opened": {},
    "window.paused": {"reason": "meal", "planned_minutes": 60},
    "window.resumed": {},
    "window.closed": {},
    "conduct.recorded": {
        "record": "K-1", "rule": "late", "target": "staff", "target_id": "S0142", "points": -1.0, "incident": "I-1",
        "by": "S0001", "note": "",
    },
    "conduct.withdrawn": {"record": "K-1", "by": "S0001"},
    "supervision.opened": {"matter": "M-1", "due": "2026-11-09"},
    "supervision.closed": {"matter": "M-1"},
    "suggestion.received": {"suggestion": "G-1", "text": "多开窗口", "via": "12345"},
    "device.heartbeat": {"device": "D-1", "kind": "rating", "backlog": 0, "battery": 80.5, "firmware": "1.0"},
}  # fmt: skip

_ENVELOPE = ("specversion", "id", "source", "type", "time", "street", "site", "window", "staff", "data")


def event(kind: str, **changes: Any) -> dict[str, Any]:
    """The example of a type, with envelope attributes and fields of `data` changed by name; None removes nothing."""
    envelope: dict[str, Any] = {
        "specversion": "1.0", "id": f"id-{kind}", "source": "terminal/DG-00042", "type": kind,
        "time": "2026-11-02T10:15:30+08:00", "street": "530102001", "site": "530102001-00",
        "window": "530102001-00-03", "staff": "S0142", "data": dict(EXAMPLES[kind]),
    }  # fmt: skip
    for name, value in changes.items():
        (envelope if name in _ENVELOPE else envelope["data"])[name] = value
    return envelope
