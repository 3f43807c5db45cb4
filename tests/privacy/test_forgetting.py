"""Who is forgotten is in no table, no file and no record; figures and seals stay what they are."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner

from deploy.cli import cli
from schemas.privacy import Privacy
from schemas.secret import Secret
from tests.assessment.sealing import changed, copied, refused, touch, typed, write
from tests.box import Box
from tests.privacy.town import (
    COMMENT,
    OTHER,
    OTHERS,
    PERSON,
    SAID,
    SECRET,
    build,
    early,
    holding,
    later,
    packed,
    records,
)
from tests.wire.fixture import modern_clickhouse

_PRIVACY: Final = Privacy.from_secret(Secret(SECRET))
_HASH: Final = _PRIVACY.rater_hash(PERSON, 0)
_OTHERS_HASH: Final = _PRIVACY.rater_hash(OTHER, 0)
# Everything that is counted, judged or sealed; of ratings, without what tells of a person.
_FIGURES: Final = (
    "SELECT * EXCEPT (rater_hash, comment) FROM ratings ORDER BY rating",
    "SELECT * FROM services ORDER BY service",
    "SELECT * FROM rectifications ORDER BY rating",
    "SELECT * EXCEPT (raw) FROM rejected ORDER BY topic, partition, offset",
    "SELECT source, id, type, time, partition, offset FROM events ORDER BY source, id",
    "SELECT * FROM street_days ORDER BY bucket, street",
    "SELECT * FROM staff_months ORDER BY staff",
    "SELECT * FROM sealed_results ORDER BY period, result, subject, line",
)
# Every row that is there, those included that a later one replaces.
_STORED: Final = (
    "SELECT toString(tuple(*)) AS row FROM event_log",
    "SELECT toString(tuple(* REPLACE (hex(sealed) AS sealed))) AS row FROM rejected_log",
    "SELECT toString(tuple(*)) AS row FROM dead_letters",
    "SELECT toString(tuple(*)) AS row FROM erasures",
    "SELECT toString(tuple(*)) AS row FROM erasing",
)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sealed folder. Nobody changes it."""
    return build(tmp_path_factory.mktemp("town") / "data").root


@pytest.fixture
def box(town: Path, tmp_path: Path) -> Box:
    return copied(town, tmp_path / "data")


def _figures(box: Box) -> list[str]:
    """As text, a query an answer."""
    rows = [f"(SELECT toJSONString(groupArray(tuple(*))) AS answer FROM ({sql}))" for sql in _FIGURES]
    return box.run(
        "query", " UNION ALL ".join(f"SELECT * FROM {one}" for one in rows), "--format", "TSVRaw"
    ).splitlines()


def _stored(box: Box) -> str:
    return box.run("query", " UNION ALL ".join(_STORED), "--format", "TSVRaw")


def _forget(box: Box, *arguments: str, stdin: bytes | None = None) -> dict[str, int]:
    """What was erased, by what it is called."""
    said = box.run("forget", *arguments, stdin=stdin)
    assert PERSON not in said
    counted = [line.rsplit(maxsplit=1) for line in said.splitlines() if line[-1].isdigit()]
    return {name.strip(): int(number.replace(",", "")) for name, number in counted}


def test_a_forgotten_rater_is_in_no_row_no_record_and_no_file_and_figures_and_seals_stay(box: Box) -> None:
    pieces = [*packed(box.root, PERSON), *packed(box.root, COMMENT), _HASH.encode(), *(text.encode() for text in SAID)]
    before, others = _figures(box), _stored(box).count(_OTHERS_HASH)
    held = {piece for there in holding(box.root, *pieces).values() for piece in there}
    assert held == set(pieces)  # or this test could not fail
    assert _forget(box, "--rater", "-", "--dry-run", stdin=f"{PERSON}\n".encode())["events"] == 5
    assert _HASH in _stored(box)

    done = _forget(box, "--rater", "-", stdin=f"{PERSON}\n".encode())

    assert (done["events"], done["rejects"]) == (5, 2)
    assert holding(box.root, *pieces) == {}
    stored = _stored(box)
    for piece in (PERSON, _HASH, *SAID):
        assert piece not in stored
        assert all(piece.encode() not in value for values in records(box.root).values() for value in values)
    assert stored.count(_OTHERS_HASH) == others
    assert OTHERS in stored
    assert _figures(box) == before
    assert box.run("verify").endswith("nothing was touched; a person was erased from 5 events, as noted\n")
    assert set(_forget(box, "--rater", PERSON).values()) == {0}
    notes: list[dict[str, Any]] = box.rows("SELECT * FROM erasures")
    assert {note["id"] for note in notes} == {"rated-one", "rated-two", "longer", "mended", "appealed", ""}
    assert _HASH not in json.dumps(notes)


def test_a_server_forgets_as_a_folder_does(box: Box) -> None:
    """The same over the native protocol, as an owner types it; the engine behind it is of today's version."""
    before, key = _figures(box), str(box.root / "secret")
    with modern_clickhouse(box.root / "clickhouse") as url:
        command = [sys.executable, "-m", "deploy", "forget", "--clickhouse", url, "--secret", key, "--rater", "-"]
        done = subprocess.run(command, input=PERSON.encode(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert [line.split()[-1] for line in done.stdout.decode().splitlines()] == ["5", "2", "0"]
        assert "a person was erased from 5 events" in typed("verify", "--clickhouse", url, "--secret", key)
    pieces = [_HASH, *SAID]
    assert holding(box.root / "clickhouse", *(piece.encode() for piece in pieces)) == {}
    assert not any(piece in _stored(box) for piece in pieces)
    assert _figures(box) == before


def test_what_is_delivered_again_stays_erased(box: Box, tmp_path: Path) -> None:
    """The raw events once more, as Kafka would give them to a sink that begins anew, and a terminal that repeats."""
    before = _figures(box)
    _forget(box, "--rater", PERSON)
    box.ingest(write(tmp_path / "again.ndjson", [*early()[:4], *later()[:-1]]))
    assert _HASH not in _stored(box)
    assert not any(text in _stored(box) for text in SAID)
    assert _figures(box)[:3] == before[:3]
    assert "a person was erased from 5 events" in box.run("verify")


def test_an_erased_event_that_is_touched_or_whose_note_is_forged_is_named(box: Box) -> None:
    _forget(box, "--rater", PERSON)
    touch(box, changed("event_log", "level = 'very_satisfied'", "id = 'rated-one'"))
    assert "rated-one) was changed" in _refused(box)
    # Who changes another's event, and notes it as an erasure, has no secret to do it with.
    touch(
        box,
        changed("event_log", "rater_hash = ''", "id = 'rated-other'"),
        "INSERT INTO pingliu.erasures SELECT 'pingliu.events' AS topic, e.partition, e.offset, e.source, e.id, "
        "s.hash AS before, reinterpretAsUInt64(substring(SHA256(toString(tuple(source, id, type, time_ms, street, "
        "site, window, staff, data, received_ms, ticket, service, rating, case_id, item, kind, outcome, level, "
        "channel, round, promised_ms, rater_hash, precedence))), 1, 8)) AS after, 0, 1, repeat('0', 64) "
        "FROM pingliu.event_log AS e INNER JOIN (SELECT partition AS p, pair.1 AS o, pair.2 AS hash "
        "FROM pingliu.sealed_facts ARRAY JOIN arrayZip(offsets, hashes) AS pair WHERE topic = 'pingliu.events') AS s "
        "ON s.p = e.partition AND s.o = e.offset WHERE e.id = 'rated-other'",
    )
    said = _refused(box)
    assert "rated-other) was changed" in said
    assert "rated-two" not in said
    (box.root / "secret").rename(box.root / "elsewhere")
    assert "only the district's secret tells" in _refused(box)


def _refused(box: Box) -> str:
    process = box.start("verify")
    output, _ = process.communicate()
    assert process.returncode == 1
    return output.decode()


def test_what_is_older_than_a_day_loses_its_raters_comments_and_rejected_bytes(box: Box) -> None:
    before = _figures(box)
    done = _forget(box, "--before", "2026-09-01")
    assert (done["events"], done["rejects"]) == (8, 2)
    stored = _stored(box)
    for piece in (_HASH, *SAID):
        assert piece not in stored
    assert stored.count(_OTHERS_HASH) == 1  # of September
    assert _figures(box) == before
    assert box.rows("SELECT countIf(sealed = '') AS erased, count() AS all FROM rejected_log FINAL") == [
        {"erased": 2, "all": 3}
    ]
    assert "a person was erased from 8 events" in box.run("verify")
    assert set(_forget(box, "--before", "2026-09-01").values()) == {0}


def test_killed_before_any_step_and_begun_again_it_ends_as_if_undisturbed(box: Box) -> None:
    """kill -9 before the first statement, then, in what that left, before the second, and so on to the last."""
    before, deaths = _figures(box), 0
    while (process := _dying(box, PERSON, deaths)).returncode == -signal.SIGKILL:
        deaths += 1
    assert process.returncode == 0, process.stderr
    assert deaths >= 5
    stored = _stored(box)
    for piece in (_HASH, *SAID):
        assert piece not in stored
        assert all(piece.encode() not in value for values in records(box.root).values() for value in values)
    assert _figures(box) == before
    assert "a person was erased from 5 events" in box.run("verify")


def _dying(box: Box, whom: str, step: int) -> subprocess.CompletedProcess[bytes]:
    words = [sys.executable, "-m", "tests.privacy.town", str(box.root), whom, str(step)]
    return subprocess.run(words, capture_output=True, check=False)


def test_nobody_is_forgotten_by_mistake(box: Box) -> None:
    data = ("--data", str(box.root))
    assert "yet to come" in refused("forget", *data, "--before", "2100-01-01")
    for arguments in ([], ["--rater", PERSON, "--before", "2026-09-01"], ["--rater", " "]):
        result = CliRunner().invoke(cli, ["forget", *data, *arguments])
        assert result.exit_code == 2, result.output
