"""`python -m deploy.local.audit`: whether what is locked for where pingliu runs has known vulnerabilities.

pip-audit asks for them; it says "no known vulnerabilities" of a package that it could not ask about, too. Here three
things are told apart: asked and clean; asked and vulnerable, which fails; not asked, which is said in a line and goes
on, for not every office and not every build machine has a way out to an advisory service.

1. One package is asked about at each service, to see which of them answers.
2. The service that does is asked about all, in parts at a time.
3. What was found and is not accepted in docs/advisories.toml (with a reason, until a day) fails.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import click
from pydantic import BaseModel, ConfigDict, ValidationError

from deploy.local.locked import ROOT, Pin, runtime_pins
from deploy.mistake import Mistake
from schemas.moments import SHANGHAI

_ACCEPTED: Final = Path("docs") / "advisories.toml"
_OSV: Final = ("--vulnerability-service", "osv")
# A service of one's own that speaks OSV's protocol, where there is no way out to the public ones.
_OWN: Final = "PINGLIU_ADVISORIES_URL"
_PUBLIC: Final[Mapping[str, tuple[str, ...]]] = {
    "pypi.org": ("--vulnerability-service", "pypi"),
    "api.osv.dev": _OSV,
}
# pip-audit asks about one package after the other.
_PARTS: Final = 4
_TIMEOUT_SECONDS: Final = 5
_PATIENCE_SECONDS: Final = 60


class Acceptance(BaseModel):
    """An advisory that was looked at, and why it does no harm here, until its day is over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    package: str
    reason: str
    until: date


@dataclass(frozen=True, slots=True)
class Finding:
    """A known vulnerability: of which package, by all the names that it has."""

    package: str
    version: str
    names: tuple[str, ...]
    fixed_in: tuple[str, ...]

    def __str__(self) -> str:
        mended = f"mended in {', '.join(self.fixed_in)}" if self.fixed_in else "not mended yet"
        return f"{self.package} {self.version}: {', '.join(self.names)} ({mended})"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a service said: findings, and packages that it could not be asked about, each with why."""

    findings: tuple[Finding, ...]
    unasked: tuple[str, ...]


def acceptances(path: Path) -> list[Acceptance]:
    """The accepted advisories of a file; none where there is no file. Raises Mistake, naming the field at fault."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("accepted", [])
    except FileNotFoundError:
        return []
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Mistake(f"{path.name}: not TOML: {error}") from error
    try:
        return [Acceptance.model_validate(entry) for entry in entries]
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise Mistake(f"{path.name}: accepted.{'.'.join(map(str, fault['loc']))}: {fault['msg']}") from None


def unaccepted(findings: Sequence[Finding], accepted: Sequence[Acceptance], today: date) -> list[Finding]:
    """The findings that no acceptance covers today."""
    covered = {(one.package, one.id) for one in accepted if today <= one.until}
    return [one for one in findings if not any((one.package, name) in covered for name in one.names)]


def ask(service: Sequence[str], pins: Sequence[Pin]) -> Asked:
    """Asks a service about packages, by pip-audit; one that fails as a whole was not asked about any."""
    with TemporaryDirectory() as folder:
        listed = Path(folder) / "requirements.txt"
        # Without their markers: what is installed elsewhere matters as well.
        listed.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in pins), encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(listed), "--disable-pip", "--no-deps"]
        command += ["--format", "json", "--progress-spinner", "off", "--timeout", str(_TIMEOUT_SECONDS), *service]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            return Asked((), tuple(f"{pin.name}: no answer" for pin in pins))
    try:
        said: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        why = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no answer"])[-1]
        return Asked((), tuple(f"{pin.name}: {why[:200]}" for pin in pins))
    findings = [
        Finding(one["name"], one["version"], (vuln["id"], *vuln.get("aliases", ())), tuple(vuln["fix_versions"]))
        for one in said
        for vuln in one.get("vulns", ())
    ]
    return Asked(tuple(findings), tuple(f"{one['name']}: {one['skip_reason']}" for one in said if "skip_reason" in one))


def _ask_all(service: Sequence[str], pins: Sequence[Pin]) -> Asked:
    """Step 2."""
    # pip-audit refuses a package at two versions; in the lock file they stand side by side, hence in two parts.
    parts = [pins[start::_PARTS] for start in range(min(_PARTS, len(pins)))]
    with ThreadPoolExecutor(_PARTS) as pool:
        answers = list(pool.map(lambda part: ask(service, part), parts))
    return Asked(tuple(f for one in answers for f in one.findings), tuple(u for one in answers for u in one.unasked))


def _services() -> Mapping[str, tuple[str, ...]]:
    own = os.environ.get(_OWN)
    return {own: (*_OSV, "--osv-url", own)} if own else _PUBLIC


@click.command()
@click.option("--root", type=click.Path(file_okay=False, path_type=Path), default=ROOT, help="The project's folder.")
def main(root: Path) -> None:
    """Ask for known vulnerabilities of what is locked for where pingliu runs."""
    try:
        accepted, pins = acceptances(root / _ACCEPTED), runtime_pins(root)
    except Mistake as mistake:
        raise click.ClickException(str(mistake)) from None
    silent = []
    for name, service in _services().items():
        if (first := ask(service, pins[:1])).unasked:  # step 1
            silent.append(f"{name}: {first.unasked[0]}")
            continue
        asked = _ask_all(service, pins)
        break
    else:
        why = "; ".join(silent)
        click.echo(f"NOT AUDITED: no advisory service answers; nothing is known of {len(pins)} packages ({why})")
        return
    bad = unaccepted(asked.findings, accepted, datetime.now(SHANGHAI).date())  # step 3
    if bad:
        raise click.ClickException("\n  ".join(["known vulnerabilities:", *map(str, bad)]))
    if asked.unasked:
        click.echo(f"NOT AUDITED: {len(asked.unasked)} of {len(pins)} packages ({'; '.join(asked.unasked)})")
    click.echo(
        f"{len(pins) - len(asked.unasked)} packages audited by {name}, {len(asked.findings)} advisories accepted"
    )


if __name__ == "__main__":
    main(prog_name="python -m deploy.local.audit")
