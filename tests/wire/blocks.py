"""Blocks in FORMAT Native: where one ends, and how they are compressed. The driver's own classes know both.

A block has no length; who looks for its end must read its values. What is passed on are its bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final, NamedTuple

from clickhouse_driver.columns.service import read_column
from clickhouse_driver.compression.lz4 import Compressor
from clickhouse_driver.connection import ServerInfo
from clickhouse_driver.context import Context
from clickhouse_driver.streams.compressed import CompressedBlockInputStream, CompressedBlockOutputStream

from tests.wire.protocol import Source, text, varint

# As a server cuts what it compresses.
_FRAME: Final = 1024 * 1024


class Column(NamedTuple):
    """A column of a block, and its values as their type serializes them."""

    name: str
    type: str
    values: bytes


class Block(NamedTuple):
    """A block without what precedes it: how many rows, and its columns."""

    rows: int
    columns: list[Column]

    @property
    def native(self) -> bytes:
        """The block in FORMAT Native."""
        columns = (text(name) + text(kind) + values for name, kind, values in self.columns)
        return varint(len(self.columns)) + varint(self.rows) + b"".join(columns)

    def header(self) -> Block:
        """The same columns without rows."""
        return Block(0, [Column(name, kind, b"") for name, kind, _ in self.columns])


def read_block(source: Source) -> Block:
    """The next block. Raises the driver's errors for a type that it doesn't know."""
    context = _context()
    columns = []
    count, rows = source.varint(), source.varint()
    for _ in range(count):
        name, kind = source.text(), source.text()
        source.take()
        if rows:
            read_column(context, kind, rows, source)
        columns.append(Column(name, kind, source.take()))
    return Block(rows, columns)


def split(blocks: bytes) -> Iterator[Block]:
    """Blocks that follow one another."""
    chunks = iter((blocks,))
    source = Source(lambda: next(chunks, b""))
    while not source.is_at_end():
        yield read_block(source)


def decompressed(source: Source) -> Source:
    """What the frames of a source hold."""
    return Source(CompressedBlockInputStream(source, _context()).read_block)


def compressed(data: bytes) -> bytes:
    """Frames of LZ4."""
    frames = BytesIO()
    for start in range(0, len(data), _FRAME):
        stream = CompressedBlockOutputStream(Compressor, _FRAME, frames, None)
        stream.fout.write(data[start : start + _FRAME])
        stream.finalize()
    return frames.getvalue()


def _context() -> Any:
    context = Context()
    context.settings = {}
    context.client_settings = {"use_numpy": False, "strings_as_bytes": True}
    context.server_info = ServerInfo("", 0, 0, 0, 0, "Asia/Shanghai", "", 0)
    return context
