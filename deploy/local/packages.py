"""What the local stack and the tests are made of, and how it is had: Debian's packages through apt, Kafka's jars
through Maven.

A program that is missing is installed where that needs no question: as root, or where sudo asks for no password.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from deploy.mistake import Mistake

# The local stack belongs to a checkout, whose root is two floors up.
HOME: Final = Path(__file__).resolve().parents[2] / ".local"
_POM: Final = Path(__file__).with_name("pom.xml")
# Nobody is asked, and no packaged service is started: by init scripts (this runlevel has none), nor by systemd.
_QUIET: Final = ("env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "SYSTEMD_OFFLINE=1")
# Another apt that runs at the same time is waited for.
_APT: Final = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120")
_INSTALL: Final = ("install", "-y", "--no-install-recommends")


class Unavailable(Mistake):
    """A part can't be had here; the message says which, and how to get it."""


def java() -> Path:
    """A Java runtime, 17 or newer."""
    return _program("java", "openjdk-17-jre-headless")


def maven() -> Path:
    return _program("mvn", "maven")


def clickhouse_server() -> Path:
    return _program("clickhouse-server", "clickhouse-server", "clickhouse-client")


def kcat() -> Path:
    return _program("kcat", "kafkacat")


def node() -> Path:
    return _program("node", "nodejs")


def npm() -> Path:
    return _program("npm", "npm")


def soffice() -> Path:
    """LibreOffice, with which papers are opened as their readers do."""
    return _program("soffice", "libreoffice-writer-nogui", "libreoffice-calc-nogui")


def pdftoppm() -> Path:
    """Of the tools that take a PDF apart; the others lie beside it."""
    return _program("pdftoppm", "poppler-utils")


def chromium() -> Path:
    """The browser that tests drive."""
    return _program("chromium", "chromium")


def prometheus() -> Path:
    """Of Debian's package; promtool lies beside it."""
    return _program("prometheus", "prometheus")


def cjk_fonts(is_there: Callable[[], bool]) -> None:
    """The fonts in which papers are set, unless they are there."""
    if not is_there():
        _install("CJK fonts are missing", "fonts-noto-cjk")


def kafka_jars() -> str:
    """The class path of Kafka's broker. Maven is asked once for each pom.xml, and again when a jar is gone."""
    digest = hashlib.sha256(_POM.read_bytes()).hexdigest()[:16]
    path = HOME / f"kafka-{digest}.classpath"
    if path.exists() and all(Path(jar).exists() for jar in path.read_text(encoding="utf-8").split(os.pathsep)):
        return path.read_text(encoding="utf-8")
    HOME.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    goal = ("dependency:build-classpath", f"-Dmdep.outputFile={draft}")
    done = _run(str(maven()), "-q", "-B", "-f", str(_POM), *goal)
    if done.returncode or not draft.exists():
        by_hand = f"mvn -f {_POM} dependency:resolve"
        raise Unavailable(f"Kafka's jars are missing; where Maven reaches its registry: {by_hand}: {_reason(done)}")
    draft.replace(path)
    return path.read_text(encoding="utf-8")


def _program(name: str, *packages: str) -> Path:
    """Where `name` lies, installed from Debian's `packages` if need be."""
    if found := _find(name):
        return found
    missing = _install(f"{name} is not installed", *packages)
    if found := _find(name):
        return found
    raise Unavailable(missing)


def _install(what: str, *packages: str) -> str:
    """Installs Debian's packages; returns what to say if that didn't help. Raises Unavailable where it can't be."""
    by_hand = " ".join([*_APT[:1], *_INSTALL, *packages])
    missing = f"{what}; with Debian: {by_hand}"
    rights = _rights()
    if rights is None:
        raise Unavailable(missing)
    HOME.mkdir(parents=True, exist_ok=True)
    with (HOME / "apt.lock").open("w") as lock:
        # A browser takes longer than apt waits for another apt: processes of ours take turns.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _run(*rights, *_QUIET, *_APT, *_INSTALL, *packages).returncode:
            # A fresh machine doesn't know its packages yet.
            _run(*rights, *_QUIET, *_APT, "update")
            done = _run(*rights, *_QUIET, *_APT, *_INSTALL, *packages)
            if done.returncode:
                raise Unavailable(f"{missing}: {_reason(done)}")
    return missing


def _find(name: str) -> Path | None:
    """Looks along PATH, and beside each bin in sbin: servers lie there, which not everybody's PATH has."""
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders += [str(Path(folder).with_name("sbin")) for folder in folders]
    found = shutil.which(name, path=os.pathsep.join(folders)) if folders else None
    return Path(found) if found else None


def _rights() -> tuple[str, ...] | None:
    """What a command must start with to install packages; None if that can't be done here."""
    if not _find("apt-get"):
        return None
    if os.geteuid() == 0:
        return ()
    if _find("sudo") and _run("sudo", "-n", "true").returncode == 0:
        return ("sudo", "-n")
    return None


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def _reason(done: subprocess.CompletedProcess[str]) -> str:
    """Why a program failed: the first error that apt or Maven reports, else the end of what it said."""
    said = done.stdout + done.stderr
    error = re.search(r"^E: .+|\[ERROR\] .+", said, re.MULTILINE)
    return error[0] if error else said.strip()[-200:] or f"it ended with {done.returncode}"
