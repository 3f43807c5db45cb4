"""What exists is documented, what is documented exists, and every guarantee names a test."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click
import pytest
from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefinedType

from deploy.cli import cli
from schemas.rules import Rules, load_rules
from schemas.rules_assessment import ConductCode
from sinks.errors import CODES
from sinks.migrate import migrations
from streams.settings import Settings
from streams.topics import TOPICS

_ROOT = Path(__file__).parents[2]
_REFERENCE = (_ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
_RULES = _ROOT / "deploy" / "rules.toml"


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


def test_every_column_of_the_tables_of_registry_and_assessment_is_documented() -> None:
    for migration in migrations():
        tables = re.findall(
            r"CREATE TABLE IF NOT EXISTS pingliu\.(\w+)\n\(\n(.+?)\n\)\nENGINE", migration.sql, re.DOTALL
        )
        for table, body in tables if migration.number >= 8 else []:
            columns = ", ".join(f"`{name}`" for name in re.findall(r"^    (\w+) ", body, re.MULTILINE))
            assert re.search(rf"^\| `{table}` \| .+ \| {columns} \|$", _REFERENCE, re.MULTILINE), table


def test_every_error_of_clickhouse_that_is_not_fatal_is_documented_as_it_is() -> None:
    for code, known in CODES.items():
        assert f"\n| {code} | {known.name} | {known.outcome} | {known.why} |\n" in _REFERENCE


def _rules(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every field of the rules file by its dotted name; the fields of a conduct code once."""
    for name, field in model.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            yield from _rules(annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field
            if name == "codes":
                yield from _rules(ConductCode, f"{prefix}{name}.CODE.")


def _shown(value: Any) -> str:
    """A default, as the rules file says it."""
    match value:
        case PydanticUndefinedType():
            return "must be said"
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case int() | Decimal() | date() | str():
            return f"{value}"
        case dict() if all(isinstance(code, ConductCode) for code in value.values()):
            return "below"
        case dict():
            return ", ".join(f"{name} {number}" for name, number in value.items())
        case _:
            return ", ".join(map(str, value)) or "none"


def _constraints(annotation: Any) -> Iterator[Any]:
    """What stands anywhere in a type beside types."""
    for part in get_args(annotation):
        yield from part.metadata if isinstance(part, FieldInfo) else [part]
        yield from _constraints(part)


def _range(field: FieldInfo) -> str:
    """What a value may be: of a number its bounds, the narrowest; of a text its length, of a word the words."""
    if field.annotation is str:
        (least,) = (one.min_length for one in field.metadata if isinstance(one, MinLen))
        (most,) = (one.max_length for one in field.metadata if isinstance(one, MaxLen))
        return f"{least} to {most} characters"
    if field.annotation is bool:
        return "true, false"
    if get_origin(field.annotation) is Literal:
        return ", ".join(get_args(field.annotation))
    constraints = [*field.metadata, *_constraints(field.annotation)]
    above = [Decimal(str(one.ge)) for one in constraints if isinstance(one, Ge)]
    below = [Decimal(str(one.le)) for one in constraints if isinstance(one, Le)]
    return f"{max(above)} to {min(below)}" if above and below else ""


def _row_of_rule(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | {_shown(field.default)} | {_range(field)} | {field.description} |"


def _row_of_code(name: str, code: ConductCode) -> str:
    more = [f"cap {code.cap}"] if code.cap is not None else []
    more += [word for word in ("shared", "complaint") if getattr(code, word)]
    return f"| `{name}` | {code.text} | {code.block} | {code.points} | {', '.join(more)} |"


def test_every_rule_is_documented_and_the_shipped_file_holds_the_defaults() -> None:
    text = _RULES.read_text(encoding="utf-8")
    said = tomllib.loads(text)
    for name, field in _rules(Rules):
        assert _is_named(name)
        # With its default, its range and its meaning, as the model has them.
        assert f"\n{_row_of_rule(name, field)}\n" in _REFERENCE
        section, _, rest = name.partition(".")
        if section == "conduct":
            continue
        assert rest in said[section]
        assert re.search(rf"^{rest} = ", text, re.MULTILINE)
    codes = Rules().conduct.codes
    assert said["conduct"]["codes"].keys() == codes.keys()
    for name, code in codes.items():
        assert f"\n[conduct.codes.{name}]\n" in text
        assert f"\n{_row_of_code(name, code)}\n" in _REFERENCE
    for name in ConductCode.model_fields:
        assert re.search(rf"^# - {name}: ", text, re.MULTILINE)
    assert load_rules(_RULES) == Rules()


def test_every_rule_has_a_meaning_and_every_number_a_range() -> None:
    for name, field in _rules(Rules):
        assert field.description, name
        if _is_of_numbers(field.annotation):
            assert re.fullmatch(r"-?\d+ to -?\d+", _range(field)), name


def test_the_rules_file_says_what_each_field_of_assessment_is() -> None:
    lines = _RULES.read_text(encoding="utf-8").splitlines()
    sections = lines.index("[assessment]")
    for before, line in zip(lines[sections:], lines[sections + 1 :], strict=False):
        if line.startswith("[conduct.codes."):
            break
        if " = " in line and not line.startswith("#"):
            assert before.startswith("# "), line


def _is_of_numbers(annotation: Any) -> bool:
    if annotation in (int, Decimal):
        return True
    return any(_is_of_numbers(part) for part in get_args(annotation))


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
