"""The options that several commands share. Each may come from a PINGLIU_* variable or --config too."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from deploy.folder import Folder

_DISTRICT: Final = Path(__file__).parent / "district"

F = Callable[..., Any]


def option(*names: str, envvar: str, **attributes: Any) -> Callable[[F], F]:
    """An option with its variable, which --help shows."""
    return click.option(*names, envvar=envvar, show_envvar=True, **attributes)


def _folder(required: bool) -> Callable[[F], F]:
    return option(
        "--data",
        envvar="PINGLIU_DATA",
        required=required,
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder of this pingliu: its log, its ClickHouse data and its secret. Made if missing.",
    )


data = _folder(required=True)
data_or_cluster = _folder(required=False)
rules = option(
    "--rules",
    envvar="PINGLIU_RULES",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Rules file (TOML); the contract's defaults without one.",
)
district = option(
    "--district",
    envvar="PINGLIU_DISTRICT",
    default=_DISTRICT,
    show_default="the sample district",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with the registry's CSV files.",
)
port = option(
    "--port",
    envvar="PINGLIU_PORT",
    default=8123,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Where SQL is answered, on loopback; 0 takes any free port.",
)
broker = option(
    "--broker",
    envvar="PINGLIU_BROKER",
    help="kafka://[USER@]HOST:PORT[?tls=true&ca=FILE…]; the password comes from PINGLIU_BROKER_PASSWORD or …_FILE.",
)
clickhouse = option(
    "--clickhouse",
    envvar="PINGLIU_CLICKHOUSE",
    help="clickhouse://[USER@]HOST:PORT/pingliu[?secure=true&ca=FILE…]; the password from PINGLIU_CLICKHOUSE_PASSWORD "
    "or …_FILE.",
)
secret = option(
    "--secret",
    envvar="PINGLIU_SECRET",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with the district's secret, the same for all workers; `init` makes it. "
    "[default: in --data, else ~/.local/share/pingliu/secret]",
)
gateway_port = option(
    "--gateway-port",
    envvar="PINGLIU_GATEWAY_PORT",
    type=click.IntRange(0, 65535),
    help="Where the gateway takes events, on loopback; 0 takes any free port. [default: 8080, or any free]",
)
board_port = option(
    "--board-port",
    envvar="PINGLIU_BOARD_PORT",
    type=click.IntRange(0, 65535),
    help="Where the live board is, on loopback; 0 takes any free port. [default: 8090, or any free]",
)
with_board = option(
    "--board/--no-board",
    "with_board",
    envvar="PINGLIU_WITH_BOARD",
    default=True,
    show_default=True,
    help="Whether the live board runs too.",
)
devices = option(
    "--devices",
    envvar="PINGLIU_GATEWAY_DEVICES",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with the registered devices. [default: in --data, else devices.json beside the secret]",
)
webhooks = option(
    "--webhooks",
    envvar="PINGLIU_WEBHOOKS",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with the webhooks that are told of notices (TOML), its owner's alone.",
)
canary = option(
    "--canary",
    envvar="PINGLIU_CANARY",
    metavar="STREET",
    callback=lambda _context, _parameter, code: _street(code),
    help="Send a canary every 10 s among this street's events, to time their way. In no figure and no table.",
)


def tls(of: str) -> Callable[[F], F]:
    """How a server of ours beyond this machine is kept safe. `of`: what stands in the variables, such as GATEWAY."""
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    made = (
        option("--tls-cert", envvar=f"PINGLIU_{of}_TLS_CERT", type=file, help="Certificate chain (PEM)."),
        option("--tls-key", envvar=f"PINGLIU_{of}_TLS_KEY", type=file, help="Its key (PEM)."),
        click.option(
            "--insecure", is_flag=True, help="Listen beyond this machine without TLS, where TLS ends before it."
        ),
    )

    def decorated(function: F) -> F:
        for one in reversed(made):
            function = one(function)
        return function

    return decorated


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object for programs.")


def _street(code: str | None) -> str | None:
    if code is not None and not re.fullmatch("[0-9]{9}", code):
        raise click.BadParameter("a street's code has 9 digits")
    return code


def is_from_environment(name: str) -> bool:
    """Whether an option of the running command was not typed: what was goes before."""
    return click.get_current_context().get_parameter_source(name) != click.core.ParameterSource.COMMANDLINE


def placed(data: Path | None, clickhouse: str | None) -> tuple[Path | None, str | None]:
    """A folder or a server: what was typed goes before what a variable says."""
    if data is not None and not is_from_environment("data") and is_from_environment("clickhouse"):
        clickhouse = None
    return data, clickhouse


def secret_path(given: Path | None, folder: Path | None) -> Path:
    """Where the secret is."""
    if given is not None:
        return given.absolute()
    if folder is not None:
        return folder / "secret"
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(home) / "pingliu" / "secret"


def devices_path(given: Path | None, secret: Path, folder: Folder | None) -> Path:
    """Where the devices are."""
    if given is not None:
        return given.absolute()
    return folder.devices if folder is not None else secret.with_name("devices.json")
