"""Where the broker is and how to get in: the URL that users give, checked, and a Kafka client's options made of it.

`kafka://[USER@]HOST[:PORT][,HOST[:PORT]…][?tls=true&ca=FILE&cert=FILE&key=FILE&mechanism=SCRAM-SHA-512]`
A password is never part of it: it comes from the environment or from a file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

from aiokafka.helpers import create_ssl_context

MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
DEFAULT_PORT: Final = 9092
_FILES: Final = ("ca", "cert", "key")
_OPTIONS: Final = ("tls", "mechanism", *_FILES)


class BrokerError(ValueError):
    """The broker's URL, or what belongs to it, can't be used; the message names the part."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A Kafka cluster. `hosts`: "host:port", any of which will do to find the others."""

    hosts: tuple[str, ...]
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    mechanism: str = "SCRAM-SHA-512"
    tls: bool = False
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    @classmethod
    def parse(cls, url: str, password: str | None = None) -> Self:
        """Raises BrokerError."""
        parts = urlsplit(url)
        if parts.scheme != "kafka":
            raise BrokerError("broker: kafka://HOST:PORT is expected")
        if parts.path.strip("/"):
            # Not quoted: a password with a slash in it would end up here.
            raise BrokerError("broker: a path has no meaning here")
        user, _, hosts = parts.netloc.rpartition("@")
        if ":" in user:
            raise BrokerError(
                "broker: no password in the URL, where others can read it; "
                "set PINGLIU_BROKER_PASSWORD or PINGLIU_BROKER_PASSWORD_FILE"
            )
        if user and password is None:
            raise BrokerError(f"broker: user {user} needs PINGLIU_BROKER_PASSWORD or PINGLIU_BROKER_PASSWORD_FILE")
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        for name in options:
            if name not in _OPTIONS:
                raise BrokerError(f"broker: no option {name}; there are {', '.join(_OPTIONS)}")
        if options.get("tls", "false") not in ("true", "false"):
            raise BrokerError(f"broker: tls is true or false, not {options['tls']}")
        mechanism = options.get("mechanism", "SCRAM-SHA-512")
        if mechanism not in MECHANISMS:
            raise BrokerError(f"broker: mechanism is one of {', '.join(MECHANISMS)}, not {mechanism}")
        files = {name: Path(options[name]) for name in _FILES if name in options}
        for name, file in files.items():
            if not file.is_file():
                raise BrokerError(f"broker: {name}: no file {file}")
        tls = options.get("tls") == "true"
        if files and not tls:
            raise BrokerError(f"broker: {', '.join(files)} without tls=true")
        if user and not tls and mechanism == "PLAIN":
            raise BrokerError("broker: PLAIN shows the password to the network; use tls=true, or SCRAM-SHA-512")
        return cls(
            tuple(_host(host) for host in hosts.split(",")), user or None, password if user else None, mechanism, tls,
            **files,
        )  # fmt: skip

    def client_options(self) -> dict[str, Any]:
        """What every aiokafka client of ours is given. Raises BrokerError where a TLS file can't be read."""
        options: dict[str, Any] = {"bootstrap_servers": list(self.hosts)}
        protocol = "SASL_" if self.user else ""
        options["security_protocol"] = protocol + ("SSL" if self.tls else "PLAINTEXT")
        if self.tls:
            try:
                options["ssl_context"] = create_ssl_context(
                    cafile=None if self.ca is None else str(self.ca),
                    certfile=None if self.cert is None else str(self.cert),
                    keyfile=None if self.key is None else str(self.key),
                )
            except OSError as error:  # ssl's own errors are such
                raise BrokerError(f"broker: TLS files: {error}") from error
        if self.user:
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return options


def _host(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if (text.startswith("[") and text.endswith("]")) or not colon:
        host, port = text, str(DEFAULT_PORT)
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise BrokerError("broker: HOST:PORT is expected, several of them parted by commas")
    return f"{host}:{port}"
