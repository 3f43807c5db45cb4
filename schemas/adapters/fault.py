"""What is wrong with a record."""

from __future__ import annotations

from schemas.event import Reason


class Fault(Exception):  # noqa: N818 - the record's, not the program's
    """A record is refused: a reason of contract §3, the path in the vendor's record, a sentence for people."""

    def __init__(self, reason: Reason, path: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.path = path
        self.detail = detail
