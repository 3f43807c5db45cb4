"""Settings of the roles: validated once, at start, with errors that name the field."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0, le=600)]


class Settings(BaseModel):
    """What a role needs to know. Paths are absolute; durations are seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    broker: str = Field(pattern=r"^sqlite:///", description="where the log is: sqlite:///PATH")
    secret: Path = Field(description="file with the district's secret (see schemas.secret)")
    scratch: Path = Field(description="folder for what need not be kept (Faust insists on one)")
    rules: Path | None = Field(None, description="rules file; the contract's defaults without one")
    partitions: int = Field(4, ge=1, le=1024, description="partitions of every topic, when they are made")
    # A bad rating must be seen within a second (DESIGN.md): this, the sink's wait and two reads of the log.
    outputs_every: Seconds = Field(0.2, description="live buckets and notices are published this often")
    outputs_most: int = Field(20_000, ge=1, description="... and as soon as so many buckets have changed")
    checkpoint_every: Seconds = Field(1.0, description="the state of changed streets is saved this often")
    sink_every: Seconds = Field(0.5, description="the sink inserts this often under low load")
    sink_rows: int = Field(40_000, ge=1, description="... and as soon as it holds so many rows of a table")
