"""Judges a vendor's output: what the decoder accepts, and what the checks find in that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, Literal, NamedTuple

import msgspec

from deploy.conformance.checks import CHECKS
from deploy.conformance.reading import NotRead, Sent
from deploy.conformance.report import Findings, Key, OfType, Place, Refusals, Report, Verdict
from deploy.conformance.seen import Output, Seen
from schemas.contracts.meanings import TYPES as MEANINGS
from schemas.decoding import decode
from schemas.event import Reason
from schemas.events import TYPES
from schemas.privacy import mask
from schemas.registry import Registry
from streams.routing import partition_of, topic_of

# So many places of a finding are named; the rest is counted.
_PLACES: Final = 20


class _Message(NamedTuple):
    """A message as the decoder takes it; its offset is its place in the output."""

    offset: int
    timestamp_ms: int
    value: bytes


class _Refused(NamedTuple):
    type: str
    reason: Reason
    place: Place


class _Said(msgspec.Struct):
    """What is read of a message besides what the decoder gives."""

    type: str = ""
    time: str = ""


_said: Final = msgspec.json.Decoder(_Said).decode


def examine(
    sent: Sequence[Sent],
    registry: Registry,
    now_ms: int,
    partitions: int,
    *,
    not_read: Iterable[NotRead] = (),
    unit: Literal["line", "record"] = "line",
) -> Report:
    """The report on messages in their order, as a broker would get them at `now_ms` (epoch ms).

    `not_read`: records that their adapter refused. `unit`: what the lines of both are.
    """
    decoded = decode([_Message(place, now_ms, one.raw) for place, one in enumerate(sent)])
    seen = [Seen(sent[event.offset].line, event, _said(sent[event.offset].raw).time) for event in decoded.events]
    refused = [_Refused("", one.reason, Place(one.line, one.path, mask(one.detail))) for one in not_read]
    for reject in decoded.rejects:
        place = Place(sent[reject.offset].line, reject.path, mask(reject.detail))
        refused.append(_Refused(_type_of(reject.raw), reject.reason, place))
    findings = list(_findings(Output(seen, registry)))
    accepted = Counter(one.event.type for one in seen)
    return Report(
        verdict=_verdict(refused, findings),
        unit=unit,
        messages=len(seen) + len(refused),
        accepted=len(seen),
        refused=len(refused),
        types=list(_of_types(accepted, Counter(one.type for one in refused))),
        refusals=list(_refusals(refused)),
        findings=findings,
        never_shown=sorted(TYPES - accepted.keys()),
        keys=list(_keys(seen, partitions)),
        partitions=partitions,
    )


def _verdict(refused: Sequence[_Refused], findings: Sequence[Findings]) -> Verdict:
    weights = {one.weight for one in findings}
    if refused or "problem" in weights:
        return "does not conform"
    return "conforms with remarks" if "remark" in weights else "conforms"


def _type_of(raw: bytes) -> str:
    """A refused message's type, '' where it says none of the contract's: who knows what stands there instead."""
    try:
        kind = _said(raw).type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return kind if kind in TYPES else ""


def _findings(output: Output) -> Iterator[Findings]:
    for check in CHECKS:
        found = check.find(output)
        places = [Place(one.line, one.field, mask(one.detail)) for one in islice(found, _PLACES)]
        count = len(places) + sum(1 for _ in found)
        if count:
            yield Findings(check.name, check.weight, check.title, check.says, count, places)


def _of_types(accepted: Counter[str], refused: Counter[str]) -> Iterator[OfType]:
    for kind in sorted(accepted.keys() | refused.keys()):
        title = MEANINGS[kind].title if kind else "类型不明"
        yield OfType(kind, title, accepted[kind], refused[kind])


def _refusals(refused: Iterable[_Refused]) -> Iterator[Refusals]:
    groups: dict[tuple[str, Reason, str], list[Place]] = {}
    for one in refused:
        groups.setdefault((one.type, one.reason, one.place.field), []).append(one.place)
    for (kind, reason, field), places in sorted(groups.items()):
        places.sort(key=lambda place: place.line)
        yield Refusals(kind, reason, field, len(places), places[:_PLACES])


def _keys(seen: Iterable[Seen], partitions: int) -> Iterator[Key]:
    counts = Counter((topic_of(one.event.type), one.event.street) for one in seen)
    for (topic, street), count in sorted(counts.items()):
        yield Key(topic, street, count, partition_of(street, partitions))
