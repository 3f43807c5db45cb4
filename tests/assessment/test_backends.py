"""The same events give the same results, whatever they went through: one box, or Kafka with a server and an engine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest

from deploy.folder import Folder
from schemas.secret import ensure_secret
from tests.assessment.sealing import FIRST, MONTH, QUARTER, json_lines, stream, typed, write
from tests.box import Box
from tests.servers import need
from tests.stage import SECRET, Stage
from tests.wire.fixture import modern_clickhouse

_PARTITIONS: Final = 4
_BILLS: Final = (
    ("staff", FIRST, MONTH),
    ("street", "530102001", MONTH),
    ("street", "530102000", QUARTER),
)
_ROWS: Final = (
    "staff_months", "site_months", "bill_lines", "month_measures", "staff_quarters", "site_quarters", "sealed_results",
)  # fmt: skip


# What names all rows of a table.
_ALL: Final = (
    "SELECT count(), lower(hex(SHA256(arrayStringConcat(arraySort(groupArray(formatRow('JSONEachRow', *))))))) FROM {}"
)


@dataclass(frozen=True)
class _Said:
    """What a place says of the results: exports, bills, the tables themselves, and its seal."""

    exports: Mapping[str, str]
    bills: Mapping[tuple[str, str, str], Any]
    tables: Mapping[str, str]
    seal: Mapping[str, str]
    verified: str


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, _Said]]:
    folder = tmp_path_factory.mktemp("backends")
    lines = stream(days=24, scale=0.01)
    stage = Stage(folder / "stage")
    try:
        with modern_clickhouse(folder / "server") as url:
            need(stage.kafka.start)
            server = ("--clickhouse", url)
            stage.init(*server, partitions=_PARTITIONS)
            engine = folder / "engine"
            workers = [stage.aggregate(), stage.role("sink", *server)]
            workers.append(stage.role("sink", "--data", str(engine), "--port", "0"))
            stage.publish(lines)
            stage.await_drained()
            stage.await_drained(Folder(engine).name())
            for worker in workers:
                stage.stop(worker)
            on_server = _said(*server)
        box = Box(folder / "box")
        ensure_secret(box.root / "secret", SECRET)
        box.ingest(write(folder / "lines.ndjson", lines))
        yield {"server": on_server, **{place: _said("--data", str(folder / place)) for place in ("engine", "box")}}
    finally:
        stage.close()


def _said(*where: str) -> _Said:
    exports = {period: typed("export", period, *where) for period in (MONTH, QUARTER)}
    bills = {bill: json_lines(typed("explain", *bill, "--json", *where)) for bill in _BILLS}
    typed("seal", "month", MONTH, *where)
    tables = {name: _query(_ALL.format(name), *where) for name in _ROWS}
    columns = ("results_sha256", "facts_sha256", "rules_sha256", "corrections_sha256", "hex(toString(positions))")
    seal = {name: _query(f"SELECT {name} FROM sealed_periods", *where).strip() for name in columns}
    return _Said(exports, bills, tables, seal, typed("verify", *where))


def _query(sql: str, *where: str) -> str:
    return typed("query", sql, "--format", "TabSeparated", *where)


def test_exports_are_equal_byte_by_byte(places: dict[str, _Said]) -> None:
    assert places["box"].exports[MONTH].count("\n") > 1000
    for period in (MONTH, QUARTER):
        assert places["box"].exports[period] == places["server"].exports[period] == places["engine"].exports[period]


def test_bills_and_all_tables_are_equal(places: dict[str, _Said]) -> None:
    assert places["box"].bills == places["server"].bills == places["engine"].bills
    for name in _ROWS:
        assert int(places["box"].tables[name].split()[0]) > 0, name
        assert places["box"].tables[name] == places["server"].tables[name] == places["engine"].tables[name], name


def test_seals_hold_the_same_hashes(places: dict[str, _Said]) -> None:
    export = places["box"].exports[MONTH]
    for said in places.values():
        assert said.seal["results_sha256"] == hashlib.sha256(export.encode()).hexdigest()
        assert said.verified == "1 sealed periods verified: nothing was touched\n"
    assert places["server"].seal == places["engine"].seal
    # A box of its own received the same events at other moments, and these are covered, too.
    apart = {name for name, value in places["box"].seal.items() if value != places["server"].seal[name]}
    assert apart == {"facts_sha256"}
