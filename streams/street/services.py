"""Services (一次服务): started and completed once each, in either order; handling is between (contract §4.1, §4.5)."""

from __future__ import annotations

from schemas.event import Event
from schemas.moments import DAY
from schemas.rules import Rules
from streams.street.buckets import HANDLE_COUNT, HANDLE_MS, SERVICES, Buckets
from streams.street.memory import Memory

# A service: site and window of its first event, started_ms, completed_ms, completion's site and window.
Service = list[int | str | None]
_SITE, _WINDOW, _STARTED, _COMPLETED, _END_SITE, _END_WINDOW = range(6)


class Services:
    """Each method applies one event and says whether it was the first of its kind for its service."""

    __slots__ = ("_buckets", "_implausible_ms", "memory")

    def __init__(self, rules: Rules, buckets: Buckets) -> None:
        self._buckets = buckets
        self._implausible_ms = rules.limits.implausible_ms
        self.memory: Memory[str, Service] = Memory(rules.horizons.remember_days * DAY)

    def started(self, event: Event) -> bool:
        service = self._service(event)
        if service[_STARTED] is not None:
            return False
        service[_STARTED] = event.time_ms
        self._settle(service)
        return True

    def completed(self, event: Event) -> bool:
        service = self._service(event)
        if service[_COMPLETED] is not None:
            return False
        service[_COMPLETED], service[_END_SITE], service[_END_WINDOW] = event.time_ms, event.site, event.window
        self._buckets.add(event.time_ms, event.site, event.window, (SERVICES, 1))
        self._settle(service)
        return True

    def handling_ms(self, service_id: str) -> int | None:
        """From start to completion, however implausible; None as long as one of them is not known."""
        service = self.memory.get(service_id)
        if service is None:
            return None
        started, completed = service[_STARTED], service[_COMPLETED]
        return completed - started if isinstance(started, int) and isinstance(completed, int) else None

    def window_of(self, service_id: str) -> tuple[str, str]:
        """Site and window of the service's first applied event; empty where it is unknown."""
        service = self.memory.get(service_id)
        return ("", "") if service is None else (str(service[_SITE]), str(service[_WINDOW]))

    def _service(self, event: Event) -> Service:
        service_id = event.data["service"]
        service = self.memory.get(service_id)
        if service is None:
            return self.memory.put(service_id, [event.site, event.window, None, None, "", ""])
        self.memory.touch(service_id)
        return service

    def _settle(self, service: Service) -> None:
        started, completed = service[_STARTED], service[_COMPLETED]
        if isinstance(started, int) and isinstance(completed, int) and 0 <= completed - started <= self._implausible_ms:
            site, window = str(service[_END_SITE]), str(service[_END_WINDOW])
            self._buckets.add(completed, site, window, (HANDLE_MS, completed - started), (HANDLE_COUNT, 1))
