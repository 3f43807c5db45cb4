"""The embedded engine: what is stored is what was given, whole or not at all, and readers can't change it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from sinks.destination import Stored
from sinks.engine import Engine, EngineBusy, EngineError, EngineLimits, Escaped, QueryLimits
from sinks.engine_arrow import FORMAT, arrow_streams, arrow_type
from sinks.engine_chdb import Connection
from sinks.errors import outcome
from sinks.isolating import insert_isolating
from tests.gate_samples import OTHERS, WRITES

_ALL_TYPES = """
    n Int64, s String, l LowCardinality(String), ln LowCardinality(Nullable(String)), u8 UInt8, u64 UInt64, f Float64,
    b Bool, d Date, t DateTime('Asia/Shanghai'), t3 DateTime64(3, 'Asia/Shanghai'), t6 DateTime64(6, 'UTC'),
    a Array(String), al Array(LowCardinality(String)), o Nullable(Int32), e Enum8('x' = 1, 'y' = 2), i UUID,
    x FixedString(2), given String DEFAULT 'left out'
"""
_ENDLESS = "SELECT count() FROM numbers(1000000000000)"
_WAIT_S = 60.0


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine(tmp_path_factory.mktemp("engine") / "data")
    yield engine
    engine.close()


@pytest.fixture
def table(engine: Engine) -> Iterator[str]:
    engine.execute(f"CREATE TABLE pingliu.all_types ({_ALL_TYPES}) ENGINE = MergeTree ORDER BY n")
    yield "pingliu.all_types"
    engine.execute("DROP TABLE pingliu.all_types SYNC")


def _fails(code: int, call: Callable[[], object]) -> EngineError:
    with pytest.raises(EngineError) as raised:
        call()
    assert raised.value.code == code, raised.value
    return raised.value


def _await(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(_WAIT_S / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("did not come about")


def _running(engine: Engine) -> int:
    return (
        len(engine.rows("SELECT 1 FROM system.processes WHERE query LIKE '%numbers(1000000000000)%' AND elapsed > 0"))
        - 1
    )


def test_every_kind_of_column_comes_back_as_it_was_given(engine: Engine, table: str) -> None:
    day = datetime(2026, 11, 2, 10, 15, 30, 123000, tzinfo=timezone(timedelta(hours=8)))
    columns: dict[str, Sequence[object]] = {
        "n": [1, -(2**63)],
        "s": ["中文", b"\xff\x00\xfe"],
        "l": ["a", b"\xff"],
        "ln": [None, ""],
        "u8": [0, 255],
        "u64": [2**64 - 1, 0],
        "f": [1, 0.1],
        "b": [True, False],
        "d": [date(2026, 11, 2), 0],
        "t": [day, 1_793_585_730],
        "t3": [day, 1_793_585_730_123],
        "t6": [day.astimezone(UTC), 0],
        "a": [[], ["x", b"\xfe", ""]],
        "al": [["x", "x"], []],
        "o": [None, -5],
        "e": ["x", "y"],
        "i": ["61f0c404-5cb3-11e7-907b-a6006ad3dba0"] * 2,
        "x": [b"\xff\xff", "a"],
    }
    assert engine.insert(table, columns) == 2
    hexed = "hex(s) AS s, hex(l) AS l, arrayMap(p -> hex(p), a) AS a, hex(x) AS x"
    first, second = engine.rows(f"SELECT * REPLACE ({hexed}) FROM {table} ORDER BY n DESC")
    assert first == {
        "n": 1, "s": "中文".encode().hex().upper(), "l": "61", "ln": None, "u8": 0, "u64": 2**64 - 1, "f": 1, "b": True,
        "d": "2026-11-02", "t": "2026-11-02 10:15:30", "t3": "2026-11-02 10:15:30.123",
        "t6": "2026-11-02 02:15:30.123000", "a": [], "al": ["x", "x"], "o": None, "e": "x",
        "i": "61f0c404-5cb3-11e7-907b-a6006ad3dba0", "x": "FFFF", "given": "left out",
    }  # fmt: skip
    assert second == {
        "n": -(2**63), "s": "FF00FE", "l": "FF", "ln": "", "u8": 255, "u64": 0, "f": 0.1, "b": False,
        "d": "1970-01-01", "t": "2026-11-02 10:15:30", "t3": "2026-11-02 10:15:30.123",
        "t6": "1970-01-01 00:00:00.000000", "a": ["78", "FE", ""], "al": [], "o": -5, "e": "y",
        "i": "61f0c404-5cb3-11e7-907b-a6006ad3dba0", "x": "6100", "given": "left out",
    }  # fmt: skip


def test_any_bytes_in_any_place_survive_in_thousands_of_rows(engine: Engine) -> None:
    engine.execute(
        "CREATE TABLE pingliu.words (n Int64, s String, l LowCardinality(String), m LowCardinality(Nullable(String)),"
        " a Array(String), o Array(LowCardinality(Nullable(String)))) ENGINE = MergeTree ORDER BY n"
    )
    dice = random.Random(7)

    def word() -> str | bytes:
        words: list[str | bytes] = [
            "",
            "a",
            "\0",
            "中",
            b"\xff\xfe",
            dice.randbytes(9),
            "x" * 300,
            str(dice.randrange(3000)),
        ]
        return dice.choice(words)

    def maybe() -> str | bytes | None:
        return None if dice.random() < 0.3 else word()

    rows = [
        (n, word(), word(), maybe(), [word() for _ in range(n % 4)], [maybe() for _ in range(n % 3)])
        for n in range(9000)
    ]
    engine.insert("words", dict(zip("nslmao", map(list, zip(*rows, strict=True)), strict=True)))

    def hexed(text: str | bytes | None) -> str | None:
        return None if text is None else (text.encode() if isinstance(text, str) else text).hex().upper()

    stored = engine.rows(
        "SELECT n, hex(s) AS s, hex(l) AS l, hex(m) AS m, arrayMap(w -> hex(w), a) AS a, arrayMap(w -> hex(w), o) AS o"
        " FROM words ORDER BY n"
    )
    for row, found in zip(rows, stored, strict=True):
        n, s, l, m, a, o = row  # noqa: E741 - the columns' names
        expected = {"n": n, "s": hexed(s), "l": hexed(l), "m": hexed(m)}
        assert found == {**expected, "a": [hexed(w) for w in a], "o": [hexed(w) for w in o]}
    engine.execute("DROP TABLE pingliu.words SYNC")


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"n": ["x"]}, 53),
        ({"n": [2**63]}, 53),
        ({"n": [None]}, 53),
        ({"n": [1, 2], "s": ["a"]}, 53),
        ({"s": [1]}, 53),
        ({"s": ["\ud800"]}, 53),
        ({"s": [None]}, 53),
        ({"u8": [-1]}, 53),
        ({"u8": [256]}, 53),
        ({"t3": ["2026"]}, 53),
        ({"a": ["not a list of texts", 1]}, 53),
        ({"a": [[None]]}, 349),
        ({"e": ["neither"]}, 691),
        ({"absent": [1]}, 16),
    ],
)
def test_a_value_that_does_not_fit_is_an_error_and_nothing_is_stored(
    engine: Engine, table: str, columns: dict[str, list[object]], code: int
) -> None:
    error = _fails(code, lambda: engine.insert(table, columns))
    assert next(iter(columns)) in str(error) or code == 53
    assert engine.rows(f"SELECT count() AS n FROM {table}") == [{"n": 0}]
    engine.insert(table, {"n": [1]})  # the connection is as good as before
    assert engine.rows(f"SELECT count() AS n FROM {table}") == [{"n": 1}]


def test_a_type_that_is_not_sent_is_named() -> None:
    for name in ("Tuple(Int8, Int8)", "DateTime64(2)", "Variant(Int8)", "Array(Tuple(a Int8))", "("):
        assert "no Arrow type" in str(_fails(50, lambda name=name: arrow_type(name)))  # type: ignore[misc]


def test_an_insert_is_one_part_and_an_empty_one_is_nothing(engine: Engine, table: str) -> None:
    assert engine.insert(table, {"n": []}) == 0
    assert engine.insert(table, {}) == 0
    engine.execute("SYSTEM STOP MERGES pingliu.all_types")
    assert engine.insert("all_types", {"n": list(range(200_000))}) == 200_000
    parts = "SELECT rows FROM system.parts WHERE active AND database = 'pingliu' AND table = 'all_types'"
    assert engine.rows(parts) == [{"rows": 200_000}]
    engine.insert(table, {"n": list(range(900)), "s": ["x" * 100_000] * 900})  # 90 MB
    assert sum(int(str(row["rows"])) for row in engine.rows(parts)) == 200_900
    assert len(engine.rows(parts)) == 3
    engine.execute("SYSTEM START MERGES pingliu.all_types")


_POISONED = [
    ("made UInt8 DEFAULT throwIf(n = 13)", 395),
    ("CONSTRAINT not_thirteen CHECK n != 13", 469),
]


@pytest.fixture(params=_POISONED, ids=lambda poisoned: str(poisoned[1]))
def picky(engine: Engine, request: pytest.FixtureRequest) -> Iterator[int]:
    """A table that refuses 13 while it is written to; the code that it does so with."""
    column, code = request.param
    engine.execute(f"CREATE TABLE pingliu.picky (n Int64, {column}) ENGINE = MergeTree ORDER BY n")
    yield code
    engine.execute("DROP TABLE pingliu.picky SYNC")


def test_a_row_that_the_engine_refuses_while_it_writes_is_not_reported_as_stored(engine: Engine, picky: int) -> None:
    for poisoned in ([13], list(range(100)), list(range(100_000))):
        _fails(picky, lambda rows=poisoned: engine.insert("picky", {"n": rows}))  # type: ignore[misc]
        assert engine.rows("SELECT count() AS n FROM picky") == [{"n": 0}]
    assert engine.insert("picky", {"n": [12, 14]}) == 2
    assert engine.rows("SELECT n FROM picky ORDER BY n") == [{"n": 12}, {"n": 14}]


def test_a_row_that_the_engine_refuses_while_it_writes_is_found_and_all_others_are_stored(
    engine: Engine, picky: int
) -> None:
    bad = insert_isolating(Stored(engine), "picky", {"n": list(range(1000))})
    assert [(row.index, row.row, row.code) for row in bad] == [(13, {"n": 13}, picky)]
    assert engine.rows("SELECT count() AS stored, uniqExact(n) AS kinds FROM picky") == [{"stored": 999, "kinds": 999}]


def test_a_row_that_a_view_refuses_is_not_reported_as_stored(engine: Engine) -> None:
    engine.execute("CREATE TABLE pingliu.source (n Int64) ENGINE = MergeTree ORDER BY n")
    engine.execute(
        "CREATE MATERIALIZED VIEW pingliu.viewed ENGINE = MergeTree ORDER BY n AS"
        " SELECT n + throwIf(n = 13) AS n FROM pingliu.source"
    )
    _fails(395, lambda: engine.insert("source", {"n": [12, 13]}))
    assert engine.insert("source", {"n": [14, 15]}) == 2
    assert engine.rows("SELECT n FROM viewed ORDER BY n") == [{"n": 14}, {"n": 15}]
    for name in ("viewed", "source"):
        engine.execute(f"DROP TABLE pingliu.{name} SYNC")


def test_an_insert_that_hits_the_memory_limit_says_so_and_is_stored_when_there_is_room(engine: Engine) -> None:
    (data,) = arrow_streams({"n": range(20_000)}, {"n": "Int64"})
    engine.execute(
        "CREATE TABLE pingliu.large (n Int64, s String DEFAULT repeat(toString(n), 300)) ENGINE = MergeTree ORDER BY n"
    )
    connection = Connection(str(engine.path))
    outcomes = []
    for megabytes in range(1, 100, 3):  # so that it fails early and late: as it is read, filled in and written
        connection.query(f"SET max_memory_usage = {megabytes << 20}")
        try:
            stored = connection.insert("INSERT INTO pingliu.large (n)", FORMAT, data)
        except EngineError as error:
            stored = 0
            outcomes.append(error.code)
        else:
            outcomes.append(0)
        assert stored in (0, 20_000)
        assert engine.rows("SELECT count() AS n FROM large") == [{"n": stored}]
        engine.execute("TRUNCATE TABLE pingliu.large")
    assert set(outcomes) == {241, 0}
    assert outcomes == sorted(outcomes, reverse=True)
    connection.close()
    engine.execute("DROP TABLE pingliu.large SYNC")


def test_an_insert_of_which_the_engine_writes_fewer_rows_is_to_be_tried_again(
    engine: Engine, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "insert", lambda *_: 1)
    error = _fails(319, lambda: engine.insert(table, {"n": [1, 2]}))
    assert outcome(error.code) == "busy"
    assert engine.insert(table, {"n": [1]}) == 1


def test_queries_that_fail_at_the_same_time_fail_no_insert(engine: Engine, table: str) -> None:
    done = threading.Event()

    def fail() -> int:
        failures = 0
        while not done.is_set():
            for sql, code in (("SELECT throwIf(1)", 395), ("SELECT 1 FROM nowhere", 60)):
                _fails(code, lambda sql=sql: engine.query(sql))  # type: ignore[misc]
                failures += 1
        return failures

    with ThreadPoolExecutor(2) as pool:
        failing = [pool.submit(fail) for _ in range(2)]
        try:
            assert [engine.insert(table, {"n": [number]}) for number in range(30)] == [1] * 30
        finally:
            done.set()
        assert all(future.result() for future in failing)
    assert engine.rows(f"SELECT count() AS n FROM {table}") == [{"n": 30}]


def test_a_column_added_later_is_known_at_once(engine: Engine, table: str) -> None:
    engine.insert(table, {"n": [1]})
    engine.execute(f"ALTER TABLE {table} ADD COLUMN later Int8")
    engine.insert(table, {"n": [2], "later": [5]})
    assert engine.rows(f"SELECT later FROM {table} ORDER BY n") == [{"later": 0}, {"later": 5}]


def test_parts_are_merged_in_the_background(engine: Engine) -> None:
    engine.execute("CREATE TABLE pingliu.merged (n Int64) ENGINE = ReplacingMergeTree ORDER BY n")
    for _ in range(25):
        engine.insert("merged", {"n": [1, 2]})
    count = "SELECT count() AS n FROM system.parts WHERE active AND database = 'pingliu' AND table = 'merged'"
    _await(lambda: int(str(engine.rows(count)[0]["n"])) < 10)
    assert engine.rows("SELECT count() AS n FROM merged FINAL") == [{"n": 2}]
    engine.execute("DROP TABLE pingliu.merged SYNC")


def test_parts_are_synced_to_disk_and_inserts_are_not_deferred(engine: Engine) -> None:
    names = "('fsync_after_insert', 'fsync_part_directory')"
    found = engine.rows(f"SELECT toInt8(value) AS v FROM system.merge_tree_settings WHERE name IN {names}")
    assert found == [{"v": 1}, {"v": 1}]
    assert engine.rows("SELECT getSetting('async_insert') AS v") == [{"v": False}]


@pytest.mark.parametrize("sql", [sql for sql in WRITES if not sql.startswith(("CHECK", "COPY", "WATCH"))])
def test_a_query_that_writes_is_refused_by_the_engine_without_any_gate(engine: Engine, sql: str) -> None:
    with pytest.raises(EngineError) as raised:
        engine.query(sql)
    assert raised.value.code in (164, 62)


def test_a_query_is_one_statement(engine: Engine) -> None:
    _fails(62, lambda: engine.query("SELECT 1; SELECT 2"))
    _fails(62, lambda: engine.query("SELECT 1; DROP DATABASE pingliu"))
    assert engine.query("SELECT 1;", fmt="TSV").data == b"1\n"


def test_a_query_can_not_lift_its_own_limits_or_write_files(engine: Engine, tmp_path: Path) -> None:
    _fails(164, lambda: engine.query("SELECT 1 SETTINGS readonly = 0"))
    _fails(164, lambda: engine.query("SELECT 1 SETTINGS max_execution_time = 0"))
    _fails(164, lambda: engine.query(f"SELECT 1 INTO OUTFILE '{tmp_path}/out'"))
    assert not list(tmp_path.iterdir())
    limits = QueryLimits(seconds=0.2, result_rows=10, result_bytes=1000, memory_bytes=30 << 20)
    _fails(159, lambda: engine.query(_ENDLESS, limits=limits))
    _fails(159, lambda: engine.query(_ENDLESS, limits=limits, settings={"max_execution_time": "0"}))
    _fails(396, lambda: engine.query("SELECT * FROM numbers(11)", limits=limits))
    _fails(396, lambda: engine.query("SELECT repeat(toString(number), 2000) FROM numbers(3)", limits=limits))
    _fails(241, lambda: engine.query("SELECT groupArray(number) FROM numbers(100000000)", limits=limits))
    asked = engine.query("SELECT getSetting('max_threads')", fmt="TSV", settings={"max_threads": "1"}).data
    assert asked == b"1\n"
    _fails(36, lambda: engine.query("SELECT 1", settings={"max_threads": "many"}))
    _fails(36, lambda: engine.query("SELECT 1", settings={"a = 1, readonly": "0"}))


def test_a_query_that_groups_by_more_than_its_memory_holds_goes_by_way_of_the_data_path(engine: Engine) -> None:
    sql = "SELECT count() AS n FROM (SELECT number AS k, max(number) FROM numbers(10000000) GROUP BY k)"
    limits = QueryLimits(memory_bytes=256 << 20)
    _fails(241, lambda: engine.query(sql, limits=limits, settings={"max_bytes_before_external_group_by": "0"}))
    assert engine.query(sql, fmt="TSV", limits=limits).data == b"10000000\n"
    assert not list((engine.path / "tmp").iterdir())


def test_a_statement_that_may_write_keeps_limits_can_be_cancelled_and_its_changes_are_known(engine: Engine) -> None:
    engine.execute("CREATE TABLE pingliu.changing (n Int64) ENGINE = MergeTree ORDER BY n")
    engine.insert("changing", {"n": [1]})
    engine.query("ALTER TABLE pingliu.changing ADD COLUMN later Int8", read_only=False)
    engine.insert("changing", {"n": [2], "later": [5]})
    endless = f"INSERT INTO pingliu.changing (n) {_ENDLESS}"
    _fails(159, lambda: engine.query(endless, read_only=False, limits=QueryLimits(seconds=0.2)))
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(engine.query, endless, read_only=False, query_id="writing")
        _await(lambda: _running(engine) == 1)
        engine.cancel("writing")
        _fails(394, writing.result)
    assert engine.rows("SELECT * FROM changing ORDER BY n") == [{"n": 1, "later": 0}, {"n": 2, "later": 5}]
    engine.execute("DROP TABLE pingliu.changing SYNC")


@pytest.mark.parametrize(
    "source", ["file('/etc/hostname', 'LineAsString')", "url('http://127.0.0.1:1/', 'CSV', 'a Int8')"]
)
def test_not_even_the_writer_may_read_files_or_call_out(engine: Engine, source: str) -> None:
    _fails(497, lambda: engine.query(f"SELECT * FROM {source}"))
    _fails(497, lambda: engine.query(f"SELECT * FROM {source}", read_only=False))


def test_times_are_those_of_shanghai_whatever_the_machine_says(engine: Engine) -> None:
    now = datetime.now(timezone(timedelta(hours=8)))
    row = engine.rows(
        "SELECT timezone() AS zone, toString(toDateTime(0)) AS zero, toUnixTimestamp(now()) AS at, today() AS day"
    )[0]
    assert (row["zone"], row["zero"]) == ("Asia/Shanghai", "1970-01-01 08:00:00")
    assert abs(int(str(row["at"])) - now.timestamp()) < _WAIT_S
    assert row["day"] in (f"{now:%Y-%m-%d}", f"{datetime.now(now.tzinfo):%Y-%m-%d}")


def test_parameters_are_values_and_never_sql(engine: Engine) -> None:
    nasty = "a'b\\c\td\ne\rf\0g`h\"中"
    params = {
        "s": nasty,
        "a": [nasty, ""],
        "n": None,
        "i": -5,
        "b": True,
        "nested": [[1], [2, 3]],
        "raw": Escaped("x\\ty"),
    }
    sql = (
        "SELECT {s:String} AS s, {a:Array(String)} AS a, {n:Nullable(Int8)} AS n, {i:Int64} AS i, {b:Bool} AS b,"
        " {nested:Array(Array(Int8))} AS nested, {raw:String} AS raw"
    )
    assert engine.rows(sql, params) == [{**params, "raw": "x\ty"}]


def test_a_result_says_what_it_took(engine: Engine) -> None:
    result = engine.query("SELECT number % 10 AS d, count() FROM numbers(1000) GROUP BY d", fmt="CSV")
    assert (result.rows, result.rows_read, result.bytes_read) == (10, 1000, 8000)
    assert result.elapsed_s > 0
    assert len(result.data.splitlines()) == 10


def test_errors_carry_clickhouses_code_name_and_message(engine: Engine) -> None:
    error = _fails(60, lambda: engine.query("SELECT * FROM nowhere"))
    assert (error.name, "nowhere" in error.message) == ("UNKNOWN_TABLE", True)
    assert str(error).startswith("Code: 60. DB::Exception: ")
    assert _fails(73, lambda: engine.query("SELECT 1 FORMAT Nope")).name == "UNKNOWN_FORMAT"
    assert _fails(81, lambda: engine.query("SELECT 1", database="nowhere")).name == "UNKNOWN_DATABASE"
    assert _fails(115, lambda: engine.query("SELECT 1 SETTINGS nope = 1")).name == "UNKNOWN_SETTING"
    assert _fails(62, lambda: engine.execute("selec 1")).name == "SYNTAX_ERROR"
    nested = (
        "Code: 73. DB::Exception: Code: 73. DB::Exception: Bad (x). (UNKNOWN_FORMAT) (version 26.9.2.1 (official))."
    )
    parsed = EngineError.parse(nested + " (UNKNOWN_FORMAT)")
    assert (parsed.code, parsed.name, parsed.message) == (73, "UNKNOWN_FORMAT", "Bad (x)")
    assert EngineError.parse("something else").code == 1002


def test_the_normal_form_is_one_reading_statement_without_comments(engine: Engine) -> None:
    assert engine.normal_form("select 1 /* x */ as `a`, 'it''s' -- y\n;") == "SELECT 1 AS a, 'it\\'s'"
    _fails(62, lambda: engine.normal_form("SELECT 1; SELECT 2"))
    _fails(62, lambda: engine.normal_form("selec 1"))
    _fails(62, lambda: engine.normal_form(""))
    for sql in OTHERS:
        if "OUTFILE" in sql:
            _fails(164, lambda sql=sql: engine.normal_form(sql))  # type: ignore[misc]


def test_many_threads_read_while_one_writes(engine: Engine) -> None:
    engine.execute("CREATE TABLE pingliu.shared (n Int64) ENGINE = MergeTree ORDER BY n")
    with ThreadPoolExecutor(8) as pool:
        writes = [pool.submit(engine.insert, "shared", {"n": list(range(1000))}) for _ in range(10)]
        reads = [
            pool.submit(engine.rows, "SELECT count() AS n, {i:Int32} AS i FROM shared", {"i": i}) for i in range(80)
        ]
        for i, read in enumerate(reads):
            row = read.result()[0]
            assert row["i"] == i
            assert int(str(row["n"])) % 1000 == 0
        assert sum(write.result() for write in writes) == 10_000
    assert engine.rows("SELECT count() AS n FROM shared") == [{"n": 10_000}]
    engine.execute("DROP TABLE pingliu.shared SYNC")


def test_a_query_is_stopped_by_its_id_and_others_go_on(engine: Engine) -> None:
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(engine.query, _ENDLESS, query_id="it's one")
        two = pool.submit(engine.query, _ENDLESS, query_id="two")
        _await(lambda: _running(engine) == 2)
        engine.cancel("it's one")
        _fails(394, one.result)
        assert not two.done()
        engine.cancel("nobody")
        engine.cancel("two")
        _fails(394, two.result)


def test_one_process_holds_a_path_and_the_other_is_told_who(engine: Engine) -> None:
    with pytest.raises(EngineBusy, match=f"process {os.getpid()}"):
        Engine(engine.path)
    with pytest.raises(EngineBusy, match="another path"):
        Engine(engine.path.parent / "other")
    script = (
        "import pathlib, sys, sinks.engine as e\n"
        "try: e.Engine(pathlib.Path(sys.argv[1]))\n"
        "except e.EngineBusy as busy: print(busy)"
    )
    command = [sys.executable, "-c", script, str(engine.path)]
    other = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_WAIT_S)
    assert f"process {os.getpid()}" in other.stdout


def test_paths_and_names_that_the_engine_would_misread_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="characters"):
        Engine(tmp_path / "a?readonly=0")
    with pytest.raises(ValueError, match="database"):
        Engine(tmp_path / "a", database="a; DROP")
    with pytest.raises(ValueError, match="memory_bytes"):
        EngineLimits(memory_bytes=1)
    with pytest.raises(ValueError, match="max_threads"):
        QueryLimits(threads=-1)


_CHILD = """
import pathlib, sys
from concurrent.futures import ThreadPoolExecutor
from sinks.engine import Engine
engine = Engine(pathlib.Path(sys.argv[1]))
match sys.argv[2]:
    case "insert":
        engine.execute("CREATE TABLE IF NOT EXISTS pingliu.t (n Int64, s String) ENGINE = MergeTree ORDER BY n")
        block = engine.rows("SELECT max(n) + (count() > 0) AS next FROM t")[0]["next"]
        while True:
            engine.insert("t", {"n": [block] * 5000, "s": ["x" * 50] * 5000})
            print(block, flush=True)
            block += 1
    case "close":
        engine.execute("CREATE TABLE pingliu.t (n Int64) ENGINE = MergeTree ORDER BY n")
        engine.insert("t", {"n": [1]})
        pool = ThreadPoolExecutor(3)
        running = [pool.submit(engine.query, "SELECT count() FROM numbers(1000000000000)") for _ in range(3)]
        asked = "SELECT count() AS n FROM system.processes WHERE query LIKE '%00000000)'"
        while engine.rows(asked)[0]["n"] < 3:
            pass
        engine.close()
        engine.close()
        print(sorted(future.exception().code for future in running))
        insert = lambda _: engine.insert("t", {"n": [1]})
        for call in (engine.rows, engine.execute, engine.normal_form, engine.cancel, insert):
            try:
                call("SELECT 1")
            except RuntimeError as error:
                print(str(error).split()[-1])
        again = Engine(pathlib.Path(sys.argv[1]))
        print(again.rows("SELECT 1 AS one"))
    case "count":
        print("last", engine.rows("SELECT max(n) AS last FROM t")[0]["last"])
        for line in engine.rows("SELECT n FROM t GROUP BY n HAVING count() != 5000"):
            print("torn", line)
"""


def _child(path: Path, what: str) -> subprocess.Popen[str]:
    # Another zone than ours, to see that it doesn't matter.
    environment = {**os.environ, "TZ": "America/New_York"}
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(path), what], stdout=subprocess.PIPE, text=True, env=environment
    )


def test_kill_9_in_the_middle_of_inserts_leaves_every_block_whole_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "data"
    acknowledged = -1
    for kills in (2, 6):
        with _child(path, "insert") as child:
            assert child.stdout is not None
            for _ in range(kills):
                acknowledged = max(acknowledged, int(child.stdout.readline()))
            child.send_signal(signal.SIGKILL)
            acknowledged = max([acknowledged, *(int(line) for line in child.stdout)])
        assert (tmp_path / "data.lock").read_text().strip() == str(child.pid)
    with _child(path, "count") as child:  # kill -9 has freed the lock
        assert child.stdout is not None
        found = child.stdout.read()
    assert child.returncode == 0
    assert found in (f"last {acknowledged}\n", f"last {acknowledged + 1}\n")


def test_closing_stops_readers_frees_the_path_and_using_it_then_is_a_mistake_of_the_program(tmp_path: Path) -> None:
    with _child(tmp_path / "data", "close") as child:
        out, _ = child.communicate(timeout=_WAIT_S)
    assert child.returncode == 0
    assert out.splitlines() == ["[394, 394, 394]", *["closed"] * 5, "[{'one': 1}]"]
