"""The hall and the devices against an independent count, however their streams are cut, repeated or broken off."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from schemas.decoding import decode
from schemas.live import CLEARED, CONGESTED, LiveDevices
from schemas.moments import epoch_ms, iso
from schemas.published import Notice
from streams.street.devices import Devices, read_devices
from streams.transport.record import Record
from tests import examples, recount
from tests.examples import RECEIVED_MS
from tests.property.halls import LIVE, RULES, STREET, Run, halls, heartbeats
from tests.property.naive_hall import naive_hall

_MINUTE_MS = 60_000


@given(halls())
def test_a_hall_is_what_an_independent_count_of_all_its_events_finds(values: list[bytes]) -> None:
    run = Run(values)
    run.finish()
    naive, live, hall = naive_hall(values, LIVE), run.live, run.street.hall
    waiting = {site.site: (site.waiting, epoch_ms(site.waiting_since)) for site in live.sites if site.waiting}
    assert waiting == {site: (len(since), min(since.values())) for site, since in naive.waiting.items()}
    assert live.waiting == sum(map(len, naive.waiting.values()))
    assert (hall.tally().waits, hall.tally().wait_ms) == (naive.waits, naive.wait_ms)
    assert [rating.rating for rating in live.ratings] == naive.ratings
    assert [rating.rating for rating in live.bad] == naive.bad
    assert (live.heard, {rating.came for rating in live.bad} - {iso(RECEIVED_MS)}) == (iso(RECEIVED_MS), set())
    assert [(epoch_ms(one.due) + 1, one.rating) for one in live.rectifications] == naive.open
    overdue = [one.rating for one in live.rectifications if one.overdue]
    assert overdue == [rating for due, rating in naive.open if due <= run.street.newest_ms]
    assert (live.rectifications_open, live.rectifications_overdue) == (len(naive.open), len(overdue))
    soon_ms = run.street.newest_ms + 24 * 60 * _MINUTE_MS
    assert live.rectifications_due_soon == sum(run.street.newest_ms < due <= soon_ms for due, _ in naive.open)
    assert live.rectifications_uncontacted == naive.uncontacted
    assert {window.window for window in live.windows} == naive.windows.keys()
    for window in live.windows:
        expected = naive.windows[window.window]
        service = expected["service"]
        said = (window.state, window.staff, window.service)
        assert said == (expected["state"], expected["staff"], service.get("id", ""))
        assert _ms(window.since) == expected["since"]
        assert (_ms(window.started), _ms(window.completed)) == (service.get("started"), service.get("completed"))
        assert (window.called_ticket, _ms(window.called)) == (expected["called"] or ("", None))
        assert sum(hall.windows.now()[window.window].ratings) == expected["ratings"]


@given(halls())
def test_queues_are_congested_and_cleared_when_an_independent_count_says(values: list[bytes]) -> None:
    run = Run(values)
    run.finish()
    said = {
        (notice.type, notice.site, epoch_ms(notice.time), notice.data["waiting"])
        for notice in run.notices.values()
        if notice.type in (CONGESTED, CLEARED)
    }
    assert said == naive_hall(values, LIVE).notices


_actions = st.lists(
    st.tuples(st.sampled_from(["take", "take", "take", "publish", "save", "crash"]), st.integers(1, 9)), max_size=40
)


@given(halls(), _actions)
def test_any_cut_any_redelivery_and_any_crash_give_the_hall_and_the_notices_of_an_uncut_run(
    values: list[bytes], actions: list[tuple[str, int]]
) -> None:
    run, uncut = Run(values), Run(values)
    uncut.take(len(values))
    uncut.publish()
    for action, count in actions:
        if action == "take":
            run.take(count)
        else:
            getattr(run, action)()
    run.finish()
    assert run.live == uncut.live
    assert run.street.hall.tally() == uncut.street.hall.tally()
    assert run.notices == uncut.notices


@given(halls())
def test_saved_and_restored_after_every_message_a_hall_is_that_of_an_uncut_run(values: list[bytes]) -> None:
    run, uncut = Run(values), Run(values)
    uncut.finish()
    while not run.is_done:
        run.take(1)
        run.save()
        run.crash()
    assert run.live == uncut.live
    assert run.street.hall.tally() == uncut.street.hall.tally()
    assert run.notices == uncut.notices


_steps = st.sampled_from(
    [
        ("rectification.completed", {}), ("rectification.completed", {}),
        ("rectification.revisited", {"result": "dissatisfied"}),
        ("rectification.revisited", {"result": "dissatisfied"}),
        ("rectification.revisited", {"result": "basically_satisfied"}), ("rectification.verified", {"finding": "void"}),
        ("rating.voided", {}), ("rating.reinstated", {}),
    ]
)  # fmt: skip


@given(st.lists(_steps, max_size=6))
def test_boards_show_the_rectifications_that_the_facts_have_as_open_or_reopened(
    steps: list[tuple[str, dict[str, str]]],
) -> None:
    told: list[tuple[str, dict[str, str]]] = [("rating.submitted", {"level": "dissatisfied"}), *steps]
    values = [
        json.dumps(examples.event(kind, id=f"e{number}", rating="R", street=STREET, **data)).encode()
        for number, (kind, data) in enumerate(told)
    ]
    run = Run(values)
    run.finish()
    messages = [recount.Message(0, offset, RECEIVED_MS, value) for offset, value in enumerate(values)]
    state = recount.facts(messages, now_ms=RECEIVED_MS).rectifications["R"]["state"]
    assert [one.reopened for one in run.live.rectifications] == (
        [] if state in ("void", "completed", "closed") else [state == "reopened"]
    )


class Beats:
    """The devices of a partition over its heartbeats, saved and broken off anywhere."""

    def __init__(self, values: Sequence[bytes]) -> None:
        self._records = [Record(offset, RECEIVED_MS, None, value) for offset, value in enumerate(values)]
        self._saves: list[bytes] = []
        self._base: int | None = None
        self.devices = Devices(RULES)
        self.notices: dict[str, Notice] = {}
        self.position = 0

    def take(self, count: int) -> None:
        self.devices.apply(deepcopy(decode(self._records[self.position : self.position + count]).events))
        self.position = min(self.position + count, len(self._records))

    def publish(self) -> None:
        for notice in self.devices.take_notices():
            assert self.notices.setdefault(notice.id, notice) == notice

    def save(self) -> None:
        self.publish()
        self._saves.append(self.devices.save(self._base))
        self._base = self.devices.next_offset if self._base is None else self._base

    def crash(self) -> None:
        self.devices = Devices(RULES)
        self.devices.restore(map(read_devices, self._saves))
        self.position = self.devices.next_offset

    def finish(self) -> dict[str, LiveDevices]:
        while self.position < len(self._records):
            self.take(7)
        self.publish()
        return {street: self.devices.live(street) for street in self.devices.streets()}


@given(heartbeats(), _actions)
def test_any_cut_and_any_crash_give_the_devices_and_the_notices_of_an_uncut_run(
    values: list[bytes], actions: list[tuple[str, int]]
) -> None:
    beats, uncut = Beats(values), Beats(values)
    for action, count in actions:
        if action == "take":
            beats.take(count)
        else:
            getattr(beats, action)()
    assert beats.finish() == uncut.finish()
    assert beats.notices == uncut.notices


@given(heartbeats())
def test_saved_and_restored_after_every_heartbeat_the_devices_are_those_of_an_uncut_run(values: list[bytes]) -> None:
    beats, uncut = Beats(values), Beats(values)
    for _ in values:
        beats.take(1)
        beats.save()
        beats.crash()
    assert beats.finish() == uncut.finish()
    assert beats.notices == uncut.notices


@given(heartbeats())
def test_devices_are_missed_back_and_forgotten_when_an_independent_count_says(values: list[bytes]) -> None:
    beats = Beats(values)
    live = beats.finish()
    messages = [recount.Message(0, number, RECEIVED_MS, value) for number, value in enumerate(values)]
    last: dict[tuple[str, str], int] = {}
    missed: dict[tuple[str, str], int] = {}
    said = set()
    now = -(10**15)
    for event in recount.accepted_events(messages):
        now = max(now, event["time"])
        key = event["street"], event["data"]["device"]
        # Twice: before the heartbeat, by those of before, and after it.
        for is_heard in (False, True):
            if is_heard and event["time"] > last.get(key, -(10**15)) and now - event["time"] < 24 * 60 * _MINUTE_MS:
                last[key] = event["time"]
                if key in missed and now - event["time"] < 10 * _MINUTE_MS:
                    del missed[key]
                    said.add(("device.back", *key, event["time"]))
            for one, heard in list(last.items()):
                if now - heard >= 10 * _MINUTE_MS and one not in missed:
                    missed[one] = heard + 10 * _MINUTE_MS
                    said.add(("device.offline", *one, missed[one]))
                if now - heard >= 24 * 60 * _MINUTE_MS:
                    del last[one], missed[one]
    assert {(one.type, one.street, one.data["device"], epoch_ms(one.time)) for one in beats.notices.values()} == said
    found = {(street, one.device): epoch_ms(one.last) for street, all_ in live.items() for one in all_.devices}
    assert found == last
    gone = {
        (street, one.device): epoch_ms(one.offline_since)
        for street, all_ in live.items()
        for one in all_.devices
        if one.offline_since
    }
    assert gone == missed
    assert sum(one.offline for one in live.values()) == len(missed)


def _ms(text: str) -> int | None:
    return epoch_ms(text) if text else None
