"""The way out: a rating as the province's upload interface takes it, by the same tables as on the way in."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeVar

from schemas.adapters.mapping import FILE, Mapping, MappingError
from schemas.adapters.visit import visit_of
from schemas.levels import Level
from schemas.registry import Registry

# What of a service is 办结 (3), and what is still 办理中 (2).
_STATUSES: Final = {"done": "3", "refused": "3", "supplement": "2", "unresolved": "2"}
_PROMISED, _AT_ONCE = "1", "2"
# Only a keyed hash of a rater is known, which is nobody else's to see.
_NOBODY: Final = "匿名"

_T = TypeVar("_T")


class Rated(NamedTuple):
    """A rating as the public views have it; '' for what isn't known.

    `visit`: which service of its case it is about. `time` and `started_at`: YYYY-MM-DD hh:mm:ss, Asia/Shanghai.
    """

    rating: str
    service: str
    case: str
    visit: int
    level: Level
    channel: str
    tags: str
    comment: str
    round: int
    time: str
    started_at: str
    outcome: str
    street: str
    item: str
    department: str
    staff: str


def uploaded(rated: Rated, mapping: Mapping, registry: Registry) -> dict[str, str]:
    """The record of a rating, all of it text. Raises MappingError for a channel that the interface has no code for."""
    street = registry.streets.get(rated.street)
    item = registry.items.get(rated.item)
    department = registry.departments.get(rated.department)
    staff = registry.staff.get(rated.staff)
    case, visit = (rated.case, rated.visit) if rated.case else visit_of(rated.service or rated.rating)
    return {
        "areaCode": rated.street,
        "areaName": street.name if street else "",
        "deptCode": rated.department,
        "taskCode": rated.item,
        "taskHandleItem": "",
        "taskName": item.name if item else "",
        "subMatter": "",
        "projectNo": case,
        "serviceNumber": str(visit),
        "proStatus": _STATUSES.get(rated.outcome, ""),
        "proDepartCode": rated.department,
        "proDepart": department.name if department else "",
        "proManager": staff.display if staff else "",
        "pf": _channel(rated.channel, mapping),
        "certkeyGOV": "",
        "userName": _NOBODY,
        "userProp": "",
        "satisfaction": _codes(mapping.levels)[rated.level],
        "evalDetail": rated.tags,
        "writingEvaluation": rated.comment,
        "assessTime": rated.time,
        "assessNumber": str(rated.round),
        "appStatus": "",
        "promiseTime": "" if item is None else _PROMISED if item.promise_days else _AT_ONCE,
        "acceptDate": rated.started_at,
        "dataSource": "",
    }


def _channel(channel: str, mapping: Mapping) -> str:
    codes = _codes(mapping.channels)
    instead = {str(lacking): str(other) for lacking, other in mapping.instead.items()}
    tried = channel
    for _ in instead:
        if tried in codes:
            break
        tried = instead.get(tried, tried)
    if tried not in codes:
        raise MappingError(f"{FILE}: upload.channels: no code means {channel}, and upload.instead names no other")
    return codes[tried]


def _codes(table: dict[str, _T]) -> dict[_T, str]:
    """The first code of each value."""
    return {value: code for code, value in reversed(table.items())}
