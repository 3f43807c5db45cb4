"""A real ClickHouse server as destination: what is stored is what was given, or it is said what may be hoped for."""

from __future__ import annotations

import json
import os
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deploy.district import FOLDER
from deploy.local.clickhouse import ClickHouse
from deploy.local.server import Certificate
from schemas.decoding import decode
from schemas.privacy import Privacy
from schemas.published import LiveBucket, Rejected
from schemas.registry import Registry
from schemas.rules import Rules
from schemas.secret import Secret
from schemas.workdays import Workdays
from sinks.address import Address
from sinks.columns import EVENTS, LIVE, REJECTED, Columns, bucket_columns, event_columns, rejected_columns
from sinks.destination import BadRows, Busy, Stored
from sinks.engine import Engine
from sinks.errors import CODES, outcome
from sinks.isolating import TooManyBad, insert_isolating
from sinks.migrate import Migrated, MigrationError, migrate, migrations, missing
from sinks.reference import load_reference
from sinks.server import Server, ServerError
from sinks.server_settings import settings_for
from streams.transport.record import Record
from tests.examples import EXAMPLES, RECEIVED_MS, event
from tests.proxy import Proxy
from tests.servers import need

_PASSWORD = "correct horse"  # noqa: S105 - of a server that lives for a minute
_WAIT_S = 20.0
_PORTABLE = ["0001_base.sql", "0006_sink.sql", "0008_registry.sql", "0011_erasure.sql", "0012_notices.sql"]
_USERS = """
<yandex><profiles><default><allow_experimental_low_cardinality_type>1</allow_experimental_low_cardinality_type></default>
  <small><max_memory_usage>1000000</max_memory_usage></small>
  <lonely><max_concurrent_queries_for_user>1</max_concurrent_queries_for_user></lonely>
  <hasty><max_execution_time>1</max_execution_time></hasty>
</profiles>
<quotas><default/><few><interval><duration>3600</duration><queries>1</queries></interval></few></quotas>
<users>
  <default><password>correct horse</password><networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile><quota>default</quota></default>
  <small><password>correct horse</password><networks><ip>127.0.0.1</ip></networks>
    <profile>small</profile><quota>default</quota></small>
  <lonely><password>correct horse</password><networks><ip>127.0.0.1</ip></networks>
    <profile>lonely</profile><quota>default</quota></lonely>
  <hasty><password>correct horse</password><networks><ip>127.0.0.1</ip></networks>
    <profile>hasty</profile><quota>default</quota></hasty>
  <rationed><password>correct horse</password><networks><ip>127.0.0.1</ip></networks>
    <profile>default</profile><quota>few</quota></rationed>
</users></yandex>
"""


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """A server of this module's own: it has a password, is stopped now and then, and begins without any tables."""
    clickhouse = ClickHouse(tmp_path_factory.mktemp("clickhouse"), password=_PASSWORD, tls=True)
    need(clickhouse.start)
    yield clickhouse
    clickhouse.kill()


@pytest.fixture
def server(clickhouse: ClickHouse) -> Iterator[Server]:
    server = _server(clickhouse.address)
    server.execute("DROP DATABASE IF EXISTS pingliu")
    migrate(server)
    yield server
    server.close()


@pytest.fixture
def table(server: Server) -> str:
    server.execute("CREATE TABLE pingliu.t (n Int64, s String) ENGINE = ReplacingMergeTree ORDER BY n")
    return "pingliu.t"


@pytest.fixture
def proxies(clickhouse: ClickHouse) -> Iterator[tuple[Proxy, Proxy]]:
    with Proxy(clickhouse.address) as one, Proxy(clickhouse.address) as other:
        yield one, other


def _server(*addresses: str, options: str = "", user: str = "default", password: str = _PASSWORD) -> Server:
    return Server(Address.parse(f"clickhouse://{user}@{','.join(addresses)}/pingliu{options}", password))


def _fails(code: int, call: Callable[[], object]) -> ServerError:
    with pytest.raises(ServerError) as raised:
        call()
    assert raised.value.code == code, raised.value
    return raised.value


def _await(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(_WAIT_S / 0.05)):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("did not come about")


def _count(server: Server, table: str) -> object:
    return server.rows(f"SELECT count() AS n FROM {table} FINAL")[0]["n"]


def _noise(rows: int) -> dict[str, list[Any]]:
    """Rows that compress to nothing much smaller, so that an insert takes its time on the wire."""
    dice = random.Random(3)
    return {"n": list(range(rows)), "s": [dice.randbytes(100) for _ in range(rows)]}


# What is stored.


def test_every_kind_of_column_comes_back_as_it_was_given(server: Server) -> None:
    server.execute(
        "CREATE TABLE pingliu.kinds (n Int64, s String, l LowCardinality(String), u8 UInt8, u64 UInt64, i32 Int32,"
        " f Float64, d Date, t DateTime('Asia/Shanghai'), a Array(String), o Nullable(Int32), e Enum8('x' = 1),"
        " i UUID, x FixedString(2), given String DEFAULT 'left out') ENGINE = MergeTree ORDER BY n"
    )
    columns: dict[str, Sequence[object]] = {
        "n": [1, -(2**63)],
        "s": ["中文", b"\xff\x00\xfe"],
        "l": ["a", b"\xff"],
        "u8": [0, 255],
        "u64": [2**64 - 1, 0],
        "i32": (-1, 2**31 - 1),
        "f": [1.0, 0.1],
        "d": [date(2026, 11, 2), date(1970, 1, 1)],
        "t": [1_793_585_730, 1],
        "a": [[], ["x", b"\xfe", ""]],
        "o": [None, -5],
        "e": ["x", "x"],
        "i": ["61f0c404-5cb3-11e7-907b-a6006ad3dba0"] * 2,
        "x": ["ab", b"\xff\xff"],
    }
    assert server.insert("pingliu.kinds", columns) == 2
    hexed = "hex(s) AS s, hex(l) AS l, arrayMap(p -> hex(p), a) AS a, hex(x) AS x"
    rest = "n, u8, u64, i32, f, d, toString(t) AS t, o, e, toString(i) AS i, given"
    first, second = server.rows(f"SELECT {rest}, {hexed} FROM pingliu.kinds ORDER BY n DESC")
    assert first == {
        "n": 1, "s": "中文".encode().hex().upper(), "l": "61", "u8": 0, "u64": 2**64 - 1, "i32": -1, "f": 1.0,
        "d": date(2026, 11, 2), "t": "2026-11-02 10:15:30", "a": [], "o": None, "e": "x",
        "i": "61f0c404-5cb3-11e7-907b-a6006ad3dba0", "x": "6162", "given": "left out",
    }  # fmt: skip
    assert second == {
        "n": -(2**63), "s": "FF00FE", "l": "FF", "u8": 255, "u64": 0, "i32": 2**31 - 1, "f": 0.1,
        "d": date(1970, 1, 1), "t": "1970-01-01 08:00:01", "a": ["78", "FE", ""], "o": -5, "e": "x",
        "i": "61f0c404-5cb3-11e7-907b-a6006ad3dba0", "x": "FFFF", "given": "left out",
    }  # fmt: skip


@pytest.mark.parametrize("compression", ["lz4", "none"])
def test_any_bytes_in_any_place_survive_in_thousands_of_rows(
    server: Server, clickhouse: ClickHouse, compression: str
) -> None:
    server.execute(
        "CREATE TABLE pingliu.words (n Int64, s String, l LowCardinality(String), a Array(String))"
        " ENGINE = MergeTree ORDER BY n"
    )
    dice = random.Random(7)

    def word() -> str | bytes:
        words: list[str | bytes] = [
            "",
            "a",
            b"a",
            "\0",
            "中",
            b"\xff\xfe",
            dice.randbytes(9),
            "x" * 300,
            str(dice.randrange(3000)),
        ]
        return dice.choice(words)

    rows = [(n, word(), word(), [word() for _ in range(n % 4)]) for n in range(9000)]
    packed = _server(clickhouse.address, options=f"?compression={compression}")
    packed.insert("pingliu.words", dict(zip("nsla", map(list, zip(*rows, strict=True)), strict=True)))

    def hexed(text: str | bytes) -> str:
        return (text.encode() if isinstance(text, str) else text).hex().upper()

    stored = packed.rows(
        "SELECT n, hex(s) AS s, hex(l) AS l, arrayMap(w -> hex(w), a) AS a FROM pingliu.words ORDER BY n"
    )
    packed.close()
    for (n, s, l, a), found in zip(rows, stored, strict=True):  # noqa: E741 - the columns' names
        assert found == {"n": n, "s": hexed(s), "l": hexed(l), "a": [hexed(w) for w in a]}


def _base_rows() -> dict[str, Columns]:
    """Small examples of what the sink makes for each of its tables."""
    messages = [
        Record(offset, RECEIVED_MS, None, json.dumps(event(kind)).encode()) for offset, kind in enumerate(EXAMPLES)
    ]
    bucket = LiveBucket("window_minutes", "530102001", "2026-11-02T10:15:00+08:00", 7, tickets=3, wait_ms=2**40)
    reject = Rejected("malformed", "no JSON", "", b"\xff\xfe raw", b"\x00sealed\xff", "pingliu.events", 3, 9, 1)
    return {
        EVENTS: event_columns(decode(messages).events, 1, Privacy.from_secret(Secret(bytes(32)))),
        LIVE: bucket_columns([msgspec.json.encode(bucket)]),
        REJECTED: rejected_columns([msgspec.json.encode(reject)]),
    }


def test_all_base_tables_take_what_the_sink_makes_for_them_and_twice_is_once(server: Server) -> None:
    stored = Stored(server)
    for table, columns in _base_rows().items():
        stored.insert(table, columns)
        stored.insert(table, columns)
        assert _count(server, f"pingliu.{table}") == len(next(iter(columns.values())))
        names = ", ".join(columns)
        found = server.rows(f"SELECT {names} FROM pingliu.{table} FINAL")
        given = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

        def plain(row: dict[str, object]) -> list[object]:
            return [value.encode() if isinstance(value, str) else value for value in row.values()]

        assert sorted(map(plain, found), key=repr) == sorted(map(plain, given), key=repr)


def test_columns_of_different_lengths_and_names_that_are_none_are_refused_before_anything_is_sent(
    server: Server, table: str
) -> None:
    _fails(36, lambda: server.insert(table, {"n": [1, 2], "s": ["a"]}))
    _fails(36, lambda: server.insert("t", {"n": [1]}))
    _fails(36, lambda: server.insert("pingliu.t (n) VALUES (1) --", {"n": [1]}))
    _fails(16, lambda: server.insert(table, {"nowhere`) --": [1]}))
    assert server.insert(table, {"n": [], "s": []}) == 0
    assert server.insert(table, {}) == 0
    assert _count(server, table) == 0


def test_an_insert_is_one_part_however_many_rows_it_has(server: Server, table: str) -> None:
    rows = 1_100_000
    assert server.insert(table, {"n": range(rows), "s": [""] * rows}) == rows
    parts = "SELECT count() AS n FROM system.parts WHERE database = 'pingliu' AND table = 't' AND level = 0"
    assert server.rows(parts) == [{"n": 1}]


def test_many_threads_insert_and_read(server: Server, table: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        inserts = [
            pool.submit(server.insert, table, {"n": range(at, at + 100), "s": ["x"] * 100})
            for at in range(0, 2000, 100)
        ]
        reads = [pool.submit(server.rows, f"SELECT {number} AS n") for number in range(40)]
        assert [read.result() for read in reads] == [[{"n": number}] for number in range(40)]
        assert sum(insert.result() for insert in inserts) == 2000
    assert _count(server, table) == 2000


def test_a_slow_query_holds_up_no_insert(server: Server, table: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(server.query, "SELECT sleepEachRow(0.5) FROM (SELECT arrayJoin(range(6)))")
        _await(
            lambda: (
                server.rows("SELECT count() AS n FROM system.processes WHERE query LIKE 'SELECT sleepEach%'")
                == [{"n": 1}]
            )
        )
        server.insert(table, {"n": [1], "s": ["x"]})
        assert _count(server, table) == 1
        assert not slow.done()


def test_a_closed_server_is_not_asked_again(server: Server) -> None:
    server.close()
    server.close()
    with pytest.raises(RuntimeError, match="closed"):
        server.rows("SELECT 1")


# Who may ask what.


def test_queries_give_names_types_and_values(server: Server, table: str) -> None:
    server.insert(table, {"n": [1, 2], "s": ["中", b"\xff"]})
    answer = server.query("SELECT n, s, toDate('2026-11-02') AS d, [1, 2] AS a FROM t ORDER BY n")
    assert answer.names == ("n", "s", "d", "a")
    assert answer.types == ("Int64", "String", "Date", "Array(UInt8)")
    assert answer.rows == [(1, "中", date(2026, 11, 2), [1, 2]), (2, b"\xff", date(2026, 11, 2), [1, 2])]
    zoned = server.query("SELECT toDateTime(0, 'Asia/Shanghai') AS t").rows[0][0]
    assert isinstance(zoned, datetime)
    assert zoned.isoformat() == "1970-01-01T08:00:00+08:00"


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t (n) SELECT 1",
        "DROP TABLE t",
        "TRUNCATE TABLE t",
        "CREATE TABLE u (n Int8) ENGINE = Memory",
        "ALTER TABLE t DROP COLUMN s",
        "RENAME TABLE t TO u",
        "SET readonly = 0",
        "SET max_threads = 1",
        "OPTIMIZE TABLE t FINAL",
    ],
)
def test_a_query_can_not_write(server: Server, table: str, sql: str) -> None:
    server.insert(table, {"n": [1], "s": ["x"]})
    _fails(164, lambda: server.query(sql))
    assert server.query("SELECT n, s FROM t").rows == [(1, "x")]


def test_a_server_gets_the_settings_that_its_version_knows() -> None:
    wanted = {"async_insert": 0, "optimize_on_insert": 0, "session_timezone": "Asia/Shanghai"}
    for version, names in (
        ((18, 16, 1), {"allow_experimental_low_cardinality_type"}),
        ((20, 8, 1), set()),
        ((21, 11, 1), {"async_insert", "optimize_on_insert"}),
        ((24, 8, 1), set(wanted)),
    ):
        assert set(settings_for(version, wanted)) == names


def test_settings_of_a_query_are_kept_to(server: Server) -> None:
    _fails(158, lambda: server.query("SELECT number FROM system.numbers", settings={"max_rows_to_read": 10}))


# The way to the server.


def test_the_next_host_is_tried_at_once_and_the_one_that_worked_is_kept_to(
    table: str, proxies: tuple[Proxy, Proxy]
) -> None:
    one, other = proxies
    server = _server(one.address, other.address)
    server.insert(table, {"n": [1], "s": ["x"]})
    assert (one.accepted, other.accepted) == (1, 0)
    one.refuse()
    server.insert(table, {"n": [2], "s": ["x"]})
    assert (one.accepted, other.accepted) == (1, 1)
    one.go_on()
    server.insert(table, {"n": [3], "s": ["x"]})
    other.cut()
    server.insert(table, {"n": [4], "s": ["x"]})
    assert (one.accepted, other.accepted) == (1, 2)
    assert _count(server, table) == 4
    server.close()


def test_an_insert_that_is_cut_off_goes_to_the_next_host_at_once(table: str, proxies: tuple[Proxy, Proxy]) -> None:
    one, other = proxies
    server = _server(one.address, other.address)
    server.insert(table, {"n": [0], "s": ["x"]})
    one.cut_after(500_000)
    assert server.insert(table, _noise(20_000)) == 20_000
    assert (one.accepted, other.accepted) == (1, 1)
    assert _count(server, table) == 20_000
    server.close()


@pytest.mark.parametrize("sent", [2, 100, 100_000, 2_000_000])  # 2: within the driver's pings before a statement
def test_a_connection_cut_in_the_middle_of_an_insert_is_busy_and_the_repeat_leaves_each_row_once(
    server: Server, table: str, proxies: tuple[Proxy, Proxy], sent: int
) -> None:
    proxy = proxies[0]
    weak = _server(proxy.address)
    stored = Stored(weak)
    stored.insert("t", {"n": [0], "s": ["first"]})
    proxy.cut_after(sent)
    with pytest.raises(Busy, match=r"210|209"):
        stored.insert("t", _noise(20_000))
    assert _count(server, table) in (1, 20_000)  # whole there or absent
    assert stored.rows("SELECT 1 AS one") == [{"one": 1}]
    stored.insert("t", _noise(20_000))
    assert _count(server, table) == 20_000
    assert server.rows(f"SELECT sum(n) AS n FROM {table} FINAL") == [{"n": sum(range(20_000))}]
    weak.close()


def test_a_network_that_stands_still_is_busy_and_what_arrives_late_replaces_itself(
    monkeypatch: pytest.MonkeyPatch, server: Server, table: str, proxies: tuple[Proxy, Proxy]
) -> None:
    monkeypatch.setattr("sinks.server._INSERT_SECONDS", 1.0)
    monkeypatch.setattr("sinks.server_link._GREETING_SECONDS", 1.0)
    proxy = proxies[0]
    weak = _server(proxy.address)
    weak.insert(table, {"n": [0], "s": ["x"]})
    proxy.stall()
    with pytest.raises(Busy, match="SOCKET_TIMEOUT"):
        Stored(weak).insert("t", {"n": [1], "s": ["x"]})
    proxy.go_on()
    Stored(weak).insert("t", {"n": [1], "s": ["x"]})
    assert _count(server, table) == 2
    weak.close()


def test_a_stopped_server_is_busy_and_goes_on_when_it_is_started_again(
    clickhouse: ClickHouse, server: Server, table: str
) -> None:
    stored = Stored(server)
    stored.insert("t", {"n": [1], "s": ["x"]})
    clickhouse.kill()  # an orderly end takes long, for 18.16 looks at idle connections every 10 s only
    try:
        for _ in range(2):
            with pytest.raises(Busy, match="NETWORK_ERROR"):
                stored.insert("t", {"n": [2], "s": ["x"]})
            with pytest.raises(Busy, match="NETWORK_ERROR"):
                stored.rows("SELECT 1")
    finally:
        clickhouse.start()
    stored.insert("t", {"n": [2], "s": ["x"]})
    assert _count(server, table) == 2


def test_kill_9_of_the_server_in_the_middle_of_inserts_loses_nothing_that_was_acknowledged(
    clickhouse: ClickHouse, server: Server, table: str
) -> None:
    acknowledged = 0

    def insert_on_and_on() -> None:
        nonlocal acknowledged
        while True:
            server.insert(table, {"n": range(acknowledged, acknowledged + 100), "s": ["x"] * 100})
            acknowledged += 100

    killer = threading.Timer(0.3, clickhouse.kill)
    killer.start()
    _fails(210, insert_on_and_on)
    killer.join()
    clickhouse.start()
    assert _count(server, table) in (acknowledged, acknowledged + 100)


def test_no_host_at_all_is_busy_and_each_is_named(proxies: tuple[Proxy, Proxy]) -> None:
    for proxy in proxies:
        proxy.refuse()
    server = _server(*(proxy.address for proxy in proxies))
    error = _fails(210, lambda: server.rows("SELECT 1"))
    assert all(proxy.address in error.message for proxy in proxies)
    with pytest.raises(Busy):
        Stored(server).rows("SELECT 1")


# Who gets in.


def test_a_wrong_password_is_broken_and_named_and_stands_in_no_message(clickhouse: ClickHouse) -> None:
    server = _server(clickhouse.address, password="hunter2")  # noqa: S106 - the wrong one
    error = _fails(193, lambda: server.insert("pingliu.t", {"n": [1]}))
    assert (outcome(error.code), error.name) == ("broken", "WRONG_PASSWORD")
    assert "hunter2" not in f"{error!r} {error} {server.address!r}"
    with pytest.raises(ServerError):
        Stored(server).rows("SELECT 1")
    assert outcome(_fails(192, lambda: _server(clickhouse.address, user="nobody").version).code) == "broken"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_that_proves_itself_is_talked_to(clickhouse: ClickHouse, table: str, host: str) -> None:
    address = clickhouse.secure_address.replace("127.0.0.1", host)
    server = _server(address, options=f"?secure=true&ca={clickhouse.ca_file}")
    assert server.insert(table, _noise(5000)) == 5000
    assert _count(server, table) == 5000
    server.close()


def test_a_server_that_does_not_prove_itself_is_refused_and_never_taken_for_busy(
    clickhouse: ClickHouse, tmp_path: Path
) -> None:
    stranger = Certificate(tmp_path)
    stranger.make()
    for address, options in (
        (clickhouse.secure_address, f"?secure=true&ca={stranger.ca_file}"),
        (clickhouse.secure_address, "?secure=true"),
        (clickhouse.address, f"?secure=true&ca={clickhouse.ca_file}"),
    ):
        error = _fails(454, lambda a=address, o=options: _server(a, options=o).version)  # type: ignore[misc]
        assert outcome(error.code) == "broken"
        assert address in error.message


# What errors mean.


@pytest.fixture
def users(clickhouse: ClickHouse, server: Server) -> Iterator[Callable[[str], Server]]:
    """Servers as their users see them whom the server gives little. It reads their file anew within seconds."""
    file = clickhouse.folder / "users.xml"
    original = file.read_text()

    def write(text: str) -> None:
        fresh, written = file.with_suffix(".new"), file.stat().st_mtime
        fresh.write_text(text)
        os.utime(fresh, (written + 2, written + 2))  # it may all be within a second, and whole ones are compared
        os.replace(fresh, file)

    write(_USERS)
    opened: list[Server] = []

    def open_as(user: str) -> Server:
        opened.append(_server(clickhouse.address, user=user))
        return opened[-1]

    probe = open_as("small")

    def knows() -> bool:
        try:
            return bool(probe.version)
        except ServerError:
            return False

    _await(knows)
    yield open_as
    for one in opened:
        one.close()
    write(original)


def _busy(code: int, call: Callable[[], object]) -> None:
    assert CODES[code].outcome == "busy"
    with pytest.raises(Busy, match=f"Code: {code}"):
        call()


def test_a_server_that_lacks_something_now_is_busy(server: Server, table: str, users: Callable[[str], Server]) -> None:
    rows: Columns = {"n": [1], "s": ["x"]}
    _busy(241, lambda: Stored(users("small")).insert("t", _noise(20_000)))
    _busy(159, lambda: Stored(users("hasty")).rows("SELECT sleep(2)"))
    rationed = Stored(users("rationed"))
    for _ in range(2):
        rationed.rows("SELECT 1")
    _busy(201, lambda: rationed.insert("t", rows))
    with ThreadPoolExecutor(1) as pool:
        lonely = users("lonely")
        occupied = pool.submit(lonely.query, "SELECT sleep(2)")
        busy = "SELECT count() AS n FROM system.processes WHERE user = 'lonely'"
        _await(lambda: server.rows(busy) == [{"n": 1}])
        _busy(202, lambda: Stored(lonely).insert("t", rows))
        occupied.result()
    server.execute(
        "CREATE TABLE pingliu.parts (n Int64) ENGINE = MergeTree ORDER BY n"
        " SETTINGS parts_to_delay_insert = 1, parts_to_throw_insert = 1"
    )
    Stored(server).insert("parts", {"n": [1]})
    _busy(252, lambda: Stored(server).insert("parts", {"n": [2]}))


_REFUSALS = [
    (6, "toInt8(if(n = 13, 'no', '1'))"),
    (38, "toDate(if(n = 13, 'no', '2020-01-01'))"),
    (41, "toDateTime(if(n = 13, 'no', '2020-01-01 00:00:00'))"),
    (69, "length(range(toUInt64(if(n = 13, 2000000000, 1))))"),
    (131, "toFixedString(if(n = 13, 'too long', 'x'), 2)"),
    (153, "intDiv(1, n - 13)"),
    (190, "arrayMap((x, y) -> x + y, range(toUInt64(if(n = 13, 2, 1))), range(toUInt64(if(n = 13, 3, 1))))"),
    (349, "CAST(if(n = 13, NULL, 1) AS UInt8)"),
    (376, "toUUID(if(n = 13, 'no', '61f0c404-5cb3-11e7-907b-a6006ad3dba0'))"),
    (395, "throwIf(n = 13)"),
    (407, "toDecimal32(if(n = 13, 10000000000, 1), 2)"),
]


@pytest.mark.parametrize(("code", "expression"), _REFUSALS, ids=[str(code) for code, _ in _REFUSALS])
def test_a_row_that_the_server_refuses_is_found_and_all_others_are_stored(
    server: Server, code: int, expression: str
) -> None:
    server.execute(
        f"CREATE TABLE pingliu.picky (n Int64, made DEFAULT {expression}) ENGINE = ReplacingMergeTree ORDER BY n"
    )
    bad = insert_isolating(Stored(server), "picky", {"n": list(range(100))})
    assert [(row.index, row.row, row.code) for row in bad] == [(13, {"n": 13}, code)]
    assert "'no'" not in bad[0].message
    assert _count(server, "pingliu.picky") == 99


@pytest.mark.parametrize("poison", [2**63, -(2**63) - 1, None, "text", 1.5, b"\xff"])
def test_a_counter_that_its_column_can_t_hold_is_found_and_all_others_are_stored(
    server: Server, poison: object
) -> None:
    columns = {name: values * 40 for name, values in _base_rows()[LIVE].items()}
    columns["version"] = list(range(40))
    columns["start"] = list(range(40))
    columns["tickets"] = [poison if number in (0, 17, 39) else 1 for number in range(40)]
    bad = insert_isolating(Stored(server), LIVE, columns)
    assert [(row.index, row.code, row.row["tickets"]) for row in bad] == [(n, 53, poison) for n in (0, 17, 39)]
    assert {row.message.split(":")[0] for row in bad} == {"column tickets"}
    assert _count(server, f"pingliu.{LIVE}") == 37


@pytest.mark.parametrize("poison", [None, 5, "\ud800", ["x"]])
def test_a_text_that_is_none_is_found_and_its_value_stands_in_no_message(server: Server, poison: object) -> None:
    columns = {name: values * 5 for name, values in _base_rows()[REJECTED].items()}
    columns["offset"] = list(range(5))
    columns["topic"] = ["pingliu.events", "pingliu.events", poison, "pingliu.events", "Zhang San"]
    bad = insert_isolating(Stored(server), REJECTED, columns)
    assert [(row.index, row.code) for row in bad] == [(2, 53)]
    assert "Zhang" not in bad[0].message
    assert _count(server, f"pingliu.{REJECTED}") == 4


def test_a_table_that_refuses_everything_breaks_the_program_instead_of_emptying_the_log(server: Server) -> None:
    server.execute("CREATE TABLE pingliu.closed (n Int64, made DEFAULT throwIf(n >= 0)) ENGINE = MergeTree ORDER BY n")
    with pytest.raises(TooManyBad, match=r"closed: more than 20 of 1000 .*code 395"):
        insert_isolating(Stored(server), "closed", {"n": list(range(1000))})


def test_a_table_that_is_missing_or_another_breaks_the_program(server: Server, table: str) -> None:
    for code, call in (
        (60, lambda: Stored(server).insert("nowhere", {"n": [1]})),
        (16, lambda: Stored(server).insert("t", {"nothing": [1]})),
        (47, lambda: Stored(server).rows("SELECT nothing FROM pingliu.t")),
        (62, lambda: Stored(server).rows("SELEC 1")),
    ):
        assert outcome(_fails(code, call).code) == "broken"


def test_after_any_failure_the_next_statement_is_as_if_nothing_had_been(server: Server, table: str) -> None:
    for number, poison in enumerate(["no number", 2**63, None]):
        with pytest.raises(BadRows):
            Stored(server).insert("t", {"n": [1, poison], "s": ["x", "y"]})
        _fails(47, lambda: server.rows("SELECT nothing FROM pingliu.t"))
        assert _count(server, table) == number
        server.insert(table, {"n": [number], "s": ["x"]})


# Tables.


def test_an_old_server_gets_what_it_can_take_is_told_what_it_lacks_and_again_does_nothing(
    clickhouse: ClickHouse,
) -> None:
    server = _server(clickhouse.address)
    assert server.version == (18, 16, 1)
    server.execute("DROP DATABASE IF EXISTS pingliu")
    assert missing(server) == _PORTABLE
    others = [each.name for each in migrations() if each.name not in _PORTABLE]
    assert migrate(server) == Migrated(_PORTABLE, others)
    assert migrate(server) == Migrated([], others)
    assert missing(server) == []
    tables = {str(row["name"]) for row in server.rows("SELECT name FROM system.tables WHERE database = 'pingliu'")}
    assert {"event_log", "live_log", "rejected_log", "sink_positions", "dead_letters", "migrations"} <= tables
    server.close()


def test_several_may_migrate_and_load_the_reference_at_once(clickhouse: ClickHouse, server: Server) -> None:
    server.execute("DROP DATABASE IF EXISTS pingliu")
    registry, rules = Registry.load(FOLDER), Rules()
    starting = threading.Barrier(4)

    def start() -> None:
        own = _server(clickhouse.address)
        starting.wait()
        migrate(own)
        load_reference(own, registry, rules, Workdays(rules.calendar))
        own.close()

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(start) for _ in range(4)]:
            future.result()
    assert missing(server) == []
    assert server.rows("SELECT count() AS n, uniqExact(kind, code) AS u FROM pingliu.registry") == [
        {"n": 1895, "u": 1895}
    ]


def test_a_file_that_changed_after_it_was_applied_is_refused(server: Server) -> None:
    note: dict[str, list[Any]] = {"number": [1], "name": ["0001_base.sql"], "sha256": ["of another file"]}
    server.insert("pingliu.migrations", note)
    for call in (migrate, missing):
        with pytest.raises(MigrationError, match=r"0001_base\.sql"):
            call(server)


def test_what_figures_are_judged_by_is_written_when_it_changes_and_never_missing(
    clickhouse: ClickHouse, server: Server
) -> None:
    registry, rules = Registry.load(FOLDER), Rules()
    load_reference(server, registry, rules, Workdays(rules.calendar))
    times = "SELECT max(modification_time) AS t, count() AS n FROM system.parts WHERE database = 'pingliu' AND active"
    before = server.rows(f"{times} AND table IN ('registry', 'calendar', 'levels')")
    counts = set()
    done = threading.Event()

    def watch() -> None:
        own = _server(clickhouse.address)
        while not done.is_set():
            counts.add(own.rows("SELECT count() AS n FROM pingliu.limits")[0]["n"])
        own.close()

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        for hours in (1, 2, 3, 4, 5):
            limits = rules.limits.model_copy(update={"implausible_hours": hours})
            load_reference(server, registry, rules.model_copy(update={"limits": limits}), Workdays(rules.calendar))
            expected = hours * 3_600_000
            limit = server.rows("SELECT value FROM pingliu.limits WHERE name = 'implausible_ms'")
            assert limit == [{"value": expected}]
        done.set()
        watching.result()
    assert counts == {3}
    assert server.rows(f"{times} AND table IN ('registry', 'calendar', 'levels')") == before
    left = server.rows("SELECT name FROM system.tables WHERE database = 'pingliu' AND match(name, '_[0-9a-f]{16}$')")
    assert left == []


# The engine, held to the same.


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine(tmp_path_factory.mktemp("engine") / "data")
    migrate(engine)
    yield engine
    engine.close()


def test_the_published_codes_have_the_names_that_clickhouse_gives_them(engine: Engine) -> None:
    codes = ", ".join(map(str, CODES))
    named = engine.rows(
        f"SELECT code, errorCodeToName(toInt32(code)) AS name FROM (SELECT arrayJoin([{codes}]) AS code)"
    )
    assert {row["code"]: row["name"] for row in named} == {code: known.name for code, known in CODES.items()}


@pytest.mark.parametrize("poison", [2**63, None, "text"])
def test_the_engine_s_poisoned_rows_are_found_as_the_server_s_are(engine: Engine, poison: object) -> None:
    engine.execute(f"TRUNCATE TABLE pingliu.{LIVE}")
    columns = {name: values * 40 for name, values in _base_rows()[LIVE].items()}
    columns["start"] = list(range(40))
    columns["tickets"] = [poison if number == 17 else 1 for number in range(40)]
    bad = insert_isolating(Stored(engine), LIVE, columns)
    assert [(row.index, row.code) for row in bad] == [(17, 53)]
    assert bad[0].message.startswith("column tickets is Int64")
    assert engine.rows(f"SELECT count() AS n FROM pingliu.{LIVE} FINAL") == [{"n": 39}]


def test_progress_says_how_much_was_delivered_again(engine: Engine) -> None:
    rows: Columns = {
        "topic": ["pingliu.events", "pingliu.events", "pingliu.metrics"], "partition": [1, 1, 0],
        "first_offset": [10, 10, 0], "next_offset": [20, 25, 0], "delivered": [10, 20, 0], "updated_ms": [1, 2, 3],
    }  # fmt: skip
    Stored(engine).insert("sink_positions", rows)
    Stored(engine).insert("sink_positions", rows)
    progress = "SELECT next_offset, delivered, repeated, duplicate_rate FROM pingliu.sink_progress ORDER BY topic"
    assert [tuple(row.values()) for row in engine.rows(progress)] == [(25, 20, 5, 0.25), (0, 0, 0, 0)]


def test_a_row_that_is_refused_again_is_one_dead_letter(engine: Engine, server: Server) -> None:
    letter: dict[str, list[Any]] = {
        "table_name": [LIVE], "topic": [""], "partition": [0], "row": [b'{"n":\xff}'], "code": [53], "message": ["x"],
        "received_ms": [1],
    }  # fmt: skip
    for store in (engine, server):
        for _ in range(2):
            Stored(store).insert("dead_letters", letter)
        assert store.rows("SELECT count() AS n FROM pingliu.dead_letters FINAL") == [{"n": 1}]
