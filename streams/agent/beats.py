"""Heartbeats: that a device is alive, how much waits in it, and that its clock is wrong."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.events import HEARTBEAT
from schemas.moments import SHANGHAI
from streams.agent.errors import SpoolFull
from streams.agent.event import event
from streams.agent.publisher import Publisher

log = logging.getLogger(__name__)


class Device(BaseModel):
    """What a heartbeat says of a device."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str = Field(min_length=1, max_length=64)
    kind: Literal["rating", "queue", "kiosk", "camera"] = "rating"
    site: str = Field(pattern=r"^[0-9]{9}.", max_length=64)
    window: str = Field("", max_length=64)
    firmware: str = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.window and not self.window.startswith(self.site):
            raise ValueError(f"window: {self.window} is not of site {self.site}")
        return self

    @property
    def street(self) -> str:
        """A site's code begins with its street's."""
        return self.site[:9]


async def beat(publisher: Publisher, device: Device, every: float) -> None:
    """Publishes a heartbeat now and every so many seconds, until it is cancelled."""
    while True:
        try:
            await publisher.publish(await _heartbeat(publisher, device))
        except SpoolFull as error:
            log.warning("no heartbeat: %s", error)
        await asyncio.sleep(every)


async def _heartbeat(publisher: Publisher, device: Device) -> dict[str, Any]:
    held, clock = await publisher.held(), publisher.clock
    data: dict[str, Any] = {"device": device.device, "kind": device.kind, "backlog": held.events - held.beats}
    if device.firmware:
        data["firmware"] = device.firmware
    now_ms = time.time_ns() // 1_000_000
    if clock.is_wrong:
        data["clock_skew_seconds"] = round((clock.skew_ms or 0) / 1000)
        # By a wrong clock the gateway might refuse it. It is our own event: nobody else's time is touched.
        now_ms = clock.corrected(now_ms)
    now = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(SHANGHAI)
    return event(HEARTBEAT, data, street=device.street, site=device.site, window=device.window, time=now)
