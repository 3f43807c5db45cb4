"""A quarter of the sample district, through the real commands, against the recount: no score, star or rank differs.

PINGLIU_ASSESS_SCALE says how much of it is simulated. `make quarter` takes all of it, some four million events and five
minutes; `make test` a part that has every site, window and member of staff, and every day.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

import pytest

from deploy.district import FOLDER
from deploy.folder import Folder
from sinks.assessment.assessor import assess
from sinks.assessment.before import current
from sinks.assessment.period import Period
from sinks.engine import Engine
from sinks.workbench import Workbench
from streams import topics
from streams.transport.log import Log
from tests.assessment.expected import TABLES, Table, differences, expected_tables, found_tables
from tests.recount import Message
from tests.recount import assessment as recount

_SCALE: Final = os.environ.get("PINGLIU_ASSESS_SCALE", "0.2")
_QUARTER: Final = ("--start", "2026-07-01", "--days", "92", "--seed", "11")
_MONTHS: Final = ("2026-07", "2026-08", "2026-09")
# Less than this is no district: stations have no services for days, and a freeze that is a day off changes nothing.
_ENOUGH: Final = 0.2

pytestmark = pytest.mark.timeout(3600)


class Assessed(NamedTuple):
    """The result tables, as the recount has them and as the product does."""

    expected: dict[str, Table]
    found: dict[str, Table]


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Assessed:
    path = tmp_path_factory.mktemp("simulated")
    folder = Folder(path / "data")
    lines = path / "lines.ndjson"
    with lines.open("wb") as file:
        _pingliu("simulate", *_QUARTER, "--scale", _SCALE, out=file.fileno())
    _pingliu("ingest", "--data", str(folder.root), str(lines))
    lines.unlink()
    engine = Engine(folder.engine)
    try:
        bench = Workbench(engine)
        assess(bench, Period.parse("2026"), current(bench))
        found = found_tables(engine)
    finally:
        engine.close()
    with Log(folder.log) as log:
        assessed = recount.assess(
            _messages(log, topics.EVENTS),
            recount.District.load(FOLDER),
            recount.AssessmentRules(),
            _MONTHS,
            heartbeats=_messages(log, topics.DEVICES),
        )
    return Assessed(expected_tables(assessed), found)


def test_every_score_star_rank_and_line_of_the_quarter_equals_the_recount(quarter: Assessed) -> None:
    assert not differences(quarter.expected, quarter.found)


@pytest.mark.skipif(float(_SCALE) < _ENOUGH, reason="a small part of a district is no district")
def test_the_quarter_is_large_and_varied_enough_to_mean_something(quarter: Assessed) -> None:
    found = quarter.found
    assert all(found[name] for name in TABLES)
    # Everybody and every site in every month, and nearly everybody is graded.
    people, sites = found["staff_months"], found["site_months"]
    assert len(people) == len(_MONTHS) * len(found["staff_quarters"])
    assert len(sites) == len(_MONTHS) * len(found["site_quarters"])
    assert {row["ranked"] for row in sites.values()} == {1}
    assert sum(row["graded"] for row in people.values()) > 0.95 * len(people)
    assert len({row["band"] for row in found["staff_months"].values()}) >= 3
    assert len({row["star"] for row in found["staff_quarters"].values()}) >= 4
    rules = {line["rule"] for bill in found["bill_lines"].values() for line in bill["lines"]}
    assert len(rules) >= 60
    assert {"bad.very_dissatisfied", "supervision.overdue", "community", "opening.low"} <= rules
    # Only the whole district has somebody with so many bad ratings.
    assert "service.floor" in rules or float(_SCALE) < 1


def _pingliu(*arguments: str, out: int = subprocess.DEVNULL) -> None:
    subprocess.run([sys.executable, "-m", "deploy", *arguments], check=True, stdout=out, stderr=subprocess.DEVNULL)


def _messages(log: Log, topic: str) -> Iterator[Message]:
    """What the log holds of a topic, as the broker has it."""
    for partition in range(log.partitions(topic) or 0):
        offset = 0
        while records := log.read(topic, partition, offset):
            for record in records:
                yield Message(partition, record.offset, record.timestamp_ms, record.value)
            offset = records[-1].offset + 1
