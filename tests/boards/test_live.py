"""Boards and rules over a real pingliu with a day behind it: everything that they ask is answered.

One file, for its tests share a pingliu and a Prometheus.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import pytest

from deploy.asking import AskingError
from deploy.folder import Folder
from deploy.grafana import words
from deploy.notifying import last_of_folder
from schemas.live import CLEARED, CONGESTED
from schemas.moments import SHANGHAI
from tests.boards import generated
from tests.boards.checks import level_of
from tests.boards.conftest import ROLES, District
from tests.boards.day import FROM, LATE, SITE, STREET, TO, WINDOW
from tests.boards.macros import expand
from tests.boards.recorded import ALERTS, RECORDED

Choice = Mapping[str, Sequence[str]]

# Columns of tables that are codes in events.
_WORDS: Final = frozenset(("渠道", "类型", "结果", "标记", "标签", "整改状态"))

ALL: Final[Choice] = {"street": (), "site": (), "window": ()}
ONE: Final[Choice] = {"street": (STREET,), "site": (SITE,), "window": (WINDOW,)}
TWO: Final[Choice] = {"street": (STREET, "530102002"), "site": (SITE, "530102002-00"), "window": (WINDOW,)}


def _has_data(district: District, expr: str) -> bool:
    return any(math.isfinite(float(one["value"][1])) for one in district.prometheus.ask(expr))


def test_prometheus_starts_as_it_is_shipped_scrapes_every_role_and_evaluates_every_rule(district: District) -> None:
    assert district.prometheus.targets() == {f"pingliu-{role}": "up" for role in ROLES}
    assert {rule["name"]: rule["health"] for rule in district.prometheus.rules()} == dict.fromkeys(
        [*RECORDED, *ALERTS], "ok"
    )
    assert district.prometheus.said() == ""


def test_every_expression_of_every_board_returns_data(district: District) -> None:
    asked = {one.where: generated.filled(one.text, ".+") for one in generated.expressions()}
    silent = [where for where, expr in asked.items() if not _has_data(district, expr)]
    assert silent == []
    assert not _has_data(district, "pingliu_made_up")


def test_every_rule_records_series_with_the_labels_of_its_name(district: District) -> None:
    for name in RECORDED:
        found = district.prometheus.ask(name)
        assert found, name
        # A label that is empty is none.
        assert {label for one in found for label in one["metric"]} - {"__name__"} == level_of(name)


def test_every_metric_of_every_alert_is_there_with_the_labels_it_is_asked_by(district: District) -> None:
    for name, expr in ALERTS.items():
        for selector in generated.selectors(expr):
            found = district.prometheus.ask(selector.name or "")
            assert found, f"{name}: {selector.name}"
            labels = {matcher.name for matcher in selector.matchers.matchers}
            assert all(labels <= set(one["metric"]) for one in found), name


def test_a_quiet_district_has_no_alert_of_operation(district: District) -> None:
    told = [one["metric"]["alertname"] for one in district.prometheus.ask('ALERTS{of="operation",alertstate="firing"}')]
    assert told == []


def test_sites_are_congested_that_the_notices_say_and_no_others(district: District) -> None:
    said: dict[str, str] = {}
    for notice in sorted(last_of_folder(Folder(district.box.root), 1_000_000), key=lambda one: one.time):
        if notice.type in (CONGESTED, CLEARED):
            said[notice.site] = notice.type
    streets = Counter(site.partition("-")[0] for site, kind in said.items() if kind == CONGESTED)
    assert STREET in streets
    assert {
        one["metric"]["street"]: int(one["value"][1])
        for one in district.prometheus.ask("street:pingliu_sites_congested:max > 0")
    } == streets


@pytest.mark.parametrize("choice", [ALL, ONE, TWO], ids=["all", "one", "two"])
def test_every_query_of_every_board_runs_whatever_is_chosen(district: District, choice: Choice) -> None:
    for one in generated.queries():
        _rows(district, one.text, choice)


def test_a_query_that_names_a_table_or_column_that_is_not_there_fails(district: District) -> None:
    (one,) = (one for one in generated.queries() if one.where == "window: 最近评价")
    for name, wrong in (("pingliu.ratings AS r", "pingliu.ratngs AS r"), ("r.channel", "r.chanel")):
        assert name in one.text
        with pytest.raises(AskingError):
            _rows(district, one.text.replace(name, wrong), ALL)


def test_every_query_of_every_board_returns_rows_of_a_day_and_each_column_that_the_board_names(
    district: District,
) -> None:
    empty = [one.where for one in generated.queries() if not _rows(district, one.text, ALL)]
    assert empty == []
    for name, board in generated.boards().items():
        for panel in generated.panels(board):
            columns = _columns(district, panel)
            if columns:
                assert _named(panel) <= columns, f"{name}: {panel['title']}"
            if panel["type"] == "table":
                assert not {one for one in columns if one.isascii()} - _hidden(panel), f"{name}: {panel['title']}"
            for target in panel["targets"]:
                if target.get("queryType") == "timeseries":
                    assert next(iter(_rows(district, target["rawSql"], ALL)[0])) == "time", panel["title"]


def test_tables_say_in_words_what_events_have_as_codes(district: District) -> None:
    said: dict[str, set[str]] = {column: set() for column in _WORDS}
    for one in generated.queries():
        if any(f"`{column}`" in one.text for column in _WORDS):
            for row in _rows(district, one.text, ALL):
                for column in _WORDS & row.keys():
                    said[column].add(row[column] or "")
    assert {text for texts in said.values() for text in texts if text.isascii()} <= {""}
    assert said["渠道"] <= set(words.CHANNELS.values())
    assert all(texts - {""} for texts in said.values())


def test_a_choice_narrows_what_is_shown(district: District) -> None:
    (sites,) = (one for one in generated.queries() if one.where == "window: $site")
    assert {row["site"][:9] for row in _rows(district, sites.text, ONE)} == {STREET}
    assert {row["site"][:9] for row in _rows(district, sites.text, TWO)} == {STREET, "530102002"}
    assert len(_rows(district, sites.text, ALL)) > len(_rows(district, sites.text, TWO))


@pytest.mark.parametrize("rule", generated.alert_rules(), ids=lambda rule: rule["uid"])
def test_an_alert_of_facts_finds_the_street_where_it_is_so(district: District, rule: Any) -> None:
    until = LATE + timedelta(days=2) if rule["uid"] == "pingliu-differences" else TO
    span = timedelta(seconds=rule["data"][0]["relativeTimeRange"]["from"])
    rows = district.box.rows(expand(generated.sql_of(rule), until - span, until, {}))
    assert [set(row) for row in rows] == [{"street", "value"}] * len(rows)
    assert STREET in {row["street"] for row in rows if int(row["value"]) > 0}
    # Before pingliu began, nothing was so; but for what hangs on deadlines, which have no range.
    if "$__" in generated.sql_of(rule):
        assert district.box.rows(expand(generated.sql_of(rule), FROM - timedelta(days=90), FROM - 60 * span, {})) == []


def _rows(district: District, sql: str, choice: Choice) -> list[dict[str, Any]]:
    # Rejects are of now, when they were received.
    return district.box.rows(expand(sql, FROM, datetime.now(SHANGHAI), choice))


def _columns(district: District, panel: Any) -> set[str]:
    """What a panel's SQL gives, and what a join calls its values."""
    found: set[str] = set()
    for target in panel["targets"]:
        if "rawSql" in target:
            found |= set(_rows(district, target["rawSql"], ALL)[0])
    for transformation in panel.get("transformations", []):
        found |= set(transformation["options"].get("renameByName", {}).values())
    return found


def _hidden(panel: Any) -> set[str]:
    """The columns that are there for links alone."""
    hidden = {"id": "custom.hidden", "value": True}
    return {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"] if hidden in one["properties"]}


def _named(panel: Any) -> set[str]:
    """The columns that a panel's colours, units and links are for."""
    overrides: Iterable[Any] = panel["fieldConfig"]["overrides"]
    links = [
        link["url"]
        for one in overrides
        for part in one["properties"]
        if part["id"] == "links"
        for link in part["value"]
    ]
    return {one["matcher"]["options"] for one in overrides} | set(re.findall(r"__data\.fields\.(\w+)", " ".join(links)))
