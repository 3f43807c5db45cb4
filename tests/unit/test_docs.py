"""What exists is documented, what is documented exists, and every guarantee names a test."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from deploy.cli import cli
from schemas.rules import Rules, load_rules
from sinks.errors import CODES
from sinks.migrate import migrations
from streams.settings import Settings
from streams.topics import TOPICS

_ROOT = Path(__file__).parents[2]
_REFERENCE = (_ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


def _commands(group: click.Group, prefix: str = "") -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if isinstance(command, click.Group):
            found += _commands(command, f"{prefix}{name} ")
        else:
            found.append((f"{prefix}{name}", command))
    return found


def _is_named(name: str) -> bool:
    return f"`{name}`" in _REFERENCE


@pytest.mark.parametrize(("name", "command"), _commands(cli))
def test_every_command_and_option_is_documented(name: str, command: click.Command) -> None:
    assert _is_named(name)
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, parameter.name
            assert any(_is_named(option) for option in parameter.opts), parameter.opts
            if isinstance(parameter.envvar, str):
                assert _is_named(parameter.envvar)


def test_every_setting_topic_and_table_is_documented() -> None:
    names = [*Settings.model_fields, *(topic.name for topic in TOPICS)]
    names += [name for m in migrations() for name in re.findall(r"(?:TABLE IF NOT EXISTS|VIEW) pingliu\.(\w+)", m.sql)]
    assert [name for name in names if not _is_named(name)] == []


def test_every_error_of_clickhouse_that_is_not_fatal_is_documented_as_it_is() -> None:
    for code, known in CODES.items():
        assert f"\n| {code} | {known.name} | {known.outcome} | {known.why} |\n" in _REFERENCE


def test_every_rule_is_documented_and_the_shipped_file_holds_the_defaults() -> None:
    for section, field in Rules.model_fields.items():
        assert isinstance(field.annotation, type)
        assert issubclass(field.annotation, BaseModel)
        for name in field.annotation.model_fields:
            assert _is_named(f"{section}.{name}")
            assert re.search(
                rf"^{name} = ", (_ROOT / "deploy" / "rules.toml").read_text(encoding="utf-8"), re.MULTILINE
            )
    assert load_rules(_ROOT / "deploy" / "rules.toml") == Rules()


def test_every_guarantee_names_a_test_that_exists() -> None:
    rows = re.findall(
        r"^\| (G\d+) \|.*\| (.+) \|$", (_ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8"), re.M
    )
    assert [name for name, _ in rows] == [f"G{n + 1}" for n in range(len(rows))]
    assert rows
    for name, proofs in rows:
        tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", proofs)
        assert tests, f"{name} names no test"
        for file, test in tests:
            assert f"def {test}(" in (_ROOT / file).read_text(encoding="utf-8"), f"{name}: {file} has no {test}"


def test_every_link_between_the_pages_leads_somewhere() -> None:
    for page in [*_ROOT.glob("*.md"), *(_ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
