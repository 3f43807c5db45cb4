"""Prometheus' rules by promtool: they are valid, each alert is told when its tests say, and says what to do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.grafana.thresholds import data_age
from deploy.local import packages
from schemas.rules import Rules
from schemas.rules_assessment import published_minutes
from streams.vitals import DEFAULT_PORTS
from tests.boards.checks import faults_of_expression, known_series
from tests.boards.recorded import ALERTS, RECORDED, SAID
from tests.boards.scraper import SHIPPED
from tests.servers import need

_DOCUMENT = Path(__file__).parents[2] / "docs" / "boards.md"
_TESTS = sorted((SHIPPED / "tests").glob("*.yml"))
# Asia/Shanghai is so many minutes before UTC, in which Prometheus has the hour.
_AHEAD = 8 * 60


def _promtool(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = need(packages.prometheus).with_name("promtool")
    return subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, check=False)


def _names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in sorted((folder / "tests").glob("*.yml"))]


def test_promtool_finds_the_configuration_and_its_rules_valid() -> None:
    done = _promtool(SHIPPED, "check", "config", "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    found = sum(map(int, re.findall(r"SUCCESS: (\d+) rules found", done.stdout + done.stderr)))
    assert found == len(ALERTS) + len(RECORDED)


def test_each_role_is_scraped_where_it_listens_and_one_that_not_every_district_runs_when_somebody_says_where() -> None:
    config = (SHIPPED / "prometheus.yml").read_text(encoding="utf-8")
    jobs = re.findall(r"- job_name: pingliu-(\w+)\n +file_sd_configs:\n +- files: \[targets/(\w+)\.json\]\n", config)
    assert sorted(jobs) == sorted((role, role) for role in DEFAULT_PORTS)
    for role, port in DEFAULT_PORTS.items():
        scraped = json.loads((SHIPPED / "targets" / f"{role}.json").read_text(encoding="utf-8"))
        assert scraped == ([] if role == "notify" else [{"targets": [f"127.0.0.1:{port}"]}])


def test_every_alert_is_told_when_its_tests_say_and_else_not() -> None:
    done = _promtool(SHIPPED, "test", "rules", *_names(SHIPPED))
    assert done.returncode == 0, done.stdout + done.stderr
    text = "".join(path.read_text(encoding="utf-8") for path in _TESTS)
    assert set(re.findall(r"^ +- alertname: (\w+)\n +eval_time: \w+\n +exp_alerts:\n +- ", text, re.M)) == set(ALERTS)


def test_a_rule_that_is_changed_fails_its_test(tmp_path: Path) -> None:
    folder = tmp_path / "prometheus"
    shutil.copytree(SHIPPED, folder)
    rules = folder / "rules" / "alerts.yml"
    text = rules.read_text(encoding="utf-8")
    assert "> 0.05\n" in text
    rules.write_text(text.replace("> 0.05\n", "> 0.5\n"), encoding="utf-8")
    done = _promtool(folder, "test", "rules", "tests/service.yml")
    assert done.returncode == 1
    assert "PingliuDevicesOffline" in done.stdout + done.stderr


@pytest.mark.parametrize("name", [*RECORDED, *ALERTS])
def test_a_rule_names_no_metric_and_no_label_that_is_not_there(name: str) -> None:
    assert list(faults_of_expression((RECORDED | ALERTS)[name], known_series())) == []


def test_a_rule_that_names_something_undefined_is_at_fault() -> None:
    expr = ALERTS["PingliuQueueCongested"].replace("pingliu_sites_congested", "pingliu_sites_conjested")
    assert list(faults_of_expression(expr, known_series())) == [
        "no such metric: street:pingliu_sites_conjested:max"
    ]  # fmt: skip
    # What a rule recorded before it was removed is undefined too.
    known = {name: labels for name, labels in known_series().items() if name != "street:pingliu_sites_congested:max"}
    assert list(faults_of_expression(ALERTS["PingliuQueueCongested"], known)) != []


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_in_chinese_what_is_the_matter_whose_it_is_and_where_to_read_on(name: str) -> None:
    assert re.search(r"^labels: \{severity: (critical|warning|info), of: (operation|service)\}$", SAID[name], re.M)
    for part in ("summary", "description"):
        assert re.search(rf"^  {part}: .*[\u4e00-\u9fff]", SAID[name], re.M)
    assert f"  runbook: docs/boards.md#{name.lower()}\n" in SAID[name]
    assert f"\n### {name}\n" in _DOCUMENT.read_text(encoding="utf-8")


def test_devices_are_offline_by_the_rules_own_share_and_hours() -> None:
    rules = Rules().site_month
    intervals = published_minutes(rules.hours)
    first, last = (minute - _AHEAD for minute in (intervals[0][0], intervals[-1][1]))
    assert (first % 60, last % 60) == (0, 0)
    for name in ("PingliuDevicesOffline", "PingliuDeviceMissing", "PingliuQueueCongested"):
        assert f"and on () (hour() >= {first // 60} and hour() < {last // 60})" in ALERTS[name]
    assert f"> {1 - rules.online_share}\n" in ALERTS["PingliuDevicesOffline"]
    assert f"> {1 - rules.online_share})\n" in ALERTS["PingliuDeviceMissing"]
    assert f"未超过 {1 - rules.online_share:.0%}" in SAID["PingliuDeviceMissing"]
    assert f"达标线 {rules.online_share:.0%}" in SAID["PingliuDevicesOffline"]


def test_a_street_is_silent_by_the_rules_own_hours() -> None:
    expr = re.sub(r"\s+", " ", RECORDED["district:pingliu_hours:minutes"])
    intervals = [(begin - _AHEAD, end - _AHEAD) for begin, end in published_minutes(Rules().site_month.hours)]
    assert expr == " + ".join(
        f"(hour() * 60 + minute() - {begin}) * (hour() * 60 + minute() >= bool {begin})"
        f" * (hour() * 60 + minute() < bool {end})"
        for begin, end in intervals
    )
    for name in ("district:pingliu_last_event_today:ratio", "district:pingliu_last_heartbeat_today:ratio"):
        assert f"(time() - {60 * intervals[0][0]}) % 86400" in RECORDED[name]


def test_a_street_s_age_turns_red_when_its_alert_comes() -> None:
    red = data_age().build().steps[-1]
    assert red.color == "red"
    assert f"max > {red.value:.0f}\n" in ALERTS["PingliuStreetSilent"]
