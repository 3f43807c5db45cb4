"""Verification names whatever was touched behind pingliu's back, and is silent about what came the right way."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice, takewhile, zip_longest
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from deploy.district import FOLDER
from sinks.assessment.database import silent
from sinks.assessment.finding import Finding
from sinks.assessment.restored import RESULTS
from sinks.assessment.sealed import seals
from sinks.assessment.seals import LEFT
from sinks.assessment.verify import verify
from sinks.assessment.verify_results import verify_results
from sinks.workbench import Workbench
from tests.assessment.sealing import (
    FIRST,
    FOURTH,
    MONTH,
    NEXT,
    QUARTER,
    SECOND,
    THIRD,
    added,
    bench,
    changed,
    copied,
    removed,
    sample,
    sealed_sample,
    touch,
    visit,
    write,
)
from tests.box import Box

_AUGUST: Final = f"period = '{MONTH}'"
_SEPTEMBER: Final = f"period = '{NEXT}'"
_OF_FIRST: Final = f"subject = '{FIRST}'"
_TEXT: Final = "startsWith(content, '{{\"{}')"
_RATING: Final = "source = 'tests/sealing' AND id = 'rated-second'"
_STAFF: Final = f"staff = '{FIRST}'"
_FORGED: Final = "row = replaceRegexpOne(row, '\"(score|points)\":', '\"\\\\1\":1')"


_SITES: Final = ("530102001-00", "530102002-00", "530102003-00", "530102004-00")
# Of the events that there are, one of so many comes once more.
_AGAIN: Final = 20
# An event's name and place: who changes one of these removes it there, and adds another.
_KEYS: Final = ("source", "id", "partition", "offset", "precedence")


def _row(staff: str) -> str:
    """A row of sealed_results."""
    return f"period = '{MONTH}' AND result = 'staff_months' AND subject = '{staff}'"


class _Case(NamedTuple):
    """What is done to a table, and what must be said: of which table, and which row (a pattern)."""

    table: str
    statement: str
    named: str

    @property
    def touched(self) -> str:
        """The table that the statement is about."""
        return self.statement.split()[2].removeprefix("pingliu.")

    def is_named(self, finding: Finding) -> bool:
        return finding.place == self.table and re.search(self.named, finding.detail) is not None


# An offset of its partition that no event has: a refused message's, or a redelivery's.
_GAP: Final = (
    "(SELECT min(number) FROM numbers(1000000) WHERE number NOT IN (SELECT offset FROM pingliu.event_log "
    f"WHERE partition = (SELECT partition FROM pingliu.event_log WHERE {_RATING}) AND type != 'device.heartbeat'))"
)
_CASES: Final = (
    # Facts.
    _Case(
        "event_log",
        changed("event_log", "level = 'very_satisfied'", _RATING),
        r"/\d+ \(tests/sealing rated-second\) was changed",
    ),
    _Case("event_log", removed("event_log", _RATING), r"pingliu\.events/\d+/\d+ was removed"),
    _Case(
        "event_log",
        added("event_log", _RATING, f"'forged' AS id, {_GAP} AS offset"),
        r"/\d+ \(tests/sealing forged\) was added",
    ),
    _Case(
        "event_log",
        added("event_log", _RATING, "'very_satisfied' AS level, precedence + 1 AS precedence, offset - 1 AS offset"),
        r"tests/sealing rated-second.* was changed",
    ),
    _Case("event_log", changed("event_log", "offset = offset + 100000000", _RATING), "was removed"),
    # Rules.
    _Case("rule_sets", changed("rule_sets", "name = 'x'", "1"), "of 2000-01-01: .* was changed"),
    _Case("rule_sets", changed("rule_sets", "canonical = replace(canonical, '0.5', '0.6')", "1"), "of 2000-01-01"),
    _Case("rule_sets", changed("rule_sets", "canonical = '{'", "1"), "of 2000-01-01"),
    _Case("rule_sets", changed("rule_sets", "toml = '[star]\\nquota_from = 9'", "1"), "of 2000-01-01: its toml"),
    _Case("rule_sets", removed("rule_sets", "1"), "was removed"),
    _Case("rule_sets", added("rule_sets", "1", "published_ms + 1 AS published_ms"), "of 2000-01-01 was added"),
    # What judges figures.
    _Case("levels", changed("levels", "points = 9", "level = 'satisfied'"), '"satisfied".* was added or changed'),
    _Case("levels", removed("levels", "level = 'satisfied'"), '"satisfied".* was removed'),
    _Case("levels", added("levels", "level = 'satisfied'", "'better' AS level"), '"better".* was added'),
    _Case("levels", added("levels", "level = 'satisfied'"), '"satisfied".* was added'),
    _Case("calendar", changed("calendar", "workday = 1", "day = 20666"), r"\[20666, 1, .*added or changed"),
    _Case("calendar", removed("calendar", "day = 20666"), r"\[20666, .*removed"),
    _Case("calendar", added("calendar", "day = 20666"), r"\[20666, .*added"),
    _Case("limits", changed("limits", "value = 9", "name = 'contact_workdays'"), "contact_workdays"),
    _Case("limits", removed("limits", "name = 'contact_workdays'"), "contact_workdays.* removed"),
    _Case("limits", added("limits", "name = 'contact_workdays'", "value + 1 AS value"), "contact_workdays.* added"),
    *(
        case
        for table, key, value, column, row in (
            ("registry", "code", FIRST, "name = 'x'", FIRST),
            ("sites", "site", "530102001-00", "tier = 'community'", "530102001-00"),
            ("windows", "window", "530102001-00-01", "pool = 'community'", "530102001-00-01"),
            ("items", "item", "IT-0001", "std_ms = 1", "IT-0001"),
            ("posts", "staff", FIRST, "valid_to = 20600", FIRST),
        )
        for case in (
            _Case(table, changed(table, column, f"{key} = '{value}'"), f'"{row}".* added or changed'),
            _Case(table, removed(table, f"{key} = '{value}'"), f'"{row}".* removed'),
            _Case(table, added(table, f"{key} = '{value}'", f"'X9' AS {key}"), '"X9".* added'),
        )
    ),
    _Case("reference_log", changed("reference_log", "content = '[]'", "table_name = 'posts'"), "^posts, .* changed"),
    _Case("reference_log", removed("reference_log", "table_name = 'posts'"), "^posts: there is no note"),
    _Case("reference_log", added("reference_log", "table_name = 'posts'", "'[]' AS content"), "^posts, .* changed"),
    # Seals.
    *(
        _Case("sealed_periods", changed("sealed_periods", f"{column} = {value}", _AUGUST), MONTH)
        for column, value in {
            "sealed_at": "addDays(sealed_at, 1)",
            "rules_sha256": "'x'",
            "inputs": "arrayPopBack(inputs)",
            "positions": "arrayMap(p -> (p.1, p.2, p.3 + 1), positions)",
            "results_sha256": "'x'",
            "facts_sha256": "'x'",
            "corrections_sha256": "'x'",
            "previous": "'x'",
            "seal": "'x'",
        }.items()
    ),
    _Case("sealed_periods", changed("sealed_periods", "period = '2026-07'", _AUGUST), "2026-07"),
    _Case("sealed_periods", changed("sealed_periods", "period = 'x'", _AUGUST), "seal 1 of x can't be read"),
    _Case(
        "sealed_periods",
        changed("sealed_periods", "inputs = arrayMap(i -> ('a b', i.2, i.3), inputs)", _AUGUST),
        f"seal 1 of {MONTH} can't be read",
    ),
    _Case("sealed_periods", removed("sealed_periods", _AUGUST), f"{NEXT}: seal 2 names .* one between"),
    _Case("sealed_results", removed("sealed_periods", _SEPTEMBER), f"^{NEXT}: there are rows of it and no seal"),
    _Case("sealed_periods", added("sealed_periods", _AUGUST), f"{MONTH}: seal 1 names"),
    _Case("sealed_periods", added("sealed_periods", _SEPTEMBER, "3 AS number, '2026-10' AS period"), "^2026-10: "),
    _Case(
        "sealed_results",
        changed("sealed_results", "score = '100'", _row(SECOND)),
        f"{MONTH}: staff_months {SECOND}: its street or score",
    ),
    _Case(
        "sealed_results",
        changed("sealed_results", "street = '530102001'", _row(SECOND)),
        f"staff_months {SECOND}: its street or score",
    ),
    _Case(
        "sealed_results",
        changed("sealed_results", "row = '?'", _row(SECOND)),
        f"staff_months {SECOND}: its street or score",
    ),
    _Case("sealed_results", changed("sealed_results", _FORGED, _row(SECOND)), f"^{MONTH}: its rows aren't those"),
    _Case("sealed_results", removed("sealed_results", _row(SECOND)), f"^{MONTH}: its rows aren't those"),
    _Case("sealed_results", added("sealed_results", _row(SECOND)), f"^{MONTH}: its rows aren't those"),
    _Case(
        "sealed_results", added("sealed_results", _row(SECOND), "'2026-10' AS period"), "^2026-10: there are rows of it"
    ),
    _Case(
        "sealed_inputs",
        changed("sealed_inputs", "content = concat(content, ' ')", _TEXT.format("first_day")),
        f"{MONTH}: the calendar of {MONTH}",
    ),
    _Case("sealed_inputs", removed("sealed_inputs", _TEXT.format("items")), f"{MONTH}: the registry of {MONTH}"),
    _Case("sealed_inputs", added("sealed_inputs", _TEXT.format("items"), "'{}' AS content"), "[0-9a-f]{64}: its text"),
    _Case(
        "sealed_facts", changed("sealed_facts", "hashes = arrayReverse(hashes)", _AUGUST), f"^{MONTH}: its fingerprints"
    ),
    _Case("sealed_facts", removed("sealed_facts", _SEPTEMBER), f"^{NEXT}: its fingerprints"),
    _Case("sealed_facts", added("sealed_facts", _AUGUST, "stretch + 900 AS stretch"), f"^{MONTH}: its fingerprints"),
    _Case("sealed_facts", added("sealed_facts", _AUGUST, "'2026-10' AS period"), "^2026-10: there are rows"),
    *(
        _Case(
            "sealed_corrections",
            changed("sealed_corrections", f"{column} = {value}", _OF_FIRST),
            f"^{NEXT}: its corrections",
        )
        for column, value in {"street": "'x'", "before": "''", "after": "''", "cause": "'x'"}.items()
    ),
    _Case(
        "sealed_corrections",
        changed("sealed_corrections", "ids = arrayMap(i -> 'x', ids)", _OF_FIRST),
        f"^{NEXT}: its corrections",
    ),
    _Case("sealed_corrections", removed("sealed_corrections", _OF_FIRST), f"^{NEXT}: its corrections"),
    _Case(
        "sealed_corrections",
        added("sealed_corrections", _OF_FIRST, f"'{THIRD}' AS subject"),
        f"^{NEXT}: its corrections",
    ),
    _Case(
        "sealed_corrections",
        added("sealed_corrections", _OF_FIRST, f"'{MONTH}' AS bulletin"),
        f"^{MONTH}: its corrections",
    ),
    _Case(
        "sealed_corrections",
        added("sealed_corrections", _OF_FIRST, "'2026-10' AS bulletin"),
        "^2026-10: there are rows",
    ),
)
# Tables of which one case each is tried at a time: what is said of one of them says nothing of the others. (A note of
# what a table holds does, and a seal of all that it seals.)
_TOGETHER: Final = (
    ("event_log", "rule_sets", "levels", "calendar", "limits", "registry", "sites", "windows", "items", "posts"),
    ("reference_log", "sealed_results", "sealed_inputs", "sealed_facts", "sealed_corrections"),
    ("sealed_periods",),
)


def _rounds() -> Iterator[list[_Case]]:
    """All cases, by what is tried at a time: of every table of a group its first one, then its second one, …"""
    cases: dict[str, list[_Case]] = {table: [] for group in _TOGETHER for table in group}
    for case in _CASES:
        cases[case.touched].append(case)
    for group in _TOGETHER:
        for cut in zip_longest(*(cases[table] for table in group)):
            yield [case for case in cut if case is not None]


# A row of each result table for each way to touch it, what it is to be named by, and what is set.
_OF: Final = {
    "staff_months": (MONTH, "staff = '{}'", (FIRST, SECOND, THIRD, FOURTH), "{}", "score", "score + 1"),
    "site_months": (MONTH, "site = '{}'", _SITES, "{}", "rank", "rank + 1"),
    "bill_lines": (
        MONTH, "subject = '{}' AND line = 2", (FIRST, SECOND, THIRD, FOURTH), "staff {} line 2", "points", "points + 1",
    ),
    "month_measures": (
        MONTH, "staff = '{0}' AND item = (SELECT min(item) FROM pingliu.month_measures WHERE staff = '{0}')",
        (FIRST, SECOND, THIRD, FOURTH), r"\S+ \S+ {} ?\S*", "ratings", "ratings + 1",
    ),
    "staff_quarters": (QUARTER, "staff = '{}'", (FIRST, SECOND, THIRD, FOURTH), "{}", "star", "star + 1"),
    "site_quarters": (QUARTER, "site = '{}'", _SITES, "{}", "score", "score + 1"),
}  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """The sealed sample, and beside it a database with what its tables held."""
    with bench(copied(sealed_sample(tmp_path_factory)[0], tmp_path_factory.mktemp("tampering") / "data")) as engine:
        engine.execute("CREATE DATABASE kept")
        for table in {case.touched for case in _CASES} | {*RESULTS}:
            engine.execute(f"CREATE TABLE kept.{table} AS pingliu.{table}")
            engine.execute(f"INSERT INTO kept.{table} SELECT * FROM pingliu.{table}")
        yield engine


@pytest.fixture
def whole(engine: Workbench) -> Iterator[Workbench]:
    """The engine, whose tables are put back afterwards."""
    touched = _Touched(engine)
    yield touched
    for table in touched.tables:
        engine.execute(f"TRUNCATE TABLE pingliu.{table}")
        engine.execute(f"INSERT INTO pingliu.{table} SELECT * FROM kept.{table}")


class _Touched(Workbench):
    def __init__(self, engine: Workbench) -> None:
        self._engine = engine._engine
        self._limits = engine._limits
        self.tables: set[str] = set()

    def execute(self, sql: str, *, query_id: str = "") -> None:
        super().execute(sql, query_id=query_id)
        if found := re.match(r"(?:ALTER TABLE|INSERT INTO) pingliu\.(\w+)", sql):
            self.tables.add(found[1])


@pytest.mark.parametrize("cases", [*_rounds()], ids=lambda cases: f"{cases[0].touched}-{cases[0].named}")
def test_what_was_touched_is_named(whole: Workbench, cases: list[_Case]) -> None:
    for case in cases:
        whole.execute(case.statement)
    seen: list[Finding] = []
    missing = list(cases)
    for finding in verify(whole):  # no further than needed
        seen.append(finding)
        missing = [case for case in missing if not case.is_named(finding)]
        if not missing:
            return
    pytest.fail(f"not named: {missing}; found were {seen[:20]}")


def test_each_row_of_a_result_that_was_touched_is_named(whole: Workbench) -> None:
    """Of sealed ones and of current ones, which are held to different things; and no other row is."""
    bill = f"period = '{MONTH}' AND result = 'bill_lines' AND subject = 'staff {FIRST}' AND line = 1"
    whole.execute(changed("sealed_results", _FORGED, _row(FIRST)))
    whole.execute(changed("sealed_results", _FORGED, bill))
    whole.execute(removed("sealed_results", _row(SECOND)))
    whole.execute(added("sealed_results", _row(THIRD)))
    whole.execute(added("sealed_results", _row(THIRD), "'S9999' AS subject"))
    whole.execute(added("sealed_results", _row(THIRD), "'staff' AS result"))
    named = [*_touch_current(whole)]
    found = list(verify(whole))
    _are_sealed_rows_named("\n".join(finding.detail for finding in found if finding.place == "sealed_results"))
    current = [finding for finding in found if finding.place != "sealed_results"]
    for table, detail in named:
        assert any(one.place == table and re.search(detail, one.detail) for one in current), (table, detail, current)
    assert {one.what for one in current} == {"result"}
    assert sum(": it says " in one.detail for one in current) == len(named)


def _are_sealed_rows_named(said: str) -> None:
    for row, how in (
        (f"staff_months {FIRST}", "{.*}, the facts give {.*}"),
        (f"bill_lines staff {FIRST} line 1", "{.*}, the facts give {.*}"),
        (f"staff_months {SECOND}", "nothing more, the facts give {.*}"),
        (f"staff_months {THIRD}", "{.*}, the facts give nothing more"),
        ("staff_months S9999", "{.*}, the facts give nothing more"),
        (f"staff {THIRD}", "{.*}, the facts give nothing more"),
    ):
        assert re.search(f"^{MONTH}: {row}: it says {how}$", said, re.MULTILINE), (row, said)
    # Of all the others, too: what they name is what was touched, and nothing else.
    assert said.count("it says") == 6


def _touch_current(whole: Workbench) -> Iterator[tuple[str, str]]:
    """Touches a row of each table in each way; the table, and what must be said of the row (a pattern)."""
    for table, (period, where, subjects, about, column, value) in _OF.items():
        ways: tuple[Callable[[str], str], ...] = (
            partial(changed, table, f"{column} = {value}"),
            partial(removed, table),
            partial(added, table),
            partial(added, table, replaced=f"{value} AS {column}"),
        )
        for way, subject in zip(ways, subjects, strict=True):
            whole.execute(way(f"period = '{period}' AND {where.format(subject)}"))
            yield table, f"^{period}:? {about.format(subject)}: "


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (
            changed("assessments", "results_sha256 = 'x'", _AUGUST),
            f"^{MONTH}: it isn't what was computed",
        ),
        (changed("assessments", "positions = []", _AUGUST), f"^{MONTH}: it isn't what was computed"),
        (removed("assessments", _AUGUST), f"^{MONTH}: there is no note"),
        (added("assessments", _AUGUST), f"^{MONTH}: there are 2 notes"),
        (added("assessments", _AUGUST, "'x' AS period"), "^x: it is no period"),
    ],
)
def test_a_note_of_what_was_computed_that_was_touched_is_named(whole: Workbench, statement: str, named: str) -> None:
    whole.execute(statement)
    found: list[Finding] = []
    for finding in verify_results(whole, silent):  # no further than needed
        found.append(finding)
        if finding.place == "assessments" and re.search(named, finding.detail):
            return
    pytest.fail(f"not named; found were {found}")


def test_every_column_of_an_event_is_covered(whole: Workbench) -> None:
    """Each is changed of another event, none of which has its key there."""
    kinds = whole.rows("SELECT name, type FROM system.columns WHERE database = 'pingliu' AND table = 'event_log'")
    columns = {str(row["name"]): str(row["type"]) for row in kinds if row["name"] not in _KEYS}
    events = whole.rows(
        "SELECT id FROM pingliu.event_log FINAL WHERE time_ms < 1787000000000 AND source != 'tests/sealing' "
        f"ORDER BY cityHash64(id) LIMIT {len(columns)}"
    )
    for (name, kind), row in zip(columns.items(), events, strict=True):
        value = f"concat({name}, 'x')" if "String" in kind else f"{name} + 1"
        whole.execute(changed("event_log", f"{name} = {value}", f"id = '{row['id']}'"))
    found = [finding.detail for finding in takewhile(lambda one: one.place == "event_log", verify(whole))]
    for name, row in zip(columns, events, strict=True):
        assert any(f" {row['id']}) was " in detail for detail in found), (name, found)


def test_the_newest_seal_cut_off_without_a_trace_is_missed_by_who_knows_its_hash(whole: Workbench) -> None:
    newest = seals(whole)[-1]
    for table, column in {"sealed_periods": "period", **LEFT}.items():
        whole.execute(removed(table, f"{column} = '{NEXT}'"))
    first = next(verify(whole, wanted=[newest.seal]))
    assert (first.place, newest.seal in first.detail) == ("sealed_periods", True)


# As users see it.


@pytest.fixture
def box(tmp_path_factory: pytest.TempPathFactory) -> Box:
    return copied(sealed_sample(tmp_path_factory)[0], tmp_path_factory.mktemp("verified") / "data")


def test_verify_exits_with_1_and_names_all_that_was_touched(box: Box, tmp_path_factory: pytest.TempPathFactory) -> None:
    (sealed,) = [row for row in sealed_sample(tmp_path_factory)[1].first["sealed"] if '"results_sha256"' in row]
    seal = json.loads(sealed)["seal"]
    touch(
        box,
        changed("event_log", "received_ms = received_ms - 1", _RATING),
        changed("posts", "lead = 1", f"staff = '{FIRST}'"),
        changed("sealed_results", _FORGED, _row(FIRST)),
    )
    process = box.start("verify", "--seal", seal, "--seal", "0" * 64)
    output, errors = process.communicate()
    assert process.returncode == 1, errors
    said = output.decode()
    for line in (
        rf'^rule    posts: \["{FIRST}", .* was added or changed$',
        f"^chain   sealed_periods: there is no seal {'0' * 64}",
        r"^fact    event_log: pingliu\.events/\d+/\d+ \(tests/sealing rated-second\) was changed$",
        f"^result  sealed_results: {MONTH}: staff_months {FIRST}: it says ",
    ):
        assert re.search(line, said, re.MULTILINE), (line, said)
    assert seal not in said


def test_what_comes_the_right_way_is_nothing_touched(
    box: Box, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Events once more, new events, ClickHouse's merges, and a registry that changes."""
    with (sample(tmp_path_factory).parent / "stream.ndjson").open("rb") as lines:
        known = [line.rstrip(b"\n") for line in islice(lines, None, None, _AGAIN)]
    new = [*visit("new", "2026-09-18", FIRST, "satisfied"), *visit("late", "2026-08-18", SECOND, "dissatisfied")]
    account = box.ingest(write(tmp_path / "events.ndjson", [*known, *new]))
    # Some are known by their ids; others are too old for that, and stored once more.
    assert min(account["duplicates"], account["accepted"] - len(new)) > 1000, account
    touch(box, "OPTIMIZE TABLE pingliu.event_log FINAL")
    district = tmp_path / "district"
    shutil.copytree(FOLDER, district)
    posts = (district / "posts.csv").read_text().splitlines(keepends=True)
    (district / "posts.csv").write_text("".join(line for line in posts if not line.startswith(f"{THIRD},")))
    items = (district / "items.csv").read_text().replace(",8,1\n", ",9,1\n")
    (district / "items.csv").write_text(items)
    newest = "SELECT seal FROM sealed_periods ORDER BY number DESC LIMIT 1"
    _, seal = box.run_in_turn(("migrate", "--district", str(district)), ("query", newest))
    assert box.run("verify", "--seal", seal.strip()) == "2 sealed periods verified: nothing was touched\n"
