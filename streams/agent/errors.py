"""What can go wrong between a program and the gateway, in words a caller can act on."""

from __future__ import annotations

from schemas.event import Reason

# The names say what is the case, as the rest of the project's exceptions do.
# ruff: noqa: N818


class Unusable(ValueError):
    """A setting that can't be, such as a gateway's URL; the message says which and why."""


class InvalidEvent(ValueError):
    """An event that the gateway would refuse, for a reason of the contract's §3.

    `field`: the dotted path at fault, '' for the event as a whole.
    """

    def __init__(self, reason: Reason, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.field = field


class SpoolFull(Exception):
    """The spool, or its disk, has no room. Nothing was stored; it works again once the gateway has taken some."""


class SpoolTaken(Exception):
    """Another living process sends from the spool; a spool has one sender."""


class SpoolFormat(Exception):
    """The file is a spool of another version, or none at all."""


class GatewayBusy(Exception):
    """No verdicts now; the same may be sent again. `retry_after`: seconds that the gateway asks for, or None.

    `is_too_much`: because of how much it was, at once or in a short while; fewer events may pass.
    """

    def __init__(self, message: str, retry_after: float | None = None, *, is_too_much: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.is_too_much = is_too_much


class NotAdmitted(Exception):
    """The gateway doesn't know these credentials (any more), or there are none; somebody must mend that."""


class NoGateway(Exception):
    """What answers there is no gateway, or one that this program doesn't understand; somebody must mend that."""


class BatchRefused(Exception):
    """The gateway took the batch as a whole amiss, without a verdict for each event; smaller ones may pass."""
