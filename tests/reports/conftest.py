"""The papers of the sample district, written once for all tests of reports."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from sinks.engine import Engine
from sinks.reports import Correction, Kind, Letterhead, compose, write_report
from sinks.reports.document import Document
from sinks.reports.report import SUFFIXES
from tests.reports.office import Office, install_fonts
from tests.reports.sample import fill
from tests.servers import need

PERIODS: Final[Mapping[Kind, str]] = {"monthly": "2026-09", "quarterly": "2026-Q3", "annual": "2026"}
HEAD: Final = Letterhead("五华区政务服务管理局", "五政务通〔2026〕9号", date(2026, 10, 22))
CORRECTION: Final = Correction(
    "2026-08",
    "staff",
    "S0003",
    "530102000",
    '{"score":"94.995","band":"good","rank":3}',
    '{"score":"95.12","band":"excellent","rank":1}',
    "申诉成立，作废评价一条",
    (),
)
SEALED: Final = Letterhead(HEAD.issuer, "", HEAD.day, seal="5ea1" * 16, corrections=(CORRECTION,))


@dataclass(frozen=True, slots=True)
class Papers:
    """All reports as files and as documents. `sealed`: that of the month once more, sealed and with a correction."""

    folder: Path
    documents: Mapping[Kind, Document]
    sealed: Document

    def file(self, kind: Kind, suffix: str) -> Path:
        return self.folder / f"{kind}.{suffix}"


@pytest.fixture(scope="session")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """Written from an engine that is closed again: a process has one at a time."""
    need(install_fonts)
    folder = tmp_path_factory.mktemp("reports")
    with closing(Engine(folder / "engine")) as engine:
        fill(engine)
        for kind, period in PERIODS.items():
            for suffix in SUFFIXES:
                write_report(engine, kind, period, folder / f"{kind}.{suffix}", HEAD)
        documents = {kind: compose(engine, kind, period, HEAD) for kind, period in PERIODS.items()}
        return Papers(folder, documents, compose(engine, "monthly", PERIODS["monthly"], SEALED))


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return need(lambda: Office(tmp_path_factory.mktemp("office")))
