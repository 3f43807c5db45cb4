"""A setting that can't be is refused, by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest
from pydantic import ValidationError

from streams.settings import Settings

_GIVEN: Final = {"broker": "sqlite:////log.db", "secret": Path("/secret"), "scratch": Path("/scratch")}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("instance", ""),
        ("instance", "a/b"),
        ("instance", "a\n"),
        ("instance", "a" * 201),
        ("destination", ""),
        ("destination", "a b"),
        ("destination", "数" * 101),
        ("canary", "53010200"),
        ("canary", "5301020010"),
        ("canary", "53010200a"),
    ],
)
def test_a_name_that_can_t_be_is_refused_by_the_setting_s_name(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=rf"(?s)1 validation error.*\n{name}\n"):
        Settings(**{**_GIVEN, name: value})


def test_names_may_be_of_any_script_up_to_their_length() -> None:
    given = {"instance": "数" * 200, "destination": "库.一-2_" + "b" * 94, "canary": "530102001"}
    settings = Settings(**{**_GIVEN, **given})
    assert settings.model_dump(include=set(given)) == given
