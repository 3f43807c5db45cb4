"""The boards, one a module."""

from collections.abc import Callable
from typing import Final

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.boards.devices import devices
from deploy.grafana.boards.district import district
from deploy.grafana.boards.pipeline import pipeline
from deploy.grafana.boards.rectification import rectification
from deploy.grafana.boards.street import street
from deploy.grafana.boards.window import window

# By the name of their file.
BOARDS: Final[dict[str, Callable[[], Dashboard]]] = {
    "district": district,
    "street": street,
    "window": window,
    "rectification": rectification,
    "devices": devices,
    "pipeline": pipeline,
}

__all__ = ["BOARDS"]
