"""A browser to drive: Debian's Chromium, as Playwright is to start it, and where pictures of its pages are kept."""

from __future__ import annotations

from typing import Any, Final

from deploy.local import packages
from deploy.local.packages import HOME
from sinks.reports.typesetting import SANS, fonts

SCREENSHOTS: Final = HOME / "screenshots"
# Pictures are to be the same everywhere, and nothing is looked up or reported in the background.
_ARGUMENTS: Final = (
    "--disable-gpu",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


def launch_options() -> dict[str, Any]:
    """What Playwright's `chromium.launch` takes. Raises Unavailable where the browser or its fonts can't be had.

    It runs without a sandbox, which root can't have: it shows our own pages alone.
    """
    program = packages.chromium()
    packages.cjk_fonts(lambda: SANS in fonts().families())
    return {"executable_path": str(program), "args": [*_ARGUMENTS], "chromium_sandbox": False, "headless": True}
