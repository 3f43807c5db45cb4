"""What becomes of records as vendors send them, by files that a person has read."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.adapters import NAMES, Origin, convert
from schemas.adapters import mapping as tables
from schemas.adapters.fault import Fault
from schemas.adapters.splitting import parse
from schemas.events import KNOWN_FIELDS
from schemas.levels import LEVELS
from tests.adapters.golden_files import GOLDEN, cases, converted, expected_path, told

# The tables of codes, and the field whose codes each holds.
_FIELD_OF = {
    "levels": "level", "channels": "channel", "rounds": "round", "happenings": "state", "actions": "action",
    "types": "type", "sources": "source", "priorities": "priority", "pauses": "reason",
}  # fmt: skip


def _table(name: str) -> dict[str, Any]:
    """An adapter's tables as they are shipped, read without its code."""
    return tomllib.loads((Path(tables.__file__).parent / f"{name}.toml").read_text(encoding="utf-8"))


def _codes() -> Iterator[tuple[str, str, str]]:
    for name in NAMES:
        shipped = _table(name)
        for table in _FIELD_OF.keys() & shipped.keys():
            for code in shipped[table]:
                yield name, table, code


@pytest.mark.parametrize(("name", "body"), cases(), ids=lambda value: getattr(value, "name", value))
def test_a_vendor_s_records_become_what_their_golden_file_says(name: str, body: Path) -> None:
    assert told(converted(name, body)) == json.loads(expected_path(body).read_text(encoding="utf-8"))["records"]


def test_every_adapter_has_records_that_are_accepted_and_records_that_are_refused() -> None:
    for name in NAMES:
        outcomes = {one.reject is None for found, body in cases() if found == name for one in converted(name, body)}
        assert outcomes == {True, False}, name


def test_every_code_of_every_mapping_is_in_a_golden_file() -> None:
    said: set[tuple[str, str, str]] = set()
    for name, body in cases():
        fields = _table(name)["fields"]
        for one in converted(name, body):
            try:
                values = parse(one.raw, forms=name == "upload")
            except Fault:
                values = {}  # what is no record has no codes
            for table, field in _FIELD_OF.items():
                names = fields.get(field, ())
                for vendors in [names] if isinstance(names, str) else names:
                    said.add((name, table, str(values.get(vendors))))
    lacking = set(_codes()) - said
    assert not lacking, sorted(lacking)


def test_every_adapter_that_rates_gets_the_best_and_the_worst_the_right_way_round() -> None:
    """By the codes of their sources: the standard's A.8 and pads count up to the worst, the deployed interface and
    the box of four keys up to the best.
    """
    best_and_worst = {"gbt39046": ("1", "5"), "upload": ("5", "1"), "keybox": ("3", "0"), "pad": ("0", "4")}
    for name, (best, worst) in best_and_worst.items():
        levels = _table(name)["levels"]
        assert levels[best] == LEVELS[0]
        numbers = sorted((code for code in levels if code.isdigit()), key=lambda code: LEVELS.index(levels[code]))
        assert (numbers[0], numbers[-1]) == (best, worst), name


def test_what_a_vendor_s_field_is_called_never_hides_a_field_of_the_contract() -> None:
    for name in NAMES:
        shipped = _table(name)
        types = {"ticket.issued", *shipped.get("happenings", {}).values(), *shipped.get("actions", {}).values()}
        said = types - {"no_event"} if name == "queue" else {"rating.submitted"}
        for kind in said:
            assert not KNOWN_FIELDS[kind] & set(shipped["keep"]), (name, kind)


def test_a_body_may_be_an_object_an_array_or_one_object_a_line() -> None:
    one = {"RateID": "R1", "level": 0, "date": "2026-11-02 10:15:30"}
    other = {**one, "RateID": "R2"}
    origin = Origin("530102001", "530102001-00", "530102001-00-03", "terminal/DG-00042")
    lines = [json.dumps(record).encode() for record in (one, other)]
    in_array = convert("pad", b"[" + b",".join(lines) + b"]", origin)
    assert [record.raw for record in in_array] == lines
    assert convert("pad", b"\r\n".join([*lines, b""]), origin) == in_array
    apart = [record for line in lines for record in convert("pad", b"\xef\xbb\xbf" + line + b"\n", origin)]
    assert apart == in_array
    # An object over several lines is one, also where it is broken.
    assert convert("pad", json.dumps(one, indent=2).encode(), origin)[0].events == in_array[0].events
    broken = json.dumps(one, indent=2).encode()[:-1]
    assert [(record.raw, record.reject and record.reject[0]) for record in convert("pad", broken, origin)] == [
        (broken.strip(), "not_json")
    ]
    # A bad line is refused alone.
    with_a_bad_one = b"\n".join([lines[0], b'{"RateID', lines[1]])
    assert [bool(record.events) for record in convert("pad", with_a_bad_one, origin)] == [
        True, False, True,
    ]  # fmt: skip
    assert convert("pad", b"[]", origin) == []


def test_golden_files_are_all_read() -> None:
    read = {body for _, body in cases()} | {expected_path(body) for _, body in cases()}
    there = {path for path in GOLDEN.glob("*/*") if path.parent.name != "export"}
    assert there == read
