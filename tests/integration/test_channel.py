"""The channel into a running sink's engine: commands write and ask there as they would with an engine of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from deploy.asking import AskingError
from deploy.folder import Folder
from deploy.local.clickhouse import ClickHouse
from deploy.warehouse import SinkEnded, Warehouse, open_warehouse
from sinks.channel import Channel, ChannelClient, ChannelError
from sinks.engine import Engine, EngineError, QueryLimits
from sinks.engine_lock import PathLock
from sinks.errors import outcome
from sinks.workbench import Workbench
from tests.box import Box, await_that, write_simulated

_WAIT_S = 60.0
_ENDLESS = "SELECT count() FROM numbers(1000000000000)"
_ENDLESS_INSERT = "INSERT INTO scratch.nothing SELECT number FROM numbers(1000000000000)"
_TYPES = """
    n Int64, u UInt64, f Float64, b Bool, s String, l LowCardinality(Nullable(String)), d Date,
    t DateTime('Asia/Shanghai'), t3 DateTime64(3, 'Asia/Shanghai'), a Array(String), o Nullable(Int32)
"""


@dataclass(frozen=True)
class Serving:
    engine: Engine
    channel: Channel
    path: Path
    loop: asyncio.AbstractEventLoop

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.channel.stop(), self.loop).result(_WAIT_S)


@contextmanager
def _serving(engine: Engine, path: Path) -> Iterator[Serving]:
    """The channel in an event loop of its own thread, as it runs beside others in the sink."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        # Made by the loop's thread, as in the sink.
        channel = Channel(engine, path)
        asyncio.run_coroutine_threadsafe(channel.start(), loop).result(_WAIT_S)
        serving = Serving(engine, channel, path, loop)
        try:
            yield serving
        finally:
            serving.stop()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(tmp_path / "data")
    engine.execute("CREATE DATABASE scratch")
    engine.execute("CREATE TABLE scratch.nothing (n Int64) ENGINE = Null")
    yield engine
    engine.close()


@pytest.fixture
def serving(engine: Engine, tmp_path: Path) -> Iterator[Serving]:
    with _serving(engine, tmp_path / "engine.sock") as serving:
        yield serving


@pytest.fixture
def client(serving: Serving) -> Iterator[ChannelClient]:
    client = ChannelClient(serving.path)
    yield client
    client.close()


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[[], tuple[Box, subprocess.Popen[bytes]]]]:
    """Starts `pingliu up` over the test's folder; it is ended with the test."""
    box = Box(tmp_path / "box")
    started: list[subprocess.Popen[bytes]] = []

    def start() -> tuple[Box, subprocess.Popen[bytes]]:
        process = box.start("up", "--port", "0", "--no-board")
        started.append(process)
        # Not by its endpoint: one that was killed may have left that, and a pid that the system still knows.
        assert process.stdout is not None
        assert b"is up" in process.stdout.readline(), process.communicate()
        return box, process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate()


def _fails(code: int, call: Callable[[], object]) -> EngineError:
    with pytest.raises(EngineError) as raised:
        call()
    assert raised.value.code == code, raised.value
    return raised.value


def _running(warehouse: Warehouse) -> int:
    asked = "SELECT count() AS n FROM system.processes WHERE query LIKE '%numbers(1000000000000)' AND elapsed > 0"
    return int(str(warehouse.rows(asked)[0]["n"]))


def _columns() -> dict[str, Sequence[object]]:
    moment = datetime(2026, 11, 2, 10, 15, 30, 123000, tzinfo=timezone(timedelta(hours=8)))
    return {
        "n": [1, -(2**63)],
        "u": range(2),
        "f": [0.1, 5],
        "b": [True, False],
        "s": ["中文", b"\xff\x00\xfe"],
        "l": [None, b"\xff"],
        "d": [date(1999, 12, 31), 20_000],
        "t": [moment, 1_793_585_730],
        "t3": [datetime(1969, 12, 31, 23, 59, 59, 999000), moment.astimezone(UTC)],  # noqa: DTZ001 - UTC's, as for Arrow
        "a": [("x", b"\xfe"), []],
        "o": [None, -5],
    }


def test_what_is_executed_over_the_channel_has_effect(serving: Serving, client: ChannelClient) -> None:
    client.execute("CREATE DATABASE s1")
    client.execute("CREATE TABLE s1.t (n Int64, s String) ENGINE = MergeTree ORDER BY n")
    client.execute("INSERT INTO s1.t SELECT number, toString(number) FROM numbers(1000)")
    asked = "SELECT count() AS rows, sum(n) AS sum, max(s) AS last FROM s1.t"
    assert client.rows(asked) == serving.engine.rows(asked) == [{"rows": 1000, "sum": 499_500, "last": "999"}]
    client.execute("ALTER TABLE s1.t DELETE WHERE n >= 10 SETTINGS mutations_sync = 1")
    assert client.rows(asked) == [{"rows": 10, "sum": 45, "last": "9"}]
    client.execute("DROP DATABASE s1 SYNC")
    assert serving.engine.rows("SELECT name FROM system.databases WHERE name = 's1'") == []
    assert client.rows("SELECT 1 AS one WHERE one = 2") == []


def test_columns_of_every_kind_arrive_as_if_they_were_inserted_there(serving: Serving, client: ChannelClient) -> None:
    for table in ("here", "there"):
        client.execute(f"CREATE TABLE scratch.{table} ({_TYPES}) ENGINE = MergeTree ORDER BY n")
    assert client.insert("scratch.there", _columns()) == 2
    assert serving.engine.insert("scratch.here", _columns()) == 2
    hexed = "* REPLACE (hex(s) AS s, hex(l) AS l, arrayMap(w -> hex(w), a) AS a)"
    here, there = (client.rows(f"SELECT {hexed} FROM scratch.{table} ORDER BY n") for table in ("here", "there"))
    assert there == here
    assert (there[1]["d"], there[1]["t3"]) == ("1999-12-31", "1970-01-01 07:59:59.999")
    assert client.insert("scratch.there", {"n": []}) == 0
    assert client.insert("scratch.there", {}) == 0


def test_an_insert_that_is_too_long_for_one_frame_arrives_in_parts(client: ChannelClient) -> None:
    client.execute("CREATE TABLE scratch.long (n Int64, s String) ENGINE = MergeTree ORDER BY n")
    assert client.insert("scratch.long", {"n": list(range(901)), "s": ["x" * 100_000] * 901}) == 901
    asked = "SELECT count() AS rows, uniqExact(n) AS kinds, sum(length(s)) AS bytes FROM scratch.long"
    assert client.rows(asked) == [{"rows": 901, "kinds": 901, "bytes": 90_100_000}]
    _fails(396, lambda: client.insert("scratch.long", {"n": [1], "s": ["x" * 70_000_000]}))
    assert client.rows("SELECT count() AS n FROM scratch.long") == [{"n": 901}]


def test_errors_come_out_as_the_engines_own_and_the_connection_is_as_good_as_before(
    serving: Serving, client: ChannelClient
) -> None:
    client.execute("CREATE TABLE scratch.t (n Int64, s String, CONSTRAINT c CHECK n != 13) ENGINE = Memory")
    inserts: list[tuple[int, dict[str, Sequence[object]]]] = [
        (53, {"n": ["x"]}),
        (53, {"n": [2**63]}),
        (53, {"n": [2**64]}),
        (53, {"n": [None]}),
        (53, {"s": ["\ud800"]}),
        (53, {"n": [object()]}),
        (53, {"n": [date(2026, 1, 1)]}),
        (53, {"n": [1, 2], "s": ["a"]}),
        (16, {"absent": [1]}),
    ]
    for code, columns in inserts:
        for store in (client.insert, serving.engine.insert):
            _fails(code, lambda store=store, columns=columns: store("scratch.t", columns))  # type: ignore[misc]
    _fails(469, lambda: client.insert("scratch.t", {"n": [12, 13]}))
    _fails(60, lambda: client.insert("scratch.nowhere", {"n": [1]}))
    _fails(62, lambda: client.execute("selec 1"))
    _fails(395, lambda: client.execute("INSERT INTO scratch.t (n) SELECT throwIf(1)"))
    _fails(497, lambda: client.execute("INSERT INTO scratch.t (s) SELECT * FROM file('/etc/hostname', 'LineAsString')"))
    here, there = (_fails(60, lambda one=one: one.rows("SELECT * FROM nope")) for one in (client, serving.engine))  # type: ignore[misc]
    assert (here.name, here.message) == (there.name, there.message)
    assert client.rows("SELECT count() AS n FROM scratch.t") == [{"n": 0}]


def test_rows_only_reads(client: ChannelClient) -> None:
    for sql in ("DROP DATABASE scratch", "INSERT INTO scratch.nothing VALUES (1)", "SET max_threads = 1"):
        _fails(164, lambda sql=sql: client.rows(sql))  # type: ignore[misc]
    _fails(62, lambda: client.rows("SELECT 1; SELECT 2"))


def test_a_table_that_changed_over_the_channel_is_known_as_it_is_now(serving: Serving, client: ChannelClient) -> None:
    client.execute("CREATE TABLE scratch.t (n Int64) ENGINE = MergeTree ORDER BY n")
    client.insert("scratch.t", {"n": [1]})
    client.execute("ALTER TABLE scratch.t ADD COLUMN later Int8")
    assert client.insert("scratch.t", {"n": [2], "later": [5]}) == 1
    client.execute("DROP TABLE scratch.t SYNC")
    client.execute("CREATE TABLE scratch.t (n String) ENGINE = MergeTree ORDER BY n")
    assert serving.engine.insert("scratch.t", {"n": ["text"]}) == 1


def test_a_statement_leaves_nothing_in_its_session_for_the_next(client: ChannelClient) -> None:
    client.execute("SET max_threads = 1")
    client.execute("USE scratch")
    asked = "SELECT currentDatabase() AS db, getSetting('max_threads') AS threads"
    assert client.rows(asked) == [{"db": "pingliu", "threads": 2}]


def test_statements_that_never_end_are_ended_by_their_limits(engine: Engine) -> None:
    bench = Workbench(engine, QueryLimits(seconds=0.2, memory_bytes=30 << 20))
    _fails(159, lambda: bench.execute(_ENDLESS_INSERT))
    _fails(159, lambda: bench.rows(_ENDLESS))
    _fails(241, lambda: bench.rows("SELECT groupArray(number) FROM numbers(100000000)"))


def test_connections_are_served_beside_one_another(serving: Serving) -> None:
    with ThreadPoolExecutor(8) as pool:
        clients = [ChannelClient(serving.path) for _ in range(8)]
        slow: list[Future[Any]] = [
            pool.submit(clients[0].execute, _ENDLESS_INSERT),
            pool.submit(clients[1].rows, _ENDLESS),
        ]
        await_that(lambda: _running(serving.engine) == 2, "both run")
        asked = pool.map(lambda n: clients[2 + n % 6].rows(f"SELECT {n} AS n"), range(60))
        assert [row["n"] for (row,) in asked] == list(range(60))
        assert not [future for future in slow if future.done()]
        for client in clients:
            client.close()
        for future in slow:
            assert isinstance(future.exception(_WAIT_S), ChannelError)


@pytest.mark.parametrize("sql", [_ENDLESS, _ENDLESS_INSERT])
def test_a_client_that_goes_away_stops_its_statement(serving: Serving, client: ChannelClient, sql: str) -> None:
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.execute, sql)
        await_that(lambda: _running(serving.engine) == 1, "it runs")
        client.close()
        assert isinstance(asked.exception(_WAIT_S), ChannelError)
        await_that(lambda: _running(serving.engine) == 0, "it was stopped")
    with pytest.raises(ChannelError):
        client.rows("SELECT 1")


def test_stopping_ends_what_runs_and_leaves_the_engine_open(serving: Serving, client: ChannelClient) -> None:
    idle = ChannelClient(serving.path)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(client.execute, _ENDLESS_INSERT)
        await_that(lambda: _running(serving.engine) == 1, "it runs")
        serving.stop()
        error = asked.exception(_WAIT_S)
    assert isinstance(error, ChannelError)
    assert outcome(error.code) == "busy"
    assert _running(serving.engine) == 0
    assert not serving.path.exists()
    with pytest.raises(ChannelError):
        idle.rows("SELECT 1")
    with pytest.raises(ChannelError, match="no sink answers"):
        ChannelClient(serving.path)


def test_what_is_no_frame_ends_its_connection_and_no_other(serving: Serving, client: ChannelClient) -> None:
    for nonsense in (b"\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n"):
        with socket.socket(socket.AF_UNIX) as raw:
            raw.settimeout(_WAIT_S)
            raw.connect(str(serving.path))
            raw.sendall(nonsense)
            assert raw.recv(1) == b""
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(_WAIT_S)
        raw.connect(str(serving.path))
        raw.sendall(b"\0\0\0\2\x91\xc0")  # a frame, but no request
        assert b"UNKNOWN_EXCEPTION" in raw.recv(1000)
    assert client.rows("SELECT 1 AS one") == [{"one": 1}]


def test_the_socket_is_its_owners_alone_whatever_the_umask(engine: Engine, tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        with _serving(engine, tmp_path / "s") as serving:
            mode = serving.path.stat().st_mode
    finally:
        os.umask(mask)
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_a_socket_that_a_killed_sink_left_is_in_nobodys_way(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert path.is_socket()
    with pytest.raises(ChannelError):
        ChannelClient(path)
    for _ in range(2):
        with _serving(engine, path):
            client = ChannelClient(path)
            assert client.rows("SELECT 1 AS one") == [{"one": 1}]
            client.close()


def test_a_folder_may_lie_deeper_than_a_sockets_name_is_long(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / ("深" * 40) / ("x" * 100)
    folder.mkdir(parents=True)
    with _serving(engine, folder / "engine.sock") as serving:
        assert stat.S_IMODE(serving.path.stat().st_mode) == 0o600
        client = ChannelClient(serving.path)
        assert client.rows("SELECT 1 AS one") == [{"one": 1}]
        client.close()
    assert not serving.path.exists()
    held = [os.path.realpath(descriptor) for descriptor in Path("/proc/self/fd").iterdir()]
    assert str(folder.resolve()) not in held


def test_a_client_of_a_sink_that_is_killed_in_mid_statement_is_told_so(
    up: Callable[[], tuple[Box, subprocess.Popen[bytes]]],
) -> None:
    box, process = up()
    path = Folder(box.root).channel
    with ThreadPoolExecutor(2) as pool:
        client, other = ChannelClient(path), ChannelClient(path)
        asked = pool.submit(client.rows, _ENDLESS)
        worked = pool.submit(_work, box.root, _ENDLESS)
        await_that(lambda: _running(other) == 2, "both run")
        box.kill([process])
        error, ended = asked.exception(_WAIT_S), worked.exception(_WAIT_S)
        other.close()
    assert isinstance(error, ChannelError)
    assert isinstance(ended, SinkEnded)
    assert len(str(ended).splitlines()) == 1
    assert path.is_socket()  # left behind
    up()
    with open_warehouse(box.root, None) as warehouse:
        assert isinstance(warehouse, ChannelClient)
        assert warehouse.rows("SELECT count() AS n FROM pingliu.events") == [{"n": 0}]


def _work(root: Path, sql: str) -> None:
    with open_warehouse(root, None) as warehouse:
        warehouse.rows(sql)


def test_a_running_pingliu_keeps_its_channel_to_its_owner(
    up: Callable[[], tuple[Box, subprocess.Popen[bytes]]],
) -> None:
    box, process = up()
    path = Folder(box.root).channel
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    client = ChannelClient(path)
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert not path.exists()
    with pytest.raises(ChannelError):
        client.rows("SELECT 1")


def test_a_warehouse_gives_the_same_answers_while_pingliu_runs_and_without_it(
    up: Callable[[], tuple[Box, subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    write_simulated(tmp_path / "a.ndjson", days=1, scale=0.05)
    box = Box(tmp_path / "box")
    box.ingest(tmp_path / "a.ndjson")
    alone = _answers(box.root)
    box, _ = up()
    assert _answers(box.root) == alone
    assert all(alone)


def _answers(root: Path) -> list[list[dict[str, object]]]:
    with open_warehouse(root, None) as warehouse:
        warehouse.execute("DROP DATABASE IF EXISTS scratch SYNC")
        warehouse.execute("CREATE DATABASE scratch")
        warehouse.execute("CREATE TABLE scratch.t (name String, n UInt64) ENGINE = MergeTree ORDER BY name")
        warehouse.execute("INSERT INTO scratch.t SELECT level, count() FROM pingliu.ratings GROUP BY level")
        assert warehouse.insert("scratch.t", {"name": ["中", b"\xff"], "n": [2**64 - 1, 0]}) == 2
        return [
            warehouse.rows("SELECT hex(name) AS name, n FROM scratch.t ORDER BY name"),
            warehouse.rows("SELECT * FROM pingliu.ratings ORDER BY rating"),
            warehouse.rows(
                "SELECT count() AS n, max(handle_seconds) AS s, max(completed_at) AS t FROM pingliu.services"
            ),
        ]


def test_a_warehouse_waits_for_an_engine_that_is_busy_for_a_moment(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.engine.mkdir()
    held = PathLock(folder.engine)
    with ThreadPoolExecutor(1) as pool:
        worked: Future[None] = pool.submit(_work, tmp_path, "SELECT 1")
        with pytest.raises(TimeoutError):
            worked.result(0.5)
        held.release()
        worked.result(_WAIT_S)


def test_a_warehouse_may_be_a_server(clickhouse: ClickHouse) -> None:
    with open_warehouse(None, f"clickhouse://default@{clickhouse.address}/pingliu") as warehouse:
        warehouse.execute("CREATE DATABASE IF NOT EXISTS channel_test")
        warehouse.execute("CREATE TABLE channel_test.t (n Int64) ENGINE = Memory")
        assert warehouse.insert("channel_test.t", {"n": [1, 2]}) == 2
        assert warehouse.rows("SELECT toString(sum(n)) AS sum FROM channel_test.t") == [{"sum": "3"}]
        warehouse.execute("DROP DATABASE channel_test")


def test_where_nothing_was_ever_stored_there_is_no_warehouse(tmp_path: Path) -> None:
    with pytest.raises(AskingError, match="nothing was ever stored"), open_warehouse(tmp_path, None):
        pass
    with pytest.raises(AskingError, match="--data"), open_warehouse(None, None):
        pass
    assert not list(tmp_path.iterdir())
