"""The bill: its lines add up to the score, and each names events that are there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final

import pytest

from streams.topics import EVENTS
from streams.transport.log import Log
from tests.assessment.sealing import (
    FIRST,
    MONTH,
    QUARTER,
    SECOND,
    YEAR,
    copied,
    json_lines,
    refused,
    said,
    sealed_sample,
    typed,
    up,
)
from tests.box import Box

_STREET: Final = "530102001"
# What an event says that a line of a block is about.
_TOLD_BY: Final = {
    "rating": "rating.submitted",
    "participation": "service.completed",
    "efficiency": "service.completed",
    "discipline": "conduct.recorded",
    "bonus": "conduct.recorded",
    "patrol": "conduct.recorded",
}
# Who has the most points of all.
_RATED: Final = "rated"
_BILLS: Final = (
    ("staff", FIRST, MONTH),
    ("staff", SECOND, MONTH),
    ("staff", _RATED, QUARTER),
    ("site", f"{_STREET}-00", MONTH),
    ("site", f"{_STREET}-01", QUARTER),
    ("street", _STREET, MONTH),
    ("street", _STREET, QUARTER),
    ("street", "530102000", MONTH),
    ("site", f"{_STREET}-01", YEAR),
)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with up(copied(sealed_sample(tmp_path_factory)[0], tmp_path_factory.mktemp("explain") / "data")) as box:
        said(box, "assess", YEAR)
        yield box


def _explained(box: Box, *arguments: str) -> str:
    return typed("explain", *arguments, "--data", str(box.root))


@pytest.mark.parametrize(("of", "subject", "period"), _BILLS)
def test_lines_add_up_and_the_view_has_the_same(box: Box, of: str, subject: str, period: str) -> None:
    if subject == _RATED:
        (best,) = box.rows("SELECT argMax(staff, score) AS staff FROM staff_quarters WHERE rated")
        subject = best["staff"]
    (bill,) = json_lines(_explained(box, of, subject, period, "--json"))
    scope = bill["scope"]
    lines = [line for line in bill["lines"] if line["scope"] == scope]
    assert lines
    assert sum(Decimal(line["points"]) for line in lines) == Decimal(bill["score"])
    rows = box.rows(
        "SELECT toString(points) AS points, rule, block, count, of, detail, events FROM bill_lines "
        f"WHERE period = '{period}' AND scope = '{scope}' AND subject = '{bill['subject']}' ORDER BY line"
    )
    for line, row in zip(lines, rows, strict=True):
        assert Decimal(line["points"]) == Decimal(row["points"])
        assert [line[name] for name in ("rule", "block", "count", "of", "detail")] == [
            row[name] for name in ("rule", "block", "count", "of", "detail")
        ]
        assert line["events"] == [[event["source"], event["id"]] for event in row["events"]]


@pytest.fixture(scope="module")
def told(box: Box) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """What was said of services, ratings and conduct, by (source, id): the log's own messages, as they came in."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    with Log(box.root / "log.db") as log:
        for partition in range(log.partitions(EVENTS) or 0):
            offset = 0
            while records := log.read(EVENTS, partition, offset):
                offset = records[-1].offset + 1
                for value in (record.value or b"" for record in records):
                    if any(kind.encode() in value for kind in _TOLD_BY.values()):
                        with suppress(ValueError):  # what is no text of UTF-8
                            body = json.loads(value)
                            found.setdefault((body["source"], body["id"]), body)
    return found


@pytest.mark.parametrize(("of", "subject"), [("staff", FIRST), ("site", f"{_STREET}-00")])
def test_every_event_named_is_there_and_says_what_it_is_named_for(
    box: Box, told: Mapping[tuple[str, str], Mapping[str, Any]], of: str, subject: str
) -> None:
    (bill,) = json_lines(_explained(box, of, subject, MONTH, "--json"))
    lines = [line for line in bill["lines"] if line["events"]]
    assert {line["block"] for line in lines} >= {"rating", "efficiency", "bonus" if of == "staff" else "patrol"}
    for line in lines:
        assert line["count"] == len({(source, name) for source, name in line["events"]}), line
        for source, name in line["events"]:
            body = told[source, name]
            assert body["type"] == _TOLD_BY[line["block"]], (line, body)
            assert body["time"].startswith(MONTH), (line, body)
            if of == "site":
                assert body["site"] == subject, (line, body)
            else:  # a rating may name nobody, and a record the window instead; but who is named is no other
                data = body["data"]
                target = data["target_id"] if data.get("target") == "staff" else None
                assert {body.get("staff"), target} <= {None, subject}, (line, body)


def test_the_events_of_all_bills_are_there(box: Box) -> None:
    lost = box.rows(
        "SELECT count() AS n FROM (SELECT DISTINCT arrayJoin(events) AS event FROM bill_lines) "
        "WHERE event NOT IN (SELECT source, id FROM events)"
    )
    assert lost == [{"n": 0}]


def test_a_street_s_own_part_adds_up_to_what_its_lines_are_made_of(box: Box) -> None:
    (bill,) = json_lines(_explained(box, "street", _STREET, QUARTER, "--json"))
    own = sum(Decimal(line["points"]) for line in bill["lines"] if line["scope"] == "centre")
    row = box.rows(f"SELECT toString(own) AS own FROM site_quarters WHERE site = '{bill['subject']}'")
    assert own == Decimal(row[0]["own"])


def test_people_read_blocks_rules_and_events(box: Box) -> None:
    said = _explained(box, "staff", SECOND, MONTH, "--events").splitlines()
    assert said[0].startswith(f"{SECOND} {MONTH} 得分 ")
    assert "已封账" in said[0]
    (blamed,) = [number for number, line in enumerate(said) if "bad.dissatisfied" in line]
    assert said[blamed].split()[:3] == ["-2.00", "bad.dissatisfied", "有责差评"]
    assert [line.split() for line in said[blamed + 1 : blamed + 3]] == [
        ["rated-second", "tests/sealing"],
        ["found-second", "tests/sealing"],
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("staff", "S9999", MONTH), f"staff S9999: no results in {MONTH}"),
        (("site", "530102001-99", MONTH), f"site 530102001-99: no results in {MONTH}"),
        (("street", "530102099", MONTH), "street 530102099: the registry has no centre of it"),
        (("street", "x'y", MONTH), "street x'y: the registry has no centre of it"),
        (("staff", FIRST, "2026-13"), "2026-13: a month like 2026-09"),
        (("staff", FIRST, "2026-11"), "2026-11: no service was completed in it"),
    ],
)
def test_what_is_unknown_is_said_in_a_line(box: Box, arguments: tuple[str, ...], said: str) -> None:
    assert refused("explain", *arguments, "--data", str(box.root)).startswith(said)


def test_another_kind_of_subject_is_a_mistake_of_usage(box: Box) -> None:
    process: subprocess.Popen[bytes] = box.start("explain", "window", "530102001-00-01", MONTH)
    _, errors = process.communicate()
    assert process.returncode == 2
    assert b"'window' is not one of 'staff', 'site', 'street'" in errors
