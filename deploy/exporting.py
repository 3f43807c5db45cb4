"""Writes ratings to a file in the format of the province's upload interface."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, cast

import msgspec

from deploy.warehouse import Warehouse
from schemas.adapters import Mappings
from schemas.adapters.uploading import Rated, uploaded
from schemas.registry import Registry

Also = Literal["second", "default", "duplicate", "voided"]
Form = Literal["lines", "array"]

_SELECTED: Final[dict[Also, str]] = {
    "second": "r.round = 2 AND NOT r.voided",
    "default": "r.channel = 'system_default' AND r.round = 1 AND NOT r.voided",
    "duplicate": "r.channel != 'system_default' AND r.round = 1 AND NOT r.effective AND NOT r.voided",
    "voided": "r.voided",
}
# A case's services are numbered over all days, so that a service has the same number in every file.
_QUERY: Final = """
SELECT
    r.rating AS rating, r.service AS service, s.case_id AS `case`, toUInt32(s.visit) AS visit,
    toString(r.level) AS level, toString(r.channel) AS channel, arrayStringConcat(r.tags, '{separator}') AS tags,
    r.comment AS comment, toUInt8(r.round) AS round, substring(toString(r.time), 1, 19) AS time,
    s.begun AS started_at, s.outcome AS outcome, r.street AS street, r.item AS item, r.department AS department,
    r.staff AS staff
FROM pingliu.ratings AS r
LEFT JOIN
(
    SELECT
        service, `case` AS case_id, toString(outcome) AS outcome,
        ifNull(substring(toString(started_at), 1, 19), '') AS begun,
        row_number() OVER (PARTITION BY `case` ORDER BY ifNull(started_at, completed_at), service) AS visit
    FROM pingliu.services
) AS s ON r.service = s.service
WHERE r.day BETWEEN '{first}' AND '{last}' AND ({selected})
ORDER BY r.time, r.rating
"""


def export_ratings(
    warehouse: Warehouse, registry: Registry, mappings: Mappings, first: date, last: date, also: Sequence[Also]
) -> Iterator[dict[str, str]]:
    """The records of the ratings of some days (both included), by time and id: what is effective and not voided, and
    what of the rest is asked for. Raises MappingError, ClickHouseError.
    """
    mapping = mappings.tables["upload"]
    selected = " OR ".join(["(r.effective AND NOT r.voided)", *(f"({_SELECTED[one]})" for one in also)])
    for row in warehouse.rows(_QUERY.format(separator=mapping.separator, first=first, last=last, selected=selected)):
        yield uploaded(Rated(**cast(Any, row)), mapping, registry)


def write_records(records: Iterator[dict[str, str]], out: Path, form: Form) -> int:
    """Writes records, UTF-8, one a line or as an array; returns their number. A file that is there is replaced, by a
    whole one. Raises OSError.
    """
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    count = 0
    try:
        with draft.open("wb") as file:
            for record in records:
                if form == "array":
                    file.write(b",\n" if count else b"[\n")
                file.write(msgspec.json.encode(record))
                if form == "lines":
                    file.write(b"\n")
                count += 1
            if form == "array":
                file.write(b"\n]\n" if count else b"[]\n")
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)
    return count
