"""One engine for these tests: a process can hold one path at a time, and making it takes a second."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.views.warehouse import Warehouse


@pytest.fixture(scope="package")
def engine_of_views(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    warehouse = Warehouse(tmp_path_factory.mktemp("views") / "data")
    yield warehouse
    warehouse.close()


@pytest.fixture
def warehouse(engine_of_views: Warehouse) -> Warehouse:
    """The warehouse, empty."""
    engine_of_views.clear()
    return engine_of_views
