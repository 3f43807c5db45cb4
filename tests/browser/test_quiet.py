"""A board that hears nothing says so by itself, in a browser, and takes it back when it hears again."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from playwright.async_api import expect

from schemas.moments import MINUTE, SECOND
from tests.browser.conftest import Visit
from tests.live_board.halls import bad, clock_ms, hall, say
from tests.live_board.looker import board

# So long after its publication a message is old: time enough for a slow browser to show that it was new.
_QUIET_SECONDS: Final = 15


async def test_a_pipeline_that_falls_silent_is_said_with_for_how_long_and_no_more_when_it_speaks(
    visit: Visit, tmp_path: Path, axe: str
) -> None:
    root = tmp_path / "data"
    root.mkdir(mode=0o700)
    now = clock_ms()
    # A message counts from the broker's time of it: this one is of three minutes ago.
    say(root / "log.db", hall(1, now, waiting=3), at_ms=now - 3 * MINUTE)
    with board(root, PINGLIU_BOARD_QUIET_SECONDS=str(_QUIET_SECONDS)) as started:
        visitor = await visit(started.url)
        state = visitor.page.locator('[data-part="state"]')
        await expect(state).to_contain_text("3分钟没有新数据")
        assert await visitor.barriers(axe) == []
        await visitor.shoot("board-quiet")
        said = clock_ms()
        say(started.folder.log, hall(2, said))
        await expect(state).to_have_text("● 实时")
        # What comes while another is being read out is read out after it.
        spoken = visitor.page.locator(".spoken")
        one = bad("R-1", said)
        say(started.folder.log, hall(3, said, bad=[one]))
        await expect(spoken).to_contain_text("，不满意")
        said = clock_ms()
        say(started.folder.log, hall(4, said, bad=[bad("R-2", said, level="very_dissatisfied"), one]))
        await expect(spoken).to_contain_text("，非常不满意")
        # And now nobody says anything more.
        await expect(state).to_contain_text("没有新数据")
        assert clock_ms() - said >= _QUIET_SECONDS * SECOND
