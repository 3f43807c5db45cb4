"""Folders that tests share: made once, by one of those who need them, and whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.once import once

_AT_ONCE = 4
_IN_VAIN_SECONDS = 0.3


@pytest.fixture
def shared(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Callable[[Callable[[Path], None]], Path]:
    """A folder of this test's."""
    return lambda make: once(tmp_path_factory, f"once-{tmp_path.name}", make)


def test_of_many_who_need_it_at_once_one_makes_it(shared: Callable[[Callable[[Path], None]], Path]) -> None:
    made: list[Path] = []
    another = threading.Event()

    def make(folder: Path) -> None:
        if made:
            another.set()
        assert list(folder.iterdir()) == []
        (folder / "content").write_text("whole")
        made.append(folder)
        another.wait(_IN_VAIN_SECONDS)  # who doesn't take turns comes meanwhile

    with ThreadPoolExecutor(_AT_ONCE) as threads:
        folders = list(threads.map(lambda _: shared(make), range(_AT_ONCE)))
    assert made == [folders[0]]
    assert set(folders) == {folders[0]}
    assert (folders[0] / "content").read_text() == "whole"


def test_what_could_not_be_made_is_not_tried_again_and_everybody_is_told_why(
    shared: Callable[[Callable[[Path], None]], Path],
) -> None:
    tries = []

    def make(folder: Path) -> None:
        tries.append(folder)
        raise RuntimeError("no stream today")

    with pytest.raises(RuntimeError, match="no stream today"):
        shared(make)
    for _ in range(2):
        with pytest.raises(pytest.fail.Exception, match=r"(?s)could not be made.*no stream today"):
            shared(make)
    assert len(tries) == 1


def test_what_is_left_of_somebody_who_died_over_it_is_made_anew(
    shared: Callable[[Callable[[Path], None]], Path],
) -> None:
    folder = shared(lambda folder: None)
    folder.with_name(f"{folder.name}.made").unlink()
    (folder / "half").touch()
    assert list(shared(lambda folder: None).iterdir()) == []
