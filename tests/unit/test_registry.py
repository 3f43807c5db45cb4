"""A registry folder: what it becomes, and how it says what is wrong with it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from schemas.registry import Registry, RegistryError

_FILES = {
    "streets": "code,name,level\n530102000,中心,district\n530102001,华山街道,street\n",
    "sites": "code,street,name,level\n530102000-00,530102000,中心,district\n530102001-01,530102001,某社区,community\n",
    "departments": "code,name\nD01,区民政局\n",
    "windows": (
        "code,site,name,kind,pool,department\n"
        "530102000-00-01,530102000-00,1号,department,centre_department,D01\n"
        "530102001-01-01,530102001-01,1号,general,community,\n"
    ),
    "items": (
        "code,name,department,level,promise_days,std_minutes,everywhere\n"
        "IT-0001,低保,D01,district,0,6,1\nIT-0002,登记,D01,district,5,7.5,0\nIT-0003,说明,D01,community,0,5,0\n"
    ),
    "staff": "code,display\nS0001,工号0001\nS0002,工号0002\n",
    "posts": (
        "staff,window,pool,employment,pioneer,valid_from,valid_to\n"
        "S0001,530102000-00-01,centre_department,seconded,1,2026-01-01,2026-06-30\n"
        "S0002,530102000-00-01,centre_department,own,0,2026-06-30,\n"
    ),
}

_POST = "S0001,530102000-00-01,street,own,0,2026-01-01"  # of whom and where there is one already, from that day


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in _FILES.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def test_a_folder_becomes_lookups_by_code(folder: Path) -> None:
    registry = Registry.load(folder)
    assert registry.windows["530102001-01-01"].site == "530102001-01"
    assert registry.items["IT-0002"].std_minutes == 7.5
    assert registry.posts[0].pioneer is True
    assert "530102001-99" not in registry.sites
    assert [window.code for window in registry.windows_of("530102000-00")] == ["530102000-00-01"]


def test_items_handled_everywhere_are_handled_at_every_level(folder: Path) -> None:
    registry = Registry.load(folder)
    assert [item.code for item in registry.items_at("district")] == ["IT-0001", "IT-0002"]
    assert [item.code for item in registry.items_at("street")] == ["IT-0001"]
    assert [item.code for item in registry.items_at("community")] == ["IT-0001", "IT-0003"]


def test_a_post_holds_on_its_first_and_last_day(folder: Path) -> None:
    registry = Registry.load(folder)

    def posted(day: date) -> list[str]:
        return [post.staff for post in registry.posts_at("530102000-00-01", day)]

    assert posted(date(2025, 12, 31)) == []
    assert posted(date(2026, 1, 1)) == ["S0001"]
    assert posted(date(2026, 6, 30)) == ["S0001", "S0002"]
    assert posted(date(2030, 1, 1)) == ["S0002"]


def test_a_byte_order_mark_and_quoted_line_breaks_are_taken(folder: Path) -> None:
    text = 'code,name\nD01,"区民政局\n（含婚姻登记）"\n'
    (folder / "departments.csv").write_text(text, encoding="utf-8-sig")
    assert "婚姻登记" in Registry.load(folder).departments["D01"].name


@pytest.mark.parametrize(
    ("name", "old", "new", "line", "field"),
    [
        ("streets", "530102001,", "53010200,", 3, "code"),
        ("streets", ",street\n", ",town\n", 3, "level"),
        ("streets", "level", "tier", 1, "level"),
        ("sites", "530102001-01,530102001", "530102001-01,530102009", 3, "street"),
        ("sites", "530102001-01,", "530102002-01,", 3, "code"),
        ("departments", "区民政局", "", 2, "name"),
        ("windows", ",530102001-01,", ",530102001-07,", 3, "site"),
        ("windows", "530102001-01-01,", "530102001-02-01,", 3, "code"),
        ("windows", ",D01", ",D99", 2, "department"),
        ("windows", "general", "department", 3, "department"),
        ("windows", "department,D01", "department,", 2, "department"),
        ("windows", ",community,", ",village,", 3, "pool"),
        ("items", "IT-0003", "IT-0002", 4, "code"),
        ("items", "IT-0002,登记,D01", "IT-0002,登记,D02", 3, "department"),
        ("items", "7.5,0", "0,0", 3, "std_minutes"),
        ("items", "district,5", "district,soon", 3, "promise_days"),
        ("items", "7.5,0\n", "7.5\n", 3, "everywhere"),
        ("items", "7.5,0\n", "7.5,0,7\n", 3, "everywhere"),
        ("staff", "S0002,工号0002", "S0002", 3, "display"),
        ("staff", "display\n", "display,name\n", 2, "name"),
        ("posts", "S0002,", "S0009,", 3, "staff"),
        ("posts", "S0002,530102000-00-01", "S0002,530102000-00-09", 3, "window"),
        ("posts", "2026-06-30\n", "2025-06-30\n", 2, "valid_to"),
        ("posts", "2026-01-01", "01.01.2026", 2, "valid_from"),
        ("posts", "S0002,530102000-00-01,centre_department,own,0,2026-06-30", _POST, 3, "staff"),
        ("posts", "seconded", "borrowed", 2, "employment"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_file_line_and_field(
    folder: Path, name: str, old: str, new: str, line: int, field: str
) -> None:
    assert old in _FILES[name]
    (folder / f"{name}.csv").write_text(_FILES[name].replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RegistryError, match=rf"^{name}\.csv:{line}: {field}: ") as caught:
        Registry.load(folder)
    assert (caught.value.file, caught.value.line, caught.value.field) == (f"{name}.csv", line, field)


def test_a_missing_file_and_one_in_another_encoding_are_told(folder: Path) -> None:
    (folder / "staff.csv").write_bytes("code,display\nS0001,工号".encode("gbk"))
    with pytest.raises(RegistryError, match=r"^staff\.csv:1: file: .*not UTF-8"):
        Registry.load(folder)
    (folder / "staff.csv").unlink()
    with pytest.raises(RegistryError, match=r"^staff\.csv:1: file: .*No such file"):
        Registry.load(folder)


def test_broken_quotes_are_told_by_their_line(folder: Path) -> None:
    (folder / "departments.csv").write_text('code,name\nD01,"区民"政局\n', encoding="utf-8")
    with pytest.raises(RegistryError, match=r"^departments\.csv:2: row: "):
        Registry.load(folder)
