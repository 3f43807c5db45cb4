"""What a role may do, tried in a process whose only user has its rights: `test_access` says how.

A module of its own, for it is started for every question, and most need nothing but the engine.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence

from sinks.engine import decode_rows
from sinks.engine_chdb import Connection
from sinks.engine_error import EngineError


class _InRole:
    """What migration and the sink need of a database, with the rights of a role."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, sql: str) -> None:
        self._connection.query(sql)

    def rows(self, sql: str, params: Mapping[str, object] | None = None) -> list[dict[str, object]]:
        assert not params
        settings = "SETTINGS output_format_json_quote_64bit_integers = 0"
        return decode_rows(self._connection.query(f"{sql} {settings}", "JSONEachRow").data)

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> int:
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        data = "\n".join(map(json.dumps, rows)).encode()
        return self._connection.insert(f"INSERT INTO {table} ({', '.join(columns)})", "JSONEachRow", data)


def _prepared(database: _InRole, kind: str) -> str:
    # These take as long to import as the engine takes to start.
    from deploy.access import apply
    from deploy.district import FOLDER
    from deploy.preparing import check_prepared, prepare
    from schemas.registry import Registry
    from schemas.rules import Rules

    registry = Registry.load(FOLDER)
    match kind:
        case "prepare":
            return ",".join(prepare(database, registry, Rules()).applied)
        case "apply":
            return ",".join(apply(database, registry.streets))
    check_prepared(database)
    return ""


def _main() -> None:
    folder, config, steps = json.load(sys.stdin)
    connection = Connection(folder, {"config-file": config})
    database = _InRole(connection)
    answers: list[tuple[int, str]] = []
    for kind, text in steps:
        try:
            if kind == "sql":
                answers.append((0, connection.query(text).data.decode(errors="backslashreplace")))
            else:
                answers.append((0, _prepared(database, kind)))
        except EngineError as error:
            answers.append((error.code, error.message))
    connection.close()
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    _main()
