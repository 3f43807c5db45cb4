"""A thousand hostile and broken requests, while a device sends as it should: it is served, and nothing else counts."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.box import await_that
from tests.security.attempts import BROKEN, HONEST, OWN, ROGUE, STRANGE, Attempts, Known, request, signed
from tests.security.door import OTHER_WINDOW, WINDOW, Attempt, Door, Terminal, rating

_TIMES = 17
_CONNECTIONS = 100
# Short, so that who dawdles is ended within the test.
_PATIENCE = {
    "PINGLIU_GATEWAY_IDLE_SECONDS": "2", "PINGLIU_GATEWAY_BODY_SECONDS": "2",
    "PINGLIU_GATEWAY_PEER_CONNECTIONS": str(_CONNECTIONS),
}  # fmt: skip
_MEMORY = 300 << 20
_REFUSALS = frozenset(range(400, 500)) | {503}
_BODY = 4 << 20


class Siege:
    """A gateway, an honest device that sends all the time, and a rogue one."""

    def __init__(self, root: Path) -> None:
        self.door = Door(root, _PATIENCE)
        honest = self.door.add(HONEST, "--window", WINDOW)
        rogue = self.door.add(ROGUE, "--window", OTHER_WINDOW)
        self.endpoint = self.door.open()
        self.terminal = Terminal(self.endpoint, honest, f"terminal/{HONEST}")
        self.overheard = signed(Known(self.endpoint.host, honest, b""), HONEST, rating(0, f"terminal/{HONEST}/1"))
        self.known = Known(self.endpoint.host, rogue, self.overheard)

    @contextmanager
    def while_served(self) -> Iterator[None]:
        """The honest device sends one rating after the other; each is accepted at once, and they go on to the end."""
        over = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(self._send, over)
            before, earlier = len(self.terminal.accepted), len(self.terminal.refused)
            try:
                yield
                await_that(
                    lambda: len(self.terminal.accepted) > before + 10 or self._is_troubled(sending, earlier),
                    "it is served",
                )
            finally:
                over.set()
            sending.result()
        assert self.terminal.refused[earlier:] == []

    def _is_troubled(self, sending: Future[None], earlier: int) -> bool:
        return len(self.terminal.refused) > earlier or sending.done()

    def _send(self, over: threading.Event) -> None:
        while not over.wait(0.01):
            self.terminal.send()

    def attempt(self, raw: bytes, *, and_end: bool = False) -> tuple[list[int], bytes]:
        """What is answered to some bytes, on a connection of their own."""
        one = Attempt(self.endpoint)
        try:
            one.send(raw, and_end=and_end)
            return one.answers()
        finally:
            one.close()


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Siege]:
    siege = Siege(tmp_path_factory.mktemp("siege") / "d")
    yield siege
    siege.terminal.close()
    siege.door.close()


def test_a_thousand_hostile_requests_are_refused_one_by_one_while_a_device_is_served(siege: Siege) -> None:
    kinds: dict[str, Attempts] = {"broken": BROKEN, "strange": STRANGE, "own": OWN}
    named = [(kind, name, make) for kind, attempts in kinds.items() for name, make in attempts.items()]
    assert len(named) * _TIMES > 1_000
    with siege.while_served(), ThreadPoolExecutor(4) as pool:
        tried = [
            (kind, name, pool.submit(lambda make, n: siege.attempt(make(siege.known, n)), make, n))
            for n in range(_TIMES)
            for kind, name, make in named
        ]
        found = [(kind, name, *attempt.result()) for kind, name, attempt in tried]
    for kind, name, codes, said in found:
        # Never two answers to what is no request, and never one that lets it pass.
        assert len(codes) <= 1, (name, said)
        assert _REFUSALS.issuperset(codes), (name, said)
        assert b"text/html" not in said, (name, said)
        assert siege.known.token.encode() not in said, name
        assert kind == "broken" or b"HTTP/1." in said or len(said) == 0, (name, said)
    assert {name for _, name, _ in named} == {name for _, name, codes, _ in found if codes}


def test_who_dawdles_or_breaks_off_is_ended_while_a_device_is_served(siege: Siege) -> None:
    body = rating(0, f"terminal/{ROGUE}")
    head = request(siege.known, body, f"Authorization: Bearer {siege.known.token}").removesuffix(body)
    with siege.while_served():
        dawdlers = [Attempt(siege.endpoint) for _ in range(40)]
        for number, one in enumerate(dawdlers):
            # Nothing at all, a part of a head, a head, a part of a body; and the same from who hears only.
            one.send((b"", head[:40], head, head + body[:-1])[number % 4], and_end=number % 8 > 3)
        waiting = list(dawdlers)

        def have_ended() -> bool:
            for one in waiting:
                one.send(b"x")
            waiting[:] = [one for one in waiting if not one.is_closed()]
            return not waiting

        await_that(have_ended, "the gateway ends who dawdles")
        for one in dawdlers:
            one.close()


def test_bodies_without_right_credentials_take_no_room_from_a_device(siege: Siege) -> None:
    with siege.while_served():
        hoarders = [Attempt(siege.endpoint) for _ in range(24)]
        with ThreadPoolExecutor(4) as pool:
            raw = signed(siege.known, HONEST, b"x" * (_BODY - 1) + b"y")
            list(pool.map(lambda one: one.send(raw[:-1]), hoarders))
        await_that(lambda: all(one.is_closed() for one in hoarders), "the gateway ends them")
        for one in hoarders:
            one.close()


def test_a_flood_of_connections_from_one_address_keeps_nobody_else_out(siege: Siege) -> None:
    with siege.while_served():
        flood = [Attempt(siege.endpoint) for _ in range(160)]
        answers = [one.answers()[0] for one in flood]
        for one in flood:
            one.close()
    assert answers.count([503]) >= len(flood) - _CONNECTIONS


def test_what_was_overheard_and_is_sent_again_adds_nothing_of_its_own(siege: Siege) -> None:
    for _ in range(20):
        codes, _ = siege.attempt(siege.overheard)
        assert codes == [200]


def test_after_all_that_the_log_holds_the_honest_events_and_the_gateway_is_well(siege: Siege) -> None:
    said = [(one["source"], one["id"]) for one in siege.door.events()]
    honest = [(f"terminal/{HONEST}", name) for name in siege.terminal.accepted]
    assert set(said) <= {*honest, (f"terminal/{HONEST}/1", "000000")}
    assert sorted(one for one in said if one[0] == f"terminal/{HONEST}") == sorted(honest)
    assert len(honest) > 100
    assert siege.door.peak_bytes() < _MEMORY
    assert siege.door.close() == 0
    for word in ("Traceback", " ERROR ", siege.known.token):
        assert word not in siege.door.said()
