"""Where colours change: by the rules' defaults, and the bands of 季考核, so that a board judges as an assessment."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import Threshold, ThresholdsMode

from schemas.rules import Rules

_RULES: Final = Rules()
_BLUE, _GREEN, _YELLOW, _RED, _PURPLE = "blue", "green", "yellow", "red", "purple"
_MINUTE: Final = 60.0
_SITE: Final = _RULES.site_month
# What texts beside the colours say of them.
WAITING_MINUTES: Final = _SITE.waiting_minutes
OFFLINE_MINUTES: Final = _SITE.offline_minutes
ONLINE: Final = f"{_SITE.online_share:.0%}"
PARTICIPATION: Final = f"{_SITE.participation_full:.0%}"
SILENT: Final = f"{_RULES.suspicion.silent_share:.0%}"


def steps(first: str, *above: tuple[float, str]) -> ThresholdsConfig:
    """The colour below all, then from each value on."""
    found = [Threshold(None, first), *(Threshold(value, colour) for value, colour in above)]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(found)


def plain() -> ThresholdsConfig:
    """A count that is neither good nor bad."""
    return steps(_BLUE)


def none_is_right(*, grave: float | None = None) -> ThresholdsConfig:
    """Each one is too many; from `grave` on it is grave, by default at once."""
    return steps(_GREEN, (1, _RED)) if grave is None else steps(_GREEN, (1, _YELLOW), (grave, _RED))


def _bands(unit: float) -> ThresholdsConfig:
    """Bands of 季考核: 合格, 良好, 优秀, where a full score is 100 of `unit`."""
    bands = _RULES.site_quarter
    passed, good, excellent = (float(band) * unit for band in (bands.passed, bands.good, bands.excellent))
    return steps(_RED, (passed, "orange"), (good, _YELLOW), (excellent, _GREEN))


def score() -> ThresholdsConfig:
    """An average of 10 points."""
    return _bands(0.1)


def share() -> ThresholdsConfig:
    """A share of 1 that should be high."""
    return _bands(0.01)


def participation() -> ThresholdsConfig:
    """主动评价率: worth nothing below, everything from the second on; so much that nobody is left hints at coaching."""
    return steps(
        _RED,
        (float(_SITE.participation_from), _YELLOW),
        (float(_SITE.participation_full), _GREEN),
        (float(_RULES.suspicion.silent_share), _PURPLE),
    )


def waiting() -> ThresholdsConfig:
    """Seconds of waiting: all right, longer, and so long that the queue is congested."""
    return steps(_GREEN, (WAITING_MINUTES * _MINUTE, _YELLOW), (_RULES.live.congested_minutes * _MINUTE, _RED))


def offline_share() -> ThresholdsConfig:
    """A share of the devices: what 终端在线率 leaves for being offline."""
    return small_share(float(1 - _SITE.online_share))


def small_share(right: float) -> ThresholdsConfig:
    """A share of 1 that should be low: all right up to `right`, bad from twice as much on."""
    return steps(_GREEN, (right, _YELLOW), (2 * right, _RED))


def age(old: float) -> ThresholdsConfig:
    """Seconds since something that happens all the time: an alert comes at `old`."""
    return steps(_GREEN, (old / 2, _YELLOW), (old, _RED))


def data_age() -> ThresholdsConfig:
    """Seconds without an event of a street, as the alert has it."""
    return age(30 * _MINUTE)


def heartbeat_age() -> ThresholdsConfig:
    """Seconds without a heartbeat: from when on a device is offline."""
    return steps(_GREEN, (OFFLINE_MINUTES * _MINUTE, _RED))


def is_up() -> ThresholdsConfig:
    """1 is right, 0 is not."""
    return steps(_RED, (1, _GREEN))
