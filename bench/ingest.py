"""`pingliu ingest` of a simulated stream, from file to queryable tables, beside appending the file alone."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from deploy.district import FOLDER
from deploy.ingest import read_lines
from deploy.simulator import simulate
from schemas.registry import Registry
from streams.routing import entry_of
from streams.topics import create_topics
from streams.transport.log import Log
from streams.transport.record import Entry

_CHUNK = 5_000


def append_only(file: Path, log_path: Path) -> float:
    """Seconds to route and append all lines, and nothing else."""
    began = time.monotonic()
    with Log(log_path) as log:
        create_topics(log, 4)
        chunk: list[Entry] = []
        for line in read_lines([file], sys.stdin.buffer):
            chunk.append(entry_of(line, 4, 0))
            if len(chunk) == _CHUNK:
                log.append(chunk)
                chunk = []
        log.append(chunk)
    return time.monotonic() - began


def main() -> None:
    days = int(sys.argv[1]) if len(sys.argv) > 1 else 31
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.ndjson"
        began = time.monotonic()
        with file.open("wb") as out:
            out.writelines(line + b"\n" for line in simulate(Registry.load(FOLDER), date(2026, 10, 1), days, 7, 1.0))
        simulated = time.monotonic() - began
        command = [sys.executable, "-m", "deploy", "ingest", "--data", f"{folder}/data", "--json", str(file)]
        account = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        appended = append_only(file, Path(folder) / "log.db")
        read, seconds = account["read"], account["seconds"]
        print(f"{read:,} events                 seconds   events/s   ratio")
        for name, took in (("simulate", simulated), ("append alone", appended), ("ingest, to queryable", seconds)):
            print(f"{name:28} {took:8.1f} {read / took:10,.0f} {took / seconds:6.2f}x")


if __name__ == "__main__":
    main()
