"""The tables of the adapters: `NAME.toml` beside this file, and what a district says otherwise in `adapters.toml`.

A district's file lies in the registry's folder, and need not be there. Its sections are the tables of the adapters, and
say only what differs: in `[upload.channels]` that `5 = "kiosk"`, in `[queue.places]` where a window is.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as Tables
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from schemas.data import Channel, Kind
from schemas.levels import Level
from schemas.registry import Registry

NAMES: Final[tuple[str, ...]] = ("gbt39046", "upload", "keybox", "pad", "queue")
FILE: Final = "adapters.toml"

# What a record says, by our own names; a mapping says under which of the vendor's it is found.
Field = Literal[
    "case", "visit", "record", "ticket", "queued", "number", "issued_at", "time", "level", "channel", "tags", "comment",
    "rater", "round", "site", "window", "staff", "error", "state", "action", "type", "source", "reservation",
    "priority", "call_no", "to_window", "reason",
]  # fmt: skip
TicketChannel = Literal["kiosk", "mobile", "appointment", "counter"]
Pause = Literal["meal", "meeting", "material", "system", "other"]
# What happened at a window, by the type of its event; the contract has none for a visitor who is put aside (挂起).
Happening = Literal[
    "ticket.called", "ticket.abandoned", "ticket.transferred", "service.completed", "window.opened", "window.paused",
    "window.resumed", "window.closed", "no_event",
]  # fmt: skip

TIME_PARTS: Final = ("YYYY", "MM", "DD", "hh", "mm", "ss")


def _is_form(form: str) -> str:
    if any(form.count(part) != 1 for part in TIME_PARTS):
        raise ValueError(f"a form of time has each of {', '.join(TIME_PARTS)} once")
    return form


_Names = Annotated[tuple[str, ...], BeforeValidator(lambda name: (name,) if isinstance(name, str) else name)]


class MappingError(ValueError):
    """A district's tables can't be used; the message names the file, the table and the code."""


class Mapping(BaseModel):
    """One adapter's tables, by the vendor's codes as text. `times`: forms of a moment, as YYYY-MM-DD hh:mm:ss.

    `fields`: the vendor's names of a field; the first that a record has counts. `keep`: the vendor's own fields that
    name nobody, kept in `data`. `nobody`: what stands for a rater where there is none. `forms`: whether records come as
    HTML forms too. `instead`: on the way out, the channel whose code stands for one that has no code.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fields: dict[Field, _Names]
    times: tuple[Annotated[str, AfterValidator(_is_form)], ...]
    keep: tuple[str, ...] = ()
    nobody: frozenset[str] = frozenset()
    separator: Literal[",", "|", ";", "、", "，", "；"] = ","
    forms: bool = False
    channel: Channel | None = None
    levels: dict[str, Level] = {}
    channels: dict[str, Channel] = {}
    instead: dict[Channel, Channel] = {}
    rounds: dict[str, Literal[1, 2]] = {}
    happenings: dict[str, Happening] = {}
    actions: dict[str, Happening] = {}
    types: dict[str, Kind | Literal["appointment"]] = {}
    sources: dict[str, TicketChannel] = {}
    priorities: dict[str, Literal["normal", "elderly", "disabled", "military", "other"]] = {}
    pauses: dict[str, Pause] = {}
    places: dict[str, str] = {}


class Place(NamedTuple):
    """Where a code lies: site is '' of a street without a centre of its own, window '' of what is no window."""

    street: str
    site: str
    window: str


@dataclass(frozen=True, slots=True)
class Mappings:
    """The tables of all adapters, and the places of the registry by their code; none where it isn't known."""

    tables: Tables[str, Mapping]
    places: Tables[str, Place]

    @classmethod
    def load(cls, folder: Path, registry: Registry) -> Self:
        """With what the district says otherwise in the registry's folder. Raises MappingError."""
        said = _read(folder / FILE)
        for name in said:
            if name not in NAMES:
                raise MappingError(f"{FILE}: {name}: there is no such adapter, only {', '.join(NAMES)}")
        places = _places(registry)
        tables = {name: _merged(name, said.get(name, {})) for name in NAMES}
        for name, mapping in tables.items():
            for code, place in mapping.places.items():
                if place not in places:
                    raise MappingError(f"{FILE}: {name}.places.{code}: {place} is not in the registry")
        return cls(tables, places)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: not TOML: {error}") from error
    except OSError as error:
        raise MappingError(f"{path}: {error.strerror}") from error


def _merged(name: str, said: Any) -> Mapping:
    """An adapter's tables with a district's over them, code by code; its lists and words replace ours."""
    tables = tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))
    if not isinstance(said, dict):
        raise MappingError(f"{FILE}: {name}: not a section")
    for key, value in said.items():
        both = isinstance(value, dict) and isinstance(tables.get(key), dict)
        tables[key] = {**tables[key], **value} if both else value
    try:
        return Mapping.model_validate(tables)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        raise MappingError(f"{FILE}: {'.'.join(map(str, (name, *fault['loc'])))}: {fault['msg']}") from error


def _places(registry: Registry) -> dict[str, Place]:
    """The registry's windows, sites and streets; a street's own place is its centre, where it has one."""
    places = {
        window.code: Place(registry.sites[window.site].street, window.site, window.code)
        for window in registry.windows.values()
    }
    places |= {site.code: Place(site.street, site.code, "") for site in registry.sites.values()}
    for street in registry.streets.values():
        centres = [
            site for site in registry.sites.values() if site.street == street.code and site.level == street.level
        ]
        places[street.code] = Place(street.code, centres[0].code if len(centres) == 1 else "", "")
    return places


SHIPPED: Final = Mappings({name: _merged(name, {}) for name in NAMES}, {})
