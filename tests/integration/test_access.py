"""Who may do what on a ClickHouse server, as ClickHouse's engine enforces it.

The engine makes no users and roles by SQL, but takes them from a configuration. So for each role a data folder is
opened anew, by a process whose only user has the very grants, settings and row filter of which `pingliu access` makes
SQL, beside the user that the views run as. What this can't show: that a server makes of the SQL what the engine makes
of the configuration (the statements are only parsed), HOST NONE, quotas, several roles of one user, and settings that
are changeable though read-only, which the engine's configuration refuses.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

import pytest

from deploy.access import TooOld, apply
from deploy.access_roles import ASSESSOR, AUDITOR, DEFINER, OWNER, SINK, SUPERVISOR, Role, definer, roles
from deploy.access_schema import (
    ASSESSED,
    HIDDEN,
    REFERENCE,
    SEALED,
    Relation,
    audited,
    declared,
    relations,
    supervised,
    tables_of,
)
from deploy.access_sql import row_filter, security
from deploy.local.clickhouse import ClickHouse
from deploy.simulator.simulation import simulate
from sinks.address import Address
from sinks.columns import EVENTS
from sinks.engine_values import quoted
from sinks.migrate import migrations
from sinks.positions import INSERTED, NOTED
from sinks.server import Server
from tests.recount import Message
from tests.views.warehouse import REGISTRY, Warehouse

_ROOT = Path(__file__).parents[2]
_SQL = _ROOT / "deploy" / "clickhouse" / "access.sql"
_OWN: Final = "530102000"
_DENIED: Final = 497
_READ_ONLY: Final = 164
_NO_SUCH_TABLE: Final = 636
_OUT_OF_BOUNDS: Final = 452
_PUBLIC: Final = ("events", "ratings", "services", "rectifications", "street_days", "street_minutes", "window_days")
_RECEIVED_MS: Final = 1_800_000_000_000


class Answer(NamedTuple):
    """What a statement gave; the code is 0 where it succeeded."""

    code: int
    text: str


class House(NamedTuple):
    """A data folder with a day's events, and what there is in it."""

    folder: Path
    found: list[Relation]
    counts: dict[str, dict[str, int]]  # rows by street, of what has one
    elsewhere: list[tuple[str, str, str]]  # table, column and a value that only other streets have

    def role(self, name: str) -> Role:
        return next(role for role in roles(self.found, REGISTRY.streets) if role.name == name)

    def ask(self, name: str, statements: Iterable[str], **settings: str) -> list[Answer]:
        """The answers to a role's statements, in one session."""
        return _run(self.folder, self.role(name), [("sql", statement) for statement in statements], settings)

    def copy(self, beside: Path) -> House:
        """The same in a folder of its own, for who changes something."""
        shutil.copytree(self.folder, beside / "data", symlinks=True)
        return self._replace(folder=beside / "data")


def _run(
    folder: Path, role: Role, steps: Sequence[tuple[str, str]], settings: Mapping[str, str] | None = None
) -> list[Answer]:
    config = folder.parent / f"{role.name}.xml"
    config.write_text(_config(config, role, settings or {}), encoding="utf-8")
    order = json.dumps([str(folder), str(config), steps])
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.in_role"],
        cwd=_ROOT,
        input=order,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [Answer(*answer) for answer in json.loads(done.stdout)]


def _config(file: Path, role: Role, settings: Mapping[str, str]) -> str:
    """Only the user `default` can be had in process: it is given the role."""
    chosen = role.profile.settings if role.profile else ()
    values = {setting.name: str(setting.value) for setting in chosen} | dict(settings)
    bounds = {setting.name: setting.bounds for setting in chosen if setting.bounds}
    profile = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    constraints = "".join(f"<{n}><min>{low}</min><max>{high}</max></{n}>" for n, (low, high) in bounds.items())
    tables = [grant.split("pingliu.")[1] for grant in role.grants] if role.street else []
    filters = "".join(f"<{table}><filter>{row_filter(role)}</filter></{table}>" for table in tables)
    return (
        f"<clickhouse><users_config>{file}</users_config><quotas><default/></quotas>"
        f"<profiles><default/><role>{profile}<constraints>{constraints}</constraints></role></profiles><users>"
        f"<{DEFINER}><password/><profile>default</profile><quota>default</quota>{_grants(definer())}</{DEFINER}>"
        f"<default><password/><profile>role</profile><quota>default</quota>{_grants(role)}"
        f"<databases><pingliu>{filters}</pingliu></databases></default></users></clickhouse>"
    )


def _grants(role: Role) -> str:
    return f"<grants><query>GRANT {escape(', '.join([*role.grants, *role.scratch]))}</query></grants>"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    folder = tmp_path_factory.mktemp("access") / "data"
    with closing(Warehouse(folder)) as warehouse:
        lines = enumerate(simulate(REGISTRY, date(2026, 11, 2), 3, 3, 0.02))
        messages = [Message(0, offset, _RECEIVED_MS, line) for offset, line in lines]
        warehouse.store_facts(messages)
        warehouse.store_live(messages[: len(messages) // 2])  # so that there is something to reconcile
        made = _examine(warehouse, folder)
    answers = made.ask(OWNER, security(made.found))
    assert {answer.code for answer in answers} == {0}, answers
    return made


def _examine(warehouse: Warehouse, folder: Path) -> House:
    engine = warehouse.engine
    found = relations(engine)
    counts: dict[str, dict[str, int]] = {}
    elsewhere: list[tuple[str, str, str]] = []
    for table in supervised(found):
        if table in tables_of(found, (*ASSESSED, *SEALED)):
            engine.execute(f"INSERT INTO pingliu.{table} (street) VALUES ('{_OWN}'), ('530102001')")
        rows = engine.rows(f"SELECT street, toInt64(count()) AS n FROM pingliu.{table} GROUP BY street")
        counts[table] = {str(row["street"]): int(str(row["n"])) for row in rows}
        for column in engine.rows(f"DESCRIBE TABLE pingliu.{table}"):
            text = f"ifNull(toString(`{column['name']}`), '')"
            values = engine.rows(
                f"SELECT {text} AS value FROM pingliu.{table} GROUP BY value"
                f" HAVING countIf(street = '{_OWN}') = 0 AND value != '' LIMIT 1"
            )
            elsewhere += [(table, str(column["name"]), str(row["value"])) for row in values]
    return House(folder, found, counts, elsewhere)


def _codes(answers: Sequence[Answer]) -> set[int]:
    return {answer.code for answer in answers}


def test_every_table_is_said_to_be_for_whom(house: House) -> None:
    groups = (HIDDEN, REFERENCE, ASSESSED, SEALED)
    named = [name for group in groups for name in group]
    assert len(named) == len(set(named))
    tables = [one.name for one in house.found if not one.is_view]
    assert set(tables) - set(named) == set(), "say in deploy/access_schema.py for whom these tables are"
    assert [one.name for one in house.found] == declared()
    assert set(audited(house.found)) == {one.name for one in house.found} - set(HIDDEN)


def test_the_shipped_file_is_what_the_command_prints() -> None:
    command = [sys.executable, "-c", "from deploy.cli_access import access; access()"]
    # A variable names a server; only what is typed is applied to.
    environ = {**os.environ, "PINGLIU_CLICKHOUSE": "clickhouse://nowhere.invalid:1/pingliu"}
    printed = subprocess.run(command, cwd=_ROOT, env=environ, capture_output=True, check=True, text=True).stdout
    assert printed == _SQL.read_text(encoding="utf-8"), "pingliu access > deploy/clickhouse/access.sql"


def test_every_statement_of_the_shipped_file_parses(house: House) -> None:
    lines = [line for line in _SQL.read_text(encoding="utf-8").splitlines() if not line.startswith("--")]
    statements = [part.strip() for part in "\n".join(lines).split(";\n") if part.strip()]
    answers = house.ask(AUDITOR, [f"SELECT formatQuerySingleLine({quoted(statement)})" for statement in statements])
    assert [s for s, answer in zip(statements, answers, strict=True) if answer.code] == []
    kinds = {answer.text.split()[1] for answer in answers if answer.text.startswith("CREATE")}
    assert kinds == {"ROLE", "USER", "ROW", "SETTINGS", "QUOTA"}


def test_the_shipped_file_holds_no_password() -> None:
    lines = _SQL.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if "IDENTIFIED" in line and not line.startswith("--")]


def test_an_auditor_reads_every_public_table_and_no_working_one(house: House) -> None:
    public = audited(house.found)
    assert set(house.counts) <= set(public)
    assert _codes(house.ask(AUDITOR, [f"SELECT * FROM pingliu.{name} LIMIT 10" for name in public])) == {0}
    totals = house.ask(AUDITOR, [f"SELECT count() FROM pingliu.{name}" for name in house.counts])
    assert [int(total.text) for total in totals] == [sum(count.values()) for count in house.counts.values()]
    assert _codes(house.ask(AUDITOR, [f"SELECT * FROM pingliu.{name} LIMIT 1" for name in HIDDEN])) == {_DENIED}
    (seen,) = house.ask(AUDITOR, ["SELECT name FROM system.tables WHERE database = 'pingliu'"])
    assert set(seen.text.split()) == set(public)


@pytest.mark.parametrize("name", [AUDITOR, f"{SUPERVISOR}{_OWN}"])
def test_who_reads_changes_nothing_and_gets_nowhere_else(house: House, name: str) -> None:
    """The scalar function file() is no table function and needs no right: a server holds it within its user_files."""
    changes = [
        "INSERT INTO pingliu.levels (level) VALUES ('x')",
        "INSERT INTO pingliu.event_log (id) VALUES ('x')",
        "ALTER TABLE pingliu.event_log DELETE WHERE 1",
        "ALTER TABLE pingliu.ratings MODIFY SQL SECURITY INVOKER",
        "CREATE TABLE pingliu.x (a Int8) ENGINE = Memory",
        "CREATE TEMPORARY TABLE x (a Int8)",
        "CREATE VIEW pingliu.x AS SELECT 1",
        "CREATE DATABASE pingliu_scratch_x",
        "CREATE FUNCTION x AS a -> a",
        "DROP VIEW pingliu.ratings",
        "TRUNCATE TABLE pingliu.event_log",
        "CREATE USER x",
        f"GRANT SELECT ON pingliu.event_log TO {DEFINER}",
        "SYSTEM SHUTDOWN",
    ]
    ways = [
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SELECT * FROM remote('127.0.0.1', 'pingliu.event_log')",
        "SELECT * FROM executable('true', 'TSV', 'a String')",
        "SELECT * FROM mergeTreeIndex('pingliu', 'event_log')",
        "SELECT count() FROM loop(pingliu.event_log)",
    ]
    assert _codes(house.ask(name, changes)) <= {_DENIED, _READ_ONLY}
    assert _codes(house.ask(name, ways)) <= {_DENIED, _READ_ONLY}
    merged = house.ask(name, ["SELECT count() FROM merge('pingliu', '^event_log$')"])
    assert _codes(merged) == {_NO_SUCH_TABLE}  # as far as this role sees
    assert _codes(house.ask(name, [f"EXECUTE AS {DEFINER} SELECT 1"])) != {0}


@pytest.mark.parametrize("name", [AUDITOR, f"{SUPERVISOR}{_OWN}"])
def test_limits_are_in_force_and_no_reader_lifts_them(house: House, name: str) -> None:
    """What is changeable though read-only (max_execution_time, session_timezone) is so on a server only; its bounds are
    shown here with the milder readonly = 2, in which settings may be changed."""
    profile = house.role(name).profile
    assert profile is not None
    values = house.ask(name, [f"SELECT toString(getSetting('{setting.name}'))" for setting in profile.settings])
    expected = [str(setting.value) for setting in profile.settings]
    told = [value.text.strip().replace("false", "0").replace("true", "1") for value in values]
    assert told == expected
    limits = [setting for setting in profile.settings if setting.name.startswith("max_")]
    lifts = [f"SET {setting.name} = 1000000000000" for setting in limits]
    lifts += ["SET readonly = 0", "SET analyzer_inline_views = 1", "SET short_circuit_function_evaluation = 'disable'"]
    assert _codes(house.ask(name, lifts)) == {_READ_ONLY}
    # `pingliu query` says these with every question.
    assert _codes(house.ask(name, ["SET session_timezone = 'Asia/Shanghai', readonly = 1"])) == {0}
    rows, memory = house.ask(name, ["SELECT number FROM numbers(1000001)", "SELECT length(range(toUInt64(400000000)))"])
    assert (rows.code, memory.code) == (396, 241)
    bounds = ["SET max_execution_time = 300", "SET max_execution_time = 301", "SET max_execution_time = 0"]
    assert [answer.code for answer in house.ask(name, bounds, readonly="2")] == [0, _OUT_OF_BOUNDS, _OUT_OF_BOUNDS]


def test_a_supervisor_sees_all_of_the_own_street_and_nothing_of_another(house: House) -> None:
    """Row policies hold for views that run with their definer's rights: the view's rows are filtered, so figures that
    are made over several streets are those that auditors see."""
    assert set(_PUBLIC) <= {table for table, counts in house.counts.items() if len(counts) > 1 and _OWN in counts}
    name = f"{SUPERVISOR}{_OWN}"
    every = {role.name for role in roles(house.found, REGISTRY.streets) if role.street}
    assert every == {f"{SUPERVISOR}{street}" for street in REGISTRY.streets}
    asked = [f"SELECT street, count() FROM pingliu.{table} GROUP BY street" for table in house.counts]
    answers = house.ask(name, asked)
    for (table, counts), answer in zip(house.counts.items(), answers, strict=True):
        assert answer.code == 0, answer
        assert answer.text == (f"{_OWN}\t{counts[_OWN]}\n" if _OWN in counts else ""), table
    others = [one.name for one in house.found if one.name not in house.counts]
    assert _codes(house.ask(name, [f"SELECT * FROM pingliu.{table} LIMIT 1" for table in others])) == {_DENIED}
    ways = [
        "SELECT DISTINCT street FROM merge('pingliu', '^events$')",
        "SELECT DISTINCT street FROM merge('pingliu', '^(events|event_log)$')",
        "SELECT DISTINCT street FROM view(SELECT street FROM pingliu.events)",
        "WITH e AS (SELECT street FROM pingliu.events) SELECT DISTINCT street FROM e",
        "SELECT DISTINCT street FROM (SELECT street FROM pingliu.events UNION ALL SELECT street FROM pingliu.facts)",
        "SELECT DISTINCT street FROM cluster('default', pingliu.events)",
    ]
    assert {answer.text for answer in house.ask(name, ways) if answer.code == 0} == {f"{_OWN}\n"}


def test_no_failing_condition_tells_a_supervisor_what_another_street_has(house: House) -> None:
    """With its usual optimizations the engine moves such conditions below the row policy, and this fails."""
    assert len(house.elsewhere) > 80
    probes = [
        "SELECT count() FROM pingliu.{0} WHERE NOT throwIf(ifNull(toString(`{1}`), '') = {2})",
        "SELECT count() FROM pingliu.{0} WHERE `{1}` = `{1}` AND intDiv(1, ifNull(toString(`{1}`), '') != {2}) >= 0",
        "SELECT count() FROM pingliu.{0} AS a JOIN pingliu.{0} AS b"
        " ON a.`{1}` = b.`{1}` AND NOT throwIf(ifNull(toString(a.`{1}`), '') = {2})",
        "SELECT uniq(`{1}`) FROM pingliu.{0} GROUP BY `{1}` HAVING NOT throwIf(ifNull(toString(`{1}`), '') = {2})",
    ]
    asked = [probe.format(table, column, quoted(value)) for table, column, value in house.elsewhere for probe in probes]
    answers = house.ask(f"{SUPERVISOR}{_OWN}", asked)
    telling = [sql for sql, answer in zip(asked, answers, strict=True) if answer.code in (395, 153)]
    assert telling == []
    # … and it is the condition that fails: of the own street it tells.
    assert house.ask(f"{SUPERVISOR}{_OWN}", [f"SELECT throwIf(street = '{_OWN}') FROM pingliu.events"])[0].code == 395


def test_the_sink_adds_what_it_stores_and_reads_only_how_far_it_is(house: House, tmp_path: Path) -> None:
    house = house.copy(tmp_path)
    stored = ("event_log", "live_log", "rejected_log", "sink_positions", "dead_letters")
    may = [NOTED, INSERTED, *(f"INSERT INTO pingliu.{table} (partition) VALUES (77)" for table in stored[2:])]
    may += [f"DESCRIBE TABLE pingliu.{table}" for table in stored]
    may += ["INSERT INTO pingliu.event_log (id) VALUES ('of sink')", "INSERT INTO pingliu.live_log (start) VALUES (1)"]
    assert _codes(house.ask(SINK, may)) == {0}
    assert _codes(_run(house.folder, house.role(SINK), [("check", "")])) == {0}
    must_not = [
        f"SELECT id FROM pingliu.{EVENTS}",
        f"SELECT data FROM pingliu.{EVENTS} FINAL",
        *(f"SELECT * FROM pingliu.{one.name}" for one in house.found if one.name not in ("migrations",)),
        *(f"INSERT INTO pingliu.{name} SELECT * FROM pingliu.{name}" for name in (*REFERENCE, "migrations")),
        *(f"{verb} TABLE pingliu.{table}" for verb in ("DROP", "TRUNCATE", "OPTIMIZE") for table in stored),
        "ALTER TABLE pingliu.event_log DELETE WHERE 1",
        "ALTER TABLE pingliu.event_log DROP PARTITION tuple()",
        "CREATE TABLE pingliu.x (a Int8) ENGINE = Memory",
    ]
    assert _codes(house.ask(SINK, must_not)) == {_DENIED}


def test_the_owner_brings_an_empty_server_up_to_date_and_has_no_right_elsewhere(house: House, tmp_path: Path) -> None:
    """Until `pingliu access` is run, new views have their reader's rights: auditors can't read them."""
    owner, auditor = house.role(OWNER), house.role(AUDITOR)
    folder = tmp_path / "data"
    folder.mkdir()
    first, again, check = _run(folder, owner, [("prepare", ""), ("prepare", ""), ("check", "")])
    assert first == Answer(0, ",".join(migration.name for migration in migrations()))
    assert (again, check) == (Answer(0, ""), Answer(0, ""))
    # `measures` is over tables that auditors may read themselves.
    names = [one.name for one in house.found if one.is_view and one.name != "measures"]
    views = [("sql", f"SELECT * FROM pingliu.{name} LIMIT 1") for name in names]
    assert _codes(_run(folder, auditor, views)) == {_DENIED}
    assert _codes(_run(folder, owner, [("sql", statement) for statement in security(house.found)])) == {0}
    assert _codes(_run(folder, auditor, views)) == {0}
    elsewhere = ["CREATE DATABASE other", "CREATE USER x", "SELECT * FROM url('http://127.0.0.1:1/', 'CSV')"]
    assert _codes(_run(folder, owner, [("sql", sql) for sql in elsewhere])) == {_DENIED}
    (applied,) = _run(folder, owner, [("apply", "")])
    assert applied.code == _DENIED
    assert "CREATE ROLE" in applied.text


def test_the_assessor_works_in_scratch_databases_and_changes_results_only(house: House, tmp_path: Path) -> None:
    house = house.copy(tmp_path)
    results = tables_of(house.found, ASSESSED)
    may = [
        *(f"SELECT * FROM pingliu.{one.name} LIMIT 1" for one in house.found),
        "CREATE DATABASE pingliu_scratch_x",
        "CREATE TABLE pingliu_scratch_x.t (id String) ENGINE = MergeTree ORDER BY id",
        "INSERT INTO pingliu_scratch_x.t SELECT id FROM pingliu.event_log",
        "CREATE VIEW pingliu_scratch_x.v AS SELECT * FROM pingliu_scratch_x.t",
        "SELECT throwIf(count() = 0) FROM pingliu_scratch_x.v",
        *(f"CREATE TABLE pingliu_scratch_x.{table} AS pingliu.{table}" for table in results),
        *(f"INSERT INTO pingliu.{table} (period) VALUES ('2026-01')" for table in results),
        *(f"INSERT INTO pingliu_scratch_x.{table} (period) VALUES ('2026-01')" for table in results),
        *(
            f"ALTER TABLE pingliu.{table} REPLACE PARTITION {partition} FROM pingliu_scratch_x.{table}"
            for table, partition in _partitions(house, results)
        ),
        "DROP TABLE pingliu_scratch_x.t SYNC",
        "DROP DATABASE pingliu_scratch_x",
    ]
    answers = house.ask(ASSESSOR, may)
    assert [(sql, answer) for sql, answer in zip(may, answers, strict=True) if answer.code] == []
    must_not = [
        "CREATE DATABASE pingliu_other",
        "CREATE TABLE pingliu.x (a Int8) ENGINE = Memory",
        "CREATE OR REPLACE VIEW pingliu.ratings AS SELECT 1",
        *(f"DROP TABLE pingliu.{one.name}" for one in house.found),
        *(f"INSERT INTO pingliu.{name} SELECT * FROM pingliu.{name}" for name in (*HIDDEN, *REFERENCE)),
        *(f"ALTER TABLE pingliu.{name} DELETE WHERE 1" for name in (*HIDDEN, *REFERENCE)),
        *(f"ALTER TABLE pingliu.{name} DELETE WHERE 1" for name in tables_of(house.found, SEALED)),
        "CREATE TABLE pingliu_scratch_x.u (a Int8) ENGINE = URL('http://127.0.0.1:1/', 'CSV')",
    ]
    assert _codes(house.ask(ASSESSOR, must_not)) == {_DENIED}


def _partitions(house: House, tables: Sequence[str]) -> Iterator[tuple[str, str]]:
    keys = house.ask(ASSESSOR, [f"SELECT partition_key FROM system.tables WHERE name = '{t}' LIMIT 1" for t in tables])
    for table, key in zip(tables, keys, strict=True):
        yield table, "'2026-01'" if key.text.strip() else "tuple()"


def test_an_old_server_is_left_alone(clickhouse: ClickHouse) -> None:
    address = Address.parse(f"clickhouse://default@{clickhouse.address}/pingliu")
    refused = pytest.raises(TooOld, match=r"24\.8 or newer; this is 18\.16")
    with closing(Server(address)) as server, refused:
        list(apply(server, REGISTRY.streets))
