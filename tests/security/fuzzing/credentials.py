"""The Authorization header: what is taken for credentials is exactly what the page says, and a change of it is seen."""

from __future__ import annotations

import re

from streams.gateway.credentials import Bearer, Signed, parse, signature, signing_key, token_hash

_TOKEN = "pl1_" + "aB3-_" * 8 + "xyz"
_SIGNED = signature(signing_key(_TOKEN), "POST", "/v1/events", 1_793_585_730_123, b"{}")
SEEDS = [
    f"Bearer {_TOKEN}".encode(),
    f"Pingliu-HMAC-SHA256 device=DG-00042, time=1793585730123, signature={_SIGNED}".encode(),
    f"Pingliu-HMAC-SHA256 device=signature-9, time=3, signature={_SIGNED}".encode(),
    b"Basic dXNlcjpwYXNz",
]
WORDS = [b"Bearer ", b"pl1_", b"device=", b"time=", b"signature=", b", ", b'"', b"=", b"\xc2\xa0", b"\x00", b"\r\n"]


def check(data: bytes) -> None:
    """Never raises; reads nothing into a header that doesn't stand there."""
    header = data.decode("utf-8", "surrogateescape")  # as the HTTP server gives it
    found = parse(header)
    if isinstance(found, Bearer):
        (token,) = re.findall(r"pl1_[A-Za-z0-9_-]{43}", header)
        assert found == Bearer(token_hash(token))
        assert header.strip().lower().startswith("bearer")
    elif isinstance(found, Signed):
        for part in (found.device, str(found.time_ms), found.signature):
            assert part in header or part in header.lower(), (header, found)
        assert found.device.isascii()
        assert found.signature.isascii()
        assert len(found.signature) == 64
        assert len(re.findall(r"signature\s*=", header)) == 1
