"""Where commands work on what is stored: a server, the engine of a sink that runs, or one in this process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from deploy.asking import AskingError, reach
from deploy.folder import Folder
from deploy.mistake import Mistake
from sinks.address import Address, password_from
from sinks.channel_client import ChannelClient, ChannelError
from sinks.engine import Engine
from sinks.workbench import Workbench


class Warehouse(Protocol):
    """An engine or a server, for statements that ask and that write. All raise ClickHouseError.

    Tables are named with their database. Each statement may have a session to itself: it finds no settings and no
    temporary tables of the one before.

    Values differ: moments are text from an engine and datetime from a server, and so with days and decimals. What must
    be equal on both is cast in the query: toString(…), and hex(…) where a text may not be UTF-8. A sum of floats is
    equal to none, not even to itself: it depends on the order in which rows are read. Integers are summed.
    """

    def execute(self, sql: str) -> None:
        """Runs one statement that changes something."""

    def insert(self, table: str, columns: Mapping[str, Sequence[object]]) -> int:
        """Stores rows of a table, given as columns of one length; they are durable on return. Returns their number."""

    def rows(self, sql: str) -> list[dict[str, object]]:
        """The rows that a query gives, by column."""


class SinkEnded(Mistake):
    """The sink by whose engine a command worked is gone."""


@contextmanager
def open_warehouse(folder: Path | None, clickhouse: str | None) -> Iterator[Warehouse]:
    """A server by its URL, or else a folder's engine: that of the sink that runs over it, or one in this process, in
    the way of which no other may be meanwhile. Its tables are as they are found: whoever needs new ones migrates.

    Raises AskingError where nothing was ever stored, or the engine stays busy; AddressError; SinkEnded where the sink
    ends while the context lasts, in the place of the ChannelError that says so within.
    """
    if clickhouse is not None:
        from sinks.server import Server

        with closing(Server(Address.parse(clickhouse, password_from(os.environ)))) as server:
            yield server
    elif folder is not None:
        yield from _of_folder(Folder(folder.absolute()))
    else:
        raise AskingError("say whose data it is: --data, or --clickhouse")


def _of_folder(folder: Folder) -> Iterator[Warehouse]:
    opened = reach(folder, lambda _: _by_channel(folder), lambda: Engine(folder.engine))
    with closing(opened):
        try:
            yield Workbench(opened) if isinstance(opened, Engine) else opened
        except ChannelError as error:
            raise SinkEnded(f"{error.message}; do this again") from error


def _by_channel(folder: Folder) -> Engine | ChannelClient:
    try:
        return ChannelClient(folder.channel)
    except ChannelError:  # it is ending, or was killed: the engine's lock knows
        return Engine(folder.engine)
