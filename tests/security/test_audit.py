"""The audit of dependencies, by a service of this test that speaks OSV's protocol; and the bill of materials."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from deploy.local.audit import Finding, acceptances, unaccepted
from deploy.local.locked import ROOT, runtime_pins

_ADVISORY: dict[str, Any] = {
    "id": "PYSEC-2026-1",
    "aliases": ["CVE-2026-0001"],
    "summary": "made up",
    "affected": [
        {
            "package": {"name": "beta", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}]}],
        }
    ],
}
_LOCK = """\
alpha==1.0 \\
    --hash=sha256:00
    # via pingliu (pyproject.toml)
beta==1.9 ; python_full_version < '3.12' \\
    --hash=sha256:00
    # via alpha
beta==2.0 ; python_full_version >= '3.12' \\
    --hash=sha256:00
    # via
    #   alpha
    #   gamma
gamma==3.0 \\
    --hash=sha256:00
    # via pingliu (pyproject.toml)
"""
_PROJECT = """\
[project]
name = "example"
version = "1"
dependencies = ["Alpha>=1"]
[project.optional-dependencies]
dev = ["gamma"]
"""


class _Service(BaseHTTPRequestHandler):
    """Knows one advisory, of one version; answers for what it is told to know, and 404 else."""

    vulnerable: ClassVar[str] = ""
    unknown: ClassVar[frozenset[str]] = frozenset()
    asked: ClassVar[set[str]] = set()

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = query["package"]["name"]
        self.asked.add(f"{name}=={query['version']}")
        self.send_response(404 if name in self.unknown else 200)
        self.end_headers()
        found = {"vulns": [_ADVISORY]} if f"{name}=={query['version']}" == self.vulnerable else {}
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _service(vulnerable: str = "", unknown: frozenset[str] = frozenset()) -> Iterator[tuple[str, set[str]]]:
    class Service(_Service):
        asked: ClassVar[set[str]] = set()

    Service.vulnerable, Service.unknown = vulnerable, unknown
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/query", Service.asked
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "requirements.lock").write_text(_LOCK)
    (tmp_path / "pyproject.toml").write_text(_PROJECT)
    return tmp_path


def _audit(project: Path, url: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local.audit", "--root", str(project)],
        env={**os.environ, "PINGLIU_ADVISORIES_URL": url},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_what_runs_is_audited_at_every_version_and_nothing_else_is(project: Path) -> None:
    with _service() as (url, asked):
        code, said = _audit(project, url)
    assert (code, asked) == (0, {"alpha==1.0", "beta==1.9", "beta==2.0"})
    assert "3 packages audited" in said
    assert "NOT AUDITED" not in said


def test_a_known_vulnerability_fails_by_name(project: Path) -> None:
    with _service(vulnerable="beta==2.0") as (url, _):
        code, said = _audit(project, url)
    assert code == 1
    assert "beta 2.0: PYSEC-2026-1, CVE-2026-0001 (mended in 2.1)" in said


def test_an_acceptance_covers_one_advisory_of_one_package_until_its_day_is_over(tmp_path: Path) -> None:
    finding = Finding("beta", "2.0", ("PYSEC-2026-1", "CVE-2026-0001"), ("2.1",))
    file = tmp_path / "advisories.toml"
    file.write_text('[[accepted]]\nid = "CVE-2026-0001"\npackage = "beta"\nreason = "x"\nuntil = 2026-11-02\n')
    accepted = acceptances(file)
    assert unaccepted([finding], accepted, date(2026, 11, 2)) == []
    assert unaccepted([finding], accepted, date(2026, 11, 3)) == [finding]
    for other in (replace(finding, package="alpha"), replace(finding, names=("CVE-2026-0002",))):
        assert unaccepted([finding, other], accepted, date(2026, 11, 2)) == [other]


def test_an_audit_that_could_not_ask_says_so_in_a_line_and_never_that_all_is_well(project: Path) -> None:
    code, said = _audit(project, "http://127.0.0.1:1/v1/query")
    assert code == 0
    assert len(said.strip().splitlines()) == 1
    assert said.startswith("NOT AUDITED: no advisory service answers; nothing is known of 3 packages")
    with _service(unknown=frozenset({"beta"})) as (url, _):
        code, said = _audit(project, url)
    assert code == 0
    assert said.startswith("NOT AUDITED: 2 of 3 packages (beta: ")


def test_an_acceptance_without_a_reason_is_refused_by_its_field(project: Path) -> None:
    (project / "docs" / "advisories.toml").write_text('[[accepted]]\nid = "X"\npackage = "beta"\nuntil = 2027-01-01\n')
    code, said = _audit(project, "http://127.0.0.1:1/")
    assert code == 1
    assert "advisories.toml: accepted.reason: Field required" in said


def test_the_bill_of_materials_names_what_is_locked_and_a_change_of_the_lock_shows(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "deploy.local.sbom", "--check", "--root"]
    assert subprocess.run([*command, str(ROOT)], capture_output=True).returncode == 0
    named = {(one["name"], one["version"]) for one in json.loads((ROOT / "docs/sbom.json").read_text())["components"]}
    assert named == {(pin.name, pin.version) for pin in runtime_pins()}
    assert {"faust-streaming", "pydantic-core", "chdb-core"} <= {name for name, _ in named}
    assert not {"pytest", "atheris", "mypy"} & {name for name, _ in named}
    (tmp_path / "docs").mkdir()
    for name in ("docs/sbom.json", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    lock = (tmp_path / "requirements.lock").read_text()
    (tmp_path / "requirements.lock").write_text(lock.replace("\nclick==", "\nclick==0."))
    changed = subprocess.run([*command, str(tmp_path)], capture_output=True, text=True)
    assert changed.returncode == 1
    assert "make sbom" in changed.stderr
