"""ClickHouse's HTTP interface, asked by curl and by clickhouse-connect: it answers readers, in the forms they know."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import shutil
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import clickhouse_connect
import pytest
import zstandard
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, ProgrammingError

from sinks.engine import Engine, QueryLimits
from sinks.http import HttpInterface
from tests.gate_samples import ACCEPTED, PARAMS, REFUSED, ROWS, SCHEMA

_ENDLESS = "SELECT count() FROM numbers(1000000000000)"
_WAIT_S = 60.0
_CURL = shutil.which("curl")


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def code(self) -> int:
        return int(self.headers.get("x-clickhouse-exception-code", "0"))


@dataclass(frozen=True)
class Server:
    engine: Engine
    interface: HttpInterface
    port: int
    loop: asyncio.AbstractEventLoop

    def ask(
        self,
        sql: str | bytes | None = None,
        path: str = "/",
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        method: str | None = None,
        arguments: Mapping[str, str] | None = None,
        **more: str,
    ) -> Reply:
        """By curl where there is one. `sql` is the body, arguments go into the URL."""
        arguments = {**(arguments or {}), **more}
        target = path + ("?" + urlencode(arguments) if arguments else "")
        body = sql.encode() if isinstance(sql, str) else sql
        if _CURL is None:
            if form is not None:
                pytest.skip("multipart needs curl")
            return self._ask_plainly(method or ("GET" if body is None else "POST"), target, body, headers or {})
        command = [_CURL, "-sS", "-i", "--raw", "-H", "Expect:", "--max-time", str(_WAIT_S)]
        command += [part for name, value in (headers or {}).items() for part in ("-H", f"{name}: {value}")]
        command += [part for name, value in (form or {}).items() for part in ("--form-string", f"{name}={value}")]
        command += ["-X", method] if method else []
        command += ["--data-binary", "@-"] if body is not None else []
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{self.port}{target}"], input=body, capture_output=True, check=True
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        found = (line.split(": ", 1) for line in lines)
        return Reply(int(first.split()[1]), {name.lower(): value for name, value in found}, content)

    def _ask_plainly(self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_WAIT_S)
        try:
            connection.request(method, target, body, dict(headers))
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def running(self) -> int:
        asked = (
            "SELECT count() AS n FROM system.processes WHERE query LIKE 'SELECT count() FROM numbers(1000000000000)%'"
        )
        return int(str(self.engine.rows(asked)[0]["n"]))

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.interface.stop(), self.loop).result(_WAIT_S)


@contextmanager
def serving(
    engine: Engine, host: str = "127.0.0.1", at_once: int = 8, limits: QueryLimits | None = None
) -> Iterator[Server]:
    """The interface in an event loop of its own thread, as it runs beside others in the sink."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    interface = HttpInterface(engine, host, at_once=at_once, limits=limits)
    try:
        port = asyncio.run_coroutine_threadsafe(interface.start(), loop).result(_WAIT_S)
        server = Server(engine, interface, port, loop)
        yield server
        server.stop()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine(tmp_path_factory.mktemp("http") / "data")
    for statement in SCHEMA:
        engine.execute(statement)
    engine.insert("facts", ROWS)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def server(engine: Engine) -> Iterator[Server]:
    with serving(engine) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[Client]:
    client = clickhouse_connect.get_client(host="127.0.0.1", port=server.port)
    yield client
    client.close()


def _await(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(_WAIT_S / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("did not come about")


def test_it_says_ok_to_who_asks_nothing(server: Server) -> None:
    assert server.ask().body == b"Ok.\n"
    assert server.ask(path="/ping").body == b"Ok.\n"
    assert server.ask(path="/play").status == 404
    assert server.ask(method="DELETE").status == 405
    assert server.ask("").code == 36


def test_a_query_comes_in_the_url_the_body_both_or_a_form(server: Server) -> None:
    assert server.ask(query="SELECT 1").body == b"1\n"
    assert server.ask("SELECT 2").body == b"2\n"
    assert server.ask("3", query="SELECT").body == b"3\n"
    assert server.ask(form={"query": "SELECT {x:Int8}, {y:String}", "param_x": "4", "param_y": "é"}).text == "4\té\n"
    assert server.ask(form={"param_x": "5"}, query="SELECT {x:Int8}").body == b"5\n"
    assert server.ask("SELECT {x:Array(String)}", param_x="['a','b']").text == "['a','b']\n"
    assert server.ask(query="SELECT '" + "x" * 50_000 + "'").status == 200


def test_the_format_is_the_clauses_the_headers_or_the_arguments(server: Server) -> None:
    sql = "SELECT 1 AS a, 'x' AS b"
    assert server.ask(sql).body == b"1\tx\n"
    assert server.ask(sql, default_format="CSV").body == b'1,"x"\n'
    assert server.ask(sql, headers={"X-ClickHouse-Format": "JSONEachRow"}).body == b'{"a":1,"b":"x"}\n'
    assert server.ask(sql + " FORMAT TSVWithNames", default_format="CSV").body == b"a\tb\n1\tx\n"
    assert json.loads(server.ask(sql + " format json").body)["data"] == [{"a": 1, "b": "x"}]
    assert server.ask(sql + " FORMAT RowBinary").body == b"\x01\x01x"
    for fmt in ("Nope", "MySQLWire", "AvroConfluent", "Template", "Protobuf", "DataFrame"):
        assert server.ask(sql, default_format=fmt).code == 73


@pytest.mark.parametrize(
    ("fmt", "kind"),
    [
        ("TabSeparatedWithNames", "text/tab-separated-values; charset=UTF-8"),
        ("CSV", "text/csv; charset=UTF-8; header=absent"),
        ("CSVWithNames", "text/csv; charset=UTF-8; header=present"),
        ("JSONCompact", "application/json; charset=UTF-8"),
        ("JSONEachRow", "application/x-ndjson; charset=UTF-8"),
        ("Native", "application/octet-stream"),
        ("PrettyCompact", "text/plain; charset=UTF-8"),
    ],
)
def test_a_reply_says_what_it_is_and_what_it_took(server: Server, fmt: str, kind: str) -> None:
    reply = server.ask("SELECT * FROM ratings", default_format=fmt, query_id="q-1")
    told = {name.removeprefix("x-clickhouse-"): value for name, value in reply.headers.items()}
    assert (told["content-type"], told["format"], told["query-id"]) == (kind, fmt, "q-1")
    assert (told["timezone"], told["server-display-name"]) == ("Asia/Shanghai", "pingliu")
    summary = json.loads(told["summary"])
    assert (summary["read_rows"], summary["result_rows"], summary["written_rows"]) == ("3", "3", "0")
    assert not [name for name in reply.headers if name.startswith("access-control")]


@pytest.mark.parametrize("sql", ACCEPTED)
def test_what_auditors_write_runs_and_means_what_they_wrote(server: Server, sql: str) -> None:
    reply = server.ask(sql, arguments={f"param_{name}": value for name, value in PARAMS.items()})
    assert reply.status == 200, reply.text
    if "now()" not in sql and "SETTINGS" not in sql:
        plainly = server.engine.query(sql, fmt="TabSeparated", params=PARAMS).data
        assert sorted(reply.body.splitlines()) == sorted(plainly.splitlines())


def test_what_writes_or_reaches_out_is_refused_and_has_no_effect(server: Server) -> None:
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda sql: server.ask(sql, param_f="file"), REFUSED))
    for sql, reply in zip(REFUSED, replies, strict=True):
        if "".join(sql.split()) not in ("", ";", "--nothing"):
            assert reply.status in (400, 403), (sql, reply.text)
            assert reply.code in (62, 164, 497, 36, 306), (sql, reply.text)
    assert not Path("/tmp/gate.out").exists()  # noqa: S108 - the samples name it
    assert server.engine.rows("SELECT count() AS n, sum(points) AS p FROM facts") == [{"n": 3, "p": 19}]
    assert server.ask("SHOW TABLES").text.split() == ["facts", "names", "of_street", "ratings", "sessions"]


@pytest.mark.parametrize(
    ("sql", "arguments", "status", "code", "name"),
    [
        ("selec 1", {}, 400, 62, "SYNTAX_ERROR"),
        ("SELECT 1; SELECT 2", {}, 400, 62, "SYNTAX_ERROR"),
        ("SELECT toInt8('x')", {}, 400, 6, "CANNOT_PARSE_TEXT"),
        ("SELECT {x:Int8}", {}, 400, 456, "UNKNOWN_QUERY_PARAMETER"),
        ("SELECT {x:Int8}", {"param_x": "y"}, 400, 457, "BAD_QUERY_PARAMETER"),
        ("SELECT 1", {"user": "somebody"}, 403, 516, "AUTHENTICATION_FAILED"),
        ("SELECT 1", {"password": "guess"}, 403, 516, "AUTHENTICATION_FAILED"),
        ("DROP TABLE facts", {}, 403, 164, "READONLY"),
        ("INSERT INTO facts (rating) VALUES ('x')", {}, 403, 164, "READONLY"),
        ("('x')", {"query": "INSERT INTO facts (rating) VALUES"}, 403, 164, "READONLY"),
        ("SET max_threads = 1", {}, 403, 164, "READONLY"),
        ("SELECT 1 INTO OUTFILE '/tmp/gate.out'", {}, 403, 164, "READONLY"),
        ("SELECT 1", {"readonly": "0"}, 403, 164, "READONLY"),
        ("SELECT 1", {"max_partitions_per_insert_block": "1"}, 403, 164, "READONLY"),
        ("SELECT 1 SETTINGS max_threads = 100", {}, 403, 164, "READONLY"),
        ("SELECT file('/etc/hostname')", {}, 403, 497, "ACCESS_DENIED"),
        ("SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a Int8')", {}, 403, 497, "ACCESS_DENIED"),
        ("SELECT 1 SETTINGS readonly = 0", {}, 403, 497, "ACCESS_DENIED"),
        ("SELECT * FROM system.{t:Identifier}", {"param_t": "stack_trace"}, 403, 497, "ACCESS_DENIED"),
        ("SELECT * FROM {d:Identifier}.hosts", {"param_d": "default"}, 403, 497, "ACCESS_DENIED"),
        ("SELECT 1", {"nonsense": "1"}, 404, 115, "UNKNOWN_SETTING"),
        ("SELECT * FROM nowhere", {}, 404, 60, "UNKNOWN_TABLE"),
        ("SELECT nothing FROM ratings", {}, 404, 47, "UNKNOWN_IDENTIFIER"),
        ("SELECT nosuch(1)", {}, 404, 46, "UNKNOWN_FUNCTION"),
        ("SELECT 1", {"database": "nowhere"}, 404, 81, "UNKNOWN_DATABASE"),
        ("SELECT 1 FORMAT Nope", {}, 404, 73, "UNKNOWN_FORMAT"),
        (_ENDLESS, {"max_execution_time": "0.1"}, 408, 159, "TIMEOUT_EXCEEDED"),
        ("SELECT 1", {"compress": "1"}, 501, 48, "NOT_IMPLEMENTED"),
        ("SELECT throwIf(1)", {}, 500, 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
        ("SELECT * FROM numbers(9)", {"max_result_rows": "3"}, 500, 396, "TOO_MANY_ROWS_OR_BYTES"),
        ("SELECT 1", {"query_id": "a\nb"}, 400, 36, "BAD_ARGUMENTS"),
    ],
)
def test_an_error_has_clickhouses_form_code_and_a_fitting_status(
    server: Server, sql: str, arguments: dict[str, str], status: int, code: int, name: str
) -> None:
    reply = server.ask(sql, arguments=arguments)
    assert (reply.status, reply.code) == (status, code), reply.text
    assert reply.text.startswith(f"Code: {code}. DB::Exception: ")
    assert f"({name}) (version {server.engine.version}" in reply.text


def test_settings_that_clients_send_are_taken(server: Server) -> None:
    taken = {
        "session_id": "s",
        "session_timeout": "60",
        "client_protocol_version": "54460",
        "wait_end_of_query": "1",
        "send_progress_in_http_headers": "1",
        "http_headers_progress_interval_ms": "1000",
        "cancel_http_readonly_queries_on_client_close": "1",
        "log_comment": "mine",
        "readonly": "2",
        "max_result_rows": "10",
        "result_overflow_mode": "throw",
        "date_time_input_format": "best_effort",
        "date_time_output_format": "iso",
        "max_execution_time": "30",
        "output_format_json_quote_64bit_integers": "1",
    }
    reply = server.ask("SELECT toDateTime(0) AS t, toInt64(5) AS n", default_format="JSONEachRow", arguments=taken)
    assert json.loads(reply.body) == {"t": "1970-01-01T00:00:00Z", "n": "5"}
    assert server.ask("SELECT getSetting('max_execution_time')", max_execution_time="7").body == b"7\n"
    assert server.ask("SELECT getSetting('max_execution_time')", max_execution_time="700").body == b"60\n"
    assert server.ask("SELECT getSetting('max_threads') SETTINGS max_threads = 1").body == b"1\n"
    assert server.ask("SELECT toDateTime(0)", session_timezone="UTC").text == "1970-01-01 00:00:00\n"


def test_the_database_is_the_arguments_the_headers_or_pingliu(server: Server) -> None:
    sql = "SELECT currentDatabase()"
    assert server.ask(sql).text == "pingliu\n"
    assert server.ask(sql, database="default").text == "pingliu\n"
    assert server.ask(sql, database="system").text == "system\n"
    assert server.ask(sql, headers={"X-ClickHouse-Database": "system"}).text == "system\n"


def test_there_is_one_user_with_no_password(server: Server) -> None:
    assert server.ask("SELECT 1", user="default", password="").status == 200
    assert server.ask("SELECT 1", headers={"X-ClickHouse-User": "default", "X-ClickHouse-Key": ""}).status in (200, 403)
    assert server.ask("SELECT 1", headers={"Authorization": "Basic ZGVmYXVsdDo="}).status == 200
    for headers in (
        {"X-ClickHouse-Key": "guess"},
        {"X-ClickHouse-User": "admin"},
        {"Authorization": "Basic ZGVmYXVsdDpndWVzcw=="},
        {"Authorization": "Basic ?"},
        {"Authorization": "Bearer x"},
    ):
        assert server.ask("SELECT 1", headers=headers).code == 516


def test_web_pages_and_rebound_names_are_refused(server: Server) -> None:
    port = server.port
    for headers in (
        {"Host": "evil.example"},
        {"Host": f"evil.example:{port}"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://localhost:{port + 1}"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        for path in ("/", "/ping"):
            reply = server.ask("SELECT 1" if path == "/" else None, path=path, headers=headers)
            assert reply.status in (400, 403), headers
    for host in ("localhost", "127.0.0.1", "[::1]", "LOCALHOST"):
        assert server.ask("SELECT 1", headers={"Host": host}).status == 200
        own = {"Host": f"{host}:{port}", "Origin": f"http://{host.lower()}:{port}"}
        assert server.ask("SELECT 1", headers=own).status == 200


def test_a_host_name_is_served_where_the_interface_listens_elsewhere(engine: Engine) -> None:
    with serving(engine, host="0.0.0.0") as server:  # noqa: S104 - asked for
        assert server.ask("SELECT 1", headers={"Host": "sink.district.example"}).status == 200
        assert server.ask("SELECT 1", headers={"Origin": "http://evil.example"}).status == 403


def test_answers_are_compressed_for_who_asks(server: Server) -> None:
    unpack: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.decompress,
        "deflate": zlib.decompress,
        "zstd": lambda data: zstandard.ZstdDecompressor().decompress(data),
    }
    sql = "SELECT number FROM numbers(10000)"
    plain = server.ask(sql).body
    for name, function in unpack.items():
        reply = server.ask(sql, headers={"Accept-Encoding": name}, enable_http_compression="1")
        assert reply.headers["content-encoding"] == name
        assert len(reply.body) < len(plain) / 2
        assert function(reply.body) == plain
    for accepted in ("br, lz4", "gzip;q=0"):
        assert server.ask(sql, headers={"Accept-Encoding": accepted}, enable_http_compression="1").body == plain
    assert server.ask(sql, headers={"Accept-Encoding": "gzip"}).body == plain
    squeezed = server.ask(gzip.compress(b"SELECT 1"), headers={"Content-Encoding": "gzip"})
    assert squeezed.body == b"1\n"


def test_what_is_too_long_or_no_text_is_refused(server: Server) -> None:
    assert server.ask(b"SELECT '" + b"x" * 1_100_000 + b"'").code == 229
    assert server.ask(b"SELECT '" + b"x" * 300_000 + b"'").status == 400
    assert server.ask(b"SELECT '\xff'").code == 36
    assert server.ask(b"INSERT INTO facts FORMAT Native\n\xff\xfe").code == 164


def test_queries_run_beside_one_another(server: Server) -> None:
    with ThreadPoolExecutor(8) as pool:
        endless = pool.submit(server.ask, _ENDLESS, query_id="slow")
        _await(lambda: server.running() == 1)
        replies = pool.map(
            lambda n: server.ask("SELECT {n:Int32} + count() FROM ratings", param_n=str(n)).text, range(40)
        )
        assert list(replies) == [f"{n + 3}\n" for n in range(40)]
        assert server.ask("SELECT 1", query_id="slow").code == 216
        server.engine.cancel("slow")
        assert endless.result().code == 394


def test_one_query_too_many_is_told_so_and_a_client_that_leaves_makes_room(engine: Engine) -> None:
    with serving(engine, at_once=2) as server:
        connections = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=_WAIT_S) for _ in range(2)]
        for connection in connections:
            connection.request("POST", "/", _ENDLESS)
        _await(lambda: server.running() == 2)
        refused = server.ask("SELECT 1")
        assert (refused.status, refused.code) == (503, 202)
        assert server.ask(path="/ping").status == 200
        connections[0].close()
        _await(lambda: server.running() == 1)
        _await(lambda: server.ask("SELECT 1").status == 200)
        connections[1].close()
        _await(lambda: server.running() == 0)


def test_stopping_ends_what_runs_and_leaves_the_engine_open(engine: Engine) -> None:
    with serving(engine) as server, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(server.ask, _ENDLESS)
        _await(lambda: server.running() == 1)
        server.stop()
        assert asked.result().code == 394
        with pytest.raises(subprocess.CalledProcessError if _CURL else OSError):
            server.ask("SELECT 1")
    assert engine.rows("SELECT 1 AS one") == [{"one": 1}]


def test_a_port_that_is_taken_is_an_error(server: Server) -> None:
    async def again() -> None:
        with pytest.raises(OSError, match="in use"):
            await HttpInterface(server.engine, port=server.port).start()

    asyncio.run(again())


# With clickhouse-connect, as Python programs and notebooks ask.


def test_clickhouse_connect_reads_every_kind_of_column(client: Client) -> None:
    assert (client.server_version, str(client.server_tz)) == ("26.9.2.1", "Asia/Shanghai")
    found = client.query("SELECT * FROM pingliu.ratings ORDER BY rating")
    row = dict(zip(found.column_names, found.result_rows[0], strict=True))
    assert (row["level"], row["tags"], row["wait"], row["day"]) == ("satisfied", ["101"], 12.5, date(2026, 11, 2))
    assert row["time"] == datetime.fromtimestamp(1_793_586_930, UTC)
    assert str(row["time"].tzinfo) == "Asia/Shanghai"
    assert found.result_rows[1][found.column_names.index("wait")] is None
    assert (
        client.query("SELECT toDateTime(0, 'Asia/Shanghai') AS t").result_rows[0][0].isoformat()
        == "1970-01-01T08:00:00+08:00"
    )
    assert client.query("SELECT * FROM ratings LIMIT 0").column_names[0] == "rating"


def test_clickhouse_connect_binds_parameters_on_both_sides(client: Client) -> None:
    nasty = "a'b\\c\td\ne"
    there = "SELECT {s:String}, {n:Int32}, {a:Array(String)}, {t:DateTime64(3)}, {o:Nullable(Int8)}"
    moment = datetime(2026, 11, 2, 10, 15, 30, 123000, tzinfo=UTC)
    bound = {"s": nasty, "n": -5, "a": [nasty, "x"], "t": moment, "o": None}
    assert client.query(there, parameters=bound).result_rows == [(nasty, -5, [nasty, "x"], moment, None)]
    here = "SELECT %(s)s, %(n)s, %(a)s"
    assert client.query(here, parameters={"s": nasty, "n": -5, "a": [nasty]}).result_rows == [(nasty, -5, [nasty])]


def test_clickhouse_connect_commands_settings_streams_and_other_formats(client: Client) -> None:
    assert client.command("SELECT 5") == 5
    assert client.command("SHOW DATABASES LIKE 'pingliu'") == "pingliu"
    settings = {"max_threads": 1, "join_use_nulls": 1}
    asked = client.query("SELECT getSetting('max_threads'), getSetting('join_use_nulls')", settings=settings)
    assert asked.result_rows == [(1, True)]
    with client.query_row_block_stream("SELECT number FROM numbers(200000)") as stream:
        assert sum(len(block) for block in stream) == 200_000
    assert client.raw_query("SELECT 1 AS a", fmt="CSVWithNames") == b'"a"\n1\n'
    assert client.query_arrow("SELECT * FROM ratings").num_rows == 3
    assert client.query("SELECT 1").summary["result_rows"] == "1"


@pytest.mark.parametrize("options", [{"compress": "gzip"}, {"compress": "zstd"}, {"form_encode_query_params": True}])
def test_clickhouse_connect_in_its_other_ways(server: Server, options: dict[str, Any]) -> None:
    with clickhouse_connect.get_client(host="127.0.0.1", port=server.port, database="pingliu", **options) as client:
        found = client.query("SELECT {n:Int8} FROM ratings", parameters={"n": 7}, settings={"max_threads": 2})
        assert found.result_rows == [(7,)] * 3


def test_clickhouse_connect_tells_errors_by_their_code(client: Client) -> None:
    for sql, code, name in (
        ("SELECT * FROM nowhere", 60, "UNKNOWN_TABLE"),
        ("DROP TABLE facts", 164, "READONLY"),
        ("SELECT * FROM url('http://127.0.0.1:1', 'CSV', 'a Int8')", 497, "ACCESS_DENIED"),
    ):
        with pytest.raises(DatabaseError) as raised:
            client.query(sql)
        assert (raised.value.code, raised.value.name) == (code, name)
    with pytest.raises(DatabaseError, match="readonly mode"):
        client.insert("facts", [["R-9"]], column_names=["rating"])
    with pytest.raises(ProgrammingError, match="readonly"):
        client.query("SELECT 1", settings={"allow_introspection_functions": 1})
