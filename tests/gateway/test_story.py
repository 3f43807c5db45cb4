"""From a terminal's curl to the tables: what was sent is counted once, and what was wrong can be mended."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from deploy.folder import Folder
from tests.box import Box
from tests.gateway.caller import Caller, array
from tests.gateway.conftest import add_device
from tests.security.door import Door, rating

_PAGE = Path(__file__).parents[2] / "docs" / "gateway.md"


def test_the_terminal_of_the_page_says_what_the_page_says(tmp_path: Path) -> None:
    page = _PAGE.read_text(encoding="utf-8")
    (script,) = re.findall(r"```sh\n(.+?)```", page, re.DOTALL)
    promised = re.findall(r"`((?:verdict|field at fault|status): [\w.]+)`", page)
    door = Door(tmp_path / "data")
    token = door.add("DG-00042", "--window", "530102001-00-03")
    endpoint = door.open()
    try:
        environ = {**os.environ, "GATEWAY": endpoint.url.rstrip("/"), "TOKEN": token}
        done = subprocess.run(["sh", "-c", script], env=environ, capture_output=True, check=True)
    finally:
        door.close()
    assert done.stdout.decode().splitlines() == promised
    assert done.stderr == b""
    assert [event["id"] for event in door.events()] == ["000418"]


def test_sent_again_it_counts_once_and_a_reject_can_be_shown_mended_and_sent_again(tmp_path: Path) -> None:
    box = Box(tmp_path / "data")
    door = Door(box.root)
    token = add_device(Folder(box.root), "DG-1", "t/1")
    caller = Caller(door.open(), token)
    good = [rating(number, "t/1", rater="13900000000") for number in range(5)]
    wrong = rating(9, "t/1", level="fine", rater="13900000000")
    for sent in (good[:3], good[1:], [*good, wrong]):
        said = caller.call(array(*sent))
        assert said.status == 200
    place = said.json["verdicts"][-1]["kept"]
    assert door.close() == 0
    direct, empty = tmp_path / "direct.ndjson", tmp_path / "none.ndjson"
    direct.write_bytes(rating(0, "t/2", rater="13900000000") + b"\n")
    empty.write_bytes(b"")
    box.ingest(direct)
    found = box.rows("SELECT rating, rater_hash FROM ratings")
    assert len(found) == 6
    # However it came, a rater is the same person.
    assert len({row["rater_hash"] for row in found}) == 1
    (reject,) = (json.loads(line) for line in box.run("rejected", "list", "--json").splitlines())
    assert (reject["place"], reject["reason"], reject["path"]) == (place, "invalid_field", "data.level")
    assert box.run("rejected", "show", place).encode().rstrip(b"\n") == wrong
    repaired = tmp_path / "repaired.json"
    repaired.write_bytes(wrong.replace(b'"fine"', b'"satisfied"'))
    box.run("rejected", "resend", place, "--with", str(repaired))
    box.ingest(empty)
    assert box.rows("SELECT count() AS n FROM ratings")[0]["n"] == 7
