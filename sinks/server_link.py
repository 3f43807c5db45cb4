"""One connection to a ClickHouse server, or to the first of several that answers: made when needed, dropped in doubt.

The driver could fail over by itself, but only while it connects, and a host that accepts and then says nothing would
hold it up as long as a long query may last.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TypeVar

from clickhouse_driver import Client
from clickhouse_driver.errors import Error

from sinks.address import Address
from sinks.errors import NETWORK_ERROR, outcome
from sinks.server_error import FAILURES, NO_WAY, ServerError, failure
from sinks.server_settings import Settings, settings_for

# What fails is raised, and said by whoever gives up; the driver would log each try with a traceback.
logging.getLogger("clickhouse_driver").setLevel(logging.ERROR)

# To connect and to be greeted; also for a ping. A host within reach does both in milliseconds.
_GREETING_SECONDS: Final = 5.0

T = TypeVar("T")


class Link:
    """Does one thing at a time, for any thread. `settings`: those of every statement, where the server knows them.

    `database`: where unqualified names are looked for. `seconds`: how long the server may be silent in the midst of a
    statement; it says how it gets on every 0.1 s while it reads, but nothing while it writes.
    """

    def __init__(self, address: Address, settings: Settings, *, seconds: float, database: str = "") -> None:
        self._address = address
        self._settings = settings
        self._seconds = seconds
        self._database = database
        self._hosts = deque(address.hosts)  # the one in use is the first
        self._lock = threading.Lock()
        self._client: Any = None  # the driver has no types
        self._closed = False

    def run(self, work: Callable[[Any], T]) -> T:
        """What `work` makes of a driver's client. In this order:

        1. The connection at hand is tried; if there is none any more, the hosts are, each once, the last used first.
        2. The work is done.
        3. If it fails, the connection is dropped, whatever state it is in. Where the way to the host failed, the next
           host gets the same work at once, unless all had it: so it must bear being done twice.

        A host that is busy is not the first to be tried next time. Raises ServerError, with 209 or 210 where no host
        could be reached; and what `work` raises besides.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError("the server was closed")
            for left in reversed(range(len(self._hosts))):
                client = self._connected()  # 1.
                try:
                    return work(client)  # 2.
                except (ServerError, *FAILURES) as error:  # 3.
                    known = self._give_up(error)
                    if known.code not in NO_WAY or not left:
                        raise known from None  # the driver's own may hold values of rows
                except BaseException:
                    self._drop()
                    raise
            raise AssertionError("an address has hosts")

    def close(self) -> None:
        """Waits for what is being done, then disconnects. A second time does nothing."""
        with self._lock:
            self._closed = True
            self._drop()

    def _connected(self) -> Any:
        if self._client is not None:
            if _answers(self._client):
                return self._client
            self._drop()
        failed: list[ServerError] = []
        for _ in range(len(self._hosts)):
            try:
                self._client = self._connect(*self._hosts[0])
            except FAILURES as error:
                known = self._give_up(error)
                if known.code not in NO_WAY:
                    raise known from None
                failed.append(known)
            else:
                return self._client
        code, name = (failed[0].code, failed[0].name) if len(failed) == 1 else NETWORK_ERROR
        raise ServerError(code, name, "; ".join(error.message for error in failed))

    def _connect(self, host: str, port: int) -> Any:
        address = self._address
        ca = address.ca or ssl.get_default_verify_paths().cafile
        client = Client(
            host,
            port,
            database=self._database,
            user=address.user,
            password=address.password or "",
            client_name="pingliu",
            connect_timeout=_GREETING_SECONDS,
            send_receive_timeout=_GREETING_SECONDS,
            sync_request_timeout=_GREETING_SECONDS,
            compression=False if address.compression == "none" else address.compression,
            secure=address.secure,
            ca_certs=str(ca) if address.secure and ca else None,
            disable_reconnect=True,  # that is for us to do
        )
        try:
            client.connection.connect()
            client.connection.socket.settimeout(self._seconds)
            version = client.connection.server_info.version_tuple()
            client.settings.update(settings_for(version, self._settings))
        except BaseException:
            client.disconnect()
            raise
        return client

    def _give_up(self, error: BaseException) -> ServerError:
        """Drops the connection, and says in our words why. After a busy host, another one is the first."""
        self._drop()
        known = error if isinstance(error, ServerError) else failure(error, "{}:{}".format(*self._hosts[0]))
        if outcome(known.code) == "busy":
            self._hosts.rotate(-1)
        return known

    def _drop(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client = None


def _answers(client: Any) -> bool:
    try:
        return bool(client.connection.ping())
    except (Error, OSError):
        return False
