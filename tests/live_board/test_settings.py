"""Settings of the live board: checked together, documented as they are; and what is said where NiceGUI is missing."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from pydantic import ValidationError

from deploy.board.server import check_extra, is_installed
from deploy.board.settings import BoardSettings
from deploy.mistake import Mistake
from schemas.secret import SecretError

_PASSWORD = {"PINGLIU_BOARD_PASSWORD": "twelve chars"}


def test_beyond_loopback_it_takes_a_password_and_tls_or_the_word_that_tls_ends_before(tmp_path: Path) -> None:
    files = {"tls_cert": tmp_path / "c", "tls_key": tmp_path / "k"}
    for host in ("127.0.0.1", "::1", "localhost"):
        assert BoardSettings.from_environ({}, host=host).password is None
    for host in ("0.0.0.0", "::", "10.1.2.3", "board.example"):  # noqa: S104 - to be refused
        with pytest.raises(ValidationError, match="PASSWORD"):
            BoardSettings.from_environ({}, host=host, **files)
        with pytest.raises(ValidationError, match="insecure"):
            BoardSettings.from_environ(_PASSWORD, host=host)
        assert BoardSettings.from_environ(_PASSWORD, host=host, **files).host == host
        assert BoardSettings.from_environ(_PASSWORD, host=host, insecure=True).host == host
    with pytest.raises(ValidationError, match="go together"):
        BoardSettings.from_environ({}, tls_cert=tmp_path / "c")
    with pytest.raises(SecretError, match="one of them"):
        BoardSettings.from_environ({**_PASSWORD, "PINGLIU_BOARD_PASSWORD_FILE": "x"})
    assert "twelve chars" not in repr(BoardSettings.from_environ(_PASSWORD))


def test_every_setting_of_the_live_board_is_documented() -> None:
    reference = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")
    section = reference.partition("\n### Settings of the live board\n")[2].partition("\n## ")[0]
    for name, field in BoardSettings.model_fields.items():
        assert f"\n| `{name}` |" in section, name
        assert f"| {field.description} |\n" in section, field.description


def test_without_nicegui_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_installed()
    check_extra()
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "nicegui" else find(name))
    assert not is_installed()
    with pytest.raises(Mistake, match=r"pingliu\[board\]"):
        check_extra()
