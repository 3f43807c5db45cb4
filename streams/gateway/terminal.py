"""What a terminal's page may ask a visitor about: the service at its window, or none. Pure; the time is given.

The queue system says what is served (`schemas.live`). One rating a service (一次一评): its name is made of the service
and of the device, so that the page may forget that it sent one, and send it again.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final, Literal, NamedTuple

import msgspec

from schemas.live import LiveStreet, LiveWindow
from schemas.moments import MINUTE, day_of, epoch_ms, to_date
from streams.gateway.devices import Device

# Who has gone this long ago doesn't rate any more; the next one at the window would rate another's service.
RATE_MS: Final = 10 * MINUTE
# Who is slow may rate yet so long after the next service has begun, and so long after the own one at most: later it is
# the next visitor who stands there.
SLOW_MS: Final = 30_000
LINGER_MS: Final = 2 * MINUTE
_HEX: Final = 32
_SEEN_HEX: Final = 16


class Spot(NamedTuple):
    """Where a window is, and what people call it."""

    street: str
    site: str
    name: str


class Offer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What may be rated now.

    `service`: the one of that id, under the rating's id `rating`; `wait`: none, until the next service; `free`: nobody
    says what is served, so whoever comes may rate, without a service.
    """

    kind: Literal["service", "wait", "free"]
    service: str = ""
    rating: str = ""
    is_completed: bool = False


class Station(msgspec.Struct, frozen=True):
    """What a terminal's page is told: who it is, where, and what may be rated. `seen` changes whenever that does."""

    device: str
    source: str
    street: str
    site: str
    window: str
    name: str
    offer: Offer
    seen: str


def offered(street: LiveStreet | None, window: LiveWindow | None, source: str, now_ms: int) -> Offer:
    """What may be rated at a window at a moment (epoch ms), by what is known of it and of its street."""
    if street is None or window is None or not window.service:
        return Offer("free")
    if street.day != to_date(day_of(now_ms)).isoformat():
        return Offer("free")  # of another day, and nothing has been heard since
    if window.completed:
        is_gone = now_ms - epoch_ms(window.completed) > RATE_MS
        return Offer("wait") if is_gone else _asks(window.service, source, is_completed=True)
    if not window.previous or now_ms - epoch_ms(window.previous_completed) > RATE_MS:
        return _asks(window.service, source, is_completed=False)  # nobody else can be there
    begun_ms = epoch_ms(window.started or window.previous_completed)
    if now_ms - begun_ms <= SLOW_MS and now_ms - epoch_ms(window.previous_completed) <= LINGER_MS:
        return _asks(window.previous, source, is_completed=True)
    return Offer("wait")  # whoever presses now may be the one before


def _asks(service: str, source: str, *, is_completed: bool) -> Offer:
    rating = "K" + sha256(f"{source}\n{service}".encode()).hexdigest()[:_HEX]
    return Offer("service", service, rating, is_completed)


def station(device: Device, code: str, spot: Spot, offer: Offer) -> Station:
    """What the page of a device at a window is told."""
    digest = sha256(msgspec.json.encode((device.source, code, spot, offer))).hexdigest()
    return Station(device.name, device.source, spot.street, spot.site, code, spot.name, offer, digest[:_SEEN_HEX])


def spot_of(device: Device, code: str, name: str, known: Spot | None) -> Spot | None:
    """Where the window is, as far as it is the device's; None where it isn't. `known`: what the registry says."""
    if device.window == code:
        return Spot(device.street, device.site, name)
    bound = (device.street, device.site, device.window)
    if known is None or any(mine not in ("", its) for mine, its in zip(bound, (*known[:2], code), strict=True)):
        return None
    return known
