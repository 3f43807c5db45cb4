"""The modern server as tests take it: a process of its own, for one process holds one path of the engine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[2]
# For a program that hangs; no test asserts it.
_PATIENCE_SECONDS: Final = 60.0


@contextmanager
def modern_clickhouse(path: Path) -> Iterator[str]:
    """The URL of a server over a data folder, which is made if missing; while the context lasts. Another may follow
    over the same folder. It dies with this process, even if that is killed."""
    command = [sys.executable, "-m", "tests.wire", str(path)]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            port = process.stdout.readline().decode().strip()
            assert port, "tests.wire ended before it listened"
            yield f"clickhouse://default@127.0.0.1:{port}/pingliu"
        finally:
            process.stdin.close()
            try:
                process.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
    assert process.returncode == 0
