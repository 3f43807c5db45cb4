"""What a request says of who sends it: a bearer token, or a signature by it (docs/gateway.md). No I/O, no clock."""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from hashlib import sha256
from typing import Final, NamedTuple

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

_TOKEN_BYTES: Final = 32
_TOKEN: Final = re.compile(r"pl1_[A-Za-z0-9_-]{43}")
_PURPOSE: Final = b"pingliu-sign-1"
_SCHEME: Final = "pingliu-hmac-sha256"
_PART: Final = re.compile(r'\s*([a-z]+)\s*=\s*"?([A-Za-z0-9._-]*)"?\s*')
_TIME: Final = re.compile(r"[0-9]{1,15}")
_HEX: Final = re.compile(r"[0-9a-f]{64}")


class Bearer(NamedTuple):
    """A token, as its hash."""

    token_hash: str


class Signed(NamedTuple):
    """A device's name, when it signed (epoch ms), and its signature, in hexadecimal digits."""

    device: str
    time_ms: int
    signature: str


def new_token() -> str:
    """A token nobody has seen."""
    return "pl1_" + base64.urlsafe_b64encode(secrets.token_bytes(_TOKEN_BYTES)).rstrip(b"=").decode()


def token_hash(token: str) -> str:
    """What is kept of a token; it has 256 random bits, so a plain hash tells nothing."""
    return sha256(token.encode()).hexdigest()


def signing_key(token: str) -> bytes:
    """The key that a token's holder signs with."""
    return hmac.new(token.encode(), _PURPOSE, sha256).hexdigest().encode()


def signature(key: bytes, method: str, path: str, time_ms: int, body: bytes) -> str:
    """The signature of a request. `path`: as in the request line, with the query if there is one."""
    text = f"{method}\n{path}\n{time_ms}\n{sha256(body).hexdigest()}"
    return hmac.new(key, text.encode(), sha256).hexdigest()


def parse(header: str) -> Bearer | Signed | None:
    """The credentials in an Authorization header; None where there are none that could be right."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        token = rest.strip()
        return Bearer(token_hash(token)) if _TOKEN.fullmatch(token) else None
    if scheme.lower() != _SCHEME:
        return None
    parts: dict[str, str] = {}
    for text in rest.split(","):
        part = _PART.fullmatch(text)
        if part is None or part[1] in parts:
            return None
        parts[part[1]] = part[2]
    if parts.keys() != {"device", "time", "signature"}:
        return None
    device, time_ms, sent = parts["device"], parts["time"], parts["signature"].lower()
    if not (NAME.fullmatch(device) and _TIME.fullmatch(time_ms) and _HEX.fullmatch(sent)):
        return None
    return Signed(device, int(time_ms), sent)
