"""What could not be stored, kept with the reason: rows that ClickHouse refused, and messages that nobody could read."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec
from faust.types import TP

from sinks.columns import Columns

TABLE: Final = "dead_letters"
_encode = msgspec.json.Encoder(enc_hook=str).encode


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`row`: a row by column, or a message's bytes. `tp`: the partition it came by, where that is known.

    Rows hold no personal data by now; unreadable messages are of our own topics.
    """

    table: str
    tp: TP
    row: dict[str, object] | bytes
    code: int
    message: str


def dead_letter_columns(letters: Iterable[DeadLetter]) -> Columns:
    """Rows of the table. The same letter again replaces itself."""
    now_ms = time.time_ns() // 1_000_000
    columns: Columns = {
        name: [] for name in ("table_name", "topic", "partition", "row", "code", "message", "received_ms")
    }
    for letter in letters:
        row = letter.row if isinstance(letter.row, bytes) else _encode(letter.row)
        values = (letter.table, letter.tp.topic, letter.tp.partition, row, letter.code, letter.message, now_ms)
        for column, value in zip(columns.values(), values, strict=True):
            column.append(value)
    return columns
