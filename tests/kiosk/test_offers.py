"""What may be rated at a window, by what is known of it: one rating a service, and none for somebody else's."""

from __future__ import annotations

import pytest

from schemas.moments import MINUTE, SECOND, iso
from streams.gateway.devices import Device
from streams.gateway.terminal import LINGER_MS, RATE_MS, SLOW_MS, Offer, Spot, offered, spot_of, station
from tests.kiosk.hall import DAY_MS, street_with

_WINDOW = "530102001-00-03"
_SPOT = Spot("530102001", "530102001-00", "3号窗口")
_NOON = 1_800_000_000_000 - 4 * 60 * MINUTE


def _offer(source: str = "t/1", now_ms: int = _NOON, **window: str) -> Offer:
    street = street_with(_WINDOW, 1, at_ms=_NOON, **window)
    return offered(street, street.windows[0], source, now_ms)


def test_a_service_is_rated_under_one_name_by_one_device_and_under_another_by_another() -> None:
    first, again, completed = _offer(service="V-1"), _offer(service="V-1"), _offer(service="V-1", completed=iso(_NOON))
    assert first.kind == completed.kind == "service"
    assert first == again
    assert (first.rating, first.is_completed, completed.is_completed) == (completed.rating, False, True)
    others = {_offer(service="V-2").rating, _offer("t/2", service="V-1").rating}
    assert len({first.rating, *others}) == 3
    assert all(len(rating) <= 64 for rating in others)


def test_a_service_that_has_long_been_completed_is_rated_no_more_and_one_that_lasts_is() -> None:
    kinds = [
        _offer(service="V-1", completed=iso(_NOON - RATE_MS - late_ms)).kind for late_ms in (-1000, 0, 1000, MINUTE)
    ]
    assert kinds == ["service", "service", "wait", "wait"]
    assert _offer(now_ms=_NOON + 5 * RATE_MS, service="V-1").kind == "service"


@pytest.mark.parametrize(
    ("started_ms", "is_slow_until_ms"),
    [
        (0, SLOW_MS),
        (MINUTE, MINUTE + SLOW_MS),
        (LINGER_MS - SECOND, LINGER_MS),
        (LINGER_MS + SECOND, None),
        (RATE_MS - SECOND, None),
    ],
)
def test_who_is_slow_rates_the_own_service_for_a_while_and_never_the_next_one(
    started_ms: int, is_slow_until_ms: int | None
) -> None:
    """V-1 is completed at noon, V-2 begins, and is completed; moments are counted from noon."""
    before = {"previous": "V-1", "previous_completed": iso(_NOON)}

    def asks(at_ms: int, **more: str) -> Offer:
        return _offer(now_ms=_NOON + at_ms, service="V-2", started=iso(_NOON + started_ms), **before, **more)

    own = _offer(service="V-1", completed=iso(_NOON))
    if is_slow_until_ms is not None:
        assert asks(started_ms) == asks(is_slow_until_ms) == own  # nothing changes on the page
    waits_ms = started_ms if is_slow_until_ms is None else is_slow_until_ms + SECOND
    assert asks(waits_ms) == asks(RATE_MS) == Offer("wait")
    next_one = asks(RATE_MS + SECOND)  # the one before has gone by now
    assert (next_one.service, next_one.is_completed) == ("V-2", False)
    completed = asks(waits_ms, completed=iso(_NOON + started_ms))
    assert (completed.service, completed.is_completed) == ("V-2", True)
    assert completed.rating == next_one.rating != own.rating


def test_where_nobody_says_what_is_served_today_whoever_comes_may_rate() -> None:
    street = street_with(_WINDOW, 1, at_ms=_NOON, service="V-1")
    assert offered(None, None, "t/1", _NOON).kind == "free"
    assert offered(street, None, "t/1", _NOON).kind == "free"
    assert _offer(service="").kind == "free"
    assert _offer(now_ms=_NOON + DAY_MS, service="V-1").kind == "free"


def test_what_a_page_has_seen_is_other_whenever_what_it_is_told_is() -> None:
    device = Device("K-1", "t/1", *_SPOT[:2], _WINDOW)
    offers = [_offer(), _offer(service="V-1"), _offer(service="V-1", completed=iso(_NOON)), _offer(service="V-2")]
    seen = [station(device, _WINDOW, _SPOT, offer).seen for offer in offers]
    assert len(set(seen)) == len(offers)
    assert seen == [station(device, _WINDOW, _SPOT, offer).seen for offer in offers]
    assert station(device, _WINDOW, _SPOT._replace(name="三号窗口"), offers[0]).seen not in seen


@pytest.mark.parametrize(
    ("bound", "is_its_own"),
    [
        (("530102001", "530102001-00", _WINDOW), True),
        (("530102001", "530102001-00", ""), True),
        (("530102001", "", ""), True),
        (("", "", ""), True),
        (("530102001", "530102001-00", "530102001-00-04"), False),
        (("530102001", "530102001-01", ""), False),
        (("530102002", "", ""), False),
    ],
)
def test_a_page_is_told_of_its_own_window_alone(bound: tuple[str, str, str], is_its_own: bool) -> None:
    device = Device("K-1", "t/1", *bound)
    assert (spot_of(device, _WINDOW, "x", _SPOT) is not None) is is_its_own


def test_a_window_that_the_registry_lacks_is_known_to_its_own_device_alone() -> None:
    bound = Device("K-1", "t/1", "530102001", "530102001-00", "530102001-00-99")
    assert spot_of(bound, "530102001-00-99", "530102001-00-99", None) == (*_SPOT[:2], "530102001-00-99")
    assert spot_of(Device("K-2", "t/2"), "530102001-00-99", "x", None) is None
