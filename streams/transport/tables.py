"""Faust's table manager without its second of waiting at the start."""

from __future__ import annotations

from faust.tables.manager import TableManager


class PromptTables(TableManager):
    """Registers the tables at once.

    Faust sleeps a second first, for agents which declare tables as they start; ours are declared with the app.
    """

    async def on_start(self) -> None:
        """Register the tables and get ready to recover them."""
        await self._update_channels()
        await self.recovery.start()
