"""LibreOffice, poppler and fonts of Debian: what opens a report as its readers do. Installed where they are missing."""

from __future__ import annotations

import csv
import subprocess
from pathlib import Path
from typing import Final

from deploy.local import packages
from sinks.reports.typesetting import SERIF, fonts

_TIMEOUT_S: Final = 240
# 44: comma, 34: quote, 76: UTF-8, -1: every sheet to a file of its own.
_AS_SHOWN: Final = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"


class Office:
    """Converts files in a folder of its own. Raises Unavailable where its programs can't be had."""

    def __init__(self, folder: Path) -> None:
        self._soffice = packages.soffice()
        self._poppler = packages.pdftoppm().parent
        self._folder = folder

    def pdf(self, file: Path) -> Path:
        """What it prints of a file."""
        return self._convert(file, "pdf", f"{file.stem}.pdf")

    def sheets(self, file: Path) -> dict[str, list[list[str]]]:
        """Rows of every sheet of a workbook, as they are shown, by the sheet's name."""
        self._convert(file, _AS_SHOWN, "")
        prefix = f"{file.stem}-"
        found = {}
        for path in sorted((self._folder / "out").glob(f"{prefix}*.csv")):
            with path.open(encoding="utf-8", newline="") as lines:
                found[path.stem.removeprefix(prefix)] = list(csv.reader(lines))
        return found

    def pictures(self, pdf: Path, pages: int) -> list[Path]:
        """The first pages of a PDF as PNG, small."""
        stem = self._folder / f"page-{pdf.stem}"
        self._run(str(self._poppler / "pdftoppm"), "-r", "30", "-png", "-l", str(pages), str(pdf), str(stem))
        return sorted(self._folder.glob(f"{stem.name}-*.png"))

    def fonts(self, pdf: Path) -> list[list[str]]:
        """What pdffonts says of each font: its name, type, encoding, and whether it is embedded, a subset, unicode."""
        said = self._run(str(self._poppler / "pdffonts"), str(pdf))
        return [line.split() for line in said.splitlines()[2:]]

    def text(self, pdf: Path) -> str:
        """The text of a PDF, without spaces and line breaks."""
        return "".join(self._run(str(self._poppler / "pdftotext"), str(pdf), "-").split())

    def _convert(self, file: Path, form: str, name: str) -> Path:
        out = self._folder / "out"
        profile = f"-env:UserInstallation=file://{self._folder / 'profile'}"
        self._run(str(self._soffice), profile, "--headless", "--convert-to", form, "--outdir", str(out), str(file))
        return out / name

    def _run(self, *command: str) -> str:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S)
        assert done.returncode == 0, done.stderr
        return done.stdout


def install_fonts() -> None:
    """The fonts that reports are set in. Raises Unavailable where they can't be had."""
    packages.cjk_fonts(lambda: SERIF in fonts().families())
    fonts.cache_clear()
