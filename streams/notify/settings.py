"""Settings of the role notify. Validated once, at start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from streams.settings import Seconds


class NotifySettings(BaseModel):
    """Paths are absolute; durations are seconds, or hours where the name says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    webhooks: Path = Field(description="file with the targets (docs/notices.md), its owner's alone")
    first_hours: Annotated[float, Field(ge=0, le=744)] = Field(
        24.0, description="at the very first start, notices that were published longer ago are skipped"
    )
    answer_seconds: Seconds = Field(10.0, description="a webhook may take so long to answer")
    retry_seconds: Seconds = Field(1.0, description="the first pause after a failure; they double, up to 5 minutes")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], **given: Any) -> Self:
        """From PINGLIU_NOTIFY_FIRST_HOURS, …: `PINGLIU_NOTIFY_` and a setting's name; `given` goes before.

        Raises ValidationError.
        """
        found: dict[str, Any] = {
            name: value for name in cls.model_fields if (value := environ.get(f"PINGLIU_NOTIFY_{name.upper()}"))
        }
        return cls(**{**found, **given})
