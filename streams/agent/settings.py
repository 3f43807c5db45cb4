"""Settings of the agent: validated once, at start, with errors that name the field."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from streams.agent.client import MOST_EVENTS
from streams.settings import Seconds


class AgentSettings(BaseModel):
    """What the agent needs to know, but for its token and its device. Durations are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gateway: str = Field(pattern="^https?://", description="the gateway's URL")
    spool: Path = Field(description="folder of what waits for a verdict; made if missing")
    listen_host: str = Field("127.0.0.1", description="where programs hand in events, on loopback")
    listen_port: int | None = Field(None, ge=0, le=65535, description="… and at which port; none: nowhere")
    source: str = Field("", max_length=128, description="the device's source, for its heartbeats")
    sign: str = Field("", max_length=64, description="sign requests as this device, instead of sending the token")
    ca: Path | None = Field(None, description="file with the certificates to trust, instead of the system's")
    insecure: bool = Field(False, description="send a token over http to another machine")
    spool_events: int = Field(100_000, ge=1, description="so many events may wait")
    spool_bytes: int = Field(64 << 20, ge=1 << 16, description="… or so many bytes of them")
    spool_refused: int = Field(10_000, ge=0, description="so many rejected events are kept; older ones go to a file")
    batch_events: int = Field(MOST_EVENTS, ge=1, le=MOST_EVENTS, description="so many events are sent at once")
    beat_every: Seconds = Field(300.0, description="a heartbeat is sent this often")
    answer_seconds: Seconds = Field(60.0, description="an answer of the gateway is waited for so long")
    retry_first: Seconds = Field(1.0, description="the wait after the first try in vain; it doubles")
    retry_most: Seconds = Field(60.0, description="… until it is so long")
    retry_slow: Seconds = Field(60.0, description="the wait where somebody must mend something first")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], **given: Any) -> Self:
        """From `PINGLIU_AGENT_` and a setting's name, such as PINGLIU_AGENT_SPOOL_BYTES; `given` goes before.

        Raises ValidationError.
        """
        found = {name: value for name in cls.model_fields if (value := environ.get(f"PINGLIU_AGENT_{name.upper()}"))}
        return cls(**{**found, **given})
