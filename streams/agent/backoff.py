"""How long to wait before the next try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# A gateway that asks for more is asked again sooner: whoever set that has gone home.
_MOST_ASKED: Final = 3_600.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits double from `first` to `most` seconds; `slow` is for what somebody must mend first."""

    first: float = 1.0
    most: float = 60.0
    slow: float = 60.0

    def wait(self, tries: int, asked: float | None, chance: float) -> float:
        """Seconds to wait after so many tries in vain (from 1), of which the gateway asked for `asked`.

        `chance` (0 to 1) spreads the devices: after an outage they don't come all at once.
        """
        # 2.0 ** 1024 is no float any more.
        grown = min(self.most, self.first * 2.0 ** min(tries - 1, 100))
        spread = grown * (0.5 + chance / 2)
        return spread if asked is None else min(asked, _MOST_ASKED) + spread * chance
