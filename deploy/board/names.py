"""What the registry calls streets, sites and windows; what it doesn't know is shown by its code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from deploy.board.words import code as shown
from schemas.notice_texts import names_of
from schemas.registry import Registry

_STREET_DIGITS: Final = 9


class Names:
    """By code. `by_code` has them all; `streets` are those of the registry, in its order."""

    def __init__(self, registry: Registry) -> None:
        self.by_code = names_of(registry)
        self.streets = tuple(registry.streets)
        self._windows: dict[str, list[str]] = {}
        for window in registry.windows:
            self._windows.setdefault(window[:_STREET_DIGITS], []).append(window)

    def of(self, code: str) -> str:
        """A name; '' of ''."""
        return self.by_code.get(code) or shown(code)

    def place(self, street: str, site: str, window: str) -> str:
        """Where something was: the window with its site, else the site, else the street."""
        if window:
            return f"{self.of(site)} {self.of(window)}" if window in self.by_code else self.of(window)
        return self.of(site or street)

    def within(self, site: str, street: str) -> str:
        """A site's name where its street's is said already."""
        return self.of(site).removeprefix(self.of(street)) or self.of(site)

    def windows_of(self, street: str) -> Iterable[str]:
        """A street's windows, by code."""
        return self._windows.get(street, ())
