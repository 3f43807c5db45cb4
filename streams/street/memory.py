"""A dictionary that forgets by stream time, whole generations at once, and knows what changed since it was last asked.

An entry lives at least `span_ms` of stream time after it was put. When a generation ends depends on stream time alone,
so two runs over the same events, however they are cut, remember and forget the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

# What is persisted of an entry: its generation, key and value.
Item = tuple[int, K, V]

# The generation before stream time is known. Nothing is put then.
_NONE: Final = -(2**62)


class Memory(Generic[K, V]):
    """Keys are hashable and, like values, made of what msgpack knows. Values may be changed in place: ask by `change`,
    or `touch` then.
    """

    __slots__ = ("_current", "_dirty", "_generation", "_generations", "_older", "_span", "_step")

    def __init__(self, span_ms: int) -> None:
        self._span = span_ms
        # Half a span: an entry lives one to one and a half spans, and a look-up asks at most four dictionaries.
        self._step = max(span_ms // 2, 1)
        self._generation = _NONE
        self._current: dict[K, V] = {}
        # Newest first; the current one, which is asked at every event, and those before it.
        self._generations: dict[int, dict[K, V]] = {_NONE: self._current}
        self._older: tuple[dict[K, V], ...] = ()
        # A set; in order, so that the same run saves the same bytes.
        self._dirty: dict[K, None] = {}

    @property
    def ends_ms(self) -> int:
        """The stream time at which the current generation ends: before it, `advance` has nothing to do."""
        return (self._generation + 1) * self._step

    def advance(self, newest_ms: int) -> None:
        """Tells the stream time, which never goes back; forgets generations that ended `span_ms` before it."""
        generation = newest_ms // self._step
        if generation == self._generation:
            return
        self._generation = generation
        kept = {g: d for g, d in self._generations.items() if (g + 1) * self._step > newest_ms - self._span and d}
        self._current = kept.pop(generation, {})
        self._older = tuple(kept.values())
        self._generations = {generation: self._current, **kept}

    def get(self, key: K) -> V | None:
        """The value of a key, None where it is unknown or forgotten."""
        value = self._current.get(key)
        return self._of_before(key) if value is None else value

    def change(self, key: K) -> V | None:
        """As `get`, where the value is going to be changed in place."""
        value = self._current.get(key)
        if value is None and (value := self._of_before(key)) is None:
            return None
        self._dirty[key] = None
        return value

    def put(self, key: K, value: V) -> V:
        """Remembers a key that is not known; returns its value."""
        self._current[key] = value
        self._dirty[key] = None
        return value

    def touch(self, key: K) -> None:
        """Says that a key's value was changed in place."""
        self._dirty[key] = None

    def values(self) -> Iterator[tuple[K, V]]:
        """All that is remembered, oldest generation last."""
        for entries in self._generations.values():
            yield from entries.items()

    def take_all(self) -> list[Item[K, V]]:
        """All that is remembered, as it is persisted; nothing is a change any more."""
        self._dirty.clear()
        return [(g, key, value) for g, entries in self._generations.items() for key, value in entries.items()]

    def take_changes(self) -> list[Item[K, V]]:
        """What was put or changed since the last call, as it is persisted; forgotten entries are left out."""
        found: list[Item[K, V]] = []
        dirty: Iterable[K] = self._dirty
        for generation, entries in self._generations.items():
            found += [(generation, key, entries[key]) for key in dirty if key in entries]
            dirty = [key for key in dirty if key not in entries]
        self._dirty.clear()
        return found

    def restore(self, items: Iterable[Item[K, V]]) -> None:
        """Puts persisted entries back, over older ones of the same key. Call `advance` afterwards."""
        for generation, key, value in items:
            self._generations.setdefault(generation, {})[key] = value
        self._generations = dict(sorted(self._generations.items(), reverse=True))

    def __len__(self) -> int:
        return sum(map(len, self._generations.values()))

    def _of_before(self, key: K) -> V | None:
        for entries in self._older:
            value = entries.get(key)
            if value is not None:
                return value
        return None
