"""Events through the gateway, on disk when they are answered, beside appending them to the log without it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from datetime import date
from itertools import islice
from pathlib import Path

from deploy.district import FOLDER
from deploy.folder import Folder
from deploy.publishing import publish_to_log
from deploy.simulator import simulate
from schemas.registry import Registry
from schemas.secret import ensure_secret
from streams.agent import Client
from streams.gateway.devices import Device, DeviceBook, now_ms

_KIND = b'"source":"counter/'
_SETTINGS = {"PINGLIU_GATEWAY_DEVICE_RATE": "1000000", "PINGLIU_GATEWAY_DEVICE_BURST": "10000000"}


async def send(url: str, token: str, lines: list[bytes], batch: int, clients: int) -> float:
    """Seconds until every line has a verdict, `batch` of them a request, from so many clients at once."""
    batches = [lines[start : start + batch] for start in range(0, len(lines), batch)]
    began = time.monotonic()

    async def one(share: list[list[bytes]]) -> None:
        async with Client(url, token) as client:
            for events in share:
                assert len(await client.send(events)) == len(events)

    await asyncio.gather(*(one(batches[number::clients]) for number in range(clients)))
    return time.monotonic() - began


def main() -> None:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 40_000
    simulated = simulate(Registry.load(FOLDER), date(2026, 10, 12), 5, 7, 1.0)
    found = (line for line in simulated if _KIND in line and b'"vendor.' not in line and line[-1:] == b"}")
    lines = list(dict.fromkeys(islice(found, most)))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Folder(Path(scratch) / "data")
        folder.create()
        token = DeviceBook(folder.devices, ensure_secret(folder.secret)).add(Device("bench", "counter"), now_ms())
        command = [sys.executable, "-m", "deploy", "run", "gateway", "--data", str(folder.root), "--port", "0"]
        rows = [("append alone", len(lines), _append(Path(scratch) / "log.db", lines))]
        gateway = subprocess.Popen([*command, "--listen", "0"], stderr=subprocess.DEVNULL, env=_SETTINGS)
        try:
            while (endpoint := folder.gateway()) is None:
                assert gateway.poll() is None
                time.sleep(0.05)
            for batch, clients, share in ((500, 1, 1), (500, 4, 1), (50, 4, 4), (1, 8, 20)):
                some = lines[: len(lines) // share]
                took = asyncio.run(send(endpoint.url, token, some, batch, clients))
                rows.append((f"{batch} a request, {clients} clients", len(some), took))
        finally:
            gateway.terminate()
            gateway.wait()
    speed = rows[0][1] / rows[0][2]
    print(f"{'':28}   events   events/s   ratio")
    for name, count, took in rows:
        print(f"{name:28} {count:8,} {count / took:10,.0f} {count / took / speed:6.2f}x")


def _append(path: Path, lines: list[bytes]) -> float:
    began = time.monotonic()
    publish_to_log(path, 4, lines, lambda _: None)
    return time.monotonic() - began


if __name__ == "__main__":
    main()
