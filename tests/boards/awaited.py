"""Metrics that boards and alerts use and pingliu doesn't have yet. To be emptied: a test fails where one is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# By name, their labels.
AWAITED: Final[Mapping[str, tuple[str, ...]]] = {
    "pingliu_tickets_waiting": ("street",),
    "pingliu_longest_wait_seconds": ("street",),
    "pingliu_waits_total": ("street",),
    "pingliu_wait_seconds_total": ("street",),
    "pingliu_windows_open": ("street",),
    "pingliu_windows_paused": ("street",),
    "pingliu_ratings_total": ("street", "level"),
    "pingliu_rectifications_open": ("street",),
    "pingliu_rectifications_overdue": ("street",),
    "pingliu_devices_offline": ("street",),
    "pingliu_devices_known": ("street",),
}
