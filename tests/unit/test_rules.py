"""The rules file: defaults are the contract's, and what can't be is refused with the name of its field."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from schemas.moments import epoch_ms, iso, to_day
from schemas.rules import Calendar, Rules, RulesError, load_rules, parse_rules
from schemas.workdays import Workdays


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[rating]\npoints = { satisfied = 8 }", "rating"),
        ("[rating]\npoints = { satisfied = 101 }", "rating.points.satisfied"),
        ("[rating]\ngood_levels = ['dissatisfied']", "good_levels"),
        ("[rating]\ngood_levels = ['happy']", "rating.good_levels"),
        ("[deadlines]\ncontact_workdays = 0", "deadlines.contact_workdays"),
        ("[deadlines]\ncontact_workdays = '1'", "deadlines.contact_workdays"),
        ("[horizons]\nredelivery_days = 7", "redelivery_days"),
        ("[calendar]\nwork = [2026-10-01]\nrest = [2026-10-01]", "2026-10-01"),
        ("[limits]\nspeed = 1", "limits.speed"),
        ("[limits", "not TOML"),
        ("[assessment]\neffective_from = 2026-09-02", "assessment: .*effective_from: must be the first day"),
        ("[assessment]\nbulletin_workday = 7", "bulletin_workday: must not be before freeze_workday"),
        ("[staff_month]\nlead_share = 0.12345", "staff_month.lead_share"),
        ("[staff_month]\nbad_dissatisfied = 2", "staff_month.bad_dissatisfied"),
        ("[staff_month]\nrating_max = true", "staff_month.rating_max"),
        ("[staff_year]\ncandidate_factor = 0.5", "staff_year.candidate_factor"),
        ("[site_month]\nopening_from = 0.98", "opening_full: must exceed opening_from"),
        ("[site_month]\nhours = ['09:00-12:00', '11:59-17:00']", "11:59-17:00 begins before"),
        ("[site_month]\nhours = ['9-12']", "HH:MM-HH:MM is expected"),
        ("[conduct.codes.x]\ntext = '甲'\nblock = 'bonus'\npoints = -1", "conduct.codes.x: .*block bonus adds points"),
        (
            "[conduct.codes.x]\ntext = '甲'\nblock = 'patrol'\npoints = 1",
            "conduct.codes.x: .*block patrol takes points",
        ),
        ("[conduct.codes.x]\ntext = '甲'\nblock = 'service'\ncap = 1", "cap: block service has none"),
        ("[conduct.codes.x]\ntext = '甲'\nblock = 'bonus'\nshared = true", "shared: block bonus burdens nobody"),
        ("[conduct.codes.x]\nblock = 'bonus'", "conduct.codes.x.text"),
    ],
)
def test_a_wrong_rule_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(RulesError, match=named) as raised:
        load_rules(path)
    assert str(path) in str(raised.value)


def test_a_missing_file_is_named_and_no_file_means_the_contracts_defaults(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"none\.toml"):
        load_rules(tmp_path / "none.toml")
    assert load_rules(None) == Rules()
    assert list(Rules().rating.points.values()) == [10, 8, 6, 3, 0]


def test_a_rule_set_is_named_by_its_values_not_by_how_they_are_written() -> None:
    first, second = (
        parse_rules(f"[assessment]\nname = '甲'\n[staff_month]\nexcellent = {number} # from here")
        for number in ("96", "96.00")
    )
    assert first.sha256 == second.sha256 != parse_rules("[staff_month]\nexcellent = 96").sha256
    assert Rules.model_validate_json(first.canonical()) == first


def test_codes_that_a_file_has_replace_the_whole_list() -> None:
    rules = parse_rules("[conduct.codes.late]\ntext = '迟到'\nblock = 'discipline'\npoints = -0.5")
    assert [(code, said.points) for code, said in rules.conduct.codes.items()] == [("late", Decimal("-0.5"))]


def test_a_good_level_more_is_a_rule() -> None:
    rules = Rules.model_validate({"rating": {"good_levels": ["very_satisfied", "satisfied", "basically_satisfied"]}})
    assert "basically_satisfied" in rules.rating.good_levels


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-10-01", False),  # National Day, a Thursday
        ("2026-10-10", True),  # a make-up Saturday
        ("2026-10-11", False),  # a Sunday
        ("2026-10-12", True),
        ("2040-01-02", True),  # beyond the published calendar: Monday to Friday
        ("2040-01-01", False),
    ],
)
def test_workdays_follow_the_state_councils_notices(day: str, works: bool) -> None:
    assert Workdays().is_workday(to_day(date.fromisoformat(day))) is works


def test_a_district_may_differ_from_the_published_calendar() -> None:
    calendar = Calendar(work=(date(2026, 10, 11),), rest=(date(2026, 10, 12),))
    workdays = Workdays(calendar)
    assert workdays.is_workday(to_day(date(2026, 10, 11)))
    assert not workdays.is_workday(to_day(date(2026, 10, 12)))


def test_due_is_the_end_of_the_nth_workday() -> None:
    friday_night = epoch_ms("2026-11-06T23:59:59+08:00")
    assert iso(Workdays().due_ms(friday_night, 1)) == "2026-11-10T00:00:00+08:00"
    assert iso(Workdays().due_ms(friday_night, 5)) == "2026-11-14T00:00:00+08:00"
