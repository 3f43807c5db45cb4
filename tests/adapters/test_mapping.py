"""What a district says in adapters.toml: it holds, and what can't hold is said with its table and code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.adapters import MappingError, Mappings, Origin, convert
from tests.adapters.golden_files import REGISTRY

_ORIGIN = Origin("530102001", "530102001-00", "530102001-00-03", "terminal/DG-00042")
_RECORD: dict[str, Any] = {"projectNo": "P-1", "pf": "5", "satisfaction": "1", "assessTime": "2026-11-10 09:00:00"}


def _load(folder: Path, text: str) -> Mappings:
    (folder / "adapters.toml").write_text(text, encoding="utf-8")
    return Mappings.load(folder, REGISTRY)


def _event(record: dict[str, Any], mappings: Mappings) -> dict[str, Any]:
    (one,) = convert("upload", json.dumps(record).encode(), _ORIGIN, mappings)
    assert one.events, one.reject
    return one.events[0]


def test_a_district_s_codes_and_names_of_fields_go_before_ours_one_by_one(tmp_path: Path) -> None:
    told = _load(
        tmp_path,
        """
        [upload]
        separator = ";"
        [upload.fields]
        window = "windowNo"
        comment = ["remark", "writingEvaluation"]
        [upload.channels]
        5 = "kiosk"
        8 = "paper"
        """,
    )
    data = _event({**_RECORD, "evalDetail": "115;108", "remark": "排队太久"}, told)["data"]
    assert (data["channel"], data["tags"], data["comment"]) == ("kiosk", ["115", "108"], "排队太久")
    assert _event({**_RECORD, "pf": 8}, told)["data"]["channel"] == "paper"
    # What it doesn't speak of is as shipped.
    assert _event({**_RECORD, "pf": 7}, told)["data"]["channel"] == "system_default"


def test_without_a_file_the_shipped_tables_hold(tmp_path: Path) -> None:
    assert _event(_RECORD, Mappings.load(tmp_path, REGISTRY)) == _event(_RECORD, Mappings.load(tmp_path, REGISTRY))
    assert _event(_RECORD, Mappings.load(tmp_path, REGISTRY))["data"]["channel"] == "hall_terminal"


def test_the_registry_s_own_codes_are_places_without_being_said(tmp_path: Path) -> None:
    told = _load(tmp_path, '[upload.fields]\nwindow = "windowNo"\n')
    record = json.dumps({**_RECORD, "windowNo": "530102001-01-02"}).encode()
    (one,) = convert("upload", record, Origin("", "", "", ""), told)
    assert [one.events[0][name] for name in ("street", "site", "window")] == [
        "530102001", "530102001-01", "530102001-01-02",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[epoint.levels]\n", "epoint: there is no such adapter"),
        ('upload = "yes"\n', "upload: not a section"),
        ('[upload.levels]\n5 = "excellent"\n', "upload.levels.5"),
        ('[upload.channels]\n5 = "fax"\n', "upload.channels.5"),
        ('[upload.fields]\nmood = "mood"\n', "upload.fields.mood"),
        ('[upload]\ntimes = ["YYYY-MM-DD"]\n', "upload.times.0"),
        ('[upload]\nseparator = "\'"\n', "upload.separator"),
        ("[upload]\ncolour = 1\n", "upload.colour"),
        ('[queue.places]\n3 = "530102001-00-99"\n', "queue.places.3: 530102001-00-99 is not in the registry"),
        ("[upload\n", "not TOML"),
    ],
)
def test_what_can_t_hold_is_refused_by_its_table_and_code(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(MappingError) as error:
        _load(tmp_path, text)
    assert named in str(error.value)
    assert "adapters.toml" in str(error.value)
