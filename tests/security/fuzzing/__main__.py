"""`python -m tests.security.fuzzing SECONDS [TARGET…]`: fuzzes targets one after the other, for so long in all.

The last of them is `api`, the gateway's HTTP interface as a whole.

What is found on the way is kept in `.local/fuzz`, so that the next run goes on from there; what breaks a promise is
left there as `crash-…`, and fails.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.security.fuzzing import TARGETS, api

_KEPT = Path(".local") / "fuzz"
_API = "api"


def main(seconds: int, names: list[str]) -> int:
    """Returns how many targets broke."""
    each = max(1, seconds // len(names))
    broken = 0
    for name in names:
        print(f"-- {name}", flush=True)
        broken += not (_fuzz_api(each) if name == _API else _fuzz(name, each))
    return broken


def _fuzz(name: str, seconds: int) -> bool:
    folder = _KEPT / name
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.security.fuzzing.one", name, str(folder), str(seconds)]
    return subprocess.run(command).returncode == 0


def _fuzz_api(seconds: int) -> bool:
    with TemporaryDirectory() as folder:
        kept, said = api.fuzz(Path(folder), f"--max-time={seconds}")
    print(said)
    return kept


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:] or [*TARGETS, _API]))
