"""Where a ClickHouse server is and how to get in: the URL that users give, checked.

`clickhouse://[USER@]HOST[:PORT][,HOST[:PORT]…]/pingliu[?secure=true&ca=FILE&compression=lz4]`
A password is never part of it: it comes from the environment or from a file.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import parse_qsl, unquote

from schemas import secret

PASSWORD: Final = "PINGLIU_CLICKHOUSE_PASSWORD"  # noqa: S105 - the variable's name
# Its tables are public by contract, under this name.
DATABASE: Final = "pingliu"
# The driver has more, for libraries that we don't install.
COMPRESSIONS: Final = ("lz4", "none")
_SCHEME: Final = "clickhouse://"
_PORT: Final = 9000
_SECURE_PORT: Final = 9440
_OPTIONS: Final = ("secure", "ca", "compression")


class AddressError(ValueError):
    """The server's URL, or what belongs to it, can't be used. The message names the part, but quotes none that could be
    a password written in the wrong place."""


@dataclass(frozen=True, slots=True)
class Address:
    """One server, or several of which each will do. `hosts`: names or IP addresses with ports, the preferred one first.

    Without `secure`, passwords and rows can be read on the way: for networks of one's own. With it, the server must
    prove itself by a certificate of `ca` (a PEM file), or of an authority that the machine trusts.
    """

    hosts: tuple[tuple[str, int], ...]
    user: str = "default"
    password: str | None = field(default=None, repr=False)
    secure: bool = False
    ca: Path | None = None
    compression: str = "lz4"

    def __post_init__(self) -> None:
        if not self.hosts:
            raise AddressError("clickhouse: there is no host")
        if not all(host and 0 < port < 65536 for host, port in self.hosts):
            raise AddressError("clickhouse: a host must have a name and a port from 1 to 65535")
        if self.compression not in COMPRESSIONS:
            raise AddressError(f"clickhouse: compression is one of {', '.join(COMPRESSIONS)}")
        if self.ca is not None and not self.secure:
            raise AddressError("clickhouse: ca without secure=true")
        if self.ca is not None:
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(self.ca)
            except OSError as error:  # ssl's own errors are such
                raise AddressError(f"clickhouse: ca: {self.ca}: {error.strerror}") from error

    @classmethod
    def parse(cls, url: str, password: str | None = None) -> Self:
        """Raises AddressError."""
        if not url.startswith(_SCHEME):
            raise AddressError(f"clickhouse: {_SCHEME}HOST:PORT/{DATABASE} is expected")
        place, _, query = url.removeprefix(_SCHEME).partition("?")
        user, _, place = place.rpartition("@")
        if ":" in user:
            raise AddressError(
                f"clickhouse: no password in the URL, where others can read it; set {PASSWORD} or {PASSWORD}_FILE"
            )
        hosts, _, database = place.partition("/")
        if database != DATABASE:
            raise AddressError(f"clickhouse: the database must be {DATABASE}: {_SCHEME}HOST:PORT/{DATABASE}")
        options = dict(parse_qsl(query, keep_blank_values=True))
        for name in options:
            if name == "password":
                raise AddressError(f"clickhouse: no password in the URL; set {PASSWORD} or {PASSWORD}_FILE")
            if name not in _OPTIONS:
                raise AddressError(f"clickhouse: no option {name}; there are {', '.join(_OPTIONS)}")
        if options.get("secure", "false") not in ("true", "false"):
            raise AddressError("clickhouse: secure is true or false")
        secure = options.get("secure") == "true"
        port = _SECURE_PORT if secure else _PORT
        return cls(
            tuple(_host(text, port) for text in hosts.split(",")),
            unquote(user) or "default",
            password,
            secure,
            Path(options["ca"]) if "ca" in options else None,
            options.get("compression", "lz4"),
        )


def password_from(environ: Mapping[str, str]) -> str | None:
    """The password, if the environment has one or names its file. Raises schemas.secret.SecretError."""
    return secret.password_from(environ, PASSWORD)


def _host(text: str, port: int) -> tuple[str, int]:
    """An IPv6 address stands in brackets."""
    host, colon, digits = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, digits = text, str(port)
    if not digits.isascii() or not digits.isdigit():
        raise AddressError("clickhouse: a port must be a number")
    return host.removeprefix("[").removesuffix("]"), int(digits)
