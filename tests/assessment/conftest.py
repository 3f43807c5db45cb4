"""One engine for these tests: a process can hold one path at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.assessment.desk import Desk
from tests.views.warehouse import Warehouse


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    warehouse = Warehouse(tmp_path_factory.mktemp("assessment") / "data")
    yield Desk(warehouse)
    warehouse.close()
