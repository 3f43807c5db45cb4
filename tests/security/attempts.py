"""What hostile and broken clients send: attempts by name, each with the bytes of the `n`th time.

`ROGUE` are those of a registered device that wants more than is its own; the others have no credentials that are good.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Final, NamedTuple

from streams.gateway.credentials import signature, signing_key
from tests.security.door import OTHER_WINDOW, WINDOW, rating

HONEST: Final = "DG-00042"
ROGUE: Final = "DG-00666"
_SQL: Final = "'; DROP TABLE pingliu.event_log; --"
_HTML: Final = "<script>alert(1)</script>"


class Known(NamedTuple):
    """What attempts build on: where the gateway is, the rogue's token, and a request that was overheard."""

    host: str
    token: str
    overheard: bytes


Attempts = Mapping[str, Callable[[Known, int], bytes]]


def request(
    known: Known, body: bytes, *headers: str, method: str = "POST", path: str = "/v1/events", length: int | None = None
) -> bytes:
    """A request with its length, or with another one."""
    size = len(body) if length is None else length
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {known.host}",
        f"Content-Length: {size}",
        "Connection: close",
        *headers,
    ]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def as_rogue(known: Known, body: bytes, *headers: str, kind: str = "application/cloudevents+json") -> bytes:
    """A request of the rogue's, with its good token."""
    return request(known, body, f"Authorization: Bearer {known.token}", f"Content-Type: {kind}", *headers)


def signed(known: Known, device: str, body: bytes, *, ago_ms: int = 0, path: str = "/v1/events") -> bytes:
    """A request that is signed by the rogue's token, as whoever."""
    at_ms = time.time_ns() // 1_000_000 - ago_ms
    said = signature(signing_key(known.token), "POST", path, at_ms, body)
    return request(known, body, f"Authorization: Pingliu-HMAC-SHA256 device={device}, time={at_ms}, signature={said}")


def _own(n: int, **changes: str) -> bytes:
    """A rating that the rogue device may send, changed."""
    place = {"street": OTHER_WINDOW[:9], "site": OTHER_WINDOW[:12], "window": OTHER_WINDOW}
    return rating(n, f"terminal/{ROGUE}", **(place | changes))


def _bare(text: str) -> Callable[[Known, int], bytes]:
    return lambda known, n: text.format(host=f"{known.host}\r\nConnection: close", n=n).encode()


def _noise(_: Known, n: int) -> bytes:
    return Random(n).randbytes(1 + 97 * n) + b"\r\n\r\n"


def _forged(**changes: str) -> Callable[[Known, int], bytes]:
    return lambda known, n: as_rogue(known, _own(n, **changes))


def _body(make: Callable[[int], bytes], kind: str = "application/cloudevents+json") -> Callable[[Known, int], bytes]:
    return lambda known, n: as_rogue(known, make(n), kind=kind)


# No HTTP as it should be. Whatever follows in the same bytes must not be taken for a request of its own.
BROKEN: Final[Attempts] = {
    "noise": _noise,
    "a TLS hello": lambda _, n: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + Random(n).randbytes(500),
    "HTTP/2": _bare("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/0.9": _bare("GET /v1/events\r\n\r\n"),
    "both lengths": _bare(
        "POST /v1/events HTTP/1.1\r\nHost: {host}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5c\r\nPOST /v1/events HTTP/1.1\r\nContent-Length: 15\r\n\r\nx=1\r\n0\r\n\r\n"
    ),
    "two lengths": _bare(
        "POST /v1/events HTTP/1.1\r\nHost: {host}\r\nContent-Length: 6\r\nContent-Length: 2\r\n\r\n"
        "{{}}GET / HTTP/1.1\r\n\r\n"
    ),
    "a length with a sign": _bare("POST /v1/events HTTP/1.1\r\nHost: {host}\r\nContent-Length: +2\r\n\r\n{{}}"),
    "a length below zero": _bare("POST /v1/events HTTP/1.1\r\nHost: {host}\r\nContent-Length: -{n}1\r\n\r\n{{}}"),
    "a length that is none": _bare("POST /v1/events HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0x1\r\n\r\n{{}}"),
    "a transfer that is none": _bare(
        "POST /v1/events HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"
    ),
    "a chunk that is none": _bare(
        "POST /v1/events HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{{}}\r\n0\r\n\r\n"
    ),
    "a blank before the colon": _bare("GET / HTTP/1.1\r\nHost: {host}\r\nX-A : 1\r\n\r\n"),
    "a NUL in a header": _bare("GET / HTTP/1.1\r\nHost: {host}\r\nX-A: \0{n}\r\n\r\n"),
    "a NUL in the path": _bare("GET /\0 HTTP/1.1\r\nHost: {host}\r\n\r\n"),
    "a folded header": _bare("GET /v1/events HTTP/1.1\r\nHost: {host}\r\nX-A: 1\r\n b\r\n\r\n"),
    "a huge header": lambda known, n: request(known, b"", "X-A: " + "a" * (70_000 + n)),
    "a huge path": _bare("GET /" + "a" * 70_000 + " HTTP/1.1\r\nHost: {host}\r\n\r\n"),
    "many headers": lambda known, n: request(known, b"", *(f"X-{i}: {n}" for i in range(20_000))),
}

# HTTP, but of nobody who may send, or to where nothing is.
STRANGE: Final[Attempts] = {
    "no credentials": lambda known, n: request(known, rating(n, f"terminal/{HONEST}")),
    "basic": lambda known, _: request(known, b"{}", "Authorization: Basic cGluZ2xpdTpwaW5nbGl1"),
    "a guessed token": lambda known, n: request(known, b"{}", f"Authorization: Bearer pl1_{n:043d}"),
    "a token and more": lambda known, _: request(known, b"{}", f"Authorization: Bearer {known.token}x"),
    "a token in capitals": lambda known, _: request(known, b"{}", f"Authorization: Bearer {known.token.upper()}"),
    "a token twice": lambda known, _: request(known, b"{}", *[f"Authorization: Bearer {known.token}"] * 2),
    "a token in the query": lambda known, _: request(known, b"{}", path=f"/v1/events?token={known.token}"),
    "a huge token": lambda known, _: request(known, b"{}", "Authorization: Bearer pl1_" + "a" * 4_000),
    "another's name, signed by one's own": lambda known, n: signed(known, HONEST, rating(n, f"terminal/{HONEST}")),
    "signed long ago": lambda known, n: signed(known, ROGUE, rating(n, f"terminal/{ROGUE}"), ago_ms=301_000),
    "signed in the future": lambda known, n: signed(known, ROGUE, rating(n, f"terminal/{ROGUE}"), ago_ms=-301_000),
    "signed for another page": lambda known, _: signed(known, ROGUE, b"{}", path="/v1/event"),
    "overheard, with another body": lambda known, n: (
        known.overheard.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + known.overheard.partition(b"\r\n\r\n")[2].replace(
            b"dissatisfied", b"satisfied   "
        )
    ),
    "a page above": _bare("GET /../../../../etc/passwd HTTP/1.1\r\nHost: {host}\r\n\r\n"),
    "a page above, escaped": _bare("GET /v1/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: {host}\r\n\r\n"),
    "a proxy's request": _bare("GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: {host}\r\n\r\n"),
    "a tunnel": _bare("CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: {host}\r\n\r\n"),
    "a trace": _bare("TRACE /v1/events HTTP/1.1\r\nHost: {host}\r\n\r\n"),
    "a method that is none": _bare("DROP /v1/events HTTP/1.1\r\nHost: {host}\r\n\r\n"),
    "a deletion": _bare("DELETE /v1/events HTTP/1.1\r\nHost: {host}\r\n\r\n"),
    "an adapter that is none": lambda known, _: request(known, b"{}", path="/v1/adapters/../../secret"),
    "a page for a script": _bare("GET /" + _HTML + " HTTP/1.1\r\nHost: {host}\r\n\r\n"),
}  # fmt: skip

# Of a device that is registered, for what is not its own or is no event.
OWN: Final[Attempts] = {
    "another's source": _forged(source=f"terminal/{HONEST}"),
    "a source that begins like one's own": _forged(source=f"terminal/{ROGUE}6"),
    "another window": _forged(window=OTHER_WINDOW[:-1] + "2"),
    "another street": _forged(street=WINDOW[:9], site=WINDOW[:12], window=WINDOW),
    "no window": _forged(window=""),
    "what officials decide": lambda known, n: as_rogue(
        known, _own(n, type="rating.voided", reason="mistake", decided_by="S0001")
    ),
    "SQL": _forged(level=_SQL),
    "HTML": _forged(level=_HTML),
    "SQL for an id": _forged(window=_SQL),
    "a number that is none": _body(lambda n: _own(n, tags="@").replace(b'"@"', b"[1e999]")),
    "a source said twice": _body(
        lambda n: _own(n)[:-1] + f',"source":"terminal/{HONEST}"}}'.encode()
    ),
    "deep": _body(lambda n: b"[" * (50_000 + n), "application/cloudevents-batch+json"),
    "deep, and closed": _body(lambda n: b'{"data":' * (3_000 + n) + b"{}" + b"}" * (3_000 + n)),
    "no UTF-8": _body(lambda n: _own(n).replace(b"satisfied", b"\xc3\x28\xff\xed\xa0\x80")),
    "NULs": _body(lambda n: b"\0" * (n + 1)),
    "half a character": _body(lambda n: _own(n).replace(b"S0142", b"\\ud83d")),
    "a million zeros": _body(lambda n: b"0" * 1_000_000),
    "many events that are none": _body(lambda n: b"[" + b"1," * 999 + b"1]", "application/cloudevents-batch+json"),
    "too many events": _body(lambda n: b"[" + b"{}," * 1_000 + b"{}]", "application/cloudevents-batch+json"),
    "too many values": _body(lambda n: b"[" + b"1," * 2_000_000 + b"1]", "application/cloudevents-batch+json"),
    "packed": lambda known, n: as_rogue(known, hashlib.sha256(b"%d" % n).digest(), "Content-Encoding: gzip"),
    "a type of content that is none": _body(lambda n: json.dumps({"n": n}).encode(), "multipart/form-data; boundary=x"),
}  # fmt: skip
