"""The spool, whatever is done to it in whatever order, and wherever it is cut off."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.agent import Bounds, SpoolFormat, SpoolFull, SpoolTaken
from streams.agent.event import Draft
from streams.agent.ids import CHANCE_BITS, next_id
from streams.agent.spool import Refused, Spool
from tests.agent.samples import SOURCE, draft, heartbeat, ticket

_BOUNDS = Bounds(events=12, bytes=3_000, refused=3)
_NOW_MS = 1_793_585_730_123
_MEMORY = next((path for path in ["/dev/shm"] if Path(path).is_dir()), None)  # noqa: S108

# A put: groups of events, each "own" (with an id), "made" (without) or "beat" (a heartbeat); then what a gateway does:
# it takes so many, gives verdicts on the first of them, and rejects every so-manieth.
_PUTS = st.tuples(
    st.just("put"),
    st.lists(st.lists(st.sampled_from(["own", "made", "beat"]), max_size=6), min_size=1, max_size=3),
)
_SENT = st.tuples(st.just("settle"), st.tuples(st.integers(1, 8), st.integers(0, 8), st.integers(1, 4)))
_DONE = st.tuples(st.sampled_from(["power cut", "broken put", "again"]), st.none())


class _Broken(Draft):
    """An event that breaks the program in the middle of a transaction."""

    def complete(self, made: str) -> bytes:
        raise RuntimeError("the program breaks here")


class _Model:
    """What a spool should hold: lists, and nothing that can be cut off."""

    def __init__(self) -> None:
        self.waiting: list[tuple[bytes, str]] = []  # event, and the beat's name
        self.refused: list[bytes] = []  # all ever, but for those that were put again
        self.ids: list[str] = []

    def put(self, group: list[Draft], made: list[str]) -> None:
        for one, id_ in zip(group, made, strict=True):
            self.waiting = [(event, beat) for event, beat in self.waiting if not beat or beat != one.beat]
            self.waiting.append((one.complete(id_), one.beat))
            self.ids += [id_] if id_ else []

    def fits(self, group: list[Draft]) -> bool:
        after = _Model()
        after.waiting = self.waiting
        after.put(group, ["" if one.id else "0" * 26 for one in group])
        size = sum(len(event) for event, _ in after.waiting)
        return len(after.waiting) <= _BOUNDS.events and size <= _BOUNDS.bytes


@settings(max_examples=60)
@given(st.lists(st.one_of(_PUTS, _SENT, _DONE), max_size=12))
def test_whatever_is_done_and_wherever_it_is_cut_off_order_is_kept_nothing_is_lost_and_bounds_hold(
    steps: list[tuple[str, object]],
) -> None:
    # In memory: power cuts are made here, the disk is not asked to prove anything.
    with tempfile.TemporaryDirectory(dir=_MEMORY) as root:
        lives, numbers, model = 0, iter(range(10_000)), _Model()
        spool = Spool(Path(root) / "0", _BOUNDS)
        try:
            for step, how in steps:
                match step, how:
                    case "put", list(groups):
                        drafts = [[_draft(kind, next(numbers)) for kind in group] for group in groups]
                        for group, answer in zip(drafts, spool.put(drafts, _NOW_MS), strict=True):
                            assert isinstance(answer, SpoolFull) is not model.fits(group)
                            if not isinstance(answer, SpoolFull):
                                model.put(group, answer)
                    case "settle", (int(take), int(judged), int(every)):
                        taken = spool.take(take, 1 << 20)[:judged]
                        refused = [
                            Refused(seq, _NOW_MS, "forbidden", "window", "not yours", event)
                            for seq, event in taken[::every]
                        ]
                        spool.settle([seq for seq, _ in taken], refused)
                        model.refused += [one.event for one in refused]
                        del model.waiting[: len(taken)]
                    case "again", _:
                        kept = spool.refused(1)
                        if kept and len(model.waiting) < _BOUNDS.events:
                            try:
                                assert spool.again([kept[0].seq]) == 1
                            except SpoolFull:
                                continue
                            model.refused.remove(kept[0].event)
                            model.waiting.append((kept[0].event, ""))
                    case "broken put", _:
                        with pytest.raises(RuntimeError):
                            spool.put([[draft(ticket("lost")), _Broken(b"", SOURCE, "lost", "")]], _NOW_MS)
                    case "power cut", _:
                        # What is in the files at this instant is all there is; the bounds are as they were told.
                        lives += 1
                        shutil.copytree(Path(root) / f"{lives - 1}", Path(root) / f"{lives}")
                        spool.close()
                        spool = Spool(Path(root) / f"{lives}")
                _check(spool, model, Path(root) / f"{lives}")
        finally:
            spool.close()


def _draft(kind: str, number: int) -> Draft:
    match kind:
        case "own":
            return draft(ticket(number))
        case "made":
            return draft(ticket("", time="2026-11-02T10:15:30+08:00"))
        case _:
            return draft(heartbeat(number))


def _check(spool: Spool, model: _Model, folder: Path) -> None:
    taken = spool.take(1_000, 1 << 30)
    assert [event for _, event in taken] == [event for event, _ in model.waiting]
    assert [seq for seq, _ in taken] == sorted({seq for seq, _ in taken})
    held = spool.held()
    assert held.events == len(model.waiting)
    assert held.beats == sum(beat != "" for _, beat in model.waiting)
    assert held.bytes == sum(len(event) for event, _ in model.waiting)
    # Ids grow, and so none is given twice.
    assert model.ids == sorted(set(model.ids))
    # Rejected events are in the table or, the older ones, in the file.
    kept = [row.event for row in spool.refused(1_000)]
    assert held.refused == len(kept) <= _BOUNDS.refused
    file = folder / "refused.ndjson"
    exported = [json.loads(line)["event"].encode() for line in file.read_bytes().splitlines()] if file.exists() else []
    assert sorted(kept + exported) == sorted(model.refused)


def test_a_batch_is_bounded_by_events_and_by_bytes_and_has_at_least_one(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        drafts = [draft(ticket(number)) for number in range(5)]
        spool.put([drafts], _NOW_MS)
        sizes = [len(one.raw) for one in drafts]
        assert len(spool.take(3, 1 << 20)) == 3
        assert len(spool.take(5, sum(sizes[:2]))) == 2
        assert len(spool.take(5, sum(sizes[:2]) - 1)) == 1
        assert len(spool.take(5, 1)) == 1


def test_an_id_is_never_given_twice_though_the_clock_is_set_back_or_chance_repeats(tmp_path: Path) -> None:
    nothing = draft(ticket(""))
    ids: list[str] = []
    for now_ms in (_NOW_MS, _NOW_MS, 0, _NOW_MS - 86_400_000, _NOW_MS + 1):
        with Spool(tmp_path) as spool:
            for answer in spool.put([[nothing, nothing]], now_ms):
                assert not isinstance(answer, SpoolFull)
                ids += answer
    assert ids == sorted(set(ids))
    assert {len(id_) for id_ in ids} == {26}
    assert next_id(next_id("", 5, 7), 5, 7) > next_id("", 5, 7)
    assert next_id("", 5, 0) > next_id("", 4, (1 << CHANCE_BITS) - 1)


def test_a_second_agent_over_a_spool_is_told_who_has_it_and_another_process_may_hand_in(tmp_path: Path) -> None:
    with Spool(tmp_path) as mine, Spool(tmp_path) as other:
        with mine.claim():
            with pytest.raises(SpoolTaken, match=r"process \d+"), other.claim():
                pass
            other.put([[draft(ticket(1))]], _NOW_MS)
            assert len(mine.take(10, 1 << 20)) == 1
        with other.claim():
            pass


def test_a_spool_is_its_owners_alone(tmp_path: Path) -> None:
    with Spool(tmp_path / "made" / "spool") as spool:
        spool.put([[draft(ticket(1))]], _NOW_MS)
        assert (tmp_path / "made" / "spool").stat().st_mode & 0o077 == 0
        assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "made" / "spool").iterdir())


def test_what_is_no_spool_is_refused(tmp_path: Path) -> None:
    (tmp_path / "spool.db").write_bytes(b"certainly no database" * 100)
    with pytest.raises(SpoolFormat):
        Spool(tmp_path)
