"""kill -9 of everything, again and again, in the middle of an ingest: the figures end as if nothing had happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.box import Box, await_that, write_simulated


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    write_simulated(tmp_path / "a.ndjson", days=3, scale=0.2)
    return tmp_path / "a.ndjson"


def test_killed_in_mid_ingest_and_run_again_the_figures_are_those_of_an_undisturbed_run(
    stream: Path, tmp_path: Path
) -> None:
    undisturbed = Box(tmp_path / "undisturbed")
    account = undisturbed.ingest(stream)
    killed = Box(tmp_path / "killed")
    kills = 0
    for group, share in (("pingliu-aggregate", 0.05), ("pingliu-sink", 0.3), ("pingliu-aggregate", 0.7)):
        process = killed.start("ingest", str(stream))
        begun = killed.committed(group)
        goal = begun + int(account["read"] * share)
        await_that(lambda: killed.committed(group) >= goal or process.poll() is not None, f"{group} gets to {goal}")  # noqa: B023
        kills += process.poll() is None
        killed.kill([process])
    assert kills == 3, "an ingest was through before it could be killed: the stream is too short for this test"
    again = killed.ingest(stream)
    assert again["read"] == account["read"]
    assert again["rejected"] == account["rejected"]
    assert again["accepted"] == account["accepted"]
    assert killed.figures() == undisturbed.figures()


def test_roles_end_when_their_starter_is_killed(stream: Path, tmp_path: Path) -> None:
    box = Box(tmp_path / "data")
    process = box.start("ingest", str(stream))
    await_that(lambda: len(box.pids()) == 3 and box.committed("pingliu-aggregate") > 0, "the roles work")
    process.kill()
    process.communicate()
    await_that(lambda: not box.pids(), "the roles have drained and ended")
