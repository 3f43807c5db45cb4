"""A short look by the fuzzers of `make fuzz`: seeds, what broke a promise once, and some seconds of search."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.security.fuzzing import DECOY, TARGETS, api, load

# `make fuzz` looks longer.
_SECONDS = 2
_ATHERIS = pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is for CPython on Linux")


def _fuzz(target: str, folder: Path) -> subprocess.CompletedProcess[str]:
    # By a shell: a process' peak of memory, which libFuzzer limits, begins with that of the process that started it.
    by_a_shell = ["sh", "-c", '"$@"; exit $?', "sh"]
    command = [sys.executable, "-m", "tests.security.fuzzing.one", target, str(folder), str(_SECONDS)]
    return subprocess.run([*by_a_shell, *command], capture_output=True, text=True, errors="replace")


@pytest.mark.parametrize("target", TARGETS)
def test_no_seed_and_nothing_that_broke_a_promise_once_breaks_it(target: str) -> None:
    check, seeds, _ = load(target)
    assert seeds
    for seed in seeds:
        check(seed)


@_ATHERIS
@pytest.mark.parametrize("target", TARGETS)
def test_no_bytes_break_a_promise(target: str, tmp_path: Path) -> None:
    done = _fuzz(target, tmp_path)
    assert done.returncode == 0, done.stderr[-4_000:]
    (runs,) = re.findall(r"stat::number_of_executed_units: *(\d+)", done.stderr)
    assert int(runs) > len(load(target).seeds)


@_ATHERIS
def test_a_promise_that_some_bytes_break_is_found_broken_and_the_bytes_are_kept(tmp_path: Path) -> None:
    done = _fuzz(DECOY, tmp_path)
    assert done.returncode != 0
    (found,) = tmp_path.glob("crash-*")
    with pytest.raises(AssertionError):
        load(DECOY).check(found.read_bytes())


def test_the_gateway_keeps_to_its_own_description(tmp_path: Path) -> None:
    kept, said = api.fuzz(tmp_path, "--max-examples=12")
    assert kept, said
    assert re.findall(r"Tested: (\d+)", said) == ["8"]
