"""The sample district is the one of 五政务函〔2023〕3号, and its files are what the generator writes."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path

from deploy.district import FOLDER
from deploy.district.generate import HEADERS, generate
from deploy.simulator.office import EXAM_RULE, RULES
from schemas.registry import Registry

_DAYS = (date(2026, 10, 1), date(2026, 10, 14), date(2026, 10, 15), date(2027, 6, 1))


def test_one_centre_ten_streets_and_99_stations(district: Registry) -> None:
    assert Counter(site.level for site in district.sites.values()) == {"district": 1, "street": 10, "community": 99}
    assert list(district.streets) == [f"530102{number:03d}" for number in range(11)]
    names = ["华山", "护国", "大观", "龙翔", "丰宁", "莲华", "红云", "黑林铺", "普吉", "西翥"]
    assert [street.name for street in district.streets.values()][1:] == [f"{name}街道" for name in names]
    assert len({site.name for site in district.sites.values()}) == 110


def test_windows_per_site_and_in_all(district: Registry) -> None:
    windows = Counter(window.site for window in district.windows.values())
    assert {windows[site.code] for site in district.sites.values() if site.level == "street"} == {3, 4, 5}
    assert {windows[site.code] for site in district.sites.values() if site.level == "community"} == {1, 2}
    assert len(district.windows) == 300


def test_33_departments_all_with_windows_in_the_centre(district: Registry) -> None:
    assert len(district.departments) == 33
    assert {window.department for window in district.windows_of("530102000-00")} - {""} == set(district.departments)


def test_926_82_and_56_items_of_which_20_everywhere(district: Registry) -> None:
    assert len(district.items_at("district")) == 926
    assert len(district.items_at("street")) == 82
    assert len(district.items_at("community")) == 56
    assert sum(item.everywhere for item in district.items.values()) == 20
    assert len({item.name for item in district.items.values()}) == len(district.items)


def test_every_window_has_one_or_two_staff_on_any_day_and_nobody_two_windows(district: Registry) -> None:
    for day in _DAYS:
        posted = [post for post in district.posts if post.holds_on(day)]
        assert set(Counter(post.window for post in posted).values()) == {1, 2}
        assert len({post.window for post in posted}) == len(district.windows)
        assert set(Counter(post.staff for post in posted).values()) == {1}
        assert all(post.pool == district.windows[post.window].pool for post in posted)


def test_staff_have_no_names(district: Registry) -> None:
    assert all(staff.display == f"工号{staff.code[1:]}" for staff in district.staff.values())


def test_the_files_are_what_the_generator_writes(tmp_path: Path) -> None:
    generate(tmp_path)
    for name in HEADERS:
        assert (tmp_path / f"{name}.csv").read_bytes() == (FOLDER / f"{name}.csv").read_bytes(), name


def test_every_conduct_code_is_documented() -> None:
    text = (FOLDER.parent / "simulator" / "README.md").read_text(encoding="utf-8")
    for rule in (*RULES, EXAM_RULE):
        assert f"| `{rule.code}` | {rule.text} | {rule.target} |" in text
