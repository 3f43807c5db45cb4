"""What keeps a report from being written, in a line for who asked for it."""

from __future__ import annotations


class ReportError(Exception):
    """The message says what is wrong and, where that isn't plain, what to do."""
