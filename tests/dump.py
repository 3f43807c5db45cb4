"""Prints the figures of a data folder as JSON: every public table, without what depends on how events came.

A program of its own, for a process can open the engine over one folder only, once in its life.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sinks.engine import Engine

TABLES = (
    "events", "ratings", "services", "rectifications", "window_minutes", "window_days", "street_minutes",
    "street_days", "reconciliation",
)  # fmt: skip
# Where an event lay and when it came is not a figure; duplicates grow with every redelivery; a folder's secret is its
# own, so raters' hashes differ from folder to folder.
_NO_FIGURES = ("partition", "offset", "received_at", "duplicates", "rater_hash")
_ADDRESS = ("bucket", "street", "site", "window")


def main() -> None:
    engine = Engine(Path(sys.argv[1]) / "clickhouse")
    figures = {}
    for table in TABLES:
        rows = [{k: v for k, v in row.items() if k not in _NO_FIGURES} for row in engine.rows(f"SELECT * FROM {table}")]
        # A bucket that held nothing but duplicates is no figure either.
        rows = [row for row in rows if "bucket" not in row or any(row[k] for k in row if k not in _ADDRESS)]
        figures[table] = sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
    engine.close()
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    main()
