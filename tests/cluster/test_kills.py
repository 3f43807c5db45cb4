"""kill -9 of workers, at random points and at the worst ones: the figures end as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess

from tests.box import await_that
from tests.stage import Export, Stage, assert_undisturbed

# `make faults` asks for more.
_KILLS = int(os.environ.get("PINGLIU_FAULT_KILLS", "8"))


def test_killed_again_and_again_while_partitions_move_the_figures_are_those_of_an_undisturbed_run(
    stage: Stage, stream: list[bytes], undisturbed: Export
) -> None:
    stage.start()
    dice = random.Random(_KILLS)
    # Aggregates are members that come and go; sinks have names, under which they come back.
    names = [("aggregate", ()), ("aggregate", ()), ("sink", ("--instance", "a")), ("sink", ("--instance", "b"))]

    def start(number: int) -> subprocess.Popen[bytes]:
        role, options = names[number]
        return (stage.aggregate if role == "aggregate" else stage.sink)(*options)

    workers = [start(number) for number in range(len(names))]
    await_that(lambda: stage.lag("aggregate") == 0, "the group is there")
    step = -(-len(stream) // _KILLS)
    killed = {"aggregate": 0, "sink": 0}
    for kill in range(_KILLS):
        stage.publish(stream[kill * step : (kill + 1) * step])
        number = kill % len(names)
        role = names[number][0]
        goal = stage.lag(role) * dice.random()
        await_that(lambda: stage.lag(role) <= goal, f"{role} is at {goal:.0f}")  # noqa: B023
        stage.kill(workers[number])
        killed[role] += 1
        workers[number] = start(number)
    assert sum(killed.values()) == _KILLS
    assert min(killed.values()) > 0
    stage.await_drained()
    assert_undisturbed(stage, stream, undisturbed)


def test_killed_exactly_between_two_effects_the_figures_are_those_of_an_undisturbed_run(
    stage: Stage, stream: list[bytes], undisturbed: Export
) -> None:
    stage.start()
    # One of each role at a time: what either does again after its death meets what the other had done before its own.
    deaths = [
        ("after outputs", "after event_log"),  # published, and not saved; stored, and neither noted nor acknowledged
        ("after saves", "after live_log"),  # saved, and not acknowledged
        ("after outputs", "after sink_positions"),  # noted, and not acknowledged
    ]
    step = -(-len(stream) // (3 * len(deaths)))
    for number, start in enumerate(range(0, len(stream), step)):
        stage.publish(stream[start : start + step])
        for role, moment in zip(("aggregate", "sink"), deaths[number % len(deaths)], strict=True):
            address = stage.server() if role == "sink" else ()
            command = ("-m", "tests.cluster.dying", moment, "run", role, *stage.broker(), "--listen", "0", *address)
            dying = stage.program(*command)
            await_that(lambda: dying.poll() is not None, f"{role} dies {moment}")  # noqa: B023
            assert dying.returncode == -signal.SIGKILL, stage.output(dying)
    survivors = (stage.aggregate(), stage.sink())
    stage.await_drained()
    for worker in survivors:
        stage.stop(worker)
    assert_undisturbed(stage, stream, undisturbed)
