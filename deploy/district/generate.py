"""Writes the sample district's registry: `python -m deploy.district.generate`. The same files every time.

Counts are those of 五政务函〔2023〕3号: 33 departments and 926 items in the centre, ten street centres with 82 items
and 3–5 windows each, 99 community stations with 56 items and 1–2 windows each, 20 items handled everywhere. The
letter does not tell how many windows the centre has: 115 here, so that the district has 300.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path
from random import Random

from deploy.district import FOLDER
from deploy.district.matters import (
    COMMUNITY_ACTIONS,
    COMMUNITY_MATTERS,
    EVERYWHERE,
    OFFICES,
    STREET_ACTIONS,
    STREET_MATTERS,
)
from deploy.district.names import CENTRE, DISTRICT, STREETS

Row = tuple[object, ...]

_SEED = 530102
_CENTRE_GENERAL = 38
_STREET_WINDOWS = (4, 4, 5, 4, 4, 5, 5, 4, 3, 3)
_STATIONS_WITH_TWO = 45
_CENTRE_ITEMS = 906  # 926 with the 20 handled everywhere
_PROMISES = (0, 0, 0, 0, 0, 1, 3, 5, 7, 10, 15, 20)
_SINCE = "2024-01-01"
# In the middle of the sample month five pairs of staff change places, so that somebody has two posts in it.
_ROTATED_UNTIL, _ROTATED_SINCE, _ROTATED_PAIRS = "2026-10-14", "2026-10-15", 5

HEADERS = {
    "streets": ("code", "name", "level"),
    "sites": ("code", "street", "name", "level"),
    "windows": ("code", "site", "name", "kind", "pool", "department"),
    "departments": ("code", "name"),
    "items": ("code", "name", "department", "level", "promise_days", "std_minutes", "everywhere"),
    "staff": ("code", "display"),
    "posts": ("staff", "window", "pool", "employment", "pioneer", "valid_from", "valid_to", "lead"),
}


def generate(folder: Path) -> None:
    """Writes the seven CSV files into a folder."""
    dice = Random(_SEED)
    streets: list[Row] = [(f"{DISTRICT}000", CENTRE, "district")]
    sites: list[Row] = [(f"{DISTRICT}000-00", f"{DISTRICT}000", CENTRE, "district")]
    for number, (street, communities) in enumerate(STREETS.items(), 1):
        code = f"{DISTRICT}{number:03d}"
        streets.append((code, f"{street}街道", "street"))
        sites.append((f"{code}-00", code, f"{street}街道便民服务中心", "street"))
        for place, community in enumerate(communities.split(), 1):
            sites.append((f"{code}-{place:02d}", code, f"{street}街道{community}社区便民服务站", "community"))
    windows = _windows(sites, dice)
    staff, posts = _staff(windows, dice)
    tables: dict[str, list[Row]] = {
        "streets": streets,
        "sites": sites,
        "windows": windows,
        "departments": [(_department(place), office.name) for place, office in enumerate(OFFICES)],
        "items": _items(dice),
        "staff": staff,
        "posts": posts,
    }
    for name, rows in tables.items():
        _write(folder / f"{name}.csv", HEADERS[name], rows)


def _department(place: int) -> str:
    return f"D{place + 1:02d}"


def _windows(sites: Sequence[Row], dice: Random) -> list[Row]:
    stations = [site for site, _, _, level in sites if level == "community"]
    with_two = set(dice.sample(stations, _STATIONS_WITH_TWO))
    street_windows = iter(_STREET_WINDOWS)
    windows: list[Row] = []
    for site, _, _, level in sites:
        if level == "district":
            general, pool = _CENTRE_GENERAL, "centre_general"
        elif level == "street":
            general, pool = next(street_windows), "street"
        else:
            general, pool = (2 if site in with_two else 1), "community"
        windows += [
            (f"{site}-{number:02d}", site, f"{number}号综合窗口", "general", pool, "")
            for number in range(1, general + 1)
        ]
        if level == "district":
            windows += _department_windows(site, general)
    return windows


def _department_windows(site: object, number: int) -> list[Row]:
    windows: list[Row] = []
    for place, office in enumerate(OFFICES):
        for _ in range(office.windows):
            number += 1
            name = f"{number}号窗口（{office.name}）"
            windows.append((f"{site}-{number:02d}", site, name, "department", "centre_department", _department(place)))
    return windows


def _items(dice: Random) -> list[Row]:
    share, rest = divmod(_CENTRE_ITEMS, len(OFFICES))
    matters: list[tuple[str, int, str, bool]] = [(name, place, "district", True) for name, place in EVERYWHERE]
    for place, office in enumerate(OFFICES):
        names = [f"{matter}（{action}）" for matter, action in product(office.matters.split(), office.actions)]
        matters += [(name, place, "district", False) for name in names[: share + (place < rest)]]
    for level, pairs, actions in (
        ("street", STREET_MATTERS, STREET_ACTIONS),
        ("community", COMMUNITY_MATTERS, COMMUNITY_ACTIONS),
    ):
        matters += [
            (f"{matter}（{action}）", place, level, False) for (matter, place), action in product(pairs, actions)
        ]
    return [
        (
            f"IT-{number:04d}",
            name,
            _department(place),
            level,
            dice.choice(_PROMISES),
            dice.randint(4, 9) if level == "district" else dice.randint(5, 12),
            int(everywhere),
        )
        for number, (name, place, level, everywhere) in enumerate(matters, 1)
    ]


def _staff(windows: Sequence[Row], dice: Random) -> tuple[list[Row], list[Row]]:
    posts: list[Row] = []
    for window, _, _, kind, pool, _ in windows:
        for _ in range(2 if dice.random() < 0.4 else 1):
            code = f"S{len(posts) + 1:04d}"
            seconded = dice.random() < (0.9 if kind == "department" else 0.15)
            pioneer = int(dice.random() < 0.1)
            # The first at a site's first window leads it.
            lead = int(str(window).endswith("-01") and (not posts or posts[-1][1] != window))
            posts.append((code, window, pool, "seconded" if seconded else "own", pioneer, _SINCE, "", lead))
    staff: list[Row] = [(code, f"工号{str(code)[1:]}") for code, *_ in posts]
    return staff, _rotate(posts, dice)


def _rotate(posts: list[Row], dice: Random) -> list[Row]:
    """Neighbours within a pool change places."""
    pairs = [place for place in range(len(posts) - 1) if posts[place][1:3] != posts[place + 1][1:3]]
    pairs = [place for place in pairs if posts[place][2] == posts[place + 1][2]]
    rotated = list(posts)
    # Every tenth, so that nobody is in two pairs.
    for place in sorted(dice.sample(pairs[::10], _ROTATED_PAIRS)):
        for mine, other in ((place, place + 1), (place + 1, place)):
            rotated[mine] = (*posts[mine][:5], _SINCE, _ROTATED_UNTIL, posts[mine][7])
            rotated.append((posts[mine][0], *posts[other][1:3], *posts[mine][3:5], _ROTATED_SINCE, "", posts[other][7]))
    return rotated


def _write(path: Path, header: Sequence[str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    generate(FOLDER)
