"""Who a device is, said with each request: by its token, or by a signature that shows the token to nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from streams.gateway.credentials import signature, signing_key

_SCHEME: Final = "Pingliu-HMAC-SHA256"


class Credentials(Protocol):
    """Gives the value of `Authorization` for a request; `time_ms` is the gateway's time as far as it is known."""

    @property
    def shows_token(self) -> bool:
        """Whether who reads the request can send in the device's name."""

    def authorize(self, method: str, path: str, body: bytes, time_ms: int) -> str:
        """Raises OSError where the token can't be read now."""


class Bearer:
    """The token itself. It is asked for each time: it may be another by then."""

    shows_token = True

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def authorize(self, method: str, path: str, body: bytes, time_ms: int) -> str:
        return f"Bearer {self._token()}"


class Signer:
    """A signature over method, path, time and body."""

    shows_token = False

    def __init__(self, device: str, token: Callable[[], str]) -> None:
        self._device = device
        self._token = token

    def authorize(self, method: str, path: str, body: bytes, time_ms: int) -> str:
        signed = signature(signing_key(self._token()), method, path, time_ms, body)
        return f"{_SCHEME} device={self._device}, time={time_ms}, signature={signed}"
