"""What an event costs on its way through one process, step by step, on the same simulated events; CPU µs per event.

The garbage collector is set as a role sets it (streams.role): with Python's own settings a fifth would be its cost.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from datetime import date

import msgspec

from deploy.district import FOLDER
from deploy.simulator import simulate
from schemas.decoding import decode
from schemas.events import ONE
from schemas.privacy import Privacy
from schemas.registry import Registry
from schemas.rules import Rules
from schemas.secret import Seal, Secret
from schemas.workdays import Workdays
from sinks.columns import bucket_columns, event_columns
from streams.checkpoint import Ledger, Restored, Totals
from streams.journal import Journal
from streams.lane import Lane, Terms
from streams.routing import Origins, owned
from streams.street.devices import Devices
from streams.topics import EVENTS, METRICS
from streams.transport.record import Record

_FETCH = 5_000
_ROUNDS = 3


def measure(name: str, step: Callable[[Sequence[Record]], object], records: Sequence[Record], base: float = 0) -> float:
    """The best of some rounds, fetch by fetch; prints it, and its ratio to `base`."""
    best = float("inf")
    for _ in range(_ROUNDS):
        began = time.process_time()
        for start in range(0, len(records), _FETCH):
            step(records[start : start + _FETCH])
        best = min(best, time.process_time() - began)
    cost = best / len(records) * 1e6
    print(f"{name:44} {cost:7.2f}  {cost / (base or cost):5.2f}x")
    return cost


def main() -> None:
    lines = list(simulate(Registry.load(FOLDER), date(2026, 10, 12), 2, 7, 1.0))
    now_ms = time.time_ns() // 1_000_000
    records = [Record(offset, now_ms, None, line) for offset, line in enumerate(lines) if len(line) < 65_536]
    valid = [
        Record(event.offset, now_ms, None, lines[event.offset]) for event in owned(decode(records).events, EVENTS, 0, 1)
    ]
    rules, workdays = Rules(), Workdays()
    seal, privacy = Seal(Secret(bytes(32))), Privacy.from_secret(Secret(bytes(32)))
    terms = Terms(rules, workdays, Origins(Secret(bytes(32))), 1, privacy)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    print(f"{len(valid):,} events of {sum(map(len, lines)) / len(lines):.0f} bytes          µs/event   ratio")
    base = measure(
        "decoding: JSON alone (msgspec, no checks)", lambda r: [msgspec.json.decode(x.value or b"") for x in r], valid
    )
    measure(
        "decoding: one validate_json an event", lambda r: [ONE.validate_json(x.value or b"") for x in r], valid, base
    )
    measure("decoding: decode(), batches of 200", lambda r: decode(r), valid, base)
    lanes: list[Lane] = []

    def fold(fetch: Sequence[Record]) -> None:
        if fetch[0].offset == valid[0].offset:
            lanes.append(_lane(terms))
        lanes[-1].take(fetch)

    def fold_and_write(fetch: Sequence[Record]) -> None:
        fold(fetch)
        # Boards are told as often as by a role: by the time that passes.
        for _ in lanes[-1].take_outputs(seal, time.time_ns() // 1_000_000, live_every_ms=500):
            pass
        for _ in lanes[-1].take_save(0):
            pass

    measure("aggregate: decode and fold", fold, valid, base)
    measure("aggregate: and outputs and checkpoints", fold_and_write, valid, base)
    measure("sink: decode and columns", lambda r: event_columns(decode(r).events, 0, privacy), valid, base)
    lane = _lane(terms)
    lane.take(valid)
    buckets = [entry.value or b"" for entry in lane.take_outputs(seal, 0) if entry.topic == METRICS]
    upserts = [Record(offset, now_ms, None, value) for offset, value in enumerate(buckets)]
    measure(
        f"sink: columns of {len(upserts):,} buckets", lambda r: bucket_columns(x.value or b"" for x in r), upserts, base
    )


def _lane(terms: Terms) -> Lane:
    return Lane(Restored(Totals(EVENTS, 0), {}, Devices(terms.rules)), Ledger(Journal(EVENTS, "")), terms)


if __name__ == "__main__":
    main()
