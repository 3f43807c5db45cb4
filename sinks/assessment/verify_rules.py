"""Rule sets, and what judges figures besides: held to their hashes, and to what was noted when they were written."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Final

from schemas.rules import RulesError, parse_rules
from sinks import reference
from sinks.assessment.database import Database
from sinks.assessment.finding import NAMED, Finding
from sinks.assessment.rule_sets import TABLE, RuleSet, noted, published

_LOG: Final = "reference_log"


def verify_rules(database: Database) -> Iterator[Finding]:
    """What of them was touched. A table of whose note the same can be said is held to nothing."""
    sets = published(database)
    for rule_set in sets:
        yield from _of_set(rule_set)
    touched = yield from _log(database)
    if TABLE not in touched:
        names = {json.dumps(one.noted): f"{one.sha256} of {one.effective_from}" for one in sets}
        for added, row in _unlike((one.noted for one in sets), noted(database)):
            yield Finding("rule", TABLE, f"{names.get(row, row)} was {'added' if added else 'removed'} or changed")
    for table in [table for table in reference.COLUMNS if table not in touched]:
        for added, row in _unlike(reference.content(database, table), reference.noted_content(database, table)):
            yield Finding("rule", table, f"{row} was {'added' if added else 'removed'} or changed")


def _of_set(rule_set: RuleSet) -> Iterator[Finding]:
    try:
        rules = rule_set.rules
        written = parse_rules(rule_set.toml) if rule_set.toml else rules
    except RulesError as error:
        yield Finding("rule", TABLE, f"{rule_set.sha256} of {rule_set.effective_from}: {error}")
        return
    if written != rules:
        yield Finding("rule", TABLE, f"{rule_set.sha256} of {rule_set.effective_from}: its toml isn't what it says")


def _log(database: Database) -> Generator[Finding, None, set[str]]:
    """Notes that aren't what they were. Returns the tables of which the last one isn't, or is none."""
    rows = database.rows(
        f"SELECT table_name, toString(written_ms) AS at, sha256 = lower(hex(SHA256(content))) AS whole "
        f"FROM pingliu.{_LOG} ORDER BY written_ms"
    )
    last = dict.fromkeys((TABLE, *reference.COLUMNS), 0)
    for row in rows:
        last[str(row["table_name"])] = int(str(row["whole"]))
        if not int(str(row["whole"])):
            yield Finding("rule", _LOG, f"{row['table_name']}, written at {row['at']}: it was changed")
    for table in sorted(last.keys() - {str(row["table_name"]) for row in rows}):
        yield Finding("rule", _LOG, f"{table}: there is no note of what it holds")
    return {table for table, whole in last.items() if not whole}


def _unlike(rows: Iterable[Sequence[object]], written: Iterable[Sequence[object]]) -> Iterator[tuple[bool, str]]:
    """Rows, as JSON, that are there and weren't written (True), or the other way round (False)."""
    there, then = (Counter(json.dumps([*row], ensure_ascii=False) for row in each) for each in (rows, written))
    for added, more in ((True, there - then), (False, then - there)):
        for row in sorted(more)[:NAMED]:
            yield added, row
