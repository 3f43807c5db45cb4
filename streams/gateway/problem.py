"""Problems: what is answered where there are no verdicts (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import msgspec

from streams.gateway.limits import Limit, retry_after
from streams.health import Answer

CONTENT_TYPE: Final = "application/problem+json"
# What a client that is sent away for something short-lived waits, at the least.
_SOON_SECONDS: Final = 1.0


class Problem(Exception):  # noqa: N818 - the RFC's word
    """A request gets no verdicts. `detail` repeats nothing of it; `wait`: seconds until it may be sent again."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        wait: float | None = None,
        limit: Limit | None = None,
        headers: dict[str, str] | None = None,
        is_last: bool = False,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.limit = limit
        self._headers = dict(headers or {})
        self._is_last = is_last
        if wait is not None:
            self._headers["Retry-After"] = str(retry_after(wait))

    @classmethod
    def busy(cls, detail: str, limit: Limit) -> Problem:
        """The gateway or its broker has too much to do."""
        return cls(HTTPStatus.SERVICE_UNAVAILABLE, detail, wait=_SOON_SECONDS, limit=limit)

    def body(self) -> bytes:
        return msgspec.json.encode({"title": self.status.phrase, "status": self.status.value, "detail": self.detail})

    def answer(self) -> Answer:
        """The answer; where it `is_last` the connection is closed after it."""
        answer = Answer(status=self.status, body=self.body(), headers=self._headers, content_type=CONTENT_TYPE)
        if self._is_last:
            answer.force_close()
        return answer
