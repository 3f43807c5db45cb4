"""Programs of npm that tests need: those of npm/package-lock.json, whose hashes npm checks."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import msgspec

from deploy.local.packages import HOME, Unavailable, node, npm
from deploy.mistake import Mistake

_FOLDER: Final = Path(__file__).with_name("npm")
_LOCK: Final = "package-lock.json"
# No script of a package is run, and nothing is asked of the registry but the packages.
_CLEAN_INSTALL: Final = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def asyncapi_faults(document: bytes) -> list[str]:
    """What AsyncAPI's official parser finds wrong with a document, a line each; none where it is valid.

    Raises Unavailable where Node or the parser can't be had, Mistake where the parser breaks.
    """
    folder = _installed()
    command = [str(node()), str(folder / "asyncapi.mjs")]
    done = subprocess.run(command, input=document, capture_output=True, check=False)
    if done.returncode:
        raise Mistake(f"the parser of AsyncAPI ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    answer: dict[str, Any] = msgspec.json.decode(done.stdout)
    return list(answer["found"]) if answer["valid"] else [*answer["found"], "no document"]


def axe() -> str:
    """axe-core, the program that looks for what keeps people from using a page; to be run in that page.

    Raises Unavailable where it can't be had.
    """
    return (_installed() / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def _installed() -> Path:
    """A folder with the packages of the lock file and our programs. npm is asked once for each state of these."""
    files = sorted(_FOLDER.iterdir())
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = HOME / f"npm-{digest}"
    if folder.exists():
        return folder
    draft = folder.with_suffix(f".{os.getpid()}")
    draft.mkdir(parents=True)
    for file in files:
        shutil.copy(file, draft)
    done = subprocess.run(
        [str(npm()), *_CLEAN_INSTALL], cwd=draft, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        shutil.rmtree(draft)
        raise Unavailable(f"npm can't install what {_FOLDER / _LOCK} names: {done.stderr.strip()[:200]}")
    try:
        draft.replace(folder)
    except OSError:
        # Another test was quicker.
        if not folder.exists():
            raise
        shutil.rmtree(draft)
    return folder
