"""Grafana's boards and alerts as code: builders that are pure, and the files that come of them (`make boards`)."""

import importlib
import warnings

# The SDK warns, when it is imported, of all forms of dashboards but the newest, which only Grafana 12 and newer reads.
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "Prefer using dashboardv2", DeprecationWarning)
    for _form in ("models.dashboardv2beta1", "builders.dashboard"):
        importlib.import_module(f"grafana_foundation_sdk.{_form}")
