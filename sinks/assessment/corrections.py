"""Corrections (更正): what of a sealed period is otherwise by what came to be known later, and why.

Nothing sealed is changed. Corrections are kept with the next seal, and stand in its bulletin; until then they wait.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sinks.assessment.assessor import assess
from sinks.assessment.before import current
from sinks.assessment.database import Database, Tell, quoted, silent, texts
from sinks.assessment.later import Later, later_events
from sinks.assessment.period import Period
from sinks.assessment.positions import Positions
from sinks.assessment.results import BILL, Result, results, sha256_of
from sinks.assessment.sealed import Seal, sealed_results

# What a correction is about; other columns may differ without one.
_SAID: Final = ("score", "graded", "band", "rank", "star", "interview", "ranked", "candidate", "proposed")
_COLUMNS: Final = ("period", "scope", "subject", "street", "before", "after", "cause")
_RANKS: Final = frozenset({"rank"})
_MOVED: Final = "他人或同组分数更正，名次随之变动"
_GROUP: Final = "同组平均或登记信息变动"


@dataclass(frozen=True, slots=True)
class Correction:
    """`before`, `after`: score, band, rank, star and the like, as JSON; '' where the subject wasn't or isn't there."""

    period: str
    scope: str
    subject: str
    street: str
    before: str
    after: str
    cause: str
    events: tuple[tuple[str, str], ...]


def find_corrections(database: Database, chain: Sequence[Seal], tell: Tell = silent) -> list[Correction]:
    """What differs now from the sealed periods and is in no correction yet. Brings the sealed periods' current results
    up to date first.
    """
    found: list[Correction] = []
    for seal in chain:
        assess(database, seal.period, current(database, tell), tell)
        found += _of_period(database, seal, {one.number: one.positions for one in chain})
    return found


def _of_period(database: Database, seal: Seal, positions: Mapping[int, Positions]) -> list[Correction]:
    """`positions`: how much of the log each seal covers, by its number."""
    sealed = sealed_results(database, seal.period)
    now = results(database, "pingliu", seal.period)
    changes = _changes(sealed, now, _corrected(database, seal.period))
    later = {
        since: later_events(database, seal.period, positions[since or seal.number])
        for since in {change.since for change in changes}
    }
    found = []
    for change in changes:
        street = str(json.loads(change.after or change.before).get("street", ""))
        lines = _lines(sealed, now, change.scope, change.subject)
        causes = [
            one
            for one in later[change.since].get((change.scope, change.subject), [])
            if seal.period.kind != "month" or not lines or any(line.startswith(one.rule) for line in lines)
        ]
        if _is_moved(change, lines):
            causes = []
        found.append(
            Correction(
                seal.period.text, change.scope, change.subject, street, change.before, change.after,
                _cause(change, causes, lines), tuple(sorted({one.event for one in causes})),
            )
        )  # fmt: skip
    return found


class _Change(NamedTuple):
    """What was last said of a subject, and what is now. `since`: number of the seal that said so last, where that was
    with a correction; else 0.
    """

    scope: str
    subject: str
    before: str
    after: str
    since: int


def _changes(
    sealed: Sequence[Result], now: Sequence[Result], corrected: Mapping[tuple[str, str], tuple[str, int]]
) -> list[_Change]:
    before = dict(corrected)
    for key, said in _said(sealed).items():
        before.setdefault(key, (said, 0))
    after = _said(now)
    changes = []
    for scope, subject in sorted(before.keys() | after.keys()):
        said, since = before.get((scope, subject), ("", 0))
        changes.append(_Change(scope, subject, said, after.get((scope, subject), ""), since))
    return [change for change in changes if change.before != change.after]


def _said(rows: Sequence[Result]) -> dict[tuple[str, str], str]:
    said = {}
    for result in rows:
        if result.table.startswith(("staff_", "site_")):
            row = json.loads(result.row)
            values = {name: row[name] for name in ("street", *_SAID) if name in row}
            said[result.table.split("_")[0], result.subject] = json.dumps(values, ensure_ascii=False, sort_keys=True)
    return said


def _corrected(database: Database, period: Period) -> dict[tuple[str, str], tuple[str, int]]:
    """What earlier corrections of the period say, the latest of each subject, and the number of its seal."""
    rows = database.rows(
        "SELECT scope, subject, argMax(after, n) AS said, max(n) AS number FROM ("
        "SELECT toString(c.scope) AS scope, c.subject AS subject, "
        "c.after AS after, s.number AS n FROM pingliu.sealed_corrections AS c "
        "INNER JOIN pingliu.sealed_periods AS s ON c.bulletin = s.period "
        f"WHERE c.period = {quoted(period.text)}) GROUP BY scope, subject"
    )
    return {(str(row["scope"]), str(row["subject"])): (str(row["said"]), int(str(row["number"]))) for row in rows}


def _lines(sealed: Sequence[Result], now: Sequence[Result], scope: str, subject: str) -> list[str]:
    """Rules of the subject's bill whose points differ, with both."""

    def points(rows: Sequence[Result]) -> dict[str, str]:
        sums: dict[str, Any] = {}
        for result in rows:
            if result.table == BILL and result.subject == f"{scope} {subject}":
                row = json.loads(result.row)
                sums.setdefault(row["rule"], []).append(row["points"])
        return {rule: "、".join(map(str, values)) for rule, values in sums.items()}

    before, after = points(sealed), points(now)
    return [
        f"{rule}: {before.get(rule, '无')} → {after.get(rule, '无')}"
        for rule in sorted(before.keys() | after.keys())
        if before.get(rule) != after.get(rule)
    ]


def _is_moved(change: _Change, lines: Sequence[str]) -> bool:
    """Whether nothing but the rank is otherwise."""
    if not change.before or not change.after:
        return False
    return not lines and _without_ranks(change.before) == _without_ranks(change.after)


def _cause(change: _Change, causes: Sequence[Later], lines: Sequence[str]) -> str:
    if not change.before or not change.after:
        reason = "登记信息变动"
    elif causes:
        reason = "；".join(dict.fromkeys(one.words for one in causes))
    elif _is_moved(change, lines):
        reason = _MOVED
    else:
        reason = _GROUP
    return f"{reason}（{'；'.join(lines)}）" if lines else reason


def _without_ranks(said: str) -> Mapping[str, object]:
    return {name: value for name, value in json.loads(said).items() if name not in _RANKS}


def store_corrections(database: Database, bulletin: Period, corrections: Sequence[Correction]) -> None:
    """Keeps corrections with the seal of a period."""
    database.insert(
        "pingliu.sealed_corrections",
        {
            "bulletin": [bulletin.text for _ in corrections],
            **{name: [getattr(one, name) for one in corrections] for name in _COLUMNS},
            "sources": [[source for source, _ in one.events] for one in corrections],
            "ids": [[name for _, name in one.events] for one in corrections],
        },
    )


def stored_corrections(database: Database, bulletin: Period) -> list[Correction]:
    """Those that were kept with the seal of a period."""
    selected = ", ".join(f"toString({name}) AS {name}_text" for name in _COLUMNS)
    rows = database.rows(
        f"SELECT {selected}, sources, ids FROM pingliu.sealed_corrections WHERE bulletin = {quoted(bulletin.text)} "
        "ORDER BY period_text, scope_text, subject_text"
    )
    found = []
    for row in rows:
        events = tuple(zip(texts(row["sources"]), texts(row["ids"]), strict=True))
        found.append(Correction(**{name: str(row[f"{name}_text"]) for name in _COLUMNS}, events=events))
    return found


def corrections_sha256(database: Database, bulletin: Period) -> str:
    """What names the corrections that are kept with a seal."""
    rows = [
        [
            one.period,
            one.scope,
            one.subject,
            one.street,
            one.before,
            one.after,
            one.cause,
            [list(e) for e in one.events],
        ]
        for one in stored_corrections(database, bulletin)
    ]
    return sha256_of(json.dumps(rows, ensure_ascii=False, separators=(",", ":")))
