"""Annexes by street: a table of its sites and one of its staff."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from sinks.reports.document import Annex, Block, Table
from sinks.reports.figures.names import DISTRICT, Names


class _OfStreet(Protocol):
    @property
    def street(self) -> str: ...


_Site = TypeVar("_Site", bound=_OfStreet)
_Person = TypeVar("_Person", bound=_OfStreet)


def streets_of(names: Names) -> list[str]:
    """Codes of streets that have sites: the district's own first, then by code."""
    tiers = {site.street: False for site in names.sites.values()}
    tiers |= {site.street: True for site in names.sites.values() if site.tier == DISTRICT}
    return sorted(tiers, key=lambda street: (not tiers[street], street))


def street_annexes(
    title: str,
    names: Names,
    sites: Sequence[_Site],
    staff: Sequence[_Person],
    site_table: Callable[[str, Sequence[_Site]], Table],
    staff_table: Callable[[str, Sequence[_Person]], Table],
) -> tuple[Annex, ...]:
    """One for each street, numbered below `title`; the tables are made of a street's name and what it has."""
    annexes = []
    for number, street in enumerate(streets_of(names), 1):
        name = names.street(street)
        of_street = [one for one in sites if one.street == street]
        people = [one for one in staff if one.street == street]
        blocks: list[Block] = []
        if of_street:
            blocks.append(site_table(name, of_street))
        if people:
            blocks.append(staff_table(name, people))
        annexes.append(Annex(f"{title} 附表{number}", f"{name}站点和人员情况表", tuple(blocks), landscape=True))
    return tuple(annexes)
