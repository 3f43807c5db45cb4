"""README's terminal of twenty lines, as it stands there, at the gateway of `pingliu up`."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.folder import Folder
from tests.assessment.sealing import up
from tests.box import Box, await_that

_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_a_terminal_of_twenty_lines_publishes_and_gets_its_verdicts(page: str, tmp_path: Path) -> None:
    text = (_ROOT / page).read_text(encoding="utf-8")
    (script,) = re.findall(r"```sh\n(.+?)```", text, re.DOTALL)
    assert len(script.splitlines()) <= 20
    (tmp_path / "terminal.sh").write_text(script, encoding="utf-8")
    box = Box(tmp_path / "d")
    token = box.run("device", "add", "DG-00042", "--window", "530102001-00-03")
    (tmp_path / "DG-00042.token").write_text(token, encoding="ascii")
    with up(box):
        await_that(lambda: Folder(box.root).gateway() is not None, "the gateway listens")
        gateway = Folder(box.root).gateway()
        assert gateway is not None
        commands = re.findall(r"^sh (terminal\.sh .+?)  +# \"(.+?)\"", text, re.MULTILINE)
        said = [_run(tmp_path, gateway.url.rstrip("/"), command) for command, _ in commands]
        for (_, promised), (verdict,) in zip(commands, said, strict=True):
            assert promised.replace('"', "") in f"verdict:{verdict['verdict']} {verdict.get('reason')}"
        assert [verdict.get("field") for (verdict,) in said] == [None, "data.level", "window"]
        await_that(lambda: box.rows("SELECT level FROM ratings") == [{"level": "dissatisfied"}], "it is a fact")


def _run(folder: Path, gateway: str, command: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        ["sh", *command.split()], cwd=folder, env={"GATEWAY": gateway, "PATH": "/usr/bin:/bin"}, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")
    verdicts: list[dict[str, Any]] = json.loads(done.stdout)["verdicts"]
    return verdicts
