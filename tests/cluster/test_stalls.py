"""A worker that hangs with its process alive is ended; one that was frozen, and taken for dead, spoils nothing."""

from __future__ import annotations

import signal

from streams.watchdog import EXIT
from tests.box import await_that
from tests.stage import Export, Stage, assert_undisturbed


def test_a_worker_that_stalls_is_ended_and_another_takes_over(
    stage: Stage, stream: list[bytes], undisturbed: Export
) -> None:
    stage.start()
    command = ("-m", "tests.cluster.stalling", "run", "aggregate", *stage.broker(), "--listen", "0")
    stalling = stage.program(*command, environ={"PINGLIU_STALLED_SECONDS": "3"})
    sink = stage.sink()
    stage.publish(stream)
    await_that(lambda: stalling.poll() is not None, "the watchdog ends it")
    assert stalling.returncode == EXIT
    assert "stalled for 3 s" in stage.output(stalling)
    assert "tests/cluster/stalling.py" in stage.output(stalling), "the stack says where it hangs"
    stage.forgive(stalling)
    aggregate = stage.aggregate()
    stage.await_drained()
    for worker in (aggregate, sink):
        stage.stop(worker)
    assert_undisturbed(stage, stream, undisturbed)


def test_a_frozen_worker_that_was_taken_for_dead_spoils_nothing_when_it_goes_on(
    stage: Stage, stream: list[bytes], undisturbed: Export
) -> None:
    stage.start()
    workers = [stage.aggregate(), stage.aggregate(), stage.sink(), stage.sink()]
    stage.await_started(*workers)
    step = -(-len(stream) // 4)
    for number, worker in enumerate(workers):
        role = "aggregate" if number < 2 else "sink"
        stage.publish(stream[number * step : (number + 1) * step])
        # In the midst of it: what it has applied it has not saved, what it sends may be half on its way.
        worker.send_signal(signal.SIGSTOP)
        await_that(lambda: stage.is_through(role), f"the other {role} has taken over")  # noqa: B023
        worker.send_signal(signal.SIGCONT)
    stage.await_drained()
    for worker in workers:
        stage.stop(worker)
    assert_undisturbed(stage, stream, undisturbed)
