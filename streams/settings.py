"""Settings of the roles: validated once, at start, with errors that name the field."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from schemas.secret import password_from

Seconds = Annotated[float, Field(gt=0, le=600)]


class Settings(BaseModel):
    """What a role needs to know. Paths are absolute; durations are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    broker: str = Field(pattern=r"^(sqlite:///|kafka://)", description="sqlite:///PATH, or kafka://… (streams.broker)")
    broker_password: SecretStr | None = Field(None, description="of the user that `broker` names")
    secret: Path = Field(description="file with the district's secret (see schemas.secret)")
    scratch: Path = Field(description="folder for what need not be kept (Faust insists on one)")
    rules: Path | None = Field(None, description="rules file; the contract's defaults without one")
    partitions: int = Field(4, ge=1, le=1024, description="partitions of every topic, when they are made")
    instance: str | None = Field(
        None,
        # Its length apart: a pattern that counts letters of every script takes a tenth of a second to compile.
        pattern=r"^[\w.-]+$",
        max_length=200,
        description="name of this worker, unique in its role: restarts move nothing",
    )
    destination: str | None = Field(
        None,
        pattern=r"^[\w.-]+$",
        max_length=100,
        description="name of a ClickHouse of its own, besides the one without a name",
    )
    listen_host: str = Field("127.0.0.1", description="where /metrics, /healthz and /readyz are served")
    listen_port: int | None = Field(None, ge=0, le=65535, description="9101 to 9104, or else any free; 0 is any free")
    # A bad rating must be seen within a second (DESIGN.md): this, the sink's wait and two reads of the log.
    outputs_every: Seconds = Field(0.2, description="live buckets and notices are published this often")
    outputs_most: int = Field(20_000, ge=1, description="... and as soon as so many buckets have changed")
    live_every: Seconds = Field(0.5, description="of a street's hall boards are told this often, and with its notices")
    window_metrics: bool = Field(False, description="metrics of each window too: 6 series a window")
    canary: str | None = Field(
        None, pattern=r"^[0-9]{9}$", description="street among whose events a canary is sent every 10 s, to be timed"
    )
    checkpoint_every: Seconds = Field(1.0, description="the state of changed streets is saved this often")
    sink_every: Seconds = Field(1.0, description="the sink inserts this often under low load")
    sink_rows: int = Field(40_000, ge=1, description="... and as soon as it holds so many rows of a table")
    sink_bytes: int = Field(64 << 20, ge=1, description="... or so many bytes of messages")
    session_seconds: Seconds = Field(20.0, description="a worker silent for so long loses its partitions")
    revoke_seconds: Seconds = Field(10.0, description="when partitions move, a worker may drain for so long")
    stalled_seconds: Seconds = Field(60.0, description="a worker that does nothing for so long, with work, is ended")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], **given: Any) -> Self:
        """From PINGLIU_BROKER, PINGLIU_SECRET, …: `PINGLIU_` and a setting's name; `given` goes before.

        Raises ValidationError, SecretError.
        """
        found: dict[str, Any] = {
            name: value for name in cls.model_fields if (value := environ.get(f"PINGLIU_{name.upper()}"))
        }
        found["broker_password"] = password_from(environ, "PINGLIU_BROKER_PASSWORD")
        return cls(**{**found, **given})

    def password(self) -> str | None:
        """The broker's password, in the clear."""
        return None if self.broker_password is None else self.broker_password.get_secret_value()
