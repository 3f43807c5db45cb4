"""The commands of devices: `device add`, `list`, `rotate`, `revoke`. A token is printed once, on standard output."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click
import msgspec

from deploy import options
from deploy.folder import Folder
from deploy.mistake import Mistake
from schemas.registry import Registry
from schemas.secret import ensure_secret, load_secret
from streams.gateway.devices import Device, DeviceBook, now_ms, state_of

_HOUR_MS = 3_600_000


@click.group()
def device() -> None:
    """Devices that may hand in events over HTTP: register one, list them, change or withdraw a token."""


def _book_options(function: options.F) -> options.F:
    for option in (options.data_or_cluster, options.secret, options.devices):
        function = option(function)
    return function


@device.command()
@_book_options
@options.district
@click.argument("name")
@click.option("--window", help="Bound to a window of the registry.")
@click.option("--site", help="Bound to a site: any window of it.")
@click.option("--street", help="Bound to a street: any site of it.")
@click.option("--everywhere", is_flag=True, help="Bound to nothing: a queue system of the whole district.")
@click.option("--source", help="Under which source it speaks. [default: terminal/NAME]")
@click.option(
    "--role",
    type=click.Choice(["device", "office"]),
    default="device",
    show_default=True,
    help="office may also say what officials decide: voids, appeals, rectifications, conduct, supervision.",
)
def add(
    name: str,
    window: str | None,
    site: str | None,
    street: str | None,
    everywhere: bool,
    source: str | None,
    role: Literal["device", "office"],
    district: Path,
    **where: Any,
) -> None:
    """Register a device, and print its token: this once, for it is kept hashed."""
    if sum((window is not None, site is not None, street is not None, everywhere)) != 1:
        raise click.UsageError("say where it is: one of --window, --site, --street and --everywhere")
    bound = _bound(Registry.load(district), window, site, street)
    device = Device(name, source if source is not None else f"terminal/{name}", *bound, role)
    click.echo(_book(**where).add(device, now_ms()))


@device.command("list")
@_book_options
@options.as_json
def list_(as_json: bool, **where: Any) -> None:
    """List the devices; of tokens only whether they are good."""
    at_ms = now_ms()
    for one in _book(**where).devices().by_name.values():
        state = state_of(one, at_ms)
        if as_json:
            told = {name: getattr(one, name) for name in ("name", "source", "street", "site", "window", "role")}
            click.echo(msgspec.json.encode({**told, "created_ms": one.created_ms, "state": state}))
        else:
            where_ = one.window or one.site or one.street or "everywhere"
            click.echo(f"{one.name:20} {where_:20} {one.role:7} {one.source:30} {state}")


@device.command()
@_book_options
@click.argument("name")
@click.option(
    "--grace", default=24.0, show_default=True, type=click.FloatRange(0, 720), help="Hours the old token is good yet."
)
def rotate(name: str, grace: float, **where: Any) -> None:
    """Give a device a new token, and print it."""
    click.echo(_book(**where).rotate(name, now_ms(), round(grace * _HOUR_MS)))


@device.command()
@_book_options
@click.argument("name")
def revoke(name: str, **where: Any) -> None:
    """Withdraw all tokens of a device. `rotate` gives it a new one."""
    _book(**where).revoke(name)
    click.echo(f"{name}: revoked", err=True)


def _bound(registry: Registry, window: str | None, site: str | None, street: str | None) -> tuple[str, str, str]:
    """Street, site and window that a device is bound to, '' where it is bound to none. Raises Mistake."""
    if window is not None:
        if window not in registry.windows:
            raise Mistake(f"--window: {window} is not in the registry")
        site = registry.windows[window].site
    if site is not None:
        if site not in registry.sites:
            raise Mistake(f"--site: {site} is not in the registry")
        street = registry.sites[site].street
    if street is not None and street not in registry.streets:
        raise Mistake(f"--street: {street} is not in the registry")
    return street or "", site or "", window or ""


def _book(data: Path | None, secret: Path | None, devices: Path | None) -> DeviceBook:
    """The file of devices. In a folder the secret is made where there is none yet; a cluster's `init` makes it."""
    folder = None if data is None else Folder(data.absolute())
    if folder is not None:
        folder.create()
    path = options.secret_path(secret, None if folder is None else folder.root)
    found = ensure_secret(path) if folder is not None and secret is None else load_secret(path)
    return DeviceBook(options.devices_path(devices, path, folder), found)
