"""Records that are rewritten are in no page of the log's files any more, and everything else is where it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from hashlib import sha512
from pathlib import Path
from typing import Final

import pytest

from streams.transport.errors import LogBusy
from streams.transport.log import Log
from streams.transport.record import Entry, Record
from streams.transport.rewriting import rewrite
from tests.privacy.town import holding, packed

_VALUES: Final = [sha512(b"%d" % number).hexdigest().encode() for number in range(600)]


def _fill(path: Path) -> None:
    with Log(path) as log:
        for topic in ("mine", "other"):
            log.create_topic(topic, 2)
        for start in range(0, len(_VALUES), 200):
            rows = enumerate(_VALUES[start : start + 200], start)
            log.append([Entry("mine", n % 2, n, b"%d" % n, value, (("origin", b"1"),)) for n, value in rows])
        log.append([Entry("other", 0, 1, None, b"stays")])
        log.commit("readers", {("mine", 0): 7})


def _blank(topic: str, records: Sequence[Record]) -> list[bytes | None]:
    return [b"{}" if record.offset < 250 else record.value for record in records]


def test_a_rewritten_value_is_in_no_file_and_everything_else_is_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    _fill(path)
    gone = [packed(tmp_path, _VALUES[number].decode()) for number in (0, 1, 200, 201)]
    pieces = [piece for batch in gone for piece in batch]
    assert min(map(len, gone)) > 5
    with Log(path) as log:
        before = log.read_all("mine", 0)
        ends = log.ends()

    assert rewrite(path, ("mine",), _blank) == 500

    assert holding(tmp_path, *pieces) == {}
    with Log(path) as log:
        after = log.read_all("mine", 0)
        assert [(r.offset, r.timestamp_ms, r.key, r.headers) for r in after] == [
            (r.offset, r.timestamp_ms, r.key, r.headers) for r in before
        ]
        assert [r.value for r in after] == [b"{}" if r.offset < 250 else r.value for r in before]
        assert log.read_all("other", 0)[0].value == b"stays"
        assert (log.ends(), log.committed("readers", "mine", 0)) == (ends, 7)
        assert log.append([Entry("mine", 0, 1, None, b"next")]) == [300]
    assert rewrite(path, ("mine",), _blank) == 0


def test_a_reader_that_holds_old_pages_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.db"
    _fill(path)
    monkeypatch.setattr("streams.transport.rewriting._BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from batches").fetchone()
        with pytest.raises(LogBusy):
            rewrite(path, ("mine",), _blank)
    rewrite(path, ("mine",), _blank)
