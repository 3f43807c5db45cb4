"""What can go wrong with a log, in words a caller can act on.

Two of these mean *wait and do it again*, and nothing was written: `LogBusy` and `LogFull`. The others are mistakes of
the program or of its deployment.
"""

import errno

# The names say what is the case, as the rest of the project's exceptions do.
# ruff: noqa: N818


class LogBusy(Exception):
    """Another process held the log for longer than the busy timeout. Nothing was written; try again."""


class LogFull(OSError):
    """The disk (or a quota) has no room. Nothing was written; it works again once there is space."""

    def __init__(self, message: str) -> None:
        super().__init__(errno.ENOSPC, message)


class LogFormat(Exception):
    """The file is a log of another version, or no log at all."""


class TopicMismatch(ValueError):
    """The topic exists with another number of partitions."""


class UnknownTopic(LookupError):
    """The topic does not exist, or has no such partition."""


class Displaced(Exception):
    """What was given to this worker is another's by now; the next rebalance, which must be under way, says whose."""


class GroupBusy(RuntimeError):
    """Another living process consumes as the same group; a group has one member here."""
