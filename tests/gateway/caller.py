"""What a device does: it sends bodies over real connections and reads what is answered."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from deploy.folder import Endpoint


class Said(NamedTuple):
    """An answer: status, headers by their names in lower case, and its JSON; `text` as it came."""

    status: int
    headers: Mapping[str, str]
    text: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def verdicts(self) -> list[str]:
        """The verdicts in order; with their reason, where there is one."""
        return [" ".join(filter(None, (one["verdict"], one.get("reason")))) for one in self.json["verdicts"]]


class Caller:
    """A device with a token, or somebody without one; a connection for each request."""

    def __init__(self, endpoint: Endpoint, token: str | None = None, *, ca: str | None = None) -> None:
        self._endpoint = endpoint
        self._token = token
        self._tls = ssl.create_default_context(cafile=ca) if endpoint.tls else None

    def call(
        self,
        body: bytes | None = None,
        *,
        path: str = "/v1/events",
        method: str = "POST",
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Said:
        sent = {"Content-Type": content_type} if content_type else {}
        if self._token is not None:
            sent["Authorization"] = f"Bearer {self._token}"
        host, port = self._endpoint.host, self._endpoint.port
        connection = (
            http.client.HTTPConnection(host, port, timeout=60)
            if self._tls is None
            else http.client.HTTPSConnection(host, port, timeout=60, context=self._tls)
        )
        try:
            connection.request(method, path, body, {**sent, **(headers or {})})
            with connection.getresponse() as answer:
                found = {name.lower(): value for name, value in answer.getheaders()}
                return Said(answer.status, found, answer.read())
        finally:
            connection.close()


def array(*messages: bytes) -> bytes:
    """A JSON array of messages."""
    return b"[" + b",".join(messages) + b"]"


def time_ms() -> int:
    """This moment, as a device's clock has it."""
    return time.time_ns() // 1_000_000
