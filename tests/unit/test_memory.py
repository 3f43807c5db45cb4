"""What a street remembers, it remembers for its span of stream time, whatever the steps in which that passes."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from streams.street.memory import Memory

_SPAN = 100


@given(st.integers(-500, 500), st.lists(st.integers(0, 60), max_size=20))
def test_an_entry_is_remembered_for_its_span_and_forgotten_within_two(start: int, steps: list[int]) -> None:
    memory: Memory[str, int] = Memory(_SPAN)
    memory.advance(start)
    memory.put("a", 1)
    now = start
    for step in steps:
        now += step
        memory.advance(now)
        if now < start + _SPAN:
            assert memory.get("a") == 1
        if now >= start + 2 * _SPAN:
            assert memory.get("a") is None
            assert len(memory) == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 60)), max_size=30), st.integers(0, 30))
def test_saved_changes_over_a_saved_whole_restore_the_same_memory(steps: list[tuple[str, int]], cut: int) -> None:
    memory: Memory[str, list[int]] = Memory(_SPAN)
    now = 0
    saved: list[tuple[int, str, list[int]]] = []
    for number, (key, step) in enumerate(steps):
        now += step
        memory.advance(now)
        (memory.change(key) or memory.put(key, [])).append(number)
        if number == cut:
            saved = deepcopy(memory.take_all())
    saved = saved + memory.take_changes() if len(steps) > cut else memory.take_all()
    restored: Memory[str, list[int]] = Memory(_SPAN)
    restored.restore(saved)
    restored.advance(now)
    assert dict(restored.values()) == dict(memory.values())
