"""The files that Grafana is provisioned with, as text by their path. The same code gives the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.alerts import provisioned, rules
from deploy.grafana.boards import BOARDS

FOLDER: Final = Path(__file__).parent
# What is generated whole; what else lies in `provisioning` is written by hand.
GENERATED: Final = ("dashboards/*.json", "provisioning/alerting/*.json")


def grafana_files() -> dict[str, str]:
    """Every generated file, by its path below the folder."""
    files = {f"dashboards/{name}.json": _text(make()) for name, make in BOARDS.items()}
    files["provisioning/alerting/facts.json"] = _text(provisioned(_plain(rules())))
    return files


def write_files(folder: Path) -> None:
    """Writes them below `folder`, and removes generated files that are no more."""
    files = grafana_files()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for pattern in GENERATED:
        for path in folder.glob(pattern):
            if path.relative_to(folder).as_posix() not in files:
                path.unlink()


def _plain(value: object) -> Any:
    """What the SDK's objects say, as plain data."""
    return json.loads(json.dumps(value, cls=JSONEncoder))


def _text(value: object) -> str:
    return json.dumps(value, cls=JSONEncoder, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
