"""Rule sets: what names one, from when it judges, and that none is ever published backwards or changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from deploy.district import FOLDER
from deploy.preparing import prepare
from schemas.registry import Registry
from schemas.rules import Rules, RulesError, parse_rules
from sinks.assessment.assessor import assess
from sinks.assessment.before import current
from sinks.assessment.database import silent
from sinks.assessment.explain import explain
from sinks.assessment.period import Period
from sinks.assessment.rule_sets import in_force, publish, publish_first, published
from sinks.assessment.seals import seal
from sinks.assessment.verify_rules import verify_rules
from sinks.workbench import Workbench
from tests.assessment.sealing import LATER, MONTH, NEXT, THIRD, bench, changed, copied, removed, sample
from tests.box import Box

_TODAY = date(2026, 8, 15)


def _rules(start: str, more: str = "") -> str:
    return f"[assessment]\nname = '规则'\neffective_from = {start}\n{more}"


def _publish(engine: Workbench, start: str, more: str = "", today: date = _TODAY) -> None:
    text = _rules(start, more)
    publish(engine, parse_rules(text), text, today)


def _refused(engine: Workbench, start: str, more: str = "", today: date = _TODAY) -> str:
    there = published(engine)
    with pytest.raises(RulesError) as raised:
        _publish(engine, start, more, today)
    assert published(engine) == there
    return str(raised.value)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    with bench(copied(sample(tmp_path_factory), tmp_path_factory.mktemp("rules") / "data")) as engine:
        yield engine


@pytest.fixture
def fresh(engine: Workbench) -> Iterator[Workbench]:
    """Nothing but the first set was published, and nothing is sealed."""
    engine.execute("TRUNCATE TABLE pingliu.rule_sets")
    engine.execute(removed("reference_log", "table_name = 'rule_sets'"))
    publish_first(engine, Rules(), "")
    yield engine
    engine.execute("TRUNCATE TABLE pingliu.sealed_periods")


# What names a set.


@pytest.mark.parametrize(
    "text",
    [
        "[star]\nquota_from = 7\nfive_score = 98\n[staff_month]\nlead_share = 0.5",
        "# 说明\n[staff_month]\nlead_share = 0.50 # half\n\n[star]\nfive_score = 98.0\nquota_from = 7",
        "[star]\nquota_from = 0x7\nfive_score = '98'\n[staff_month]\nlead_share = 5e-1",
        "star = { five_score = 9.8e1, quota_from = 7 }\n[staff_month]",
        "[star]\nfive_score = 98\nquota_from = 7\nfour_score = 94.0000\n[deadlines]\ncontact_workdays = 1",
    ],
)
def test_the_hash_is_of_the_values_and_not_of_how_they_are_written(text: str) -> None:
    assert parse_rules(text).sha256 == parse_rules("[star]\nfive_score = 98\nquota_from = 7").sha256


@pytest.mark.parametrize(
    "text",
    [
        "[star]\nfive_score = 97.0001",
        "[star]\nquota_from = 6",
        "[assessment]\nname = 'x'",
        "[assessment]\neffective_from = 2026-01-01",
        "[rating]\ngood_levels = ['very_satisfied']",
        "[calendar]\nrest = [2026-10-12]",
        "[site_month]\nhours = ['09:00-12:00']",
        "[conduct.codes.late]\ntext = '迟到'\nblock = 'discipline'\npoints = -1",
    ],
)
def test_any_other_value_is_another_hash(text: str) -> None:
    assert parse_rules(text).sha256 != Rules().sha256


def test_a_set_comes_back_from_its_canonical_text_as_it_was() -> None:
    rules = parse_rules("[staff_month]\nbad_dissatisfied = -2.5\n[star]\nfive_share = 0.125")
    assert Rules.model_validate_json(rules.canonical()) == rules
    assert rules.staff_month.bad_dissatisfied == Decimal("-2.5")


# Publishing.


def test_the_first_start_publishes_the_first_set_and_others_leave_it(fresh: Workbench) -> None:
    assert [one.sha256 for one in published(fresh)] == [Rules().sha256]
    other = parse_rules(_rules("2026-09-01"))
    prepare(fresh, Registry.load(FOLDER), other)
    assert not publish_first(fresh, other, "")
    assert [one.sha256 for one in published(fresh)] == [Rules().sha256]


def test_no_set_is_published_for_a_month_that_has_begun(fresh: Workbench) -> None:
    said = "assessment.effective_from: 2026-08-01 has begun; the next month is the earliest"
    assert _refused(fresh, "2026-08-01") == said
    assert "has begun" in _refused(fresh, "2026-08-01", today=date(2026, 8, 1))
    _publish(fresh, "2026-08-01", today=date(2026, 7, 31))


def test_no_set_is_published_before_the_last_one_or_twice(fresh: Workbench) -> None:
    _publish(fresh, "2026-10-01")
    assert _refused(fresh, "2026-09-01") == (
        "assessment.effective_from: 2026-09-01 is before 2026-10-01, when the last set begins"
    )
    assert "in force from 2026-10-01 already" in _refused(fresh, "2026-10-01")
    # For the same month there may be another one, as long as that hasn't begun: the later counts.
    _publish(fresh, "2026-10-01", "[star]\nquota_from = 6")
    assert in_force(published(fresh), Period.parse("2026-10")).star.quota_from == 6


def test_no_set_is_published_into_what_is_sealed(fresh: Workbench) -> None:
    seal(fresh, Period.parse(MONTH), LATER)
    early = date(2026, 7, 1)
    assert _refused(fresh, "2026-08-01", today=early) == (
        "assessment.effective_from: 2026-08-01 is not after 2026-08, which is sealed"
    )
    _publish(fresh, "2026-09-01", today=early)
    for table in ("sealed_results", "sealed_facts"):
        fresh.execute(f"TRUNCATE TABLE pingliu.{table}")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (_rules("2026-09-02"), "effective_from: must be the first day of a month"),
        (_rules("2026-09-01", "freeze_workday = 11"), "bulletin_workday: must not be before freeze_workday"),
        (_rules("2026-09-01", "[star]\nfive_share = 1.1"), "star.five_share"),
        (_rules("2026-09-01", "[star]\nfive_score = 97.00001"), "star.five_score"),
        (_rules("2026-09-01", "[star]\nquota_from = 5.5"), "star.quota_from"),
        (_rules("2026-09-01", "[staff_month]\nbad_dissatisfied = 2"), "staff_month.bad_dissatisfied"),
        (_rules("2026-09-01", "[site_month]\nhours = ['17:00-09:00']"), "hours"),
        (_rules("2026-09-01", "[conduct.codes.x]\ntext = 'x'\nblock = 'bonus'\npoints = -1"), "conduct.codes.x"),
        (_rules("2026-09-01", "[assess]\n"), "assess"),
    ],
)
def test_what_is_no_rule_is_refused_by_the_name_of_its_field(text: str, named: str) -> None:
    with pytest.raises(RulesError, match=named):
        parse_rules(text)


# Judging.


def test_a_month_is_judged_by_the_latest_set_that_begins_not_after_it(fresh: Workbench) -> None:
    for start, quota in (("2026-09-01", 6), ("2026-11-01", 7)):
        _publish(fresh, start, f"[star]\nquota_from = {quota}")
    quotas = {
        month: in_force(published(fresh), Period.parse(month)).star.quota_from
        for month in ("1999-12", "2026-08", "2026-09", "2026-10", "2026-11", "2027-01")
    }
    assert quotas == {"1999-12": 5, "2026-08": 5, "2026-09": 6, "2026-10": 6, "2026-11": 7, "2027-01": 7}


def test_bills_follow_the_rules_of_their_own_month(fresh: Workbench) -> None:
    _publish(
        fresh, "2026-09-01", "[staff_month]\ndiscipline_max = 30\n[conduct.codes.late]\ntext='迟'\nblock='discipline'"
    )
    full = {}
    for month in (MONTH, NEXT):
        assess(fresh, Period.parse(month), current(fresh), silent)
        lines = explain(fresh, "staff", THIRD, Period.parse(month)).lines
        full[month] = {line.rule: line.points for line in lines if line.block == "discipline"}
    assert full[MONTH]["discipline.full"] == 20
    assert full[NEXT]["discipline.full"] == 30
    rules = {
        str(row["period"]): str(row["sha"])
        for row in fresh.rows("SELECT period, rules_sha256 AS sha FROM pingliu.assessments")
    }
    assert (rules[MONTH], rules[NEXT]) == (Rules().sha256, published(fresh)[-1].sha256)


@pytest.mark.parametrize(
    "sets",
    [
        "canonical = replace(canonical, '\"quota_from\":5', '\"quota_from\":6')",
        "canonical = '{'",
        "name = 'x'",
        "sha256 = 'x'",
    ],
)
def test_a_set_that_was_changed_judges_nothing(fresh: Workbench, sets: str) -> None:
    fresh.execute(changed("rule_sets", sets, "1"))
    with pytest.raises(RulesError, match="was changed after it was published"):
        assess(fresh, Period.parse(MONTH), current(fresh), silent)
    assert next(verify_rules(fresh)).place == "rule_sets"


def test_publishing_that_breaks_off_is_mended_by_publishing_again(fresh: Workbench) -> None:
    _publish(fresh, "2026-09-01")
    kept = published(fresh)
    fresh.execute(removed("rule_sets", f"sha256 = '{kept[-1].sha256}'"))
    assert [one.detail.split()[-1] for one in verify_rules(fresh)] == ["changed"]
    _publish(fresh, "2026-09-01")
    assert list(verify_rules(fresh)) == []


# As users see it.


def test_check_publish_list_and_show(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    box = copied(sample(tmp_path_factory), tmp_path / "data")
    file = tmp_path / "new.toml"
    file.write_text("# 新办法\n" + _rules("2099-01-01"))
    old, new = Rules().sha256, parse_rules(file.read_text()).sha256
    publishes, lists, shows, shows_first = box.run_in_turn(
        ("rules", "publish", str(file)), ("rules", "list"), ("rules", "show", new[:12]), ("rules", "show", old)
    )
    assert publishes == f"规则: effective from 2099-01-01, {new}\n"
    assert lists == f"2000-01-01  {old}  评流缺省规则\n2099-01-01  {new}  规则\n"
    assert shows == file.read_text() + "\n"
    assert json.loads(shows_first)["star"]["quota_from"] == 5
    assert box.refused("rules", "show", "ffff").startswith("ffff: no rule set")
    assert "in force from 2099-01-01 already" in box.refused("rules", "publish", str(file))
    file.write_text("[star]\nfive_share = 2")
    said = box.refused("rules", "publish", str(file))
    assert str(file) in said
    assert "star.five_share" in said
    assert "nothing was ever stored" in Box(tmp_path / "none").refused("rules", "list")
