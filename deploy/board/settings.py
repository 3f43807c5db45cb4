"""Settings of the live board: where it listens and who may look. Validated once, at start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from schemas.secret import password_from
from streams.gateway.settings import is_loopback

DEFAULT_PORT = 8090
_SHORTEST_PASSWORD = 12


class BoardSettings(BaseModel):
    """Paths are absolute; durations are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(
        "127.0.0.1", description="where it listens; beyond loopback with a password, and TLS or `insecure`"
    )
    port: int | None = Field(None, ge=0, le=65535, description="8090, or else any free; 0 is any free")
    password: SecretStr | None = Field(None, description="whoever looks must know it; by HTTP basic, any user's name")
    tls_cert: Path | None = Field(None, description="certificate chain (PEM)")
    tls_key: Path | None = Field(None, description="its key (PEM)")
    insecure: bool = Field(False, description="listens beyond loopback without TLS, for what ends TLS before it")
    quiet_seconds: int = Field(120, ge=10, le=86_400, description="no word for so long, and the page says so")
    street_quiet_seconds: int = Field(
        600, ge=10, le=86_400, description="no word of a street, or of its devices, for so long, and its row says so"
    )
    clients: int = Field(200, ge=1, le=10_000, description="connections at a time")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("tls_cert and tls_key go together")
        if self.password is not None and len(self.password.get_secret_value()) < _SHORTEST_PASSWORD:
            raise ValueError(f"password: at least {_SHORTEST_PASSWORD} characters")
        if is_loopback(self.host):
            return self
        if self.password is None:
            raise ValueError(
                f"host: {self.host} is beyond this machine: set PINGLIU_BOARD_PASSWORD or PINGLIU_BOARD_PASSWORD_FILE"
            )
        if self.tls_cert is None and not self.insecure:
            raise ValueError(
                f"host: {self.host} is beyond this machine: the password would go over the network in the clear; "
                "give --tls-cert and --tls-key, or --insecure where TLS ends before it"
            )
        return self

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], **given: Any) -> Self:
        """From PINGLIU_BOARD_HOST, …: `PINGLIU_BOARD_` and a setting's name; `given` goes before.

        Raises ValidationError, SecretError.
        """
        found: dict[str, Any] = {
            name: value for name in cls.model_fields if (value := environ.get(f"PINGLIU_BOARD_{name.upper()}"))
        }
        found["password"] = password_from(environ, "PINGLIU_BOARD_PASSWORD")
        return cls(**{**found, **given})
