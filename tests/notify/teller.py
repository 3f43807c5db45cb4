"""The role notify as a process over a folder, and notices put on its log as the core puts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
from prometheus_client.parser import text_string_to_metric_families

from deploy.folder import Folder
from schemas.moments import iso
from schemas.published import Notice
from streams.routing import partition_of
from streams.topics import NOTICES, create_topics
from streams.transport.log import Log
from streams.transport.record import Entry
from tests.box import await_that
from tests.notify.notices import notice
from tests.notify.robot import Robots

PARTITIONS = 4
GROUP = "pingliu-notify"


def fresh(number: int, kind: str = "rectification.opened", street: str = "530102001", rule: str = "") -> Notice:
    """A notice of now."""
    return notice(kind, number, rule=rule, time=iso(now_ms()), street=street, site="", window="")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Teller:
    """A folder with its webhooks file, and the role over it; `close` ends it."""

    def __init__(self, root: Path) -> None:
        self.folder = Folder(root / "d")
        self.folder.create()
        self.webhooks = root / "webhooks.toml"
        self.output = root / "notify.log"
        self._process: subprocess.Popen[bytes] | None = None
        with Log(self.folder.log) as log:
            create_topics(log, PARTITIONS)

    def configure(self, robots: Robots, *targets: str, **more: str) -> None:
        """Targets by their robots' names; `more`: by a name with _ for -, further lines of TOML."""
        tables = [
            f'[[target]]\nname = "{name}"\nformat = "{name.partition("-")[0]}"\nurl = "{robots.url(name)}"\n'
            + more.get(name.replace("-", "_"), "")
            for name in targets
        ]
        self.webhooks.write_text("\n".join(tables), encoding="utf-8")
        self.webhooks.chmod(0o600)

    def publish(self, *notices: Notice, at_ms: int | None = None) -> None:
        """Appends notices, each to its street's partition."""
        self.publish_raw(
            [(partition_of(one.street, PARTITIONS), msgspec.json.encode(one)) for one in notices], at_ms=at_ms
        )

    def publish_raw(self, values: Sequence[tuple[int, bytes]], at_ms: int | None = None) -> None:
        with Log(self.folder.log) as log:
            log.append([Entry(NOTICES, partition, at_ms or now_ms(), None, value) for partition, value in values])

    def start(self) -> None:
        """Starts the role; its pauses are short, so that a test's are."""
        words = ["run", "notify", "--data", str(self.folder.root), "--webhooks", str(self.webhooks), "--listen", "0"]
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "deploy", *words],
                env={**os.environ, "PINGLIU_NOTIFY_RETRY_SECONDS": "0.1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """Asks it to end, which it must do well."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        self._process.wait()
        assert self._process.returncode == 0, self.said()
        self._process = None

    def close(self) -> None:
        if self._process is not None:
            self.kill()

    def command_line(self) -> bytes:
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/cmdline").read_bytes()

    def said(self) -> str:
        """Its log."""
        return self.output.read_text(encoding="utf-8", errors="replace")

    def metrics(self) -> str:
        """What it tells of itself."""
        return metrics(self.said())

    def figure(self, name: str, **labels: str) -> float:
        """A metric's value."""
        return figure(self.said(), name, **labels)

    def is_through(self) -> bool:
        """Whether all notices are acknowledged."""
        with Log(self.folder.log) as log:
            return not any(log.lag(GROUP, [NOTICES]).values())

    def await_through(self) -> None:
        await_that(lambda: self.is_through() or self._has_ended(), "all are told")
        assert not self._has_ended(), self.said()

    def _has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None


def metrics(said: str) -> str:
    """What a role tells at the port that its log names last."""
    port = said.rpartition("/readyz at port ")[2].split()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        text: str = answer.read().decode()
    return text


def figure(said: str, name: str, **labels: str) -> float:
    """A metric's value, summed over the labels that aren't named; 0 where there is none."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(metrics(said))
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def numbers(texts: Sequence[str]) -> Counter[int]:
    """How often each notice was told, by the number in its rating's id."""
    return Counter(int(part.split("）")[0]) for text in texts for part in text.split("（R-")[1:])
