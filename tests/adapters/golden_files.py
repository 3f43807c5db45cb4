"""The golden files: bodies as vendors send them (`NAME/CASE.in.*`), and what becomes of them (`NAME/CASE.out.json`).

`python -m tests.adapters.golden_files` writes what becomes of them now, for a person to read before it is kept.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deploy.district import FOLDER
from schemas.adapters import Converted, Mappings, Origin, convert
from schemas.registry import Registry

GOLDEN = Path(__file__).parent / "golden"
REGISTRY = Registry.load(FOLDER)
MAPPINGS = Mappings.load(GOLDEN, REGISTRY)


def cases() -> list[tuple[str, Path]]:
    """Every body, with its adapter's name."""
    return [(path.parent.name, path) for path in sorted(GOLDEN.glob("*/*.in.*")) if path.parent.name != "export"]


def expected_path(body: Path) -> Path:
    return body.with_name(f"{body.name.partition('.')[0]}.out.json")


def converted(name: str, body: Path) -> list[Converted]:
    """What becomes of a body, handed in by the device that its golden file names."""
    origin = Origin(*json.loads(expected_path(body).read_text(encoding="utf-8"))["origin"])
    return convert(name, body.read_bytes(), origin, MAPPINGS)


def told(records: list[Converted]) -> list[dict[str, Any]]:
    """Records as the golden files have them: their bytes are the body's."""
    return [{"events": list(one.events), "reject": list(one.reject) if one.reject else None} for one in records]


def _write() -> None:
    for name, body in cases():
        path = expected_path(body)
        kept = json.loads(path.read_text(encoding="utf-8"))
        kept["records"] = told(converted(name, body))
        path.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
