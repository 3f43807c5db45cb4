"""What stays the same from day to day: who queues where for what, and what each window is like."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from deploy.simulator.dice import dice_of, table
from schemas.moments import MINUTE
from schemas.registry import Item, Pool, Post, Registry, Site, Window

# Visitors per window and average workday.
VISITS: Final[dict[Pool, float]] = {"centre_general": 49, "centre_department": 42, "street": 43, "community": 32}

# Five windows are bad, at two the staff press the buttons themselves: one of each pool named.
_BAD: Final[tuple[Pool, ...]] = ("centre_general", "centre_department", "street", "community", "community")
_COACHED: Final[tuple[Pool, ...]] = ("centre_general", "street")


@dataclass(frozen=True, slots=True)
class Matter:
    """An item as a visitor brings it: its JSON member, what it takes, and the workdays it is promised within."""

    member: str
    std_ms: float
    promise_days: int


@dataclass(frozen=True, slots=True)
class Counter:
    """A window: where it is (`place`: the envelope's members), its rating terminal, and how it is rated.

    Of its services `share` are rated; of these `bad` badly, `basic` basically satisfied, `good` satisfied, the others
    very satisfied. `coached`: its staff press the button themselves.
    """

    code: str
    place: str
    terminal: str
    knows_staff: bool
    share: float
    bad: float
    basic: float
    good: float
    coached: bool
    posts: tuple[Post, ...]

    def staff_on(self, day: date) -> tuple[str, ...]:
        """Who is posted here on a day."""
        return tuple(post.staff for post in self.posts if post.holds_on(day))


@dataclass(frozen=True, slots=True)
class Line:
    """Windows that share a queue, what people come for (a table to pick from), and how many of them a day."""

    counters: tuple[Counter, ...]
    matters: tuple[Matter, ...]
    visits: float


@dataclass(frozen=True, slots=True)
class Hall:
    """A site. `walk_ins` is the share of visitors without a ticket; `channel` is what its terminals are."""

    code: str
    number: int
    place: str
    level: str
    lines: tuple[Line, ...]
    walk_ins: float
    channel: str


def halls_of(registry: Registry, seed: int, unstaffed: str = "") -> tuple[Hall, ...]:
    """The registry's sites in its order, with traits that the seed decides. At the window `unstaffed` nobody sits."""
    odd = _one_of_each(registry, (*_BAD, *_COACHED), seed)
    bad, coached = odd[: len(_BAD)], odd[len(_BAD) :]
    posts: dict[str, list[Post]] = {code: [] for code in registry.windows}
    for post in registry.posts:
        posts[post.window].append(post)
    numbers = {code: number for number, code in enumerate(registry.windows, 1)}

    def counter(window: Window, street: str) -> Counter:
        dice = dice_of(seed, window.code)
        return Counter(
            window.code,
            f'"street":"{street}","site":"{window.site}","window":"{window.code}"',
            f"terminal/DG-{numbers[window.code]:05d}",
            knows_staff=window.pool != "community" or dice.random() < 0.4,
            share=0.995 if window.code in coached else dice.uniform(0.48, 0.72),
            bad=dice.uniform(0.085, 0.11) if window.code in bad else dice.uniform(0.002, 0.008),
            basic=dice.uniform(0.01, 0.03),
            good=dice.uniform(0.07, 0.16),
            coached=window.code in coached,
            posts=() if window.code == unstaffed else tuple(posts[window.code]),
        )

    def hall(site: Site, number: int) -> Hall:
        dice = dice_of(seed, site.code)
        queues: dict[str, list[Window]] = {}
        for window in registry.windows_of(site.code):
            queues.setdefault(window.department, []).append(window)
        return Hall(
            site.code,
            number,
            f'"street":"{site.street}","site":"{site.code}"',
            site.level,
            tuple(
                Line(
                    tuple(counter(window, site.street) for window in windows),
                    _matters(registry.items_at(site.level), department, f"{seed}/{site.level}"),
                    sum(VISITS[window.pool] for window in windows) * dice.uniform(0.8, 1.2),
                )
                for department, windows in queues.items()
            ),
            walk_ins=0.15 if site.level == "community" else 0.01,
            channel="hall_pad" if dice.random() < 0.2 else "hall_terminal",
        )

    return tuple(hall(site, number) for number, site in enumerate(registry.sites.values()))


def _one_of_each(registry: Registry, pools: Iterable[Pool], seed: int) -> list[str]:
    """A different window for each pool named; an empty text where a small registry has none left."""
    dice = dice_of(seed, "odd windows")
    chosen: list[str] = []
    for pool in pools:
        left = [code for code, window in registry.windows.items() if window.pool == pool and code not in chosen]
        chosen.append(dice.choice(left) if left else "")
    return chosen


def _matters(items: Sequence[Item], department: str, seed: str) -> tuple[Matter, ...]:
    """A table of what people come for: few items make up most visits (Zipf). A 综窗 (no department) takes all."""
    mine = [item for item in items if not department or item.department == department] or list(items)
    dice_of(seed, department, "items").shuffle(mine)
    return table(
        (Matter(f'"item":"{item.code}"', item.std_minutes * MINUTE, item.promise_days), 1 / (rank + 4))
        for rank, item in enumerate(mine)
    )
