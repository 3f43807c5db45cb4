"""What codes are called, by the registry. Staff have no names, only numbers (工号)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from sinks.reports.figures.rows import Database, read

DISTRICT: Final = "district"
STREET: Final = "street"
COMMUNITY: Final = "community"


@dataclass(frozen=True, slots=True)
class Site:
    """A centre or station; `tier` is district, street or community."""

    site: str
    street: str
    name: str
    tier: str


@dataclass(frozen=True, slots=True)
class _Named:
    kind: str
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Names:
    """By code; a code that the registry doesn't know is its own name."""

    sites: Mapping[str, Site]
    streets: Mapping[str, str]
    departments: Mapping[str, str]
    numbers: Mapping[str, str]

    @classmethod
    def of(cls, database: Database) -> Self:
        sites = read(database, Site, "pingliu.sites ORDER BY site")
        kinds: dict[str, dict[str, str]] = {"street": {}, "department": {}, "staff": {}}
        for row in read(database, _Named, "pingliu.registry WHERE kind IN ('street', 'department', 'staff')"):
            kinds[row.kind][row.code] = row.name
        return cls({site.site: site for site in sites}, kinds["street"], kinds["department"], kinds["staff"])

    def site(self, code: str) -> str:
        return self.sites[code].name if code in self.sites else code

    def street(self, code: str) -> str:
        return self.streets.get(code, code)

    def department(self, code: str) -> str:
        return self.departments.get(code, code)

    def number(self, staff: str) -> str:
        """The 工号 of a member of staff."""
        return self.numbers.get(staff, staff)

    def station(self, code: str) -> str:
        """A station's name without its street's before it, for where the street is said beside it."""
        name = self.site(code)
        if code not in self.sites or self.sites[code].tier != COMMUNITY:
            return name
        return name.removeprefix(self.street(self.sites[code].street)) or name

    def centre(self) -> str:
        """The district's own centre."""
        return next((site.name for site in self.sites.values() if site.tier == DISTRICT), "")
