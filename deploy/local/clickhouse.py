"""A ClickHouse server on loopback, as Debian has it, with a configuration of its own."""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import ClassVar, Final
from xml.sax.saxutils import escape

from clickhouse_driver import Client
from clickhouse_driver.errors import Error

from deploy.local import packages
from deploy.local.server import HOST, Certificate, Server

_CONFIG: Final = """\
<?xml version="1.0"?>
<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <listen_host>{host}</listen_host>
  <tcp_port>{native}</tcp_port>
  <http_port>{http}</http_port>
  <timezone>UTC</timezone>
  <path>{folder}/data/</path>
  <tmp_path>{folder}/tmp/</tmp_path>
  <user_files_path>{folder}/files/</user_files_path>
  <format_schema_path>{folder}/formats/</format_schema_path>
  <users_config>users.xml</users_config>
  <default_profile>default</default_profile>
  <default_database>default</default_database>
  <mark_cache_size>67108864</mark_cache_size>
  {secure}
</yandex>
"""
_SECURE: Final = """\
<tcp_port_secure>{port}</tcp_port_secure>
  <openSSL><server>
    <certificateFile>{file}</certificateFile>
    <privateKeyFile>{file}</privateKeyFile>
    <verificationMode>none</verificationMode>
    <loadDefaultCAFile>false</loadDefaultCAFile>
    <disableProtocols>sslv2,sslv3,tlsv1,tlsv1_1</disableProtocols>
  </server></openSSL>"""
_USERS: Final = """\
<?xml version="1.0"?>
<yandex>
  <profiles><default>
    <allow_experimental_low_cardinality_type>1</allow_experimental_low_cardinality_type>
  </default></profiles>
  <quotas><default/></quotas>
  <users><default>
    <password_sha256_hex>{digest}</password_sha256_hex>
    <networks><ip>{host}</ip></networks>
    <profile>default</profile>
    <quota>default</quota>
  </default></users>
</yandex>
"""


class ClickHouse(Server):
    """The user is `default`, with `password` if there is one; `tls` adds a port for the native protocol over TLS."""

    name: ClassVar[str] = "ClickHouse"

    def __init__(
        self, folder: Path, *, port: int = 0, http_port: int = 0, password: str | None = None, tls: bool = False
    ) -> None:
        super().__init__(folder, {"native": port, "http": http_port} | ({"secure": 0} if tls else {}))
        self._password = password or ""
        self._tls = tls
        self._certificate = Certificate(folder / "tls")

    @property
    def address(self) -> str:
        """Of the native protocol."""
        return f"{HOST}:{self.port('native')}"

    @property
    def secure_address(self) -> str:
        """Of the native protocol over TLS; only with `tls`."""
        return f"{HOST}:{self.port('secure')}"

    @property
    def http_port(self) -> int:
        return self.port("http")

    @property
    def ca_file(self) -> Path:
        """What clients of the secure address trust; only with `tls`."""
        return self._certificate.ca_file

    @property
    def _mark(self) -> str:
        return f"--config-file={self.folder / 'config.xml'}"

    def _prepare(self) -> None:
        secure = ""
        if self._tls:
            self._certificate.make()
            secure = _SECURE.format(port=self.port("secure"), file=escape(str(self._certificate.file)))
        config = _CONFIG.format(
            host=HOST,
            native=self.port("native"),
            http=self.http_port,
            folder=escape(str(self.folder)),
            secure=secure,
        )
        (self.folder / "config.xml").write_text(config)
        # An empty password has a hash like any other.
        digest = hashlib.sha256(self._password.encode()).hexdigest()
        (self.folder / "users.xml").write_text(_USERS.format(host=HOST, digest=digest))

    def _command(self) -> list[str]:
        return [str(packages.clickhouse_server()), self._mark]

    def _answers(self) -> bool:
        try:
            # The driver logs a warning for a port that nobody listens to.
            socket.create_connection((HOST, self.port("native")), timeout=5).close()
        except OSError:
            return False
        client = Client(HOST, self.port("native"), password=self._password, connect_timeout=5)
        try:
            return bool(client.execute("SELECT 1") == [(1,)])
        except (Error, OSError, EOFError):
            return False
        finally:
            client.disconnect()
