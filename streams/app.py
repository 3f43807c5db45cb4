"""The aggregate role as a Faust app, for Faust's own command line: `faust -A streams.app worker`.

Its settings come from the environment: PINGLIU_BROKER and PINGLIU_SECRET, and PINGLIU_ with any other setting's name
(streams.settings). `pingliu run aggregate` does the same, and first checks that the topics are as stated.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from faust.exceptions import ImproperlyConfigured
from pydantic import ValidationError

from streams.aggregate import Aggregate
from streams.settings import Settings

_SCRATCH: Final = "PINGLIU_SCRATCH"


def _settings() -> Settings:
    try:
        return Settings.from_environ({_SCRATCH: str(Path.home() / ".cache" / "pingliu"), **os.environ})
    except ValidationError as error:
        wrong = (f"PINGLIU_{str(found['loc'][0]).upper()}: {found['msg']}" for found in error.errors())
        raise ImproperlyConfigured("; ".join(wrong)) from None


role: Final = Aggregate(_settings())
app: Final[Any] = role.app
