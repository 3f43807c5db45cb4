"""The command line: options from flags, environment or file; mistakes said in a line; output for programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from deploy.cli import cli
from tests.box import Box
from tests.examples import event


def _run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(cli, arguments, env=env)


def test_simulate_writes_the_same_bytes_twice() -> None:
    command = [sys.executable, "-m", "deploy", "simulate", "--start", "2026-10-12", "--days", "1", "--scale", "0.02"]
    first, second = (subprocess.run(command, capture_output=True, check=True) for _ in range(2))
    assert first.stdout == second.stdout
    assert first.stdout.count(b"\n") > 500
    assert first.stderr == b""  # no progress bar where nobody looks


def test_an_output_that_closes_early_is_no_traceback() -> None:
    command = f"{sys.executable} -m deploy simulate --start 2026-10-12 --days 5 | head -n 1"
    process = subprocess.run(["bash", "-c", command], capture_output=True, check=True)
    assert process.stdout.count(b"\n") == 1
    assert b"Traceback" not in process.stderr


def test_options_come_from_the_environment_and_from_a_file_and_flags_win(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    config = tmp_path / "pingliu.toml"
    config.write_text(f'data = "{missing}"\n')
    assert f"{missing} does not exist" in _run("--config", str(config), "doctor").output
    assert f"{missing} does not exist" in _run("doctor", env={"PINGLIU_DATA": str(missing)}).output
    flag = _run("--config", str(config), "doctor", "--data", str(tmp_path / "other")).output
    assert f"{tmp_path / 'other'} does not exist" in flag
    config.write_text("colour = 1\n")
    refused = _run("--config", str(config), "doctor")
    assert refused.exit_code == 2
    assert "colour" in refused.output


def test_doctor_names_what_is_wrong_and_exits_with_1(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "secret").write_bytes(bytes(32))
    (data / "secret").chmod(0o644)
    rules = tmp_path / "rules.toml"
    rules.write_text("[deadlines]\ncontact_workdays = 0\n")
    result = _run("doctor", "--data", str(data), "--rules", str(rules), "--json")
    assert result.exit_code == 1
    problems = {
        finding["check"]: finding["message"] for finding in json.loads(result.output) if finding["verdict"] == "problem"
    }
    assert problems.keys() == {"rules", "secret"}
    assert "deadlines.contact_workdays" in problems["rules"]
    assert "chmod 600" in problems["secret"]


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Box:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "one.ndjson").write_bytes(json.dumps(event("rating.submitted")).encode() + b"\n\n")
    box = Box(folder / "data")
    account = box.ingest(folder / "one.ndjson")
    assert (account["read"], account["accepted"], account["rejected"]) == (1, 1, {})
    return box


def test_query_answers_in_any_format_without_anything_running(box: Box) -> None:
    assert box.run("query", "SELECT rating, level FROM ratings", "--format", "CSV") == '"R-1","dissatisfied"\n'
    assert box.run("query", "SELECT count() FROM events") == "1\n"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT nothing FROM ratings",
        "DROP TABLE event_log",
        "SELECT 1; SELECT 2",
        "SELECT * FROM file('/etc/passwd')",
        "?",
    ],
)
def test_a_query_that_fails_or_is_refused_exits_with_1_and_clickhouses_words(box: Box, sql: str) -> None:
    process = box.start("query", sql)
    output, errors = process.communicate()
    assert process.returncode == 1
    assert output == b""
    assert errors.startswith(b"Error: ")
    assert b"Traceback" not in errors


def test_doctor_finds_a_sound_installation_well(box: Box) -> None:
    result = json.loads(box.run("doctor", "--json"))
    assert [finding for finding in result if finding["verdict"] == "problem"] == []
    assert {"schema", "reconciliation", "pingliu-sink", "log"} <= {finding["check"] for finding in result}


def test_the_data_folder_is_its_owners_alone(box: Box) -> None:
    assert box.root.stat().st_mode & 0o077 == 0
    assert (box.root / "secret").stat().st_mode & 0o077 == 0


def test_a_registry_or_a_rules_file_that_is_wrong_stops_the_start_and_says_where(box: Box, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("[limits]\nclock_ahead_minutes = -1\n")
    process = box.start("up", "--rules", str(rules), "--port", "0", "--no-board")
    _, errors = process.communicate()
    assert process.returncode == 1
    assert b"limits.clock_ahead_minutes" in errors


def test_migrate_applies_the_schema_once_and_makes_files_of_its_owner_alone(tmp_path: Path) -> None:
    box = Box(tmp_path / "data")
    assert "applied 0003_public.sql" in box.run("migrate")
    assert box.run("migrate") == "up to date\n"
    assert box.run("query", "SELECT count() FROM registry WHERE kind = 'window'") == "300\n"
    assert all(path.stat().st_mode & 0o077 == 0 for path in box.root.rglob("*") if path.is_file())


def test_a_schema_file_that_changed_after_it_was_applied_stops_the_start(tmp_path: Path) -> None:
    other = Box(tmp_path / "data")
    other.run("migrate")
    script = (
        "import sys; from pathlib import Path; from sinks.engine import Engine; e = Engine(Path(sys.argv[1]));"
        "e.execute(\"ALTER TABLE pingliu.migrations UPDATE sha256 = 'x' WHERE number = 2\"\n"
        '" SETTINGS mutations_sync = 1"); e.close()'
    )
    subprocess.run([sys.executable, "-c", script, str(other.root / "clickhouse")], check=True)
    process = other.start("up", "--port", "0", "--no-board")
    _, errors = process.communicate()
    assert process.returncode == 1
    assert b"0002_facts.sql was changed after it was applied" in errors
