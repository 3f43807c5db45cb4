"""The commands of assessment as they are typed: over a folder, over one that `up` holds, and over a server."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.assessment.sealing import (
    FIRST,
    MONTH,
    NEXT,
    QUARTER,
    THIRD,
    copied,
    json_lines,
    refused,
    sealed_sample,
    typed,
    up,
)
from tests.box import Box
from tests.wire.fixture import modern_clickhouse

# What is asked in all three ways; none of them changes anything.
_ASKED: Final[Mapping[str, tuple[str, ...]]] = {
    "staff": ("score", "staff", MONTH),
    "staff of a pool": ("score", "staff", MONTH, "--pool", "community", "--street", "530102001", "--json"),
    "stars": ("score", "staff", QUARTER, "--json"),
    "sites": ("score", "sites", MONTH, "--tier", "street", "--json"),
    "cut": ("score", "cut", MONTH, "--by", "pool", "--by", "pioneer", "--json"),
    "bill": ("explain", "staff", FIRST, MONTH, "--events"),
    "export": ("export", MONTH),
    "sealed": ("export", "--sealed", MONTH),
    "corrections": ("corrections", NEXT),
    "sets": ("rules", "list"),
}
# What is asked besides where that takes no new process.
_BESIDES: Final[Mapping[str, tuple[str, ...]]] = {
    "interviews": ("score", "staff", MONTH, "--interviews"),
    "pioneers": ("score", "staff", MONTH, "--pioneer", "--department", "D08"),
    "quarter": ("score", "sites", QUARTER, "--interviews"),
    "items": ("score", "cut", QUARTER, "--by", "department", "--by", "item"),
    "waiting": ("corrections",),
    "verify": ("verify",),
}
_REFUSED: Final = (
    (("assess", "2026-13"), "2026-13: a month like 2026-09 or a quarter like 2026-Q3 or a year like 2026 is expected"),
    (("assess", "2026-11"), "2026-11: no service was completed in it"),
    (("score", "staff", "2025-Q1"), "2025-Q1: no service was completed in it"),
    (("score", "staff", QUARTER, "--interviews"), "--interviews: staff_quarters has none"),
    (("score", "sites", MONTH, "--interviews"), "--interviews: site_months has none"),
    (("score", "cut", "x", "--by", "pool"), "x: a month like"),
    (("seal", "month", QUARTER), f"{QUARTER}: a month like 2026-09 is expected"),
    (("seal", "quarter", MONTH), f"{MONTH}: a quarter like 2026-Q3 is expected"),
    (("seal", "year", MONTH), f"{MONTH}: a year like 2026 is expected"),
    (("seal", "month", MONTH), f"{MONTH} is sealed already"),
    (("seal", "month", "2026-10"), "2026-10: no service was completed in it"),
    (("seal", "year", "2026"), "2026 freezes at the end of 2027-01-1"),
    (("export", "2026-10"), "2026-10: no service was completed in it"),
    (("export", "--sealed", QUARTER), f"{QUARTER} isn't sealed"),
    (("corrections", QUARTER), f"{QUARTER} isn't sealed"),
    (("corrections", "x"), "x: a month like"),
    (("rules", "show", "ff"), "ff: no rule set of this hash was published"),
    (("report", "monthly", "2026-10", "--out", "x.html"), "2026-10: no service was completed in it"),
    (("report", "monthly", MONTH, "--out", "x.txt"), "x.txt"),
)


@dataclass(frozen=True)
class _Said:
    quiet: Mapping[str, str]
    up: Mapping[str, str]
    server: Mapping[str, str]
    refused: Mapping[tuple[str, ...], str]
    paper: Mapping[str, str]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> _Said:
    folder = tmp_path_factory.mktemp("commands")
    box = copied(sealed_sample(tmp_path_factory)[0], folder / "data")
    out = folder / "paper.html"
    report = ("report", "quarterly", QUARTER, "--out", str(out), "--date", "2026-11-02")
    *answers, wrote = box.run_in_turn(*_ASKED.values(), report)
    assert wrote == f"wrote {out}\n"
    quiet = dict(zip(_ASKED, answers, strict=True))
    paper = {"quiet": out.read_text()}
    everything = {**_ASKED, **_BESIDES}
    with up(box):
        running = {name: typed(*arguments, "--data", str(box.root)) for name, arguments in everything.items()}
        wrong: dict[tuple[str, ...], str] = {
            arguments: refused(*arguments, "--data", str(box.root)) for arguments, _ in _REFUSED
        }
        out.unlink()
        typed(*report, "--data", str(box.root))
        paper["up"] = out.read_text()
    with modern_clickhouse(box.root / "clickhouse") as url:
        server = {name: typed(*arguments, "--clickhouse", url) for name, arguments in everything.items()}
    return _Said(quiet, running, server, wrong, paper)


@pytest.mark.parametrize("name", _ASKED)
def test_a_folder_one_that_is_up_and_a_server_say_the_same(said: _Said, name: str) -> None:
    assert said.quiet[name] == said.up[name] == said.server[name]


@pytest.mark.parametrize("name", _BESIDES)
def test_one_that_is_up_and_a_server_say_the_same(said: _Said, name: str) -> None:
    assert said.up[name] == said.server[name]


@pytest.mark.parametrize(("arguments", "words"), _REFUSED)
def test_what_can_t_be_is_refused_in_a_line(said: _Said, arguments: tuple[str, ...], words: str) -> None:
    assert words in said.refused[arguments]


def test_verify_works_on_all(said: _Said) -> None:
    assert said.up["verify"] == said.server["verify"] == "2 sealed periods verified: nothing was touched\n"


def test_papers_are_the_same_over_a_folder_that_is_up(said: _Said) -> None:
    assert said.paper["up"] == said.paper["quiet"]
    assert "S0001" not in said.paper["quiet"].split("<body")[0]


def test_the_sealed_export_has_the_hash_of_the_seal(said: _Said, tmp_path_factory: pytest.TempPathFactory) -> None:
    first = next(row for row in sealed_sample(tmp_path_factory)[1].first["sealed"] if '"results_sha256"' in row)
    assert hashlib.sha256(said.quiet["sealed"].encode()).hexdigest() == json.loads(first)["results_sha256"]
    assert said.quiet["sealed"] != said.quiet["export"]


def test_scores_are_shown_best_first_to_people_and_exactly_to_programs(said: _Said) -> None:
    names, *lines = (line.split("\t") for line in said.quiet["staff"].splitlines())
    rows = [dict(zip(names, line, strict=True)) for line in lines]
    ranks = [int(row["rank"]) for row in rows if row["pool"] == "centre_department" and row["rank"] != "0"]
    assert ranks == sorted(ranks)
    assert ranks[0] == 1
    first = next(row for row in rows if row["staff"] == FIRST)
    assert len(first["score"].partition(".")[2]) == 2
    community = json_lines(said.quiet["staff of a pool"])
    assert community
    assert {row["pool"] for row in community} == {"community"}
    assert all(str(row["site"]).startswith("530102001") for row in community)
    stars = {row["staff"]: row for row in json_lines(said.quiet["stars"])}
    assert set(stars[THIRD]) >= {"rank", "score", "star", "graded_months"}
    assert {row["tier"] for row in json_lines(said.quiet["sites"])} == {"street"}


def test_cuts_add_up_to_all_services(said: _Said) -> None:
    cut = json_lines(said.quiet["cut"])
    assert {(row["pool"], row["pioneer"]) for row in cut} >= {("community", "0"), ("community", "1")}
    total = sum(int(row["services"]) for row in cut)
    streets = sum(int(str(row["services"])) for row in json_lines(said.quiet["sites"]))
    assert total > streets > 0


def test_a_month_is_computed_once_and_assess_says_so(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    box = copied(sealed_sample(tmp_path_factory)[0], tmp_path / "data")
    process = box.start("assess", MONTH, QUARTER)
    output, errors = process.communicate()
    assert output.decode().splitlines() == [f"{MONTH} is up to date", f"{QUARTER} is up to date"]
    assert errors == b""
    assert "nothing was ever stored here" in Box(tmp_path / "none").refused("assess", MONTH)
    assert refused("verify") == "say whose data it is: --data, or --clickhouse"


def test_a_folder_whose_tables_are_old_is_to_be_migrated(tmp_path: Path) -> None:
    box = Box(tmp_path / "data")
    script = (
        "import sys; from pathlib import Path; from sinks.engine import Engine; e = Engine(Path(sys.argv[1]));"
        "e.execute('CREATE DATABASE IF NOT EXISTS pingliu'); e.close()"
    )
    subprocess.run([sys.executable, "-c", script, str(box.root / "clickhouse")], check=True)
    assert "pingliu migrate" in box.refused("score", "staff", MONTH)
