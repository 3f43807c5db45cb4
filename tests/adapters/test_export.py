"""The way out: what is exported, and that it comes in again as it went out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from deploy.cli import cli
from deploy.district import FOLDER
from schemas.adapters import MappingError, Mappings, Origin, convert
from schemas.adapters.uploading import Rated, uploaded
from schemas.levels import LEVELS
from tests.adapters.golden_files import GOLDEN, MAPPINGS, REGISTRY
from tests.box import Box
from tests.wire.fixture import modern_clickhouse

_UPLOAD = MAPPINGS.tables["upload"]
_RATER = "13800138000"
_ORIGIN = Origin("530102001", "530102001-00", "", "")


def _rated() -> list[Rated]:
    return [Rated(**row) for row in json.loads((GOLDEN / "export" / "ratings.in.json").read_text(encoding="utf-8"))]


def test_ratings_go_out_as_the_golden_file_says() -> None:
    expected = json.loads((GOLDEN / "export" / "ratings.out.json").read_text(encoding="utf-8"))
    assert [uploaded(rated, _UPLOAD, REGISTRY) for rated in _rated()] == expected


def test_every_level_and_channel_is_in_the_golden_file() -> None:
    assert {rated.level for rated in _rated()} == set(LEVELS)
    assert {rated.channel for rated in _rated()} == {*_UPLOAD.channels.values(), *_UPLOAD.instead}


_CASES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)


@given(
    st.sampled_from(_rated()),
    st.sampled_from(LEVELS),
    st.lists(st.sampled_from(["510", "413", "214", "115"]), max_size=8),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=500),
    st.sampled_from([1, 2]),
    _CASES.filter(str.strip),
    st.integers(1, 9),
)
def test_what_goes_out_comes_in_again_with_its_level_tags_comment_time_round_and_case(
    like: Rated, level: Any, tags: list[str], comment: str, round_: int, case: str, visit: int
) -> None:
    rated = like._replace(level=level, tags=",".join(tags), comment=comment, round=round_, case=case, visit=visit)
    record = uploaded(rated, _UPLOAD, REGISTRY)
    (one,) = convert("upload", json.dumps(record).encode(), _ORIGIN, MAPPINGS)
    (event,) = one.events
    data = event["data"]
    assert (data["level"], data.get("tags", []), data.get("comment", "")) == (level, tags, comment)
    assert (event["time"], data["round"]) == (f"{rated.time.replace(' ', 'T')}+08:00", round_)
    assert "rater" not in data
    assert uploaded(
        rated._replace(case="", visit=0, service=data["service"], channel=data["channel"]), _UPLOAD, REGISTRY
    ) == {**record, "projectNo": case.strip()}


def test_a_channel_without_a_code_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "adapters.toml").write_text('[upload.channels]\n6 = "sms"\n7 = "sms"\n', encoding="utf-8")
    other = Mappings.load(tmp_path, REGISTRY).tables["upload"]
    with pytest.raises(MappingError, match=r"upload.channels: no code means system_default"):
        uploaded(_rated()[0]._replace(channel="system_default"), other, REGISTRY)


def test_a_mistake_is_said_in_a_line_by_its_option_or_its_table(tmp_path: Path) -> None:
    for file in FOLDER.glob("*.csv"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "adapters.toml").write_text('[upload.channels]\n5 = "fax"\n', encoding="utf-8")
    arguments = ["export", "ratings", "--data", str(tmp_path / "none"), "--out", str(tmp_path / "out.json")]
    arguments += ["--from", "2026-11-02", "--district", str(tmp_path)]
    backwards = CliRunner().invoke(cli, [*arguments, "--to", "2026-11-01"])
    assert backwards.exit_code == 2
    assert "--to" in backwards.output
    said = CliRunner().invoke(cli, [*arguments, "--to", "2026-11-02"])
    assert said.exit_code == 1
    assert said.output.startswith("Error: adapters.toml: upload.channels.5: ")
    (tmp_path / "adapters.toml").unlink()
    said = CliRunner().invoke(cli, [*arguments, "--to", "2026-11-02"])
    assert said.exit_code == 1
    assert "nothing was ever stored" in said.output
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize(
    "words", [["2026-09"], ["--sealed", "2026-09"], ["period", "2026-09"], ["period", "--sealed", "2026-09"]]
)
def test_a_period_is_exported_with_and_without_its_word(words: list[str], tmp_path: Path) -> None:
    said = CliRunner().invoke(cli, ["export", *words, "--data", str(tmp_path)])
    assert said.exit_code == 1
    assert said.output == f"Error: {tmp_path}: nothing was ever stored here\n"


def _event(number: int, kind: str, time: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": f"E-{number}", "source": "terminal/1", "type": kind, "time": f"{time}+08:00",
        "street": "530102001", "site": "530102001-00", "window": "530102001-00-03", "staff": "S0001", "data": data,
    }  # fmt: skip


def _rating(rating: str, level: str, **more: Any) -> dict[str, Any]:
    return {"rating": rating, "level": level, "channel": "hall_pad", "rater": _RATER, **more}


# A case with two services, and ratings of every kind that is chosen by.
_EVENTS = [
    _event(number, kind, time, data)
    for number, (kind, time, data) in enumerate([
        ("service.started", "2026-11-02T09:00:00", {"service": "V-1", "item": "IT-0001"}),
        ("service.completed", "2026-11-02T09:10:00", {"service": "V-1", "item": "IT-0001", "case": "C-1", "outcome": "supplement"}),  # noqa: E501
        ("service.completed", "2026-11-03T09:10:00", {"service": "V-2", "item": "IT-0001", "case": "C-1", "outcome": "done"}),  # noqa: E501
        ("rating.submitted", "2026-11-02T09:11:00.250", _rating("R-1", "dissatisfied", service="V-1", tags=["213", "214"])),  # noqa: E501
        ("rating.submitted", "2026-11-03T09:11:00", _rating("R-2", "very_satisfied", service="V-2", comment="好的")),
        ("rating.submitted", "2026-11-03T09:12:00", _rating("R-3", "satisfied", service="V-2", channel="qr")),
        ("rating.submitted", "2026-11-03T09:13:00", _rating("R-4", "very_dissatisfied", tags=["115"])),
        ("rating.voided", "2026-11-03T09:14:00", {"rating": "R-4", "reason": "test", "decided_by": "S0002"}),
        ("rating.submitted", "2026-11-04T09:12:00", _rating("R-5", "satisfied", service="V-1", round=2)),
        ("rating.submitted", "2026-11-05T00:00:00", _rating("R-6", "basically_satisfied", channel="system_default")),
        ("rating.submitted", "2026-11-06T09:00:00", _rating("R-7", "satisfied")),
    ])
]  # fmt: skip


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Box:
    folder = tmp_path_factory.mktemp("export")
    (folder / "events.ndjson").write_text("".join(json.dumps(event) + "\n" for event in _EVENTS), encoding="utf-8")
    box = Box(folder / "data")
    assert box.ingest(folder / "events.ndjson")["accepted"] == len(_EVENTS)
    return box


def _export(out: Path, *options: str) -> bytes:
    command = [sys.executable, "-m", "deploy", "export", "ratings", "--out", str(out), *options]
    subprocess.run(command, check=True, capture_output=True)
    return out.read_bytes()


def _expected(*ratings: str) -> list[tuple[str, str, str, str, str]]:
    """Level, tags, time, round and comment of some ratings, by time, from the messages themselves."""
    said = {event["data"].get("rating"): event for event in _EVENTS if event["type"] == "rating.submitted"}
    numbers = {level: str(5 - place) for place, level in enumerate(LEVELS)}
    return [
        (
            numbers[data["level"]], ",".join(data.get("tags", [])), said[rating]["time"][:19].replace("T", " "),
            str(data.get("round", 1)), data.get("comment", ""),
        )
        for rating in ratings
        for data in [said[rating]["data"]]
    ]  # fmt: skip


def _told(records: list[dict[str, str]]) -> list[tuple[str, ...]]:
    names = ("satisfaction", "evalDetail", "assessTime", "assessNumber", "writingEvaluation")
    return [tuple(record[name] for name in names) for record in records]


def test_a_folder_s_ratings_are_exported_by_choice_and_come_in_again_as_they_were(box: Box, tmp_path: Path) -> None:
    days = ("--from", "2026-11-02", "--to", "2026-11-05")
    here = ("--data", str(box.root))
    lines = _export(tmp_path / "lines.json", *days, *here)
    effective = [json.loads(line) for line in lines.splitlines()]
    # R-7 is of a later day.
    assert _told(effective) == _expected("R-1", "R-2")
    assert [(one["projectNo"], one["serviceNumber"], one["proStatus"]) for one in effective] == [
        ("C-1", "1", "2"), ("C-1", "2", "3"),
    ]  # fmt: skip
    also = [word for kind in ("second", "default", "duplicate", "voided") for word in ("--also", kind)]
    array = _export(tmp_path / "all.json", *days, *here, *also, "--as", "array")
    everything = json.loads(array)
    assert _told(everything) == _expected("R-1", "R-2", "R-3", "R-4", "R-5", "R-6")
    assert _RATER not in array.decode()

    again = [event for one in convert("upload", array, _ORIGIN, MAPPINGS) for event in one.events]
    assert len(again) == len(everything)
    for event, rating in zip(again, ["R-1", "R-2", "R-3", "R-4", "R-5", "R-6"], strict=True):
        (original,) = [e for e in _EVENTS if e["data"].get("rating") == rating and e["type"] == "rating.submitted"]
        for name in ("level", "tags", "comment", "channel"):
            assert event["data"].get(name) == original["data"].get(name), (rating, name)
        assert event["time"][:19] == original["time"][:19]

    # From a server the file is the same to the byte.
    with modern_clickhouse(box.root / "clickhouse") as url:
        assert _export(tmp_path / "served.json", *days, "--clickhouse", url) == lines
