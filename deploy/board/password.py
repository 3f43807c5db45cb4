"""The board's password: HTTP basic, with any user's name, or the cookie that whoever said it right was given.

The cookie is for the socket, to which not every browser says the password. It is good for as long as the password is
the same, also after a restart: a wall screen asks once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from http.cookies import CookieError, SimpleCookie
from typing import Final

CHALLENGE: Final = 'Basic realm="pingliu", charset="UTF-8"'
_COOKIE: Final = "pingliu_board"
_KEPT_SECONDS: Final = 30 * 86_400
_SALT: Final = b"pingliu-board-cookie-1"


class Password:
    """Looks at a request's headers. Takes some 50 ms to be made, so that a cookie doesn't give the password away."""

    def __init__(self, text: str, *, is_tls: bool) -> None:
        self._text = text.encode()
        self._token = hashlib.scrypt(self._text, salt=_SALT, n=1 << 14, r=8, p=1, dklen=32).hex()
        self._flags = "; Secure" if is_tls else ""

    def is_said(self, authorization: str) -> bool:
        """Whether an Authorization header says it."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            said = base64.b64decode(value.strip(), validate=True)
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(said.partition(b":")[2], self._text)

    def is_kept(self, cookies: str) -> bool:
        """Whether a Cookie header has what this one gave."""
        try:
            morsel = SimpleCookie(cookies).get(_COOKIE)
        except CookieError:
            return False
        return morsel is not None and hmac.compare_digest(morsel.value.encode(), self._token.encode())

    def cookie(self) -> str:
        """The Set-Cookie header for who said it."""
        return f"{_COOKIE}={self._token}; Path=/; Max-Age={_KEPT_SECONDS}; HttpOnly; SameSite=Strict{self._flags}"
