"""Plain Python columns to Arrow, by the ClickHouse types they are meant for.

Compared side by side in bench/engine.py: Arrow bytes by an insert from a file in memory cost least, and hold no GIL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from sinks.engine_error import NO_SUCH_COLUMN, TYPE_MISMATCH, UNKNOWN_TYPE, EngineError

FORMAT: Final = "ArrowStream"
# The engine takes some five times the bytes of an insert while it parses, sorts and compresses them.
_MOST_BYTES: Final = 64 * 1024 * 1024

_PLAIN: Final[dict[str, Any]] = {
    # String holds bytes, of any kind: binary takes both str (as UTF-8) and bytes.
    "String": pa.binary(),
    "Bool": pa.bool_(),
    "Float32": pa.float32(),
    "Float64": pa.float64(),
    "Date": pa.date32(),
    "Date32": pa.date32(),
    "DateTime": pa.timestamp("s", tz="UTC"),
    **{f"Int{bits}": getattr(pa, f"int{bits}")() for bits in (8, 16, 32, 64)},
    **{f"UInt{bits}": getattr(pa, f"uint{bits}")() for bits in (8, 16, 32, 64)},
}
# The engine reads these from their text.
_TEXTS: Final = ("FixedString", "Enum8", "Enum16", "UUID", "IPv4", "IPv6", "JSON")
_UNITS: Final = {"0": "s", "3": "ms", "6": "us", "9": "ns"}
_CALL: Final = re.compile(r"(\w+)(?:\((.*)\))?\Z", re.DOTALL)


def arrow_type(name: str) -> Any:  # pyarrow has no types
    """The Arrow type that a column of a ClickHouse type is sent as. Raises EngineError 50 for one we don't send."""
    call = _CALL.match(name)
    if call is None:
        raise EngineError(*UNKNOWN_TYPE, f"no Arrow type for {name}")
    base, inner = call[1], call[2] or ""
    if base == "Nullable":
        return arrow_type(inner)
    if base == "LowCardinality":
        return pa.dictionary(pa.int32(), arrow_type(inner))
    if base == "Array":
        return pa.list_(arrow_type(inner))
    if base == "DateTime64" and (unit := _UNITS.get(inner.split(",")[0].strip())):
        return pa.timestamp(unit, tz="UTC")
    if base in _PLAIN:
        return _PLAIN[base]
    if base in _TEXTS:
        return pa.binary()
    raise EngineError(*UNKNOWN_TYPE, f"no Arrow type for {name}")


def arrow_streams(columns: Mapping[str, Sequence[object]], types: Mapping[str, str]) -> Iterator[bytes]:
    """Arrow streams of one batch each, one alone unless the rows hold more than 64 MB. `types`: ClickHouse type by
    column name.

    Moments may be integers (in the column's unit since 1970: seconds, milliseconds, days) or datetimes and dates.
    Raises EngineError, before the first stream: 16 for a column the table hasn't, 53 for a value that doesn't fit,
    naming the column.
    """
    arrays = [_array(name, values, types) for name, values in columns.items()]
    try:
        batch = pa.record_batch(arrays, names=list(columns))
    except (TypeError, ValueError) as error:
        raise EngineError(*TYPE_MISMATCH, str(error)) from error
    rows = -(-batch.num_rows // max(1, -(-batch.nbytes // _MOST_BYTES)))
    for start in range(0, batch.num_rows, max(1, rows)):
        out = pa.BufferOutputStream()
        with pa.ipc.new_stream(out, batch.schema) as stream:
            stream.write_batch(batch.slice(start, rows))
        yield out.getvalue().to_pybytes()


def _array(name: str, values: Sequence[object], types: Mapping[str, str]) -> Any:
    kind = types.get(name)
    if kind is None:
        raise EngineError(*NO_SUCH_COLUMN, f"no column {name} to insert into")
    try:
        array = pa.array(values, type=arrow_type(kind))
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise EngineError(*TYPE_MISMATCH, f"column {name} is {kind}: {error}") from error
    if array.null_count and "Nullable(" not in kind:
        raise EngineError(*TYPE_MISMATCH, f"column {name} is {kind}: it can't hold None")
    return array
