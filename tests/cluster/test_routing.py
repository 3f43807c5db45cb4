"""Events on the wrong partition for their street, put there by real clients whose default is not Kafka's, and
heartbeats on the topic of the others.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from confluent_kafka import Producer

from deploy.local.packages import kcat
from streams.routing import entry_of, partition_of
from streams.topics import DEVICES, EVENTS
from tests.box import await_that, write_simulated
from tests.disturbed import disturbed
from tests.servers import need
from tests.stage import Stage, expected, live_of

_PARTITIONS = 6


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    need(stage.kafka.start)
    stage.init(partitions=_PARTITIONS)
    yield stage
    stage.close()


@pytest.fixture
def lines(tmp_path: Path) -> list[bytes]:
    return disturbed(write_simulated(tmp_path / "a.ndjson", days=1, scale=0.1))


def _by_confluent(stage: Stage, lines: Sequence[bytes]) -> None:
    """With librdkafka's own partitioner: CRC32 of the key; and at random for what has no key."""
    producer = Producer({"bootstrap.servers": stage.kafka.address, "enable.idempotence": True})
    for line in lines:
        producer.produce(EVENTS, line, key=entry_of(line, _PARTITIONS, 0).key)
        producer.poll(0)
    assert producer.flush(60) == 0


def _by_kcat(stage: Stage, lines: Sequence[bytes]) -> None:
    """Street and event, parted by a tab: keyed the same way."""
    keyed = b"".join((entry_of(line, _PARTITIONS, 0).key or b"") + b"\t" + line + b"\n" for line in lines)
    command = [
        str(need(kcat)),
        "-P",
        "-b",
        stage.kafka.address,
        "-t",
        EVENTS,
        "-K",
        "\t",
        "-X",
        "enable.idempotence=true",
    ]
    subprocess.run(command, input=keyed, check=True)


@pytest.mark.parametrize("publish", [_by_confluent, _by_kcat])
def test_events_put_by_librdkafka_s_partitioner_count_once_each_in_their_street(
    stage: Stage, lines: list[bytes], publish: object
) -> None:
    assert callable(publish)
    publish(stage, lines)
    workers = [stage.aggregate(), stage.aggregate()]
    await_that(lambda: stage.is_aggregated(), "everything is aggregated")
    stage.kill(workers[0])  # in the middle of nothing: what it had routed is not routed again
    stage.stop(workers[1])
    totals, live = expected(lines, _PARTITIONS)
    assert stage.live() == live_of(live)
    found = stage.totals()
    assert sum(one.accepted for one in found) == totals.accepted
    assert sum(one.duplicates for one in found) == totals.duplicates
    assert sum(sum(one.rejected.values()) for one in found) == sum(totals.rejected.values())
    beats = [entry for line in lines if (entry := entry_of(line, _PARTITIONS, 0)).topic == DEVICES]
    assert sum(one.accepted for one in stage.totals(DEVICES)) == len(beats) > 0
    streets = {key.decode() for line in lines if (key := entry_of(line, _PARTITIONS, 0).key) and len(key) == 9}
    assert sum(one.routed for one in found) > 0, f"{len(streets)} streets, all at home by chance"
    assert {partition_of(street, _PARTITIONS) for street in streets} > {0}
