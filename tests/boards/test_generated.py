"""The committed boards are what the code makes, whole and sound, and name nothing that isn't there."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.access_schema import HIDDEN, declared
from deploy.grafana import clickhouse, words
from deploy.grafana.files import FOLDER, GENERATED, grafana_files, write_files
from schemas import code_words, data
from schemas.contracts.meanings import of_field
from tests.boards import generated
from tests.boards.checks import UIDS, faults_of_board, known_series

_DOCUMENT = Path(__file__).parents[2] / "docs" / "boards.md"
BOARDS = generated.boards()


def _first(board: Any, kind: str) -> Any:
    """The first target of a sort: expr or rawSql."""
    return next(t for panel in generated.panels(board) for t in panel["targets"] if kind in t)


def test_the_committed_files_are_what_the_code_makes_and_no_others(tmp_path: Path) -> None:
    committed = {
        path.relative_to(FOLDER).as_posix(): path.read_text(encoding="utf-8")
        for pattern in GENERATED
        for path in FOLDER.glob(pattern)
    }
    assert committed == grafana_files(), "run `make boards`"
    for gone in ("dashboards/gone.json", "provisioning/alerting/gone.json"):
        (tmp_path / gone).parent.mkdir(parents=True)
        (tmp_path / gone).write_text("{}")
    for _ in range(2):
        write_files(tmp_path)
        written = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*.json")}
        assert {name: path.read_text(encoding="utf-8") for name, path in written.items()} == committed


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_is_understood_whole_by_grafana_s_own_models(name: str) -> None:
    clickhouse.register()
    again = json.loads(json.dumps(Dashboard.from_json(BOARDS[name]), cls=JSONEncoder))
    assert again == BOARDS[name]


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_says_what_it_shows_and_names_nothing_that_is_not_there(name: str) -> None:
    assert list(faults_of_board(name, BOARDS, known_series())) == []


def _no_metric(board: Any) -> None:
    _first(board, "expr")["expr"] += " or pingliu_made_up"


def _no_label(board: Any) -> None:
    _first(board, "expr")["expr"] = 'street:pingliu_windows_open:max{window=~"$street"}'


def _rate_of_a_gauge(board: Any) -> None:
    _first(board, "expr")["expr"] = "sum(rate(pingliu_lag_messages[5m]))"


def _no_variable(board: Any) -> None:
    _first(board, "rawSql")["rawSql"] += " AND $__conditionalAll(site IN (${site:singlequote}), $site)"


def _no_source(board: Any) -> None:
    _first(board, "rawSql")["datasource"]["uid"] = "another"


def _no_unit(board: Any) -> None:
    del generated.panels(board)[0]["fieldConfig"]["defaults"]["unit"]


def _same_id(board: Any) -> None:
    board["panels"][1]["id"] = board["panels"][2]["id"]


def _link_to(url: str) -> Callable[[Any], None]:
    def change(board: Any) -> None:
        board["links"].append({"url": url})

    return change


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_no_metric, "no such metric: pingliu_made_up"),
        (_no_label, "street:pingliu_windows_open:max has no label window"),
        (_rate_of_a_gauge, "rate of no counter: pingliu_lag_messages"),
        (_no_variable, "no such variable: site"),
        (_no_source, "no such data source: another"),
        (_no_unit, "title, description or unit is missing"),
        (_same_id, "two panels have the same id"),
        (_link_to("/d/pingliu-nowhere?x"), "a link to no board"),
        (_link_to("/d/pingliu-street?x&var-window=1"), "no variable window there"),
    ],
)
def test_a_board_that_names_something_undefined_or_says_too_little_is_at_fault(
    change: Callable[[Any], None], fault: str
) -> None:
    broken = copy.deepcopy(BOARDS)
    change(broken["street"])
    (found,) = faults_of_board("street", broken, known_series())
    assert fault in found


def test_boards_and_alerts_read_only_what_auditors_may() -> None:
    asked = [*(one.text for one in generated.queries()), *map(generated.sql_of, generated.alert_rules())]
    read = {name for text in asked for name in re.findall(r"\bpingliu\.(\w+)", text)}
    assert read
    assert read <= set(declared()) - set(HIDDEN)


def test_no_board_shows_who_rated_or_what_they_wrote() -> None:
    for one in generated.queries():
        assert not re.search(r"\b(rater\w*|comment|real_name)\b", one.text), one.where


@pytest.mark.parametrize(
    ("found", "codes"),
    [
        (words.CHANNELS, get_args(data.Channel)),
        (words.SERVICES, get_args(data.Kind)),
        (words.OUTCOMES, get_args(data.Outcome)),
    ],
)
def test_every_code_that_an_event_may_have_has_a_word(found: Mapping[str, str], codes: tuple[str, ...]) -> None:
    assert tuple(found) == codes
    assert all(re.search("[\u4e00-\u9fff]", word) for word in found.values())


@pytest.mark.parametrize(
    ("found", "kind", "field"),
    [
        (words.SERVICES, "service.completed", "kind"),
        (words.OUTCOMES, "service.completed", "outcome"),
        (code_words.DEVICES, "device.heartbeat", "kind"),
        (code_words.PAUSES, "window.paused", "reason"),
    ],
)
def test_a_board_s_words_are_those_of_the_contract_s_document(found: Mapping[str, str], kind: str, field: str) -> None:
    said = of_field(kind, field).text
    assert [f"{code} {word}" for code, word in found.items() if f"{code} {word}" not in said] == []


def test_a_grafana_alert_asks_a_source_that_is_provisioned_and_has_a_runbook() -> None:
    headings = re.findall(r"^### (\S+)$", _DOCUMENT.read_text(encoding="utf-8"), re.M)
    for rule in generated.alert_rules():
        asked, threshold = rule["data"]
        assert asked["datasourceUid"] in UIDS
        assert (rule["condition"], threshold["model"]["expression"]) == ("B", "A")
        assert rule["annotations"]["runbook"] == f"docs/boards.md#{rule['uid']}"
        assert rule["uid"] in headings
        assert re.search("[\u4e00-\u9fff]", rule["annotations"]["summary"])


def test_dollars_of_alerts_are_doubled_since_grafana_puts_its_environment_into_their_file() -> None:
    text = (FOLDER / "provisioning" / "alerting" / "facts.json").read_text(encoding="utf-8")
    assert "$$labels.street" in text
    assert not re.search(r"(?<!\$)\$(?!\$)", text.replace("$$", ""))


def test_every_board_is_in_the_document_s_map() -> None:
    text = _DOCUMENT.read_text(encoding="utf-8")
    for name, board in BOARDS.items():
        assert f"| {board['title']} | `pingliu-{name}` |" in text


def test_what_provisioning_takes_from_the_environment_is_documented() -> None:
    text = _DOCUMENT.read_text(encoding="utf-8")
    for path in FOLDER.glob("provisioning/*/*.yaml"):
        for name in re.findall(r"\$(PINGLIU_\w+)", path.read_text(encoding="utf-8")):
            assert f"`{name}`" in text, name
