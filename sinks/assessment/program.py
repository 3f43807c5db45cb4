"""What computes: so that a seal says it, and its results can be told from those of another version of the program."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Final

from sinks.assessment.results import sha256_of

# Its name among a seal's inputs.
PROGRAM: Final = "program"
_COMPUTES: Final = (".py", ".sql")


@cache
def program_text() -> str:
    """The version, and what names each file of this package, one a line."""
    sources = sorted(
        (one for one in files(__package__).iterdir() if one.name.endswith(_COMPUTES)), key=lambda one: one.name
    )
    lines = [f"{one.name} {sha256_of(one.read_text('utf-8'))}\n" for one in sources]
    return "".join((f"pingliu {version('pingliu')}\n", *lines))


def otherwise(sealed: str) -> list[str]:
    """The files, and `pingliu` for the version, in which a sealed program isn't this one; none where it is."""
    was, now = (dict(line.split(" ") for line in text.splitlines()) for text in (sealed, program_text()))
    return sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
