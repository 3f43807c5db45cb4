"""A pingliu on Kafka under test: its commands as processes, servers that can be mistreated, and its figures as the base
tables hold them.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from clickhouse_driver import Client

from deploy.cli import cli
from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka
from deploy.publishing import publish_to_cluster
from schemas.moments import SHANGHAI
from schemas.secret import ensure_secret
from streams.broker import Broker
from streams.checkpoint import Totals, read_totals
from streams.cluster import Cluster
from streams.routing import entry_of
from streams.topics import CHECKPOINTS, EVENTS, GROUPS, METRICS
from streams.transport.record import Record
from tests import recount
from tests.box import await_that
from tests.servers import need

# What the base tables say, without where an event lay, when it came and for which offset a bucket is true: those are
# not figures. The same SQL for a server of 2018 and for today's engine.
EXPORTS = {
    "event_log": "SELECT source, id, type, time_ms, street, site, window, staff, data, ticket, service, rating,"
    " case_id, item, kind, outcome, level, channel, round, promised_ms, rater_hash FROM pingliu.event_log FINAL",
    "live_log": "SELECT grain, street, site, window, start, tickets, calls, abandoned, services, ratings,"
    " very_satisfied, satisfied, basically_satisfied, dissatisfied, very_dissatisfied, points, duplicates,"
    " wait_ms, wait_count, handle_ms, handle_count, rectifications_opened FROM pingliu.live_log FINAL",
    "rejected_log": "SELECT reason, hex(detail), path, hex(raw) FROM pingliu.rejected_log FINAL",
}
# The same for all: raters' hashes are compared.
SECRET = bytes(range(32))
Export = dict[str, list[str]]
Live = dict[tuple[str, ...], dict[str, int]]


def canonical(rows: Iterable[Sequence[Any]]) -> list[str]:
    """Rows as lines, in an order of their own."""
    return sorted(json.dumps([_text(value) for value in row], ensure_ascii=False) for row in rows)


def _text(value: Any) -> Any:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value


class Stage:
    """Everything under one folder. Roles started here end with `close`, however a test ends."""

    def __init__(self, folder: Path, *, session_seconds: float = 3.0) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.kafka = Kafka(folder / "kafka")
        self.clickhouse = ClickHouse(folder / "clickhouse")
        self.secret = folder / "secret"
        ensure_secret(self.secret, SECRET)
        self.environ = {
            **os.environ,
            "PINGLIU_SECRET": str(self.secret),
            "PINGLIU_SESSION_SECONDS": str(session_seconds),
        }
        self._processes: list[subprocess.Popen[bytes]] = []
        self._forgiven: set[int] = set()

    def start(self, *, partitions: int = 4) -> None:
        """Starts both servers, and prepares them."""
        need(self.kafka.start)
        need(self.clickhouse.start)
        self.init(*self.server(), partitions=partitions)

    def close(self) -> None:
        """Ends everything."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.clickhouse.kill()
        self.kafka.kill()

    def broker(self) -> tuple[str, str]:
        return "--broker", f"kafka://{self.kafka.address}"

    def server(self, address: str | None = None) -> tuple[str, str]:
        return "--clickhouse", f"clickhouse://default@{address or self.clickhouse.address}/pingliu"

    def run(self, *arguments: str) -> str:
        """Runs a command that must succeed, and returns what it printed."""
        command = [sys.executable, "-m", "deploy", *arguments]
        done = subprocess.run(command, env=self.environ, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def init(self, *arguments: str, partitions: int) -> None:
        """`pingliu init`, in this process: starting one takes longer."""
        words = ("init", *self.broker(), *arguments, "--partitions", str(partitions))
        result = CliRunner().invoke(cli, words, env={"PINGLIU_SECRET": str(self.secret)})
        assert result.exit_code == 0, (result.output, result.exception)

    def publish(self, lines: Sequence[bytes]) -> None:
        """Publishes lines in their order, as `pingliu publish` does; in this process, too."""
        broker = Broker.parse(f"kafka://{self.kafka.address}")
        assert asyncio.run(publish_to_cluster(broker, lines, lambda _: None)) == len(lines)

    def role(self, name: str, *arguments: str, environ: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Starts a role in the background: `pingliu run NAME`."""
        return self.program("-m", "deploy", "run", name, *self.broker(), "--listen", "0", *arguments, environ=environ)

    def aggregate(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self.role("aggregate", *arguments)

    def sink(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self.role("sink", *self.server(), *arguments)

    def program(self, *words: str, environ: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Starts a Python program in the background; what it says is in `output`."""
        number = len(self._processes)
        with (self.folder / f"process-{number}.log").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *words],
                env={**self.environ, **(environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self._processes.append(process)
        return process

    def output(self, process: subprocess.Popen[bytes]) -> str:
        """What a process has said so far."""
        number = self._processes.index(process)
        return (self.folder / f"process-{number}.log").read_text(errors="replace")

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9."""
        process.kill()
        process.wait()

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """Asks it to end, which it must do well."""
        process.send_signal(signal.SIGTERM)
        process.wait()
        assert process.returncode == 0, self.output(process)

    def forgive(self, process: subprocess.Popen[bytes]) -> None:
        """This one may have ended by itself."""
        self._forgiven.add(process.pid)

    def await_started(self, *processes: subprocess.Popen[bytes]) -> None:
        """Roles have their partitions, if there are some for them."""
        for process in processes:
            await_that(lambda: "at port" in self.output(process), "it has started")  # noqa: B023
        self.check()

    def check(self) -> None:
        """No role has ended by itself."""
        for process in self._processes:
            assert process.pid in self._forgiven or process.poll() in (None, 0, -signal.SIGKILL), self.output(process)

    def lag(self, role: str, destination: str | None = None) -> int:
        """How many messages a role is behind."""
        group = f"pingliu-{role}" if destination is None else f"pingliu-{role}-{destination}"

        async def ask() -> int:
            async with Cluster(Broker.parse(f"kafka://{self.kafka.address}")) as cluster:
                return await cluster.lag(group, GROUPS[role])

        return asyncio.run(ask())

    def is_through(self, role: str, destination: str | None = None) -> bool:
        """Whether a role has nothing left to do, and no role has ended by itself."""
        self.check()
        return self.lag(role, destination) == 0

    def is_aggregated(self) -> bool:
        """Whether all that was published is aggregated; a routed copy is, too, once both are."""
        return self.is_through("aggregate")

    def totals(self, topic: str = EVENTS) -> list[Totals]:
        """What the last checkpoints of all lanes of a topic say."""
        by_partition = self._read_all(CHECKPOINTS)
        return [read_totals(records, topic, partition) for partition, records in by_partition.items()]

    def live(self) -> Live:
        """What supervisors see: by bucket of `pingliu.metrics`, the counters of its highest version, without zeros."""
        newest: dict[tuple[str, ...], dict[str, Any]] = {}
        for record in (record for records in self._read_all(METRICS).values() for record in records):
            bucket = json.loads(record.value or b"")
            key = tuple(bucket.pop(name, "") for name in ("grain", "street", "site", "window", "bucket"))
            if key not in newest or newest[key]["version"] <= bucket["version"]:
                newest[key] = bucket
        return {key: {name: n for name, n in bucket.items() if name != "version"} for key, bucket in newest.items()}

    def _read_all(self, topic: str) -> dict[int, list[Record]]:
        async def read() -> dict[int, list[Record]]:
            async with Cluster(Broker.parse(f"kafka://{self.kafka.address}")) as cluster:
                return await cluster.read_all(topic)

        return asyncio.run(read())

    def await_drained(self, destination: str | None = None) -> None:
        """All that was published is aggregated, and all that came of it stored."""
        await_that(self.is_aggregated, "everything is aggregated")
        await_that(lambda: self.is_through("sink", destination), "everything is stored")

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Asks the server."""
        host, _, port = self.clickhouse.address.partition(":")
        client = Client(host, int(port), settings={"strings_as_bytes": True})
        try:
            rows: list[tuple[Any, ...]] = client.execute(sql)
            return rows
        finally:
            client.disconnect()

    def export(self) -> Export:
        """The figures in the server's base tables."""
        return {table: canonical(self.ask(sql)) for table, sql in EXPORTS.items()}


def expected(lines: Sequence[bytes], partitions: int = 4) -> tuple[recount.Totals, recount.LiveFigures]:
    """An independent count over the lines as they are published about now. Many tests have the same ones counted."""
    return _counted(tuple(lines), partitions)


@lru_cache(maxsize=4)
def _counted(lines: tuple[bytes, ...], partitions: int) -> tuple[recount.Totals, recount.LiveFigures]:
    now_ms = time.time_ns() // 1_000_000
    messages = [
        recount.Message(entry.partition, offset, entry.timestamp_ms, entry.value or b"")
        for offset, line in enumerate(lines)
        if (entry := entry_of(line, partitions, now_ms)).topic == EVENTS
    ]
    return recount.totals(messages), recount.live(messages)


def assert_undisturbed(stage: Stage, lines: Sequence[bytes], undisturbed: Export, partitions: int = 4) -> None:
    """Everything that was published is accounted for, once: live and stored, by an independent count and by the run of
    the same lines on one box that nothing disturbed.
    """
    totals, live = expected(lines, partitions)
    differing = _differences(stage.live(), live_of(live))
    assert not differing, differing
    found = stage.totals()
    assert sum(one.accepted for one in found) == totals.accepted
    assert sum(sum(one.rejected.values()) for one in found) == sum(totals.rejected.values())
    export = stage.export()
    assert len(export["rejected_log"]) == sum(totals.rejected.values())
    for table, rows in undisturbed.items():
        assert export[table] == rows, table


def _differences(found: Live, wanted: Live) -> list[object]:
    """The first buckets that differ, with what was found and what was to be."""
    keys = sorted(key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key))
    return [(key, found.get(key), wanted.get(key)) for key in keys[:5]] + ([len(keys)] if keys else [])


def live_of(figures: recount.LiveFigures) -> Live:
    """The recount's buckets in the words of `Stage.live`."""
    found: Live = {}
    for grain in ("window_minutes", "window_days", "street_minutes", "street_days"):
        for (street, *place, start), counters in getattr(figures, grain).items():
            site, window = place or ("", "")
            when = start if isinstance(start, str) else datetime.fromtimestamp(start, SHANGHAI).isoformat()
            values = {name.removesuffix("_sum"): value for name, value in counters.items() if value}
            found[grain, street, site, window, when] = values
    return found


def engine_export(folder: Path) -> Export:
    """The figures in the base tables of a data folder, over which nothing runs.

    By a program of its own, for a process can open the engine over one folder only, once in its life.
    """
    program = (
        "import json, sys; from pathlib import Path; from sinks.engine import Engine;"
        "from tests.stage import EXPORTS, canonical;"
        "engine = Engine(Path(sys.argv[1]) / 'clickhouse');"
        "print(json.dumps({t: canonical(row.values() for row in engine.rows(q)) for t, q in EXPORTS.items()}))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, check=True)
    export: Export = json.loads(done.stdout)
    return export
