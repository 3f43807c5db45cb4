"""A Prometheus with the shipped configuration: its folder is copied; only who is scraped, and how often, is other."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from deploy.local import packages
from tests.box import await_that

SHIPPED = Path(__file__).parents[2] / "deploy" / "prometheus"
_EVERY = "15s"
_OFTEN = "1s"


class Prometheus:
    """A server at a free port of loopback, over a folder of its own. `targets`: the port of each role."""

    def __init__(self, folder: Path, targets: Mapping[str, int]) -> None:
        self.folder = folder
        shutil.copytree(SHIPPED, folder / "conf")
        config = folder / "conf" / "prometheus.yml"
        text = config.read_text(encoding="utf-8")
        assert text.count(_EVERY) == 2
        config.write_text(text.replace(_EVERY, _OFTEN), encoding="utf-8")
        for role, port in targets.items():
            target = folder / "conf" / "targets" / f"{role}.json"
            assert target.exists()
            target.write_text(json.dumps([{"targets": [f"127.0.0.1:{port}"]}]))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._url = f"http://127.0.0.1:{free.getsockname()[1]}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, and waits until it answers. Raises Unavailable where it can't be had."""
        program = packages.prometheus()
        command = [
            str(program), f"--config.file={self.folder / 'conf' / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'data'}", f"--web.listen-address={self._url.removeprefix('http://')}",
            "--log.level=warn",
        ]  # fmt: skip
        with (self.folder / "output.log").open("ab") as output:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        await_that(self._is_ready, "Prometheus is ready")

    def stop(self) -> None:
        """Ends it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def said(self) -> str:
        """Its log: warnings and errors."""
        return (self.folder / "output.log").read_text(encoding="utf-8")

    def ask(self, expr: str) -> list[dict[str, Any]]:
        """What an expression gives now: labels and value of each series."""
        found: list[dict[str, Any]] = self._get("query", query=expr)["result"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """All rules that are loaded, with how they do."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def evaluated(self) -> list[datetime]:
        """When each rule was evaluated last; in the year 1 where it never was."""
        return [datetime.fromisoformat(rule["lastEvaluation"]) for rule in self.rules()]

    def targets(self) -> dict[str, str]:
        """How each job's one target does."""
        return {one["labels"]["job"]: one["health"] for one in self._get("targets")["activeTargets"]}

    def _get(self, page: str, **parameters: str) -> Any:
        url = f"{self._url}/api/v1/{page}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url) as answer:  # noqa: S310 - loopback, of our own
            said = json.load(answer)
        assert said["status"] == "success", said
        return said["data"]

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.said()
        try:
            with urllib.request.urlopen(f"{self._url}/-/ready") as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False
