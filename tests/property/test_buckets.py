"""Buckets that changed are kept at hand; they are the memory's, whenever they are published, saved or forgotten."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from schemas.moments import DAY, HOUR, MINUTE, SECOND, day_of
from schemas.rules import Rules
from schemas.workdays import Workdays
from streams.street import Bucket, Street
from streams.street.buckets import CALLS
from streams.street.snapshot import read, restore, save

_RULES, _WORKDAYS = Rules(), Workdays()
_MINUTES_MS, _DAYS_MS = _RULES.horizons.minute_ms, _RULES.horizons.day_ms
_START_MS = 1_793_541_600_000
_SITE, _WINDOW = "530102001-00", "530102001-00-01"
# Around the lives of minutes and days, and of what remembers them.
_STEPS = (0, 0, SECOND, MINUTE, HOUR, _MINUTES_MS - MINUTE, _MINUTES_MS, _MINUTES_MS + 1, DAY, _DAYS_MS)
_BEHIND = (0, 0, SECOND, MINUTE, HOUR, _MINUTES_MS, _MINUTES_MS + 1, DAY, _DAYS_MS, _DAYS_MS + 1)

_counts = st.tuples(st.sampled_from(_STEPS), st.sampled_from(_BEHIND), st.sampled_from(["", _WINDOW]))
_actions = st.lists(_counts | st.sampled_from(["publish", "save", "crash"]), max_size=40)


@given(_actions)
def test_a_bucket_has_every_count_in_time_however_counting_publishing_saving_and_crashes_alternate(
    actions: list[tuple[int, int, str] | str],
) -> None:
    street = Street("530102001", _RULES, _WORKDAYS)
    street.advance(_START_MS)
    saves, saved = [save(street, None)], Counter[Bucket]()
    counted, changed = Counter[Bucket](), set[Bucket]()
    for action in [*actions, "publish", "save", "crash"]:
        if action == "publish":
            found = {bucket: counters[CALLS] for bucket, counters in street.take_outputs().buckets.items()}
            assert found == {bucket: counted[bucket] for bucket in changed}
            changed = set()
        elif action == "save":
            saves.append(save(street, street.next_offset))
            saved = counted.copy()
        elif action == "crash":
            street = Street("530102001", _RULES, _WORKDAYS)
            restore(street, map(read, saves))
            counted, changed = saved.copy(), set()
            assert _remembered(street, counted) == {bucket: counted[bucket] for bucket in _open(street, counted)}
        else:
            assert not isinstance(action, str)
            step, behind, window = action
            street.advance(street.newest_ms + step)
            time_ms = street.newest_ms - behind
            street.buckets.add(time_ms, _SITE if window else "", window, (CALLS, 1))
            buckets = _buckets(time_ms, behind, window)
            counted.update(buckets)
            changed.update(buckets)


def _buckets(time_ms: int, behind: int, window: str) -> list[Bucket]:
    """Those in which a count of that moment belongs."""
    found = []
    for grain, start, horizon_ms in (("minutes", time_ms // MINUTE, _MINUTES_MS), ("days", day_of(time_ms), _DAYS_MS)):
        if behind <= horizon_ms:
            found.append(Bucket(f"street_{grain}", "", "", start))
            found += [Bucket(f"window_{grain}", _SITE, window, start)] if window else []
    return found


def _open(street: Street, counted: Counter[Bucket]) -> list[Bucket]:
    """Those that may still take counts."""
    oldest_minute = (street.newest_ms - _MINUTES_MS) // MINUTE
    oldest_day = day_of(street.newest_ms - _DAYS_MS)
    return [one for one in counted if one.start >= (oldest_day if one.grain.endswith("days") else oldest_minute)]


def _remembered(street: Street, counted: Counter[Bucket]) -> dict[Bucket, int]:
    found = {}
    for bucket in _open(street, counted):
        memory = street.buckets.days if bucket.grain.endswith("days") else street.buckets.minutes
        found[bucket] = (memory.get((bucket.site, bucket.window, bucket.start)) or [0] * (CALLS + 1))[CALLS]
    return found
