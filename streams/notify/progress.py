"""How far a partition of the notices is done with: every target that wants them was told."""

from __future__ import annotations


class Progress:
    """Of one `partition`, from `next_offset` on. `taken`: the offset behind the last one that was taken.

    `noted`: the `next_offset` that is on the broker, None before there is one.
    """

    def __init__(self, partition: int, next_offset: int, noted: int | None) -> None:
        self.partition = partition
        self.taken = next_offset
        self.noted = noted
        # Offsets that somebody is yet to be told of, in order, and how many targets.
        self._open: dict[int, int] = {}

    def take(self, offset: int, targets: int) -> None:
        """A notice was taken, which so many targets are to be told."""
        self.taken = offset + 1
        if targets:
            self._open[offset] = targets

    def done(self, offset: int) -> None:
        """One more target is told."""
        self._open[offset] -= 1
        if not self._open[offset]:
            del self._open[offset]

    @property
    def next_offset(self) -> int:
        """Below it, all targets are told."""
        return next(iter(self._open), self.taken)
