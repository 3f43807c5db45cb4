"""Targets for coverage-guided fuzzing: each a module with `check(data)`, which breaks where a promise does, and seeds.

`TARGETS` maps a target's name to the modules whose branches guide it. What broke a promise once stands in
`tests/security/corpus/<target>/` and is tried first, by the fuzzer and by `make test`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple, cast

CORPUS: Final = Path(__file__).parents[1] / "corpus"
TARGETS: Final[dict[str, tuple[str, ...]]] = {
    "decoding": ("schemas",),
    "masking": ("schemas",),
    "gate": ("sinks", "sqlglot"),
    "credentials": ("streams.gateway",),
    "gateway": ("schemas", "streams.gateway"),
    "adapters": ("schemas",),
}
# Known to break: shows that a broken promise is seen.
DECOY: Final = "decoy"


class Target(NamedTuple):
    """What is tried, with what to begin with, and the words that its inputs are made of."""

    check: Callable[[bytes], None]
    seeds: Sequence[bytes]
    words: Sequence[bytes]


def load(name: str) -> Target:
    """A target, and what was found for it before."""
    module = importlib.import_module(f"tests.security.fuzzing.{name}")
    found = [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))]
    return Target(cast("Callable[[bytes], None]", module.check), [*module.SEEDS, *found], module.WORDS)
