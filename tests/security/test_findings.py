"""What the fuzzers found and isn't mended yet; each fails the day it is, and then moves to the tests of its part."""

from __future__ import annotations

import json

import pytest

from schemas.decoding import decode
from sinks.gate import Refused, inspect
from tests.examples import RECEIVED_MS, event
from tests.security.fuzzing.decoding import Raw


@pytest.mark.xfail(strict=True, reason="datetime.fromisoformat takes an offset of more than 59 minutes")
def test_a_time_with_an_offset_of_eighty_minutes_is_refused() -> None:
    raw = json.dumps(event("window.closed", time="2026-11-02T10:15:30+08:80")).encode()
    (reject,) = decode([Raw(0, raw, RECEIVED_MS)]).rejects
    assert (reject.reason, reject.path) == ("invalid_field", "time")


@pytest.mark.xfail(strict=True, raises=IndexError, reason="sqlglot makes pairs of a map's values without counting them")
def test_a_map_of_an_odd_number_of_values_is_refused_and_no_error_of_ours() -> None:
    with pytest.raises(Refused):
        inspect("SELECT map('k')")
