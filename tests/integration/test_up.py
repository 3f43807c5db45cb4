"""`pingliu up`: answers while it runs, takes what others append, drains when it is told to end."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.folder import Folder
from streams.routing import entry_of
from streams.transport.log import Log
from tests.box import Box, await_that
from tests.examples import event


@pytest.fixture
def up(tmp_path: Path) -> Iterator[tuple[Box, subprocess.Popen[bytes]]]:
    box = Box(tmp_path / "data")
    process = box.start("up", "--port", "0", "--no-board")
    await_that(lambda: Folder(box.root).endpoint() is not None or process.poll() is not None, "SQL is answered")
    assert process.poll() is None, process.communicate()
    yield box, process
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    process.communicate()


def _append(box: Box, *values: bytes) -> None:
    with Log(box.root / "log.db") as log:
        now_ms = time.time_ns() // 1_000_000
        for value in values:
            log.append([entry_of(value, log.partitions("pingliu.events") or 0, now_ms)])


def _count(box: Box, table: str) -> int:
    return int(box.rows(f"SELECT count() AS n FROM {table}")[0]["n"])


def test_a_rating_appended_to_the_log_becomes_a_row_and_a_rectification(
    up: tuple[Box, subprocess.Popen[bytes]],
) -> None:
    box, _ = up
    _append(box, json.dumps(event("rating.submitted")).encode())
    await_that(lambda: _count(box, "ratings") == 1, "the rating is there")
    await_that(lambda: _count(box, "street_days") == 1, "its bucket is there")
    rectification = box.rows("SELECT * FROM rectifications")[0]
    assert (rectification["rating"], rectification["state"]) == ("R-1", "open")
    assert rectification["due"] == "2026-11-09 23:59:59"  # Monday's fifth workday


def test_ctrl_c_drains_and_ends_well(up: tuple[Box, subprocess.Popen[bytes]]) -> None:
    box, process = up
    _append(box, *[json.dumps(event("window.closed", id=f"e{n}")).encode() for n in range(50)])
    await_that(lambda: box.committed("pingliu-aggregate") >= 50, "the aggregate has taken them")
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    assert b"drained" in output
    assert not box.pids()
    assert _count(box, "events") == 50


def test_ingest_joins_a_running_pingliu_and_a_second_one_is_refused(
    up: tuple[Box, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    box, _ = up
    (tmp_path / "one.ndjson").write_bytes(json.dumps(event("rating.submitted")).encode() + b"\n{}\n")
    account = box.ingest(tmp_path / "one.ndjson")
    assert (account["read"], account["accepted"], account["rejected"]) == (2, 1, {"not_an_event": 1})
    second = box.start("up", "--port", "0", "--no-board")
    _, errors = second.communicate()
    assert second.returncode == 1
    assert b"another pingliu" in errors


def test_a_reject_keeps_its_bytes_and_can_be_repaired_and_sent_again(
    up: tuple[Box, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    box, _ = up
    broken = json.dumps(event("rating.submitted", level="好", comment="电话13812345678"), ensure_ascii=False).encode()
    _append(box, broken)
    await_that(lambda: _count(box, "rejected") == 1, "the reject is there")
    row = box.rows("SELECT * FROM rejected")[0]
    assert (row["reason"], row["path"]) == ("invalid_field", "data.level")
    assert "13812345678" not in json.dumps(row)
    assert "***" in row["raw"]
    place = json.loads(_rejected(box, "list", "--json"))["place"]
    shown = _rejected(box, "show", place)
    assert shown.rstrip(b"\n") == broken
    (tmp_path / "repaired.json").write_bytes(broken.replace("好".encode(), b"satisfied"))
    assert _rejected(box, "resend", place, "--with", str(tmp_path / "repaired.json")) == b"1 sent\n"
    await_that(lambda: _count(box, "ratings") == 1, "the repaired rating is there")
    assert box.rows("SELECT level, comment FROM ratings") == [{"level": "satisfied", "comment": "电话***"}]
    _rejected(box, "resend", place)
    await_that(lambda: _count(box, "rejected") == 2, "the unrepaired one is refused again")


def _rejected(box: Box, command: str, *arguments: str) -> bytes:
    process = box.start("rejected", command, *arguments, stdin=subprocess.DEVNULL)
    output, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    return output
