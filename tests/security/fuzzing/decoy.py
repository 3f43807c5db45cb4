"""A promise that some bytes break: that nobody says two things in a row."""

from __future__ import annotations

SEEDS = [b"hello"]
WORDS = [b"open", b"sesame"]


def check(data: bytes) -> None:
    """Breaks where the two words stand in a row."""
    assert not (data[:4] == b"open" and b"sesame" in data)
