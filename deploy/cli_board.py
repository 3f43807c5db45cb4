"""`board`: the live board, a process of its own."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import ValidationError

from deploy import options
from deploy.cli_cluster import faults_of, role_options, role_settings
from deploy.folder import Folder
from deploy.mistake import Mistake

if TYPE_CHECKING:
    from deploy.board.settings import BoardSettings


@click.command()
@role_options
@options.district
@options.option(
    "--port",
    envvar="PINGLIU_BOARD_PORT",
    type=click.IntRange(0, 65535),
    help="Where the pages are; 0 takes any free port. [default: 8090, or any free]",
)
@options.option(
    "--host",
    envvar="PINGLIU_BOARD_HOST",
    help="... and at which address. Beyond this machine with PINGLIU_BOARD_PASSWORD or …_FILE, and with TLS or "
    "--insecure. [default: 127.0.0.1]",
)
@options.tls("BOARD")
def board(
    broker: str | None,
    data: Path | None,
    district: Path,
    port: int | None,
    host: str | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    insecure: bool,
    with_starter: bool,
    **given: Any,
) -> None:
    """Show what is so now on pages for wall screens and phones (docs/board.md). `up` starts one too."""
    from deploy.board.server import check_extra, show
    from deploy.roles import run_role

    check_extra()
    chosen = {
        "port": port,
        "host": host,
        "tls_cert": None if tls_cert is None else tls_cert.absolute(),
        "tls_key": None if tls_key is None else tls_key.absolute(),
        "insecure": insecure or None,
    }
    with ExitStack() as held:
        settings = role_settings(held, broker, data, **given)
        folder = None if data is None else Folder(data.absolute())
        looks = _settings({name: value for name, value in chosen.items() if value is not None})

        def announce(host: str, port: int, tls: bool) -> None:
            if folder is not None:
                folder.announce_board(host, port, tls=tls)

        def withdraw() -> None:
            if folder is not None:
                folder.withdraw_board()

        run_role(
            "board",
            settings,
            lambda s, stop: show(s, looks, district, announce, withdraw, stop),
            with_starter=with_starter,
        )


def _settings(given: dict[str, Any]) -> BoardSettings:
    """What was chosen, what PINGLIU_BOARD_… variables say, defaults. Raises Mistake, SecretError."""
    from deploy.board.settings import BoardSettings

    try:
        return BoardSettings.from_environ(os.environ, **given)
    except ValidationError as error:
        raise Mistake(faults_of(error)) from None
