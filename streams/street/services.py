"""Services (一次服务): started and completed once each, in either order; handling is between (contract §4.1, §4.5)."""

from __future__ import annotations

import msgspec

from schemas.event import Event
from schemas.moments import DAY
from schemas.rules import Rules
from streams.street.buckets import HANDLE_COUNT, HANDLE_MS, SERVICES, Buckets
from streams.street.memory import Memory


class Service(msgspec.Struct, array_like=True, gc=False):
    """A service. Epoch ms, None: not known yet.

    `site` and `window` are those of its first event, `end_site` and `end_window` the completion's.
    """

    site: str
    window: str
    started_ms: int | None = None
    completed_ms: int | None = None
    end_site: str = ""
    end_window: str = ""


class Services:
    """Each method applies one event and says whether it was the first of its kind for its service."""

    __slots__ = ("_buckets", "_implausible_ms", "memory")

    def __init__(self, rules: Rules, buckets: Buckets) -> None:
        self._buckets = buckets
        self._implausible_ms = rules.limits.implausible_ms
        self.memory: Memory[str, Service] = Memory(rules.horizons.remember_days * DAY)

    def started(self, event: Event) -> bool:
        service = self._service(event)
        if service.started_ms is not None:
            return False
        service.started_ms = event.time_ms
        self._settle(service)
        return True

    def completed(self, event: Event) -> bool:
        service = self._service(event)
        if service.completed_ms is not None:
            return False
        service.completed_ms, service.end_site, service.end_window = event.time_ms, event.site, event.window
        self._buckets.add(event.time_ms, event.site, event.window, (SERVICES, 1))
        self._settle(service)
        return True

    def handling_ms(self, service_id: str) -> int | None:
        """From start to completion, however implausible; None as long as one of them is not known."""
        service = self.memory.get(service_id)
        if service is None:
            return None
        started_ms, completed_ms = service.started_ms, service.completed_ms
        return None if started_ms is None or completed_ms is None else completed_ms - started_ms

    def window_of(self, service_id: str) -> tuple[str, str]:
        """Site and window of the service's first applied event; empty where it is unknown."""
        service = self.memory.get(service_id)
        return ("", "") if service is None else (service.site, service.window)

    def _service(self, event: Event) -> Service:
        service_id = event.data["service"]
        return self.memory.change(service_id) or self.memory.put(service_id, Service(event.site, event.window))

    def _settle(self, service: Service) -> None:
        started_ms, completed_ms = service.started_ms, service.completed_ms
        if started_ms is None or completed_ms is None:
            return
        handling_ms = completed_ms - started_ms
        if 0 <= handling_ms <= self._implausible_ms:
            changes = (HANDLE_MS, handling_ms), (HANDLE_COUNT, 1)
            self._buckets.add(completed_ms, service.end_site, service.end_window, *changes)
