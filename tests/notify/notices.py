"""Notices as the core publishes them, one of each type and rule."""

from __future__ import annotations

from typing import Any

from schemas.moments import MINUTE, iso
from schemas.published import Notice

# 2026-11-02 12:00 in Shanghai, a Monday.
NOON_MS = 1_793_585_700_000 + 105 * MINUTE
STREET, SITE, WINDOW = "530102001", "530102001-00", "530102001-00-03"
NAMES = {STREET: "华山街道", SITE: "华山街道便民服务中心", WINDOW: "3号综合窗口"}
_DUE = {"contact_due": "2026-11-03T23:59:59.999+08:00", "due": "2026-11-09T23:59:59.999+08:00"}
_FLAG = {"rating": "R-1", "staff": "S0142", "count": 5, "evidence": ["R-1", "R-2"]}
_MONTH = {"rating": "", "staff": "S0142", "count": 9, "of": 20, "evidence": ["R-1"]}
_QUEUE = {"waiting": 21, "longest_minutes": 34}
DATA: dict[tuple[str, str], dict[str, Any]] = {
    ("rectification.opened", ""): {"rating": "R-1", **_DUE},
    ("rectification.due_soon", ""): {"rating": "R-1", "step": "completion", "due": _DUE["due"]},
    ("rectification.overdue", "contact"): {"rating": "R-1", "step": "contact", "due": _DUE["contact_due"]},
    ("rectification.overdue", "completion"): {"rating": "R-1", "step": "completion", "due": _DUE["due"]},
    ("rating.flagged", "short_service"): _FLAG,
    ("rating.flagged", "terminal_burst"): {**_FLAG, "source": "terminal/DG-1"},
    ("rating.flagged", "repeat_rater"): _FLAG,
    ("rating.flagged", "unserved_window"): _FLAG,
    ("rating.flagged", "off_hours"): _FLAG,
    ("rating.flagged", "uniform_month"): _MONTH,
    ("rating.flagged", "silent_month"): _MONTH,
    ("device.offline", ""): {"device": "DG-00042", "kind": "rating", "last": "2026-11-02T11:45:00+08:00"},
    ("device.back", ""): {"device": "DG-00042", "kind": "rating", "offline_since": "2026-11-02T11:50:00+08:00"},
    ("queue.congested", ""): _QUEUE,
    ("queue.cleared", ""): {"waiting": 3, "longest_minutes": 0},
}


def notice(kind: str = "rectification.opened", number: int = 1, rule: str = "", **changes: Any) -> Notice:
    """A notice of a type, the so-many-th; its time is `NOON_MS` unless it is changed."""
    data = {**DATA[kind, rule], "rule": rule} if kind == "rating.flagged" else dict(DATA[kind, rule])
    if data.get("rating"):
        data["rating"] = f"R-{number}"
    data |= changes.pop("data", {})
    fields: dict[str, Any] = {"time": iso(NOON_MS), "street": STREET, "site": SITE, "window": WINDOW, "data": data}
    return Notice(id=f"{kind}/{STREET}/{number}/{rule}", type=kind, **{**fields, **changes})
