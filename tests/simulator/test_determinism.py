"""The same arguments give the same bytes, in any process; other ones give others."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest

from deploy.simulator import estimate, live, simulate, simulate_timed
from schemas.registry import Registry
from tests.simulator.conftest import DAYS, SCALE, START, Month
from tests.simulator.refusal import why_refused

_DAY = date(2026, 10, 12)
_HASH = """
import hashlib
from datetime import date
from deploy.district import FOLDER
from deploy.simulator import simulate
from schemas.registry import Registry
lines = simulate(Registry.load(FOLDER), date(2026, 10, 12), 3, 11, 0.05)
print(hashlib.sha256(b"\\n".join(lines)).hexdigest())
"""


def _hash_elsewhere(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run([sys.executable, "-c", _HASH], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_two_processes_with_different_hash_seeds_give_the_same_bytes(district: Registry) -> None:
    here = hashlib.sha256(b"\n".join(simulate(district, _DAY, 3, 11, 0.05))).hexdigest()
    assert here == _hash_elsewhere("1") == _hash_elsewhere("2")


def test_another_seed_gives_another_day(district: Registry) -> None:
    assert list(simulate(district, _DAY, 1, 1, 0.02)) != list(simulate(district, _DAY, 1, 2, 0.02))


def test_a_longer_run_begins_like_a_shorter_one(district: Registry) -> None:
    shorter = list(simulate_timed(district, _DAY, 1, 3, 0.02))
    assert list(islice(simulate_timed(district, _DAY, 2, 3, 0.02), len(shorter))) == shorter


def test_the_estimate_is_near(district: Registry, month: Month) -> None:
    assert abs(estimate(district, START, DAYS, SCALE) / len(month.arrivals) - 1) < 0.1


def test_a_scale_must_be_positive(district: Registry) -> None:
    with pytest.raises(ValueError, match="scale"):
        next(simulate(district, _DAY, 1, 1, 0))


def test_windows_serve_more_visitors_at_a_larger_scale(district: Registry) -> None:
    once = sum(1 for _ in simulate(district, _DAY, 1, 5, 1.0))
    assert 1.85 < sum(1 for _ in simulate(district, _DAY, 1, 5, 2.0)) / once < 2.05


@pytest.mark.parametrize("hour", [3, 22])
def test_live_halls_are_busy_from_the_first_minute_whatever_the_hour(district: Registry, hour: int) -> None:
    start = datetime(2026, 10, 4, hour, 30, tzinfo=UTC)  # in the holidays
    first = list(islice(live(district, 7, start, 0.5), 6_000))
    moments = [moment for moment, _ in first]
    assert moments == sorted(moments)
    assert start - timedelta(hours=1) < moments[0] < start < moments[-1]
    soon = [line for moment, line in first if start <= moment < start + timedelta(minutes=1)]
    assert len(soon) > 30
    refused = [line for moment, line in first if why_refused(line, round(moment.timestamp() * 1000))]
    assert len(refused) < 20


def test_live_goes_on_into_another_day_with_other_ids(district: Registry) -> None:
    start = datetime(2026, 10, 12, 9, 0, tzinfo=UTC)
    issued = [
        (moment, line)
        for moment, line in islice(live(district, 7, start, 0.02), 20_000)
        if b'"type":"ticket.issued"' in line
    ]
    assert issued[-1][0] > start + timedelta(hours=9)
    assert b'"ticket":"T-261012090000.0-' in issued[0][1]
    assert b'"ticket":"T-261012090000.1-' in issued[-1][1]


def test_from_a_window_that_is_left_to_people_nothing_comes_and_the_others_serve_its_visitors(
    district: Registry,
) -> None:
    start = datetime(2026, 10, 12, 9, 0, tzinfo=UTC)
    window = b'"window":"530102001-00-03"'
    staffed = [line for _, line in islice(live(district, 7, start, 0.5), 8_000)]
    left = [line for _, line in islice(live(district, 7, start, 0.5, unstaffed="530102001-00-03"), 8_000)]
    assert any(window in line for line in staffed)
    assert not any(window in line for line in left)
    assert any(b'"window":"530102001-00-02"' in line and b'"type":"service.started"' in line for line in left)


def test_live_asks_for_a_time_zone(district: Registry) -> None:
    with pytest.raises(ValueError, match="time zone"):
        next(live(district, 7, datetime(2026, 10, 12, 9, 0)))  # noqa: DTZ001 - that is the point
