"""What if: two rule sets over the same history. Who moves has reasons that add up; and nothing is left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli import cli
from schemas.rules import Rules, parse_rules
from sinks.assessment.compare import Move, compare
from sinks.assessment.period import Period
from sinks.workbench import Workbench
from tests.assessment.sealing import FIRST, MONTH, SECOND, bench, copied, json_lines, sample

_TABLES = ("staff_months", "site_months", "bill_lines", "month_measures", "assessments", "rule_sets", "reference_log")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    with bench(copied(sample(tmp_path_factory), tmp_path_factory.mktemp("compare") / "data")) as engine:
        yield engine


def _compared(engine: Workbench, text: str, first: Rules | None = None) -> list[Move]:
    """Moves, after which everything must be as it was."""
    before = _everything(engine)
    moves = compare(engine, Period.parse(MONTH), first or Rules(), parse_rules(text))
    assert _everything(engine) == before
    return moves


def _everything(engine: Workbench) -> list[object]:
    names = engine.rows("SELECT name FROM system.databases ORDER BY name")
    hashes = (f"SELECT sum(cityHash64(formatRow('JSONEachRow', *))) AS h FROM pingliu.{name}" for name in _TABLES)
    return [names, *(engine.rows(sql) for sql in hashes)]


def test_nobody_moves_between_sets_that_judge_alike(engine: Workbench) -> None:
    alike = "[assessment]\nname = '另一名称'\neffective_from = 2026-08-01\n[star]\nquota_from = 6"
    assert _compared(engine, alike) == []


def test_a_field_moves_exactly_those_whom_it_is_about_with_reasons_that_add_up(engine: Workbench) -> None:
    moves = _compared(engine, "[staff_month]\nbad_dissatisfied = -3")
    lines = engine.rows(
        f"SELECT subject FROM pingliu.bill_lines WHERE period = '{MONTH}' "
        "AND scope = 'staff' AND rule = 'bad.dissatisfied' GROUP BY subject HAVING sum(points) < 0"
    )
    blamed = {str(line["subject"]) for line in lines}
    assert {FIRST, SECOND} <= blamed
    by_score = {move.subject: move for move in moves if move.score_before != move.score_after}
    assert by_score.keys() <= blamed
    for subject in blamed - by_score.keys():  # who had no points left in the block
        assert _points(engine, subject, "service.floor") > 0
    for move in by_score.values():
        assert move.score_before is not None
        assert move.score_after is not None
        assert move.reasons[0][0] == "bad.dissatisfied"
        assert sum(points for _, points in move.reasons) == move.score_after - move.score_before < 0
    differences = [abs((move.score_after or Decimal(0)) - (move.score_before or Decimal(0))) for move in moves]
    assert differences == sorted(differences, reverse=True)
    # The others are overtaken, or overtake; their scores and bills are the same.
    for move in moves:
        if move.subject not in by_score:
            assert (move.scope, move.reasons) == ("staff", ())
            assert move.before != move.after


def _points(engine: Workbench, subject: str, rule: str) -> Decimal:
    rows = engine.rows(
        f"SELECT toString(sum(points)) AS total FROM pingliu.bill_lines WHERE period = '{MONTH}' "
        f"AND scope = 'staff' AND subject = '{subject}' AND rule = '{rule}'"
    )
    return Decimal(str(rows[0]["total"]))


def test_a_band_alone_moves_those_between_the_old_and_the_new_one(engine: Workbench) -> None:
    moves = _compared(engine, "[staff_month]\nexcellent = 97")
    between = engine.rows(
        f"SELECT staff FROM pingliu.staff_months WHERE period = '{MONTH}' AND graded AND score >= 95 AND score < 97"
    )
    assert {move.subject for move in moves} == {str(row["staff"]) for row in between}
    assert {(move.before["band"], move.after["band"], move.reasons) for move in moves} == {("excellent", "good", ())}


def test_the_command_shows_moves_and_refuses_what_is_no_rules_file(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    box = copied(sample(tmp_path_factory), tmp_path / "data")
    first, second = tmp_path / "a.toml", tmp_path / "b.toml"
    first.write_text("")
    second.write_text("[staff_month]\nexcellent = 97")
    files = ("--rules", str(first), "--rules", str(second))
    asked = ("compare", MONTH, *files, "--json", "--limit", "5")
    moves, sets = box.run_in_turn(asked, ("query", "SELECT count() FROM rule_sets"))
    listed = json_lines(moves)
    assert len(listed) == 5
    assert all(one["before"]["band"] == "excellent" and one["after"]["band"] == "good" for one in listed)
    assert json.loads(sets) == 1
    second.write_text("[staff_month]\nexcellent = 101")
    said = box.refused("compare", MONTH, *files)
    assert str(second) in said
    assert "staff_month.excellent" in said
    usage = CliRunner().invoke(cli, ("compare", "--data", str(box.root), MONTH, "--rules", str(first)))
    assert usage.exit_code == 2
    assert usage.stderr.splitlines()[-1].startswith("Error: --rules: two files are expected")
