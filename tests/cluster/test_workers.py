"""A worker's start and end: users and TLS, topics that are not as stated, Faust's own command line, and its health."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.request
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.local.kafka import Kafka, KafkaSecurity
from tests.box import await_that
from tests.servers import need
from tests.stage import Stage, expected, live_of

_PASSWORD = "not-for-everyone-Xq7Lr"  # noqa: S105 - of a broker that lives as long as the test


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"])
def test_a_worker_gets_in_with_its_user_s_password_over_tls_and_says_no_password(
    stage: Stage, stream: list[bytes], tmp_path: Path, mechanism: str
) -> None:
    security = KafkaSecurity(tmp_path / "security", {"worker": _PASSWORD})
    stage.kafka = Kafka(tmp_path / "kafka", secure=security)
    need(stage.kafka.start)
    url = f"kafka://worker@{stage.kafka.secure_address}?tls=true&ca={security.ca_file}&mechanism={mechanism}"
    (tmp_path / "password").write_text(f"{_PASSWORD}\n")
    stage.environ |= {"PINGLIU_BROKER": url, "PINGLIU_BROKER_PASSWORD_FILE": str(tmp_path / "password")}
    lines = stream[:2_000]
    (tmp_path / "a.ndjson").write_bytes(b"\n".join(lines))
    said = stage.run("init", "--partitions", "4") + stage.run("publish", str(tmp_path / "a.ndjson"))
    worker = stage.program("-m", "deploy", "run", "aggregate", "--listen", "0")
    await_that(stage.is_aggregated, "everything is aggregated")
    stage.stop(worker)
    assert stage.live() == live_of(expected(lines)[1])
    stage.environ["PINGLIU_BROKER_PASSWORD_FILE"] = str(tmp_path / "wrong")
    (tmp_path / "wrong").write_text("wrong-Xq7Lr")
    refused = stage.program("-m", "deploy", "run", "aggregate")
    assert refused.wait() == 1
    assert "broker" in stage.output(refused)
    for text in (said, stage.output(worker), stage.output(refused)):
        assert "Xq7Lr" not in text
    stage.forgive(refused)


def test_a_worker_that_finds_topics_otherwise_says_how_and_stops(stage: Stage) -> None:
    need(stage.kafka.start)
    worker = stage.aggregate()
    assert worker.wait() == 1
    assert "no such topics: pingliu.events" in stage.output(worker)
    assert "pingliu init" in stage.output(worker)
    stage.run("init", *stage.broker(), "--partitions", "2")

    async def change() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=stage.kafka.address)
        await admin.start()
        try:
            resource = ConfigResource(ConfigResourceType.TOPIC, "pingliu.events", {"retention.ms": "1000"})
            await admin.alter_configs([resource])
        finally:
            await admin.close()

    asyncio.run(change())
    worker = stage.aggregate()
    assert worker.wait() == 1
    assert "pingliu.events: retention.ms is 1000, not -1" in stage.output(worker)


def test_a_sink_that_lacks_tables_says_so_and_stops(stage: Stage) -> None:
    need(stage.kafka.start)
    need(stage.clickhouse.start)
    stage.init(partitions=2)
    sink = stage.sink()
    assert sink.wait() == 1
    assert "ClickHouse lacks 0001_base.sql" in stage.output(sink)


def test_faust_s_own_worker_runs_an_aggregate(stage: Stage, stream: list[bytes]) -> None:
    need(stage.kafka.start)
    stage.init(partitions=4)
    lines = stream[:2_000]
    stage.publish(lines)
    environ = {"PINGLIU_BROKER": f"kafka://{stage.kafka.address}", "PINGLIU_SCRATCH": str(stage.folder / "scratch")}
    worker = stage.program("-m", "faust", "-A", "streams.app", "worker", "--without-web", environ=environ)
    await_that(stage.is_aggregated, "everything is aggregated")
    stage.stop(worker)
    assert stage.live() == live_of(expected(lines)[1])


def test_each_role_tells_its_health_and_its_metrics(stage: Stage, stream: list[bytes]) -> None:
    stage.start()
    stage.publish(stream[:2_000])
    for role in (stage.aggregate(), stage.sink()):
        stage.await_started(role)
        port = re.findall(r"at port (\d+)", stage.output(role))[0]

        def ask(page: str) -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}") as answer:  # noqa: B023
                return str(answer.read().decode())

        assert json.loads(ask("healthz"))["healthy"] is True
        assert json.loads(ask("readyz"))["ready"] is True
        await_that(lambda: "pingliu_lag_messages{" in ask("metrics"), "lag is known")
        name = "pingliu_checkpoints_total" if "aggregate:" in stage.output(role) else "pingliu_rows_inserted_total"
        await_that(lambda: bool(re.search(rf"^{name}\{{.*\}} [1-9]", ask("metrics"), re.M)), "it counts")  # noqa: B023
