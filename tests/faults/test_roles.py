"""A role that breaks or is killed ends the whole, loudly; what it had not acknowledged comes at the next start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from deploy.folder import Folder
from streams.topics import EVENTS, METRICS
from streams.transport.errors import LogBusy
from streams.transport.log import Log
from streams.transport.record import Entry
from tests.box import Box, await_that
from tests.examples import event


def _up(box: Box) -> subprocess.Popen[bytes]:
    process = box.start("up", "--port", "0")
    await_that(lambda: Folder(box.root).endpoint() is not None or process.poll() is not None, "SQL is answered")
    assert process.poll() is None, process.communicate()
    return process


def _append(box: Box, topic: str, *values: bytes) -> None:
    with Log(box.root / "log.db") as log:
        log.append([Entry(topic, 0, time.time_ns() // 1_000_000, None, value) for value in values])


def _role_pid(box: Box, role: str) -> int:
    words = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") for pid in box.pids()}
    return next(pid for pid, command in words.items() if role.encode() in command)


def _stopped(box: Box, pid: int) -> bool:
    """Stops a role, which takes nothing any more; one that is just writing goes on, or nobody else could write."""
    os.kill(pid, signal.SIGSTOP)
    try:
        _append(box, EVENTS, b"no json")
    except LogBusy:
        os.kill(pid, signal.SIGCONT)
        return False
    return True


def test_a_killed_role_ends_pingliu_with_an_error_and_the_next_start_catches_up(tmp_path: Path) -> None:
    for role in ("aggregate", "sink"):
        box = Box(tmp_path / role)
        process = _up(box)
        pid = _role_pid(box, role)
        await_that(lambda: _stopped(box, pid), "it is stopped where it isn't writing")  # noqa: B023
        for number in range(20):
            _append(box, EVENTS, json.dumps(event("ticket.called", id=f"e{number}", ticket=f"T-{number}")).encode())
        os.kill(pid, signal.SIGKILL)
        _, errors = process.communicate()
        assert process.returncode == 1
        assert f"Error: {role} ended with -9".encode() in errors
        assert not box.pids()
        (tmp_path / "nothing.ndjson").write_bytes(b"")
        assert box.ingest(tmp_path / "nothing.ndjson")["read"] == 0
        assert box.rows("SELECT sum(calls) AS calls FROM street_days") == [{"calls": 20}]
        assert box.rows("SELECT count() AS events FROM events") == [{"events": 20}]


def test_a_broken_program_stops_and_says_why(tmp_path: Path) -> None:
    box = Box(tmp_path / "data")
    process = _up(box)
    _append(box, METRICS, *[b"only we write here, and never this"] * 30)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert b"Error: sink ended with 1" in errors
    assert b"pingliu.metrics: JSON is malformed" in errors
    assert not box.pids()


def test_a_message_of_ours_that_nobody_can_read_is_kept_and_the_rest_stored(tmp_path: Path) -> None:
    box = Box(tmp_path / "data")
    process = _up(box)
    _append(box, METRICS, b"only we write here, and never this")
    _append(box, EVENTS, json.dumps(event("ticket.called")).encode())
    await_that(lambda: box.rows("SELECT sum(calls) AS calls FROM street_days") == [{"calls": 1}], "the rest is stored")
    await_that(lambda: box.rows("SELECT count() AS n FROM dead_letters") == [{"n": 1}], "and it is kept")
    [letter] = box.rows("SELECT table_name, topic, row, message FROM dead_letters")
    assert (letter["table_name"], letter["topic"]) == ("live_log", METRICS)
    assert letter["row"] == "only we write here, and never this"
    assert "malformed" in letter["message"]
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert process.returncode == 0
