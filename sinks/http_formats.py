"""Output formats that are served, and what a client is told they are; response compression."""

from __future__ import annotations

import gzip
import zlib
from typing import Final

import zstandard

# Not among them: wire formats of other servers, Template and Protobuf (they read files), AvroConfluent (calls out).
_TEXT: Final = "text/plain; charset=UTF-8"
_BYTES: Final = "application/octet-stream"
_TYPES: Final = {
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "CSVWith": "text/csv; charset=UTF-8; header=present",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "JSON": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "JSONLines": "application/x-ndjson; charset=UTF-8",
    "JSONCompactEachRow": "application/x-ndjson; charset=UTF-8",
    "NDJSON": "application/x-ndjson; charset=UTF-8",
    "XML": "application/xml; charset=UTF-8",
    "Markdown": "text/markdown; charset=UTF-8",
    "MD": "text/markdown; charset=UTF-8",
    **dict.fromkeys(("Pretty", "Vertical", "Values", "TSKV", "SQLInsert", "CustomSeparated", "LineAsString"), _TEXT),
    **dict.fromkeys(
        ("Native", "RowBinary", "RawBLOB", "Raw", "Null", "Arrow", "Parquet", "ORC", "Avro", "MsgPack", "BSON", "Npy"),
        _BYTES,
    ),
}
_NEVER: Final = ("avroconfluent",)
_PREFERRED: Final = ("zstd", "gzip", "deflate")


def content_type(fmt: str) -> str | None:
    """The Content-Type of an output format, in any case as ClickHouse takes it; None for one that isn't served."""
    if fmt.lower() in _NEVER:
        return None
    names = [name for name in _TYPES if fmt.lower().startswith(name.lower())]
    return _TYPES[max(names, key=len)] if names else None


def encoding(accepted: str) -> str:
    """Of an Accept-Encoding header, the encoding to answer in; "" for none."""
    offers = [offer.split(";") for offer in accepted.lower().split(",")]
    names = {offer[0].strip() for offer in offers if not any(part.strip() in ("q=0", "q=0.0") for part in offer[1:])}
    return next((name for name in _PREFERRED if name in names), "")


def compressed(data: bytes, name: str) -> bytes:
    """The bytes in an encoding that `encoding` gave."""
    match name:
        case "zstd":
            return zstandard.ZstdCompressor(level=1).compress(data)
        case "gzip":
            return gzip.compress(data, compresslevel=3, mtime=0)
        case "deflate":
            return zlib.compress(data, level=3)
        case _:
            return data
