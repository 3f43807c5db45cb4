"""Faust's table manager without its second of waiting at the start."""

from __future__ import annotations

from faust.tables.manager import TableManager

# What Faust sleeps; an agent that comes later is subscribed to later.
_PATIENCE = 1.0


class PromptTables(TableManager):
    """Registers the tables as soon as all agents listen.

    Faust sleeps a second instead. What it is for: the first subscription follows, and must find the agents' topics.
    """

    async def on_start(self) -> None:
        """Register the tables and get ready to recover them."""
        deadline = self.loop.time() + _PATIENCE
        while not self._all_agents_listen() and self.loop.time() < deadline:
            await self.sleep(0.005)
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()

    def _all_agents_listen(self) -> bool:
        listened_to = {name for topic in self.app.topics for name in topic.topics}
        return all(listened_to.issuperset(agent.get_topic_names()) for agent in self.app.agents.values())
