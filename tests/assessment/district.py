"""A district of three streets: a centre and two streets with a centre and stations each, and fourteen people.

Posts begin, end, change and overlap in 2026, so that who is compared with whom changes too.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any, Final, Literal

from schemas.registry import Department, Item, Pool, Post, Registry, Site, SiteLevel, Staff, Street, Window, WindowKind
from tests.recount import assessment as recount

STREETS: Final = ("530102000", "530102001", "530102002")
_SITES: Final[tuple[tuple[str, SiteLevel], ...]] = (
    ("530102000-00", "district"),
    ("530102001-00", "street"),
    ("530102001-01", "community"),
    ("530102001-02", "community"),
    ("530102002-00", "street"),
    ("530102002-01", "community"),
)
SITES: Final = tuple(code for code, _ in _SITES)
_WINDOWS: Final[tuple[tuple[str, Pool, str], ...]] = (
    ("530102000-00-01", "centre_general", ""),
    ("530102000-00-02", "centre_general", ""),
    ("530102000-00-03", "centre_department", "D01"),
    ("530102001-00-01", "street", ""),
    ("530102001-00-02", "street", ""),
    ("530102001-01-01", "community", ""),
    ("530102001-02-01", "community", ""),
    ("530102002-00-01", "street", ""),
    ("530102002-00-02", "street", ""),
    ("530102002-01-01", "community", ""),
)
WINDOWS: Final = tuple(code for code, _, _ in _WINDOWS)
ITEMS: Final = {"IT-1": 2.0, "IT-2": 5.5, "IT-3": 0.1}
_START: Final = date(2024, 1, 1)
# Staff, window, from, to, lead, pioneer. The pool is the window's.
_POSTS: Final[tuple[tuple[str, str, date, date | None, bool, bool], ...]] = (
    ("S01", "530102000-00-01", _START, None, True, True),
    ("S02", "530102000-00-01", _START, None, False, False),
    ("S03", "530102000-00-02", _START, None, False, False),
    # Moves from a general window to a department's in mid-month, and back the next.
    ("S04", "530102000-00-02", _START, date(2026, 4, 15), False, False),
    ("S04", "530102000-00-03", date(2026, 4, 16), date(2026, 5, 10), False, True),
    ("S04", "530102000-00-02", date(2026, 5, 11), None, False, False),
    ("S05", "530102001-00-01", _START, None, False, False),
    ("S06", "530102001-00-02", _START, None, True, False),
    ("S07", "530102001-00-02", _START, None, False, True),
    # To another street, for good.
    ("S08", "530102001-00-01", _START, date(2026, 8, 31), True, False),
    ("S08", "530102002-00-01", date(2026, 9, 1), None, True, False),
    ("S09", "530102002-00-01", _START, None, False, False),
    ("S10", "530102002-00-02", _START, None, True, False),
    # Two windows at once, held equally long: the later post is the main one.
    ("S11", "530102001-01-01", _START, None, False, False),
    ("S11", "530102001-02-01", date(2026, 3, 1), date(2026, 3, 31), False, False),
    ("S12", "530102001-02-01", _START, None, True, False),
    ("S13", "530102002-01-01", _START, date(2026, 10, 20), False, False),
    # Comes in the summer; the last of the year has nobody else.
    ("S14", "530102002-01-01", date(2026, 6, 10), None, False, False),
)
STAFF: Final = tuple(dict.fromkeys(post[0] for post in _POSTS))
_POOLS: Final = {code: pool for code, pool, _ in _WINDOWS}


def registry() -> Registry:
    """As the product has it. S15 to S17 are staff without a post."""
    return Registry(
        streets={code: Street(code=code, name=code, level=_level(code)) for code in STREETS},
        sites={code: Site(code=code, street=code[:9], name=code, level=level) for code, level in _SITES},
        windows={code: _window(code, pool, department) for code, pool, department in _WINDOWS},
        departments={"D01": Department(code="D01", name="D01")},
        items={code: _item(code, minutes) for code, minutes in ITEMS.items()},
        staff={code: Staff(code=code, display=code) for code in (*STAFF, "S15", "S16", "S17")},
        posts=tuple(_post(*post) for post in _POSTS),
    )


def _level(street: str) -> Literal["district", "street"]:
    return "district" if street == STREETS[0] else "street"


def _window(code: str, pool: Pool, department: str) -> Window:
    kind: WindowKind = "department" if department else "general"
    return Window(code=code, site=code[:12], name=code, kind=kind, pool=pool, department=department)


def _item(code: str, minutes: float) -> Item:
    about: dict[str, Any] = {"department": "D01", "level": "street", "promise_days": 1, "everywhere": True}
    return Item(code=code, name=code, std_minutes=minutes, **about)


def _post(staff: str, window: str, first: date, last: date | None, lead: bool, pioneer: bool) -> Post:
    spell: dict[str, Any] = {"valid_from": first, "valid_to": last}
    about: dict[str, Any] = {"employment": "own", "pioneer": pioneer, "lead": lead}
    return Post(staff=staff, window=window, pool=_POOLS[window], **spell, **about)


def recounted() -> recount.District:
    """As the recount has it."""
    return recount.District(
        {code: recount.Site(code, code[:9], level) for code, level in _SITES},
        {code: recount.Window(code, code[:12], department) for code, _, department in _WINDOWS},
        {code: round(Fraction(str(minutes)) * 60_000) for code, minutes in ITEMS.items()},
        tuple(
            recount.Post(staff, window, _POOLS[window], first, last, pioneer, lead)
            for staff, window, first, last, lead, pioneer in _POSTS
        ),
    )


def posted(window: str, day: date) -> tuple[str, ...]:
    """Who holds a post at a window on a day."""
    return tuple(
        staff
        for staff, at, first, last, _, _ in _POSTS
        if at == window and first <= day and (last is None or day <= last)
    )
