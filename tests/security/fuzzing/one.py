"""`python -m tests.security.fuzzing.one TARGET FOLDER SECONDS`: fuzzes one target as this process, guided by coverage.

The folder holds what was found interesting, in `found`; what breaks a promise is left in it as `crash-…`. Ends with 0
where nothing broke.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped]

from tests.security.fuzzing import TARGETS, load

# Longer inputs find nothing new in parsers of small messages, and take their time.
_LONGEST = 4_096
# Of that size, no input may take so long.
_TIMEOUT_SECONDS = 20


def main(name: str, folder: Path, seconds: int) -> None:
    """Doesn't return: the fuzzer ends the process."""
    logging.disable(logging.CRITICAL)
    with atheris.instrument_imports(include=list(TARGETS.get(name, ()))):
        target = load(name)
    check = atheris.instrument_func(target.check)
    found, seeds, words = folder / "found", folder / "seeds", folder / "words"
    for place in (found, seeds):
        place.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (seeds / f"{number:04}").write_bytes(seed)
    words.write_text("".join('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in target.words))
    options = {
        "max_total_time": seconds,
        "max_len": _LONGEST,
        "timeout": _TIMEOUT_SECONDS,
        "artifact_prefix": f"{folder}/",
        "print_final_stats": 1,
    } | ({"dict": words} if target.words else {})
    atheris.Setup([name, *(f"-{option}={value}" for option, value in options.items()), str(found), str(seeds)], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
