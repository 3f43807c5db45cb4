"""Who is forgotten is in no table, no file and no record; figures and seals stay what they are."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

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


def _figures_asked() -> tuple[str, ...]:
    """The query for all of them; its answer has a line for each."""
    rows = [f"(SELECT toJSONString(groupArray(tuple(*))) AS answer FROM ({sql}))" for sql in _FIGURES]
    return "query", " UNION ALL ".join(f"SELECT * FROM {one}" for one in rows), "--format", "TSVRaw"


# What is asked of a folder again and again, often several in one process: starting one takes longer than the answer.
_FIGURES_ASKED: Final = _figures_asked()
_STORED_ASKED: Final = ("query", " UNION ALL ".join(_STORED), "--format", "TSVRaw")


def _counts(said: str) -> dict[str, int]:
    """What `forget` says was erased, by what it is called."""
    assert PERSON not in said
    counted = [line.rsplit(maxsplit=1) for line in said.splitlines() if line[-1].isdigit()]
    return {name.strip(): int(number.replace(",", "")) for name, number in counted}


def test_a_forgotten_rater_is_in_no_row_no_record_and_no_file_and_figures_and_seals_stay(box: Box) -> None:
    pieces = [*packed(box.root, PERSON), *packed(box.root, COMMENT), _HASH.encode(), *(text.encode() for text in SAID)]
    held = {piece for there in holding(box.root, *pieces).values() for piece in there}
    assert held == set(pieces)  # or this test could not fail
    before, there, tried, still = box.run_in_turn(
        _FIGURES_ASKED, _STORED_ASKED, ("forget", "--rater", PERSON, "--dry-run"), _STORED_ASKED
    )
    assert _counts(tried)["events"] == 5
    assert _HASH in there == still

    done = _counts(box.run("forget", "--rater", "-", stdin=f"{PERSON}\n".encode()))

    assert (done["events"], done["rejects"]) == (5, 2)
    assert holding(box.root, *pieces) == {}
    notes_asked = ("query", "SELECT * FROM erasures", "--format", "JSONEachRow")
    stored, after, verified, again, noted = box.run_in_turn(
        _STORED_ASKED, _FIGURES_ASKED, ("verify",), ("forget", "--rater", PERSON), notes_asked
    )
    for piece in (PERSON, _HASH, *SAID):
        assert piece not in stored
        assert all(piece.encode() not in value for values in records(box.root).values() for value in values)
    assert stored.count(_OTHERS_HASH) == there.count(_OTHERS_HASH)
    assert OTHERS in stored
    assert after == before
    assert verified.endswith("nothing was touched; a person was erased from 5 events, as noted\n")
    assert set(_counts(again).values()) == {0}
    notes = [json.loads(line) for line in noted.splitlines()]
    assert {note["id"] for note in notes} == {"rated-one", "rated-two", "longer", "mended", "appealed", ""}
    assert _HASH not in json.dumps(notes)


def test_a_server_forgets_as_a_folder_does(box: Box) -> None:
    """The same over the native protocol, as an owner types it; the engine behind it is of today's version."""
    before, key = box.run(*_FIGURES_ASKED), str(box.root / "secret")
    with modern_clickhouse(box.root / "clickhouse") as url:
        command = [sys.executable, "-m", "deploy", "forget", "--clickhouse", url, "--secret", key, "--rater", "-"]
        done = subprocess.run(command, input=PERSON.encode(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        assert [line.split()[-1] for line in done.stdout.decode().splitlines()] == ["5", "2", "0"]
        assert "a person was erased from 5 events" in typed("verify", "--clickhouse", url, "--secret", key)
    pieces = [_HASH, *SAID]
    assert holding(box.root / "clickhouse", *(piece.encode() for piece in pieces)) == {}
    stored, after = box.run_in_turn(_STORED_ASKED, _FIGURES_ASKED)
    assert not any(piece in stored for piece in pieces)
    assert after == before


def test_what_is_delivered_again_stays_erased(box: Box, tmp_path: Path) -> None:
    """The raw events once more, as Kafka would give them to a sink that begins anew, and a terminal that repeats."""
    again = write(tmp_path / "again.ndjson", [*early()[:4], *later()[:-1]])
    before, _, _, stored, after, verified = box.run_in_turn(
        _FIGURES_ASKED,
        ("forget", "--rater", PERSON),
        ("ingest", str(again)),
        _STORED_ASKED,
        _FIGURES_ASKED,
        ("verify",),
    )
    assert not any(text in stored for text in (_HASH, *SAID))
    assert after.splitlines()[:3] == before.splitlines()[:3]
    assert "a person was erased from 5 events" in verified


def test_an_erased_event_that_is_touched_or_whose_note_is_forged_is_named(box: Box) -> None:
    box.run("forget", "--rater", PERSON)
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
    forget = ("forget", "--before", "2026-09-01")
    rejects_asked = ("query", "SELECT countIf(sealed = ''), count() FROM rejected_log FINAL", "--format", "TSVRaw")
    before, said, stored, after, rejects, verified, again = box.run_in_turn(
        _FIGURES_ASKED, forget, _STORED_ASKED, _FIGURES_ASKED, rejects_asked, ("verify",), forget
    )
    done = _counts(said)
    assert (done["events"], done["rejects"]) == (8, 2)
    for piece in (_HASH, *SAID):
        assert piece not in stored
    assert stored.count(_OTHERS_HASH) == 1  # of September
    assert after == before
    assert rejects == "2\t3\n"
    assert "a person was erased from 8 events" in verified
    assert set(_counts(again).values()) == {0}


def test_killed_before_any_step_and_begun_again_it_ends_as_if_undisturbed(box: Box) -> None:
    """kill -9 before the first statement, then, in what that left, before the second, and so on to the last."""
    before, deaths = box.run(*_FIGURES_ASKED), 0
    while (process := _dying(box, PERSON, deaths)).returncode == -signal.SIGKILL:
        deaths += 1
    assert process.returncode == 0, process.stderr
    assert deaths >= 5
    stored, after, verified = box.run_in_turn(_STORED_ASKED, _FIGURES_ASKED, ("verify",))
    for piece in (_HASH, *SAID):
        assert piece not in stored
        assert all(piece.encode() not in value for values in records(box.root).values() for value in values)
    assert after == before
    assert "a person was erased from 5 events" in verified


def _dying(box: Box, whom: str, step: int) -> subprocess.CompletedProcess[bytes]:
    words = [sys.executable, "-m", "tests.privacy.town", str(box.root), whom, str(step)]
    return subprocess.run(words, capture_output=True, check=False)


def test_nobody_is_forgotten_by_mistake(box: Box) -> None:
    data = ("--data", str(box.root))
    assert "yet to come" in refused("forget", *data, "--before", "2100-01-01")
    for arguments in ([], ["--rater", PERSON, "--before", "2026-09-01"], ["--rater", " "]):
        result = CliRunner().invoke(cli, ["forget", *data, *arguments])
        assert result.exit_code == 2, result.output
