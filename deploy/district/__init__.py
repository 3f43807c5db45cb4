"""The sample district, 昆明市五华区: a registry folder to try everything with. Regenerate it with `generate.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
