"""A disk without room under the spool: what programs were told is there stays there, and can leave."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from streams.agent import SpoolFull
from streams.agent.spool import Refused, Spool
from tests.agent.samples import draft, ticket


@pytest.mark.parametrize("filled_by", ["the spool", "another program"])
def test_a_full_disk_refuses_what_is_new_and_what_is_there_still_leaves_in_order(
    filled_by: str, disk: Callable[[str], Path]
) -> None:
    told: list[str] = []

    def fill(spool: Spool, most: int) -> None:
        for number in range(len(told), most):
            try:
                spool.put([[draft(ticket(number))]], 0)
            except SpoolFull:
                return
            told.append(f"{number}")

    with Spool(disk("2m") / "spool") as spool:
        fill(spool, most=100_000 if filled_by == "the spool" else 120)
    filled = len(told)
    assert filled > 100
    with suppress(OSError), (disk("2m") / "filler").open("wb", buffering=0) as filler:
        while filler.write(bytes(512)):
            pass
    with Spool(disk("2m") / "spool") as spool:
        fill(spool, most=100_000)
        assert len(told) == filled
        left: list[str] = []
        while batch := spool.take(50, 1 << 20):
            rejected = [Refused(batch[0].seq, 0, "forbidden", "window", "not yours", batch[0].event)]
            spool.settle([one.seq for one in batch], rejected)
            left += [json.loads(one.event)["id"] for one in batch]
        assert left == told
        assert spool.held().refused == -(-filled // 50)
        disk("20m")
        spool.put([[draft(ticket("more"))]], 0)
        assert [json.loads(one.event)["id"] for one in spool.take(50, 1 << 20)] == ["more"]
