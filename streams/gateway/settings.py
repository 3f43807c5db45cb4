"""Settings of the gateway: where it listens and what it puts up with. Validated once, at start."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from streams.settings import Seconds

DEFAULT_PORT = 8080


class GatewaySettings(BaseModel):
    """Paths are absolute; durations are seconds, sizes bytes. A limit is one of each process's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    devices: Path = Field(description="file with the registered devices (`pingliu device`)")
    host: str = Field("127.0.0.1", description="where it listens; beyond loopback with TLS, or `insecure`, alone")
    port: int | None = Field(None, ge=0, le=65535, description="8080, or else any free; 0 is any free")
    tls_cert: Path | None = Field(None, description="certificate chain (PEM)")
    tls_key: Path | None = Field(None, description="its key (PEM)")
    insecure: bool = Field(False, description="listens beyond loopback without TLS, for what ends TLS before it")
    body_bytes: int = Field(4 << 20, ge=1 << 16, le=8 << 20, description="a request's body has at most so many")
    batch_events: int = Field(1_000, ge=1, le=10_000, description="a request brings at most so many events")
    device_rate: float = Field(
        100.0, gt=0, le=1e6, description="events a second of one device in the long run; each 4 KiB counts as one"
    )
    device_burst: int = Field(5_000, ge=1, le=10_000_000, description="... and at most so many at once")
    connections: int = Field(3_500, ge=1, le=100_000, description="connections at a time")
    peer_connections: int = Field(2_500, ge=1, le=100_000, description="... of one address")
    device_requests: int = Field(8, ge=1, le=10_000, description="requests of one device under way at a time")
    waiting_bytes: int = Field(
        64 << 20, ge=8 << 20, description="bytes under way: read, and not yet published; of one device half"
    )
    broker_seconds: Seconds = Field(10.0, description="a request waits for the broker for so long")
    idle_seconds: Seconds = Field(60.0, description="a client may take so long to send a request's head")
    body_seconds: Seconds = Field(30.0, description="... and its body")
    stop_seconds: Seconds = Field(20.0, description="when it stops, what is under way has so long to end")
    peer_failures: int = Field(60, ge=1, le=1_000_000, description="wrong credentials of one address a minute")

    terminal: bool = Field(True, description="serves the page for tablets at windows, /terminal")
    poll_seconds: Seconds = Field(25.0, description="such a page waits so long for news, and asks again")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        if self.tls_cert is None and not self.insecure and not is_loopback(self.host):
            raise ValueError(
                f"host: {self.host} is beyond this machine: tokens would go over the network in the clear; "
                "give --tls-cert and --tls-key, or --insecure where TLS ends before it"
            )
        if self.device_burst < max(self.batch_events, self.body_bytes // COUNTED_BYTES):
            raise ValueError("device_burst: a whole request must fit, of batch_events and of body_bytes")
        return self

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], **given: Any) -> Self:
        """From PINGLIU_GATEWAY_HOST, …: `PINGLIU_GATEWAY_` and a setting's name; `given` goes before.

        Raises ValidationError.
        """
        found: dict[str, Any] = {
            name: value for name in cls.model_fields if (value := environ.get(f"PINGLIU_GATEWAY_{name.upper()}"))
        }
        return cls(**{**found, **given})


# So many bytes count as an event, so that a device's rate bounds its bytes too.
COUNTED_BYTES = 4096


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
