"""Ways into the embedded engine, side by side: what a row costs in CPU time, from plain lists to a part on disk.

    python -m bench.engine [rows]

Every way is tried in turn, several rounds, and its best counts; all must store the same (checksum). Ratios are to what
`Engine.insert` does. Small inserts show the fixed cost. `floor` is the engine alone: memory table to disk.
"""

from __future__ import annotations

import random
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

import clickhouse_connect
import pyarrow as pa
from clickhouse_driver.bufferedwriter import BufferedSocketWriter
from clickhouse_driver.columns.service import write_column
from clickhouse_driver.varint import write_varint
from clickhouse_driver.writer import write_binary_str

from sinks.engine import Engine
from sinks.engine_arrow import arrow_streams, arrow_type
from sinks.engine_chdb import Connection
from sinks.engine_values import quoted

Columns = dict[str, Sequence[object]]

_ROUNDS: Final = 4
_SMALL: Final = 50
_TABLE: Final = "pingliu.bench"
_TYPES: Final = {
    **{f"text{number}": "String" for number in range(8)},
    **{f"code{number}": "LowCardinality(String)" for number in range(8)},
    **{f"number{number}": "Int64" for number in range(6)},
    "tags": "Array(String)",
    "raw": "String",
    "time": "DateTime64(3, 'Asia/Shanghai')",
}
_NAMES: Final = ", ".join(_TYPES)


def columns(rows: int) -> Columns:
    """25 columns: ids, codes of small vocabularies, numbers, tags, arbitrary bytes, milliseconds."""
    dice = random.Random(1)
    makers: dict[str, Callable[[], object]] = {
        "text": lambda: f"530102001-{dice.randrange(10**9):09d}",
        "code": lambda: f"53010200{dice.randrange(9)}-0{dice.randrange(5)}",
        "number": lambda: dice.randrange(10**12),
        "tags": lambda: ["213", "x"][: dice.randrange(3)],
        "raw": lambda: dice.randbytes(20),
        "time": lambda: 1_764_000_000_000 + dice.randrange(10**9),
    }
    return {name: [makers[name.rstrip("0123456789")]() for _ in range(rows)] for name in _TYPES}


class _Bytes:
    """Stands in for the socket that clickhouse-driver writes to."""

    def __init__(self) -> None:
        self.data = bytearray()

    def sendall(self, data: bytes) -> None:
        self.data += data


def native_bytes(held: Columns) -> bytes:
    """ClickHouse's Native format, written by clickhouse-driver's compiled writers."""
    target = _Bytes()
    out = BufferedSocketWriter(cast(socket.socket, target), 1 << 20)
    settings = {"strings_as_bytes": False, "strings_encoding": "utf-8", "use_numpy": False}
    context = SimpleNamespace(
        client_settings={**settings, "input_format_null_as_default": False, "namedtuple_as_json": False},
        settings={},
        server_info=SimpleNamespace(used_revision=0, get_timezone=lambda: "UTC"),
    )
    write_varint(len(held), out)
    write_varint(len(held["raw"]), out)
    for name, values in held.items():
        write_binary_str(name, out)
        write_binary_str(_TYPES[name], out)
        write_column(context, name, _TYPES[name], values, out, types_check=False)
    out.flush()
    return bytes(target.data)


def arrow_table(held: Columns) -> Any:
    """The columns as Arrow, as `Engine.insert` sends them."""
    return pa.table({name: pa.array(values, type=arrow_type(_TYPES[name])) for name, values in held.items()})


def _arrow_bytes(held: Columns) -> bytes:
    return b"".join(arrow_streams(held, _TYPES))


def ways(engine: Engine, session: Connection, client: Any) -> dict[str, Callable[[Columns], object]]:
    """Every way by its name."""
    into = f"INSERT INTO {_TABLE} ({_NAMES})"

    def infile(data: bytes, fmt: str) -> None:
        with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
            file.write(data)
            file.flush()
            session.query(f"{into} FROM INFILE {quoted(file.name)} FORMAT {fmt}")

    def python_table(held: Columns) -> None:
        bench_table = arrow_table(held)  # noqa: F841 - the engine finds it by its name, in this frame
        session._session.query(f"{into} SELECT {_NAMES} FROM Python(bench_table)")

    def connect_native(held: Columns) -> None:
        client.insert(_TABLE, list(held.values()), column_names=list(held), column_oriented=True)

    return {
        "Engine.insert": lambda held: engine.insert(_TABLE, held),
        "ArrowStream, INFILE": lambda held: infile(_arrow_bytes(held), "ArrowStream"),
        "Python(pyarrow.Table)": python_table,
        "Native by driver, stream": lambda held: session.insert(into, "Native", native_bytes(held)),
        "Native by driver, INFILE": lambda held: infile(native_bytes(held), "Native"),
        "clickhouse-connect native": connect_native,
        "clickhouse-connect Arrow": lambda held: client.insert_arrow(_TABLE, arrow_table(held)),
        "(Arrow bytes alone)": _arrow_bytes,
        "(Native bytes alone)": native_bytes,
        "(floor)": lambda _held: session.query(f"{into} SELECT {_NAMES} FROM pingliu.memory LIMIT {len(_held['raw'])}"),
    }


def compare(engine: Engine, tried: dict[str, Callable[[Columns], object]], held: Columns, rounds: int) -> None:
    """Runs all ways in turn and prints a table."""
    rows = len(held["raw"])
    best: dict[str, tuple[float, float]] = {}
    sums: dict[str, set[object]] = {}
    for _ in range(rounds):
        for name, way in tried.items():
            engine.execute(f"TRUNCATE TABLE {_TABLE}")
            cpu, wall = time.process_time(), time.perf_counter()
            way(held)
            spent = (time.process_time() - cpu, time.perf_counter() - wall)
            best[name] = min(best.get(name, spent), spent)
            sums.setdefault(name, set()).add(engine.rows(f"SELECT sum(cityHash64(*)) AS s FROM {_TABLE}")[0]["s"])
    stored = {tuple(found) for name, found in sums.items() if not name.endswith("alone)")}
    assert len(stored) == 1, f"not all stored the same: {sums}"
    own = best["Engine.insert"][0]
    print(f"\n{rows} rows of {len(_TYPES)} columns, best of {rounds}")
    for name, (cpu, wall) in best.items():
        print(f"{name:28} {cpu / rows * 1e6:8.2f} µs/row  {wall * 1e3:8.1f} ms  {cpu / own:5.2f} x")


def main() -> None:
    """Compares at the size asked for, and at a small one."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    path = Path(tempfile.mkdtemp(prefix="bench-engine-"))
    engine = Engine(path / "data")
    try:
        ddl = ", ".join(f"{name} {kind}" for name, kind in _TYPES.items())
        engine.execute(f"CREATE TABLE {_TABLE} ({ddl}) ENGINE = ReplacingMergeTree ORDER BY (text0, text1)")
        engine.execute(f"CREATE TABLE pingliu.memory ({ddl}) ENGINE = Memory")
        # clickhouse-connect with the same session settings as ours, and without the grants that keep files shut.
        options = {"async_insert": 0, "optimize_on_insert": 0, "session_timezone": engine.timezone}
        client = clickhouse_connect.get_client(interface="chdb", path=str(engine.path), settings=options)
        session = Connection(str(engine.path), {name: str(value) for name, value in options.items()})
        held = columns(rows)
        engine.insert("pingliu.memory", held)
        tried = ways(engine, session, client)
        compare(engine, tried, held, _ROUNDS)
        compare(engine, tried, {name: values[:_SMALL] for name, values in held.items()}, 10 * _ROUNDS)
        session.close()
        client.close()
    finally:
        engine.close()
        shutil.rmtree(path)


if __name__ == "__main__":
    main()
