"""What the SQL of boards has in common.

`$__dateFilter` is not used: it cuts days at UTC's midnight, and a day here is one of Shanghai. All names are qualified,
so that it doesn't matter which database a user begins in.
"""

from __future__ import annotations

from typing import Final

from schemas.levels import LEVELS

_FROM: Final = "toDate($__fromTime, 'Asia/Shanghai')"
_TO: Final = "toDate($__toTime, 'Asia/Shanghai')"


def days(column: str = "bucket") -> str:
    """A condition: the day (a Date) is among those that the range touches."""
    return f"{column} BETWEEN {_FROM} AND {_TO}"


def chosen(*names: str, table: str = "") -> str:
    """Conditions: each column is what the variable of its name says; all rows where that is "All"."""
    prefix = f"{table}." if table else ""
    return " AND ".join(f"$__conditionalAll({prefix}{name} IN (${{{name}:singlequote}}), ${name})" for name in names)


# Of buckets: how many ratings are 好评, 差评 by the district's rules, which ClickHouse has in `levels`.
GOOD_LEVELS: Final = "WITH (SELECT groupArray(level) FROM pingliu.levels WHERE good) AS good_levels"
GOOD: Final = " + ".join(f"has(good_levels, '{level}') * {level}" for level in LEVELS)
BAD: Final = "dissatisfied + very_dissatisfied"


def named(kind: str, code: str, alias: str) -> str:
    """A join that gives the registry's name of a code; '' where it has none."""
    return (
        f"LEFT JOIN (SELECT code, name FROM pingliu.registry WHERE kind = '{kind}') AS {alias} ON {alias}.code = {code}"
    )


def name_of(alias: str, code: str) -> str:
    """The name that `named` gives; the code itself where the registry doesn't know it."""
    return f"if({alias}.name = '', {code}, {alias}.name)"
