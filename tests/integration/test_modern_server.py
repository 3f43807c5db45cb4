"""A modern ClickHouse over the native protocol: all tables and views, and every figure as the engine gives it.

The server is tests/wire: the wire is the protocol's, and the SQL that of the engine's version.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from clickhouse_driver import Client

from deploy.district import FOLDER
from deploy.formats import formatted
from deploy.preparing import prepare_server
from schemas.registry import Registry
from schemas.rules import Rules
from schemas.workdays import Workdays
from sinks.address import Address
from sinks.destination import Stored
from sinks.errors import outcome
from sinks.isolating import insert_isolating
from sinks.migrate import migrate, migrations, missing
from sinks.reference import load_reference
from sinks.server import Server, ServerError
from tests.views.streams import messages_of, rolled_batch
from tests.views.tables import TABLES, Table, differences, keyed
from tests.views.warehouse import Warehouse
from tests.wire.fixture import modern_clickhouse

_SHANGHAI = timezone(timedelta(hours=8))
_ALL_APPLIED = [*(f"applied {each.name}" for each in migrations()), "up to date"]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that was prepared; tests share it, so they make tables of their own."""
    with modern_clickhouse(tmp_path_factory.mktemp("modern") / "data") as url:
        assert list(prepare_server(url, FOLDER, None)) == _ALL_APPLIED
        yield url


@pytest.fixture(params=["lz4", "none"])
def server(url: str, request: pytest.FixtureRequest) -> Iterator[Server]:
    server = _server(f"{url}?compression={request.param}")
    yield server
    server.close()


@pytest.fixture
def table(server: Server) -> str:
    server.execute("DROP TABLE IF EXISTS pingliu.t")
    server.execute(
        "CREATE TABLE pingliu.t (n Int64, s String, twice Int64 MATERIALIZED n * 2, CONSTRAINT small CHECK n < 1000)"
        " ENGINE = MergeTree ORDER BY n"
    )
    return "pingliu.t"


def _server(url: str) -> Server:
    return Server(Address.parse(url))


def _fails(code: int, call: Callable[[], object]) -> ServerError:
    with pytest.raises(ServerError) as raised:
        call()
    assert raised.value.code == code, raised.value
    return raised.value


def _count(server: Server, table: str) -> object:
    return server.rows(f"SELECT count() AS n FROM {table}")[0]["n"]


# Tables.


def test_an_empty_server_gets_every_table_and_view_and_again_does_nothing(tmp_path: Path) -> None:
    with modern_clickhouse(tmp_path / "data") as url:
        assert list(prepare_server(url, FOLDER, None)) == _ALL_APPLIED
        assert list(prepare_server(url, FOLDER, None)) == ["up to date"]
        server = _server(url)
        assert server.version >= (26, 9)
        assert missing(server) == []
        names = {str(row["name"]) for row in server.rows("SELECT name FROM system.tables WHERE database = 'pingliu'")}
        assert names > set(TABLES)
        server.close()
    with modern_clickhouse(tmp_path / "data") as url:
        assert list(prepare_server(url, FOLDER, None)) == ["up to date"]


def test_several_may_migrate_and_load_the_reference_at_once(tmp_path: Path) -> None:
    registry, rules = Registry.load(FOLDER), Rules()
    starting = threading.Barrier(4)
    with modern_clickhouse(tmp_path / "data") as url:

        def start() -> list[str]:
            own = _server(url)
            try:
                starting.wait()
                skipped = migrate(own).skipped
                load_reference(own, registry, rules, Workdays(rules.calendar))
                return skipped
            finally:
                own.close()

        with ThreadPoolExecutor(4) as pool:
            assert [future.result() for future in [pool.submit(start) for _ in range(4)]] == [[]] * 4
        server = _server(url)
        assert missing(server) == []
        twice = "SELECT kind, code FROM pingliu.registry GROUP BY kind, code HAVING count() != 1"
        assert server.rows(twice) == []
        assert _count(server, "pingliu.registry") != 0
        server.close()


# Figures.


def test_every_public_table_says_the_same_over_the_wire_as_the_engine_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = Warehouse(tmp_path / "engine")
    with modern_clickhouse(tmp_path / "data") as url:
        assert list(prepare_server(url, FOLDER, None)) == _ALL_APPLIED
        server = _server(url)
        straight = warehouse.engine.insert

        def both(table: str, columns: Mapping[str, Sequence[object]]) -> int:
            assert server.insert(table, columns) == straight(table, columns)
            return len(columns)

        monkeypatch.setattr(warehouse.engine, "insert", both)
        warehouse.store(messages_of(rolled_batch(5, strayed=True)))
        expected, found = _at_one_time(warehouse, server)
        server.close()
    warehouse.close()
    assert all(expected.values())
    for name in TABLES:
        assert not differences(name, expected[name], found[name])


@pytest.mark.parametrize("name", TABLES)
def test_every_column_of_a_public_table_is_of_a_type_that_the_driver_reads(url: str, name: str) -> None:
    server = _server(url)
    try:
        for kind in server.query(f"SELECT * FROM {name} LIMIT 0").types:
            quoted = kind.replace("'", "\\'")
            assert server.query(f"SELECT defaultValueOfTypeName('{quoted}')").types == (kind,)
    finally:
        server.close()


def _at_one_time(warehouse: Warehouse, server: Server) -> tuple[dict[str, Table], dict[str, Table]]:
    """Tables of both: no deadline that they are judged by lies between."""
    while True:
        _, before = warehouse.tables()
        found = {name: _table(server, name) for name in TABLES}
        _, after = warehouse.tables()
        if before == after:
            return before, found


def _table(server: Server, name: str) -> Table:
    answer = server.query(f"SELECT {TABLES[name].selected} FROM {name}")
    return keyed(name, map(json.loads, formatted(answer, "JSONEachRow").splitlines()))


def test_a_query_on_the_command_line_is_answered(url: str) -> None:
    sql = "SELECT level, name FROM levels WHERE level = 'very_satisfied' FORMAT Vertical"
    command = [sys.executable, "-m", "deploy", "query", "--clickhouse", url, sql, "--format", "JSONEachRow"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert json.loads(done.stdout) == {"level": "very_satisfied", "name": "非常满意"}


# Values.

_KINDS: dict[str, tuple[str, list[Any]]] = {
    "n": ("Int64", [1, -(2**63), 2**63 - 1]),
    "s": ("String", ["中文", b"\xff\x00\xfe", ""]),
    "l": ("LowCardinality(String)", ["a", b"\xff", "a"]),
    "ln": ("LowCardinality(Nullable(String))", [None, "", "a"]),
    "al": ("Array(LowCardinality(String))", [["a", "b"], [], ["a"]]),
    "o": ("Nullable(Int32)", [None, 0, -1]),
    "os": ("Nullable(String)", [None, "", "x"]),
    "a": ("Array(String)", [["a", "中"], [], [""]]),
    "p": ("Array(Tuple(String, String))", [[("a", "b"), ("", "中")], [], [("x", "y")]]),
    "d": ("Decimal(18, 8)", [Decimal("1.00000001"), Decimal("-9999999999.99999999"), Decimal(0)]),
    "day": ("Date", [date(1970, 1, 1), date(2026, 10, 12), date(2149, 6, 6)]),
    "t": (
        "DateTime('Asia/Shanghai')",
        [datetime(2026, 10, 12, 9, tzinfo=_SHANGHAI), datetime(1970, 1, 1, 8, tzinfo=_SHANGHAI), 2**32 - 1],
    ),
    "ot": (
        "Nullable(DateTime('Asia/Shanghai'))",
        [None, datetime(2026, 10, 12, 9, tzinfo=_SHANGHAI), datetime(1970, 1, 1, 8, tzinfo=_SHANGHAI)],
    ),
    "at": ("Array(DateTime('Asia/Shanghai'))", [[datetime(2026, 10, 12, 9, tzinfo=_SHANGHAI)], [], []]),
    "t3": (
        "DateTime64(3, 'Asia/Shanghai')",
        [datetime(2026, 10, 12, 9, 0, 0, 125_000, tzinfo=_SHANGHAI), datetime(1970, 1, 1, 8, tzinfo=_SHANGHAI), 1],
    ),
    "f": ("Float64", [0.1, -1e300, 0.0]),
    "i128": ("Int128", [2**127 - 1, -(2**127), -1]),
    "b": ("Bool", [True, False, True]),
    "e": ("Enum8('c' = -2, 'a, (b' = 1)", ["a, (b", "c", "c"]),
    "x": ("FixedString(2)", ["ab", "cd", "ef"]),
    **{f"i{bits}": (f"Int{bits}", [0, 2 ** (bits - 1) - 1, -(2 ** (bits - 1))]) for bits in (8, 16, 32)},
    **{f"u{bits}": (f"UInt{bits}", [0, 1, 2**bits - 1]) for bits in (8, 16, 32, 64)},
}  # fmt: skip


def test_every_kind_of_column_comes_back_as_it_was_given(server: Server) -> None:
    defined = ", ".join(f"{name} {kind}" for name, (kind, _) in _KINDS.items())
    server.execute("DROP TABLE IF EXISTS pingliu.kinds")
    server.execute(f"CREATE TABLE pingliu.kinds (k UInt8, {defined}, given String DEFAULT 'left out') ENGINE = Memory")
    columns = {"k": [0, 1, 2], **{name: list(values) for name, (_, values) in _KINDS.items()}}
    assert server.insert("pingliu.kinds", columns) == 3
    answer = server.query("SELECT * FROM kinds ORDER BY k")
    assert dict(zip(answer.names, answer.types, strict=True)) == {
        "k": "UInt8",
        **{name: kind for name, (kind, _) in _KINDS.items()},
        "given": "String",
    }
    found: dict[str, Any] = dict(zip(answer.names, map(list, zip(*answer.rows, strict=True)), strict=True))
    for name, (_, values) in _KINDS.items():
        moments = {"t": 1, "t3": 1000}
        if name in moments:  # of which numbers are a way to give them
            values = [value if isinstance(value, datetime) else _moment(value, moments[name]) for value in values]
        assert found[name] == values, name
    assert found["given"] == ["left out"] * 3


def _moment(number: int, per_second: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=_SHANGHAI) + timedelta(hours=8, seconds=number / per_second)


def test_moments_are_shanghai_s_with_and_without_a_zone_of_their_own(server: Server) -> None:
    sql = "SELECT toDateTime('2026-10-12 09:00:00') AS t, toUnixTimestamp(t) AS seconds, timezone() AS zone"
    expected = datetime(2026, 10, 12, 9)  # noqa: DTZ001 - a column without a zone has none here either
    assert server.rows(sql) == [{"t": expected, "seconds": 1_791_766_800, "zone": "Asia/Shanghai"}]


def test_an_answer_of_many_blocks_or_of_no_rows_is_whole(server: Server) -> None:
    many = server.query("SELECT number AS n, toString(n)::LowCardinality(String) AS s FROM numbers(200_000) ORDER BY n")
    assert many.rows == [(n, str(n)) for n in range(200_000)]
    none = server.query("SELECT number AS n, [('a', 'b')] AS pairs FROM numbers(3) WHERE n > 5")
    assert (none.names, none.types) == (("n", "pairs"), ("UInt64", "Array(Tuple(String, String))"))
    assert none.rows == []


def test_an_insert_of_many_blocks_is_stored_as_it_was_sent(url: str, server: Server, table: str) -> None:
    assert server.insert(table, {"s": [str(n) for n in range(100_000)], "n": [n % 1000 for n in range(100_000)]})
    port = Address.parse(url).hosts[0][1]
    with Client("127.0.0.1", port, database="pingliu", settings={"insert_block_size": 3}) as client:
        client.execute("INSERT INTO t VALUES", [(n, "by row") for n in range(10)])
    whole = server.rows(f"SELECT count() AS n, uniq(s) > 99000 AS many, sum(twice) AS twice FROM {table}")
    assert whole == [{"n": 100_010, "many": 1, "twice": 2 * (100 * 499_500 + 45)}]


def test_clients_are_answered_beside_one_another(server: Server, table: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        inserts = [pool.submit(server.insert, table, {"n": [n], "s": [""]}) for n in range(20)]
        questions = [pool.submit(server.query, "SELECT sum(number) FROM numbers(1000)") for _ in range(20)]
        assert [each.result() for each in inserts] == [1] * 20
        assert {tuple(each.result().rows) for each in questions} == {((499_500,),)}
    assert _count(server, table) == 20


# Errors.


def test_errors_come_with_their_code_and_the_next_statement_is_as_if_nothing_had_been(
    server: Server, table: str
) -> None:
    for code, name, call in (
        (60, "UNKNOWN_TABLE", lambda: server.rows("SELECT 1 FROM pingliu.nowhere")),
        (60, "UNKNOWN_TABLE", lambda: server.insert("pingliu.nowhere", {"n": [1]})),
        (62, "SYNTAX_ERROR", lambda: server.rows("SELEC 1")),
        (62, "SYNTAX_ERROR", lambda: server.query("SELECT 1; SELECT 2")),
        (47, "UNKNOWN_IDENTIFIER", lambda: server.rows(f"SELECT nothing FROM {table}")),
        (16, "NO_SUCH_COLUMN_IN_TABLE", lambda: server.insert(table, {"nothing": [1]})),
        (57, "TABLE_ALREADY_EXISTS", lambda: server.execute(f"CREATE TABLE {table} (n Int8) ENGINE = Memory")),
        (164, "READONLY", lambda: server.query(f"DROP TABLE {table}")),
        (164, "READONLY", lambda: server.query(f"INSERT INTO {table} VALUES")),
    ):
        error = _fails(code, call)
        assert error.name == name
        assert outcome(code) == "broken"
        assert server.insert(table, {"n": [1], "s": ["x"]}) == 1
    assert _count(server, table) == 9


def test_an_error_ends_the_statement_and_not_the_connection(url: str) -> None:
    port = Address.parse(url).hosts[0][1]
    with Client("127.0.0.1", port, database="pingliu") as client:
        connection = client.get_connection()
        for statement in ("SELECT 1 FROM nowhere", "INSERT INTO nowhere VALUES"):
            connection.force_connect()
            connection.send_query(statement)
            connection.send_external_tables([])
            assert connection.receive_packet().exception.code == 60
            connection.is_query_executing = False
            assert connection.ping()


def test_an_insert_with_a_bad_value_is_reported_and_stores_nothing(server: Server, table: str) -> None:
    for code, bad in ((53, 2**63), (53, None), (53, "text"), (469, 1000)):
        numbers: list[object] = list(range(100))
        numbers[17] = bad
        error = _fails(code, lambda n=numbers: server.insert(table, {"n": n, "s": ["x"] * 100}))  # type: ignore[misc]
        assert outcome(error.code) == "bad"
        assert _count(server, table) == 0


def test_the_row_that_is_at_fault_is_found_and_all_others_are_stored(server: Server, table: str) -> None:
    numbers = [1000 if n == 13 else n for n in range(100)]
    bad = insert_isolating(Stored(server), "t", {"n": numbers, "s": ["x"] * 100})
    assert [(row.index, row.code) for row in bad] == [(13, 469)]
    assert _count(server, table) == 99


def test_somebody_else_is_not_let_in(url: str) -> None:
    error = _fails(516, lambda: _server(url.replace("default@", "nobody@")).version)
    assert outcome(error.code) == "broken"


# The program.


def test_the_server_ends_in_order_on_a_signal_and_keeps_what_was_stored(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.wire", str(tmp_path / "data")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        server = _server(f"clickhouse://127.0.0.1:{int(process.stdout.readline())}/pingliu")
        migrate(server)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 0
        _fails(210, lambda: server.rows("SELECT 1"))
        server.close()
    with modern_clickhouse(tmp_path / "data") as url:
        server = _server(url)
        assert missing(server) == []
        server.close()
