"""The registry: what a district consists of. A folder of CSV files (UTF-8, one header line) in, a `Registry` out.

Streets have sites, sites have windows, staff have posts at windows, departments have items. A row that is malformed or
refers to something unknown is a `RegistryError` that names file, line and field.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

SiteLevel = Literal["district", "street", "community"]
WindowKind = Literal["general", "department"]
# Staff are compared within their pool: the centre's 综窗, its department windows, streets, communities.
Pool = Literal["centre_general", "centre_department", "street", "community"]

_Code = Annotated[str, Field(min_length=1, max_length=64)]
_StreetCode = Annotated[str, Field(pattern=r"^[0-9]{9}$")]
_Name = Annotated[str, Field(min_length=1, max_length=100)]
_OpenEnd = Annotated[date | None, BeforeValidator(lambda text: text or None)]


class RegistryError(ValueError):
    """The registry can't be used; the message names the file, the line and the field."""

    def __init__(self, file: str, line: int, field: str, detail: str) -> None:
        super().__init__(f"{file}:{line}: {field}: {detail}")
        self.file = file
        self.line = line
        self.field = field


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Street(_Row):
    """A street; the district's own centre is a street of its own (level `district`)."""

    code: _StreetCode
    name: _Name
    level: Literal["district", "street"]


class Site(_Row):
    """A centre or station of a street."""

    code: _Code
    street: _StreetCode
    name: _Name
    level: SiteLevel


class Window(_Row):
    """A window of a site. `general` is a 综窗; a department's window names its department."""

    code: _Code
    site: _Code
    name: _Name
    kind: WindowKind
    pool: Pool
    department: str


class Department(_Row):
    code: _Code
    name: _Name


class Item(_Row):
    """A matter (事项) that sites of `level` handle, or with `everywhere` sites of all levels (全区通办).

    `promise_days` are workdays; 0 is 即办件.
    """

    code: _Code
    name: _Name
    department: _Code
    level: SiteLevel
    promise_days: Annotated[int, Field(ge=0, le=365)]
    std_minutes: Annotated[float, Field(gt=0, le=480)]
    everywhere: bool

    def handled_at(self, level: SiteLevel) -> bool:
        return self.everywhere or self.level == level


class Staff(_Row):
    """A member of staff: a code and what to show for it (工号), never a name."""

    code: _Code
    display: _Name


class Post(_Row):
    """A member of staff at a window, from a day to a day (both included; open without `valid_to`).

    `lead`: who leads the site, and bears a share of what is said of it; a column that may be missing.
    """

    staff: _Code
    window: _Code
    pool: Pool
    employment: Literal["own", "seconded"]
    pioneer: bool
    valid_from: date
    valid_to: _OpenEnd
    lead: bool = False

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


_RowT = TypeVar("_RowT", bound=_Row)


@dataclass(frozen=True, slots=True)
class Registry:
    """A district, by code; `posts` in the file's order."""

    streets: Mapping[str, Street]
    sites: Mapping[str, Site]
    windows: Mapping[str, Window]
    departments: Mapping[str, Department]
    items: Mapping[str, Item]
    staff: Mapping[str, Staff]
    posts: tuple[Post, ...]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The registry of a folder. Raises RegistryError."""
        streets = _by_code(folder, "streets", Street)
        sites = _by_code(folder, "sites", Site, {"street": streets})
        departments = _by_code(folder, "departments", Department)
        windows = _by_code(folder, "windows", Window, {"site": sites, "department": departments})
        items = _by_code(folder, "items", Item, {"department": departments})
        staff = _by_code(folder, "staff", Staff)
        return cls(streets, sites, windows, departments, items, staff, _posts(folder, staff, windows))

    def windows_of(self, site: str) -> tuple[Window, ...]:
        """A site's windows."""
        return tuple(window for window in self.windows.values() if window.site == site)

    def items_at(self, level: SiteLevel) -> tuple[Item, ...]:
        """What sites of a level handle."""
        return tuple(item for item in self.items.values() if item.handled_at(level))

    def posts_at(self, window: str, day: date) -> tuple[Post, ...]:
        """Who is posted at a window on a day."""
        return tuple(post for post in self.posts if post.window == window and post.holds_on(day))


def _by_code(
    folder: Path, name: str, model: type[_RowT], known: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, _RowT]:
    """Rows by their code. `known`: the fields that refer to another file, and that file's codes."""
    rows: dict[str, _RowT] = {}
    file = f"{name}.csv"
    for line, row in _rows(folder / file, model):
        fields = row.model_dump()
        code = fields["code"]
        if code in rows:
            raise RegistryError(file, line, "code", f"{code} is there twice")
        for field, codes in (known or {}).items():
            _refer(file, line, field, fields[field], codes)
        _belongs(file, line, fields)
        rows[code] = row
    return rows


def _posts(folder: Path, staff: Mapping[str, Staff], windows: Mapping[str, Window]) -> tuple[Post, ...]:
    posts: dict[tuple[str, str, date], Post] = {}
    file = "posts.csv"
    for line, post in _rows(folder / file, Post):
        _refer(file, line, "staff", post.staff, staff)
        _refer(file, line, "window", post.window, windows)
        if post.valid_to is not None and post.valid_to < post.valid_from:
            raise RegistryError(file, line, "valid_to", f"{post.valid_to} is before valid_from {post.valid_from}")
        key = (post.staff, post.window, post.valid_from)
        if key in posts:
            raise RegistryError(file, line, "staff", f"{post.staff} at {post.window} from that day is there twice")
        posts[key] = post
    return tuple(posts.values())


def _refer(file: str, line: int, field: str, code: str, codes: Mapping[str, Any]) -> None:
    # Only a window's department may be empty; every other reference is a code, which the model has checked.
    if code and code not in codes:
        raise RegistryError(file, line, field, f"{code} is unknown")


def _belongs(file: str, line: int, fields: Mapping[str, Any]) -> None:
    """Codes carry their parent as a prefix, or every event of theirs would be `misplaced` (contract §3)."""
    for parent in ("street", "site"):
        if parent in fields and not fields["code"].startswith(fields[parent]):
            raise RegistryError(file, line, "code", f"{fields['code']} does not start with its {parent}'s code")
    if "kind" in fields and (fields["kind"] == "department") != bool(fields["department"]):
        raise RegistryError(file, line, "department", "needed for a department's window, and for no other")


def _rows(path: Path, model: type[_RowT]) -> Iterator[tuple[int, _RowT]]:
    """(line number, row) of every row of a file."""
    try:
        # utf-8-sig: spreadsheets put a byte order mark before UTF-8.
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RegistryError(path.name, 1, "file", f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RegistryError(path.name, 1, "file", f"{path}: not UTF-8 (byte {error.start})") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    header = reader.fieldnames or []
    for field, info in model.model_fields.items():
        if field not in header and info.is_required():
            raise RegistryError(path.name, 1, field, "no such column")
    try:
        for fields in reader:
            if None in fields:
                raise RegistryError(path.name, reader.line_num, header[-1], "more values than columns")
            yield reader.line_num, model.model_validate(fields)
    except csv.Error as error:
        raise RegistryError(path.name, reader.reader.line_num, "row", str(error)) from error
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        field = str(fault["loc"][0])
        raise RegistryError(path.name, reader.line_num, field, f"{fault['msg']}: {fault['input']!r}") from error
