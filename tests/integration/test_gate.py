"""The gate against the engine itself: its parser, its functions, its settings."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sinks.engine import Engine, EngineError
from sinks.engine_chdb import READ_ONLY, Connection
from sinks.gate import Refused, check
from sinks.gate_words import EXISTS, SETTINGS, SHOW, may_set
from tests.gate_samples import REACHING_EXPRESSIONS, REACHING_TABLES, WRITES

_FRAGMENTS = st.sampled_from((
    "SELECT", "WITH", "FROM", "WHERE", "EXPLAIN", "EXPLAIN AST", "DESCRIBE", "DESC", "SHOW", "SHOW CREATE", "EXISTS",
    "TABLE", "INSERT INTO t", "VALUES (1)", "CREATE TABLE t (a Int8)", "DROP", "ALTER TABLE t", "DELETE", "SET", "USE",
    "SYSTEM", "KILL QUERY", "OPTIMIZE", "ATTACH", "DETACH", "BEGIN", "COMMIT", "EXECUTE AS x", "PARALLEL WITH",
    "INTO OUTFILE 'x'", "SETTINGS", "readonly = 0", "max_threads = 1", "FORMAT", "JSON", "AS", "x", "t", "a.b", "1",
    "'s'", "*", ",", ";", "(", ")", "[", "]", "{x:String}", "{x:Identifier}", "=", "->", "UNION ALL", "JOIN", "ON 1",
    "USING x", "GROUP BY", "ORDER BY", "LIMIT 1", "LIMIT 1 BY x", "ARRAY JOIN", "FINAL", "SAMPLE 0.1", "APPLY",
    "EXCEPT", "file('x')", "url('x')", "`file`", "/*", "*/", "--", "#", "\n", "$$", "$a$", "\\", "'", '"', "`",
    "EXISTS", "LIKE", "IN", "OVER ()", "default.x", "COPY", "WATCH",
))  # fmt: skip
# Of the functions, those that a name gives away; a new engine's are to be looked at.
_TELLING = ("ai", "file", "url", "http", "exec", "catboost", "remote", "server", "shell", "python", "stack")
_HARMLESS = {"urlhash", "urlhierarchy", "urlpathhierarchy", "serveruuid", "servertimezone"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine(tmp_path_factory.mktemp("gate") / "data")
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def parser(engine: Engine) -> Iterator[Connection]:
    connection = Connection(str(engine.path))
    yield connection
    connection.close()


def _passes(sql: str) -> bool:
    try:
        check(sql)
    except Refused:
        return False
    return True


def test_what_the_gate_passes_the_engines_own_parser_calls_one_reading_statement(parser: Connection) -> None:
    whole = st.sampled_from((*WRITES, *REACHING_EXPRESSIONS, *(f"SELECT * FROM {table}" for table in REACHING_TABLES)))

    @given(st.lists(st.one_of(_FRAGMENTS, whole), min_size=1, max_size=8).map(" ".join))
    def holds(sql: str) -> None:
        if _passes(sql):
            verdict = parser.judge(sql)
            assert verdict.statements <= 1
            assert verdict.statements == 0 or verdict.effect == READ_ONLY

    holds()


def test_no_table_function_of_this_engine_passes_but_the_allowed(engine: Engine) -> None:
    allowed = {"numbers", "numbers_mt", "zeros", "zeros_mt", "primes", "generateSeries", "generate_series"}
    allowed |= {"values", "SQLStandardValues", "view", "null"}
    names = {str(row["name"]) for row in engine.rows("SELECT name FROM system.table_functions")}
    assert len(names) > 80
    passed = {name for name in names if _passes(f"SELECT * FROM {name}(1)")}
    assert passed <= allowed
    assert {name for name in names if _passes(f"DESCRIBE TABLE {name}('x')")} <= allowed
    # As the right side of IN they'd be called too. These three only make rows of their arguments, or read dictionaries.
    assert {n for n in names if _passes(f"SELECT 1 IN {n}(1)")} <= allowed | {"format", "dictionary", "generateRandom"}


def test_no_function_of_this_engine_that_calls_out_passes(engine: Engine) -> None:
    names = [str(row["name"]) for row in engine.rows("SELECT name FROM system.functions WHERE NOT is_aggregate")]
    assert len(names) > 1000
    suspicious = [name for name in names if name.lower().startswith(_TELLING) and name.lower() not in _HARMLESS]
    assert "file" in suspicious
    assert not [name for name in suspicious if _passes(f"SELECT {name}('x')")]
    calling = [name for name in suspicious if name == "file" or name.lower().startswith("ai")]
    assert len(calling) > 10
    assert not [name for name in calling if _passes(f"SELECT arrayMap({name}, ['x'])")]


def test_every_setting_that_may_be_changed_exists(engine: Engine) -> None:
    assert engine.setting_names() >= SETTINGS
    assert not [
        name for name in engine.setting_names() if may_set(name) and name.endswith(("_path", "_url", "_schema"))
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "/* /* */ SELECT file('/etc/hostname') -- */",
        "SELECT 1 # SELECT file('x')\n",
        "SELECT $$ ' $$, file('/etc/hostname'), $$ ' $$",
        "SELECT '\\', file(\"/etc/hostname\"), '",
        "SELECT `a\\`, file('/etc/hostname'), `b`",
        "SELECT '''', file('/etc/hostname')",
    ],
)
def test_what_both_parsers_might_read_differently_is_refused_in_the_engines_form(engine: Engine, sql: str) -> None:
    with contextlib.suppress(EngineError, Refused):
        normal = engine.normal_form(sql)
        check(normal)
        assert socket.gethostname().encode() not in engine.query(normal).data


def test_the_small_grammars_are_the_engines(parser: Connection) -> None:
    for sql in ("SHOW FULL TABLES FROM a LIKE 'x' LIMIT 3", "SHOW CREATE VIEW a.b FORMAT TSV", "EXISTS DICTIONARY a.b"):
        check(sql)
        assert parser.judge(sql).effect == READ_ONLY
    assert SHOW.fullmatch("create drop table x") is None
    assert EXISTS.fullmatch("exists create table t") is None
