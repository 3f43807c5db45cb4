"""What requirements.lock pins, and which of it runs: the rest is for development."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_PIN: Final = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?: ; (?P<marker>[^\\]+?))? \\")
_VIA: Final = re.compile(r"    # (?:via|  )\s*([\w.-]+)?")
_NAME: Final = re.compile(r"[\w.-]+")
# Extras that are not for those who run it.
_OF_DEVELOPMENT: Final = "dev"


@dataclass(frozen=True, slots=True)
class Pin:
    """One package at one version. `marker`: where it is installed, or ""; `via`: the packages that want it."""

    name: str
    version: str
    marker: str
    via: frozenset[str]

    @property
    def requirement(self) -> str:
        """As pip takes it."""
        return f"{self.name}=={self.version}" + (f" ; {self.marker}" if self.marker else "")


def runtime_pins(root: Path = ROOT) -> list[Pin]:
    """The pins of a project that are installed where it runs, in the lock file's order."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra, requirements in project.get("optional-dependencies", {}).items():
        wanted += requirements if extra != _OF_DEVELOPMENT else []
    pins = list(_parse((root / "requirements.lock").read_text(encoding="utf-8").splitlines()))
    names = {_canonical(match[0]) for one in wanted if (match := _NAME.match(one))}
    while more := {pin.name for pin in pins if pin.name not in names and pin.via & names}:
        names |= more
    return [pin for pin in pins if pin.name in names]


def _parse(lines: Iterable[str]) -> Iterator[Pin]:
    found: re.Match[str] | None = None
    via: set[str] = set()
    for line in lines:
        if match := _PIN.fullmatch(line):
            if found:
                yield Pin(found["name"], found["version"], found["marker"] or "", frozenset(via))
            found, via = match, set()
        elif (match := _VIA.match(line)) and match[1]:
            via.add(match[1])
    if found:
        yield Pin(found["name"], found["version"], found["marker"] or "", frozenset(via))


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
