"""Folders that tests share: each is made once in a run, by whichever of its processes needs it first."""

from __future__ import annotations

import fcntl
import os
import shutil
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder of a name. `make` fills it, which is there and empty; from then on nobody changes it.

    Who comes meanwhile waits. If it can't be made, it is not tried again: every test that needs it fails and says why.
    """
    run = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each has a folder of its own within the run's
        run = run.parent
    folder, made, failed = run / name, run / f"{name}.made", run / f"{name}.failed"
    with (run / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the kernel gives it back if we die
        if failed.exists():
            pytest.fail(f"{name}, which tests share, could not be made:\n{failed.read_text()}", pytrace=False)
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of somebody who died over it
            folder.mkdir()
            try:
                make(folder)
            except BaseException:
                failed.write_text(traceback.format_exc())
                raise
            made.touch()
    return folder
