"""What a month is judged by: the rule set, the registry and the workdays, as values that can be kept and compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Self

from schemas.moments import to_date, to_day
from schemas.rules import Rules
from schemas.workdays import Workdays
from sinks.assessment.database import Database
from sinks.assessment.period import Period
from sinks.reference import content

# The tables of the registry that assessment looks at.
REGISTRY: Final = ("registry", "sites", "windows", "items", "posts")
# Days around a month for which workdays are wanted: ratings of services before it, deadlines and the freeze after it.
_BEFORE: Final = timedelta(days=120)
_AFTER: Final = timedelta(days=150)


@dataclass(frozen=True, slots=True)
class Inputs:
    """`tables`: sorted rows by table of the registry. `workdays`: days since 1970-01-01 on which offices work, of the
    days from `first_day` to `last_day`.
    """

    rules: Rules
    tables: Mapping[str, list[list[Any]]]
    first_day: int
    last_day: int
    workdays: tuple[int, ...]

    @classmethod
    def load(cls, database: Database, month: Period, rules: Rules) -> Self:
        """What the database holds of the registry now, and the workdays around a month as the rules have them."""
        first, last = month.first_day - _BEFORE, month.last_day + _AFTER
        days = Workdays(rules.calendar).table(first, last)
        return cls(
            rules,
            {table: [list(row) for row in content(database, table)] for table in REGISTRY},
            to_day(first),
            to_day(last),
            tuple(day for day, works in days if works),
        )

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> Self:
        """The inverse of `texts`."""
        calendar = json.loads(texts["calendar"])
        return cls(
            Rules.model_validate_json(texts["rules"]),
            json.loads(texts["registry"]),
            calendar["first_day"],
            calendar["last_day"],
            tuple(calendar["workdays"]),
        )

    def texts(self) -> dict[str, str]:
        """Everything as canonical JSON, by name: `rules`, `registry`, `calendar`."""
        calendar = {"first_day": self.first_day, "last_day": self.last_day, "workdays": self.workdays}
        return {"rules": self.rules.canonical(), "registry": _json(self.tables), "calendar": _json(calendar)}

    @property
    def registry_sha256(self) -> str:
        return hashlib.sha256(_json(self.tables).encode()).hexdigest()

    @property
    def sha256(self) -> str:
        """What names all of it."""
        return hashlib.sha256(_json(self.texts()).encode()).hexdigest()

    def workday_after(self, day: date, count: int) -> date:
        """The `count`-th workday after a day. Raises ValueError where the days known end before it."""
        later = [workday for workday in self.workdays if workday > to_day(day)]
        if len(later) < count:
            raise ValueError(f"no {count} workdays are known after {day}")
        return to_date(later[count - 1])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
