"""What the registry says, as plain rows."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Site:
    code: str
    street: str
    tier: str


@dataclass(frozen=True, slots=True)
class Window:
    code: str
    site: str
    department: str


@dataclass(frozen=True, slots=True)
class Post:
    """Who is at which window; the last day is one of the post's, None is open-ended."""

    staff: str
    window: str
    pool: str
    valid_from: date
    valid_to: date | None = None
    pioneer: bool = False
    lead: bool = False

    def held_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class District:
    """Sites and windows by code, the standard time of items in milliseconds, and posts."""

    sites: dict[str, Site] = field(default_factory=dict)
    windows: dict[str, Window] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)
    posts: tuple[Post, ...] = ()

    @staticmethod
    def load(folder: Path) -> "District":
        """The district of a registry folder."""
        return District(
            {row["code"]: Site(row["code"], row["street"], row["level"]) for row in _rows(folder, "sites")},
            {row["code"]: Window(row["code"], row["site"], row["department"]) for row in _rows(folder, "windows")},
            {row["code"]: round(Fraction(row["std_minutes"]) * 60_000) for row in _rows(folder, "items")},
            tuple(
                Post(
                    row["staff"],
                    row["window"],
                    row["pool"],
                    date.fromisoformat(row["valid_from"]),
                    date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
                    row["pioneer"] == "1",
                    row.get("lead") == "1",
                )
                for row in _rows(folder, "posts")
            ),
        )


def _rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)
