"""Messages that are to be refused: a good one, mangled into each of contract §3's reasons.

The good message arrives as well. A mangled one bears an id of its own, so that once repaired it is an event of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from deploy.simulator.clock import stamp
from deploy.simulator.dice import Dice
from schemas.moments import DAY

_TOO_MUCH: Final = 66_000
# A device whose clock jumped ten years ahead: still ahead of the broker whenever the log is replayed.
_YEARS_AHEAD: Final = 3_653 * DAY
_GBK: Final = "五华区".encode("gbk")


def mangle(dice: Dice, line: str, time_ms: int) -> bytes:
    """One of the faults, done to a message."""
    return dice.choice(_FAULTS)(line.replace('"id":"', '"id":"x-', 1), time_ms)


def _too_large(line: str, _: int) -> bytes:
    return line.replace('"data":{', f'"data":{{"photo":"{"A" * _TOO_MUCH}",', 1).encode()


def _not_utf8(line: str, _: int) -> bytes:
    return line.encode().replace(b'"data":{', b'"data":{"area":"%b",' % _GBK, 1)


def _not_json(line: str, _: int) -> bytes:
    return line[: len(line) * 2 // 3].encode()


def _no_object(line: str, _: int) -> bytes:
    return f"[{line}]".encode()


def _old_version(line: str, _: int) -> bytes:
    return line.replace('"specversion":"1.0"', '"specversion":"0.3"', 1).encode()


def _unknown_type(line: str, _: int) -> bytes:
    return line.replace('"type":"', '"type":"vendor.', 1).encode()


def _no_offset(line: str, _: int) -> bytes:
    return line.replace("+08:00", "", 1).encode()


def _no_data(line: str, _: int) -> bytes:
    return line.replace('"data":', '"payload":', 1).encode()


def _misplaced(line: str, _: int) -> bytes:
    return line.replace('"site":"', '"site":"9', 1).encode()


def _clock_ahead(line: str, time_ms: int) -> bytes:
    before, rest = line.split('"time":"', 1)
    after = rest.split('"', 1)[1]
    return f'{before}"time":"{stamp(time_ms + _YEARS_AHEAD)}"{after}'.encode()


_FAULTS: Final[tuple[Callable[[str, int], bytes], ...]] = (
    _too_large, _not_utf8, _not_json, _no_object, _old_version, _unknown_type, _no_offset, _no_data, _misplaced,
    _clock_ahead,
)  # fmt: skip
