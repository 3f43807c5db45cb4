"""A canary through a running pingliu: timed on its whole way, and nowhere to be seen in what pingliu says."""

from __future__ import annotations

import re
import signal
import urllib.request
from pathlib import Path
from typing import Any

from deploy.folder import Folder
from deploy.progress import Tally, tally
from schemas.secret import ensure_secret
from streams.topics import EVENTS, LIVE, METRICS, NOTICES
from streams.transport.log import Log
from tests.assessment.sealing import stream, write
from tests.box import Box, await_that

_STREET = "530102001"
_ROLES = {"aggregate": "pingliu_canary_live", "sink": "pingliu_canary_stored"}


def _metrics(folder: Folder, role: str) -> dict[str, float]:
    """A role's metrics of canaries; none before it tells of itself."""
    said = folder.output(role).read_text() if folder.output(role).exists() else ""
    port = re.search(r"at port (\d+)", said)
    if port is None:
        return {}
    with urllib.request.urlopen(f"http://127.0.0.1:{port[1]}/metrics") as answer:
        text = answer.read().decode()
    return {name: float(value) for name, value in re.findall(r"^(pingliu_canary_\w+)\{[^}]*\} (\S+)$", text, re.M)}


def _arrived(folder: Folder) -> int:
    """How many canaries came to both ends."""
    return int(min(_metrics(folder, role).get(f"{name}_seconds_count", 0) for role, name in _ROLES.items()))


def _tally(folder: Folder) -> Tally:
    with Log(folder.log) as log:
        return tally(log)


def _published(folder: Folder) -> dict[str, list[tuple[bytes | None, Any]]]:
    """The last message of each key that boards read, without its version, which is an offset: canaries take some; and
    without when the broker had what it tells of.
    """
    found = {}
    with Log(folder.log) as log:
        for topic in (METRICS, NOTICES, LIVE):
            newest = {
                record.key: re.sub(rb'"(version|offset)":\d+|"(heard|came)":"[^"]*"', b"", record.value or b"")
                for partition in range(log.partitions(topic) or 0)
                for record in log.read_all(topic, partition)
            }
            found[topic] = sorted(newest.items())
    return found


def test_with_a_canary_every_table_figure_and_board_is_what_it_is_without_one_and_its_way_is_timed(
    tmp_path: Path,
) -> None:
    lines = stream(days=2, scale=0.01)
    boxes = [Box(tmp_path / name / "data") for name in ("with", "without")]
    for box in boxes:
        box.root.mkdir(parents=True, mode=0o700)
        ensure_secret(box.root / "secret", bytes(range(32)))
    accounts = [boxes[1].ingest(write(tmp_path / "lines.ndjson", lines))]
    folder = Folder(boxes[0].root)
    process = boxes[0].start("up", "--port", "0", "--gateway-port", "0", "--no-board", "--canary", _STREET)
    try:
        await_that(lambda: process.poll() is not None or _arrived(folder) >= 1, "a canary comes before all events")
        accounts.append(boxes[0].ingest(tmp_path / "lines.ndjson"))
        before = _arrived(folder)
        await_that(lambda: _arrived(folder) > before, "a canary comes after them")
        for role, name in _ROLES.items():
            found = _metrics(folder, role)
            assert found[f"{name}_seconds_sum"] > 0
            assert found[f"{name}_age_seconds"] >= 0
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 0, errors.decode()
    with Log(folder.log) as log:
        values = [
            record.value or b""
            for partition in range(log.partitions(EVENTS) or 0)
            for record in log.read_all(EVENTS, partition)
        ]
    assert sum(b'"pingliu/canary"' in value for value in values) >= 2
    for name in ("read", "accepted", "rejected", "duplicates"):
        assert accounts[0][name] == accounts[1][name]
    assert _tally(folder) == _tally(Folder(boxes[1].root))
    assert boxes[0].figures() == boxes[1].figures()
    published = [_published(Folder(box.root)) for box in boxes]
    assert all(published[0].values())
    assert published[0] == published[1]
