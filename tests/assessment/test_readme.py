"""README's words on assessment, run as they stand there, but for a smaller district."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.reports.office import install_fonts
from tests.servers import need

_ROOT: Final = Path(__file__).parents[2]
# So few visitors that it takes a minute; and then some months are those of stations with too few services.
_SMALLER: Final = ("--seed 11", "--seed 11 --scale 0.02")


def _block(name: str) -> list[str]:
    """The commands of a README's block about assessment."""
    text = (_ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    blocks = [block for block in blocks if "pingliu explain" in block]
    assert len(blocks) == 1
    return [line.partition("  #")[0].strip() for line in blocks[0].splitlines()]


def test_both_readmes_say_the_same_commands() -> None:
    assert _block("README.md") == _block("README.zh-CN.md")


def test_readme_s_words_on_assessment_work(tmp_path: Path) -> None:
    need(install_fonts)
    pingliu = tmp_path / ".venv" / "bin" / "pingliu"
    pingliu.parent.mkdir(parents=True)
    pingliu.write_text(f'#!/bin/sh\nexec {sys.executable} -m deploy "$@"\n', encoding="utf-8")
    pingliu.chmod(0o755)
    (tmp_path / "deploy").symlink_to(_ROOT / "deploy")
    said = {}
    for command in _block("README.md"):
        done = subprocess.run(
            ["sh", "-c", command.replace(*_SMALLER)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        said[command] = done.stdout
    verified = next(output for command, output in said.items() if " verify " in command)
    assert verified == "4 sealed periods verified: nothing was touched\n"
    bill = next(output for command, output in said.items() if " explain " in command)
    assert "standard.full" in bill
    assert (tmp_path / "通报.docx").stat().st_size > 10_000
