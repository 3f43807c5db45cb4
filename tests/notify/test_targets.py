"""The webhooks file: what is wrong with it is said by its field, and never with what is secret in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from schemas.notice_texts import kinds, severity, title
from streams.notify.answers import CODES
from streams.notify.settings import NotifySettings
from streams.notify.targets import Target, WebhooksError, load_targets
from tests.notify.notices import STREET, notice

_PAGE = (Path(__file__).parents[2] / "docs" / "notices.md").read_text(encoding="utf-8")
_KEY = "canary-8b7e6c5d-4f3a"
_URL = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={_KEY}"
_RIGHT = f'name = "a"\nformat = "wecom"\nurl = "{_URL}"\n'


def _file(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "webhooks.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return file


def test_a_target_has_what_its_table_says(tmp_path: Path) -> None:
    text = f'[[target]]\n{_RIGHT}types = ["rectification.opened"]\nquiet = ["21:00-08:00", "12:00-14:00"]\n'
    text += f'[[target]]\nname = "b"\nformat = "json"\nurl = "http://127.0.0.1:1/x"\nstreets = ["{STREET}"]\n'
    one, other = load_targets(_file(tmp_path, text))
    assert (one.name, one.url.get_secret_value(), one.per_minute) == ("a", _URL, 20)
    assert [one.wants(notice()), one.wants(notice("device.back"))] == [True, False]
    assert [other.wants(notice("device.back")), other.wants(notice(street="530102002"))] == [True, False]
    assert _KEY not in repr(one) + str(one) + one.model_dump_json()


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ('name = "A b"', "target 1: name", "match pattern"),
        ('format = "slack"', "target 1: format", "'wecom', 'dingtalk' or 'json'"),
        (f'url = "http://10.0.0.7/{_KEY}"', "target 1: url", "must be https"),
        (f'url = "ftp://10.0.0.7/{_KEY}"', "target 1: url", "must begin with https://"),
        (f'url = "{_KEY}"', "target 1: url", "must begin with https://"),
        (f'url = "https://user:{_KEY}@10.0.0.7/"', "target 1: url", "no user"),
        (f'url = "https://10.0.0.7:{_KEY}/"', "target 1: url", "is no URL"),
        (f'url = ["{_KEY}"]', "target 1: url", "string"),
        (f'secret = "{_KEY}"', "target 1", "secret: only dingtalk signs"),
        ('types = ["rating.submitted"]', "target 1: types", "no such type"),
        ('streets = ["1"]', "target 1: streets: 0", "match pattern"),
        ('severity = "urgent"', "target 1: severity", "'info', 'warning' or 'critical'"),
        ('quiet = ["9-10"]', "target 1: quiet", "is not HH:MM-HH:MM"),
        ('quiet = ["08:00-20:00", "20:00-08:00"]', "target 1: quiet", "leave no time"),
        ("per_minute = 21", "target 1", "per_minute: a robot takes 20"),
        (f'kye = "{_KEY}"', "target 1: kye", "not permitted"),
    ],
)
def test_a_field_that_can_t_be_is_named_and_no_key_is_quoted(
    tmp_path: Path, changed: str, field: str, reason: str
) -> None:
    name = changed.partition(" ")[0]
    lines = [line for line in _RIGHT.splitlines() if not line.startswith(f"{name} ")]
    file = _file(tmp_path, "\n".join(["[[target]]", *lines, changed]))
    with pytest.raises(WebhooksError) as caught:
        load_targets(file)
    assert str(caught.value).startswith(f"{file}: {field}: ")
    assert reason in str(caught.value)
    assert _KEY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_private_address_is_taken_over_https(tmp_path: Path) -> None:
    (target,) = load_targets(_file(tmp_path, f"[[target]]\n{_RIGHT}".replace("qyapi.weixin.qq.com", "10.0.0.7:8443")))
    assert target.url.get_secret_value().startswith("https://10.0.0.7:8443/")


def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WebhooksError, match="name: a is there twice"):
        load_targets(_file(tmp_path, f"[[target]]\n{_RIGHT}[[target]]\n{_RIGHT}"))


@pytest.mark.parametrize("text", ["", "target = []", "[[target]\n", f'[[target]]\nurl = "{_KEY}'])
def test_what_is_no_file_of_targets_is_refused_without_a_quotation(tmp_path: Path, text: str) -> None:
    file = _file(tmp_path, text)
    with pytest.raises(WebhooksError) as caught:
        load_targets(file)
    assert str(caught.value).startswith(f"{file}: ")
    assert _KEY not in str(caught.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = _file(tmp_path, f"[[target]]\n{_RIGHT}")
    file.chmod(mode)
    with pytest.raises(WebhooksError, match="can be read by others"):
        load_targets(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WebhooksError, match=r"none\.toml: No such file"):
        load_targets(tmp_path / "none.toml")


@pytest.mark.parametrize("model", [Target, NotifySettings])
def test_every_field_and_setting_is_documented_with_its_meaning(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        assert re.search(rf"^\| `{name}` \| .+ \| {re.escape(field.description or '?')} \|$", _PAGE, re.MULTILINE), name


def test_every_type_and_every_code_of_a_robot_is_documented_as_it_is() -> None:
    for kind in kinds():
        assert f"| `{kind}` | {title(kind)} | {severity(kind)} |\n" in _PAGE
    for format_, codes in CODES.items():
        for code, (outcome, why) in codes.items():
            assert f"| {format_} | {code} | {outcome.value} | {why} |\n" in _PAGE
