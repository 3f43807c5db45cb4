"""A broker that is away, a ClickHouse that is away or breaks off: lag, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.box import await_that
from tests.proxy import Proxy
from tests.stage import Export, Stage, assert_undisturbed

_BROKER_AWAY_SECONDS = 30.0
_CLICKHOUSE_AWAY_SECONDS = 60.0


def test_a_broker_that_is_away_for_half_a_minute_delays_figures_and_changes_none(
    stage: Stage, stream: list[bytes], undisturbed: Export
) -> None:
    stage.start()
    workers = [stage.aggregate(), stage.aggregate(), stage.sink(), stage.sink()]
    stage.await_started(*workers)
    half = len(stream) // 2
    stage.publish(stream[:half])
    await_that(lambda: stage.lag("aggregate") < half, "the stream flows")
    stage.kafka.stop()
    # The fault itself takes this long; nothing is awaited by it.
    time.sleep(_BROKER_AWAY_SECONDS)
    stage.kafka.start()
    stage.publish(stream[half:])
    stage.await_drained()
    for worker in workers:
        stage.stop(worker)
    assert_undisturbed(stage, stream, undisturbed)


def test_a_clickhouse_that_is_away_for_a_minute_is_lag_while_live_figures_go_on(
    stage: Stage, stream: list[bytes], undisturbed: Export
) -> None:
    stage.start()
    workers = [stage.aggregate(), stage.sink()]
    half = len(stream) // 2
    stage.publish(stream[:half])
    stage.await_drained()
    before = stage.live()
    stage.clickhouse.stop()
    began = time.monotonic()
    stage.publish(stream[half:])
    await_that(stage.is_aggregated, "live figures go on")
    assert stage.live() != before
    assert stage.lag("sink") > 0
    time.sleep(max(0.0, began + _CLICKHOUSE_AWAY_SECONDS - time.monotonic()))
    stage.check()
    stage.clickhouse.start()
    stage.await_drained()
    for worker in workers:
        stage.stop(worker)
    assert_undisturbed(stage, stream, undisturbed)


@pytest.fixture
def proxy(stage: Stage) -> Iterator[Proxy]:
    stage.start()
    with Proxy(stage.clickhouse.address) as proxy:
        yield proxy


def test_a_connection_that_breaks_off_in_the_middle_of_inserts_changes_no_figure(
    stage: Stage, proxy: Proxy, stream: list[bytes], undisturbed: Export
) -> None:
    aggregate = stage.aggregate()
    stage.publish(stream)
    await_that(stage.is_aggregated, "there is much to insert at once")
    sink = stage.role("sink", *stage.server(proxy.address), environ={"PINGLIU_SINK_ROWS": "2000"})
    for cut in range(1, 6):
        accepted = proxy.accepted
        # A batch of 2,000 events is some 100 kB: each cut is within another one, or between two.
        proxy.cut_after(cut * 60_000)
        await_that(lambda: proxy.accepted > accepted or stage.lag("sink") == 0, f"it connects anew ({cut})")  # noqa: B023
    stage.await_drained()
    assert "busy, trying again" in stage.output(sink)
    for worker in (aggregate, sink):
        stage.stop(worker)
    assert_undisturbed(stage, stream, undisturbed)


def test_a_row_that_clickhouse_refuses_is_kept_aside_and_all_others_are_stored(
    stage: Stage, stream: list[bytes], undisturbed: Export
) -> None:
    stage.start()
    poisoned = next(line for line in stream if b'"rating.submitted"' in line and stream.count(line) == 1)
    identity = poisoned.partition(b'"id":"')[2].partition(b'"')[0].decode()
    # What a district's own check would be: the server itself refuses the row.
    check = f"throwIf(id = '{identity}')"
    stage.ask(f"ALTER TABLE pingliu.event_log ADD COLUMN checked UInt8 DEFAULT {check}")
    workers = [stage.aggregate(), stage.sink()]
    stage.publish(stream)
    stage.await_drained()
    for worker in workers:
        stage.stop(worker)
    letters = stage.ask("SELECT table_name, code, row FROM pingliu.dead_letters FINAL")
    assert [(table, code) for table, code, _ in letters] == [(b"event_log", 395)]
    assert identity.encode() in letters[0][2]
    export = stage.export()
    stored = set(export["event_log"])
    missing = [row for row in undisturbed["event_log"] if row not in stored]
    assert len(missing) == 1
    assert identity in missing[0]
    assert export["live_log"] == undisturbed["live_log"]
