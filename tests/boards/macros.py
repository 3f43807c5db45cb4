"""SQL as Grafana's plugin for ClickHouse (4.20) sends it: variables, then macros, by its documentation.

Only what is used here is known; anything else is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

_INTERVAL_SECONDS: Final = 300
_CONDITIONAL: Final = "$__conditionalAll("


def expand(sql: str, since: datetime, until: datetime, chosen: Mapping[str, Sequence[str]]) -> str:
    """`chosen`: the values of each variable; none of one are "All". Raises ValueError for what it doesn't know."""
    sql = _conditions(sql, chosen)
    for name, values in chosen.items():
        sql = sql.replace(f"${{{name}:singlequote}}", ",".join(f"'{value}'" for value in values))
    sql = re.sub(r"\$__timeFilter\(([^()]+)\)", rf"\1 >= {_moment(since)} AND \1 <= {_moment(until)}", sql)
    sql = re.sub(
        r"\$__timeInterval\(([^()]+)\)",
        rf"toStartOfInterval(toDateTime(\1), INTERVAL {_INTERVAL_SECONDS} second)",
        sql,
    )
    sql = sql.replace("$__fromTime", _moment(since)).replace("$__toTime", _moment(until))
    if "$" in sql:
        raise ValueError(f"not expanded: {sql[sql.index('$') :][:60]}")
    return sql


def _conditions(sql: str, chosen: Mapping[str, Sequence[str]]) -> str:
    """`$__conditionalAll(condition, $variable)`: the condition, or one that is always true where all are chosen."""
    while (start := sql.rfind(_CONDITIONAL)) != -1:
        depth, at, comma = 1, start + len(_CONDITIONAL), -1
        while depth:
            character = sql[at]
            depth += {"(": 1, ")": -1}.get(character, 0)
            if character == "," and depth == 1:
                comma = at
            at += 1
        variable = re.fullmatch(r"\s*\$(\w+)\s*", sql[comma + 1 : at - 1])
        if variable is None:
            raise ValueError(f"no variable: {sql[start:at]}")
        condition = sql[start + len(_CONDITIONAL) : comma] if chosen[variable[1]] else "1=1"
        sql = sql[:start] + condition + sql[at:]
    return sql


def _moment(moment: datetime) -> str:
    return f"toDateTime({int(moment.astimezone(UTC).timestamp())})"
