"""The commands of a pingliu on Kafka and a ClickHouse server: `init`, `publish`, `run`. They work on one box too."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from pydantic import ValidationError

from deploy import options
from deploy.folder import Folder
from deploy.mistake import Mistake
from schemas.secret import ensure_secret, password_from
from streams.settings import Settings

if TYPE_CHECKING:
    from streams.gateway.server import Address
    from streams.gateway.settings import GatewaySettings

_PASSWORD: Final = "PINGLIU_BROKER_PASSWORD"  # noqa: S105 - the variable's name


@click.command()
@options.broker
@options.clickhouse
@options.secret
@options.rules
@options.district
@click.option("--partitions", default=12, show_default=True, type=click.IntRange(1, 1024), help="Of every topic.")
@click.option("--replication", default=1, show_default=True, type=click.IntRange(1, 9), help="Copies of every topic.")
def init(
    broker: str | None,
    clickhouse: str | None,
    secret: Path | None,
    rules: Path | None,
    district: Path,
    partitions: int,
    replication: int,
) -> None:
    """Make what is missing: topics, tables, the secret; and write anew what figures are judged by. May be repeated.

    Topics are made once: later they must be as stated, or workers refuse to start. The secret must be copied to every
    machine that runs a worker.
    """
    if broker is None and clickhouse is None:
        raise click.UsageError("name what to prepare: --broker, --clickhouse, or both")
    path = options.secret_path(secret, None)
    is_new = not path.exists()
    ensure_secret(path)
    click.echo(f"secret      {path}{' (made)' if is_new else ''}")
    if broker is not None:
        from deploy.topics import make_topics

        for line in asyncio.run(make_topics(broker, partitions, replication)):
            click.echo(f"broker      {line}")
    if clickhouse is not None:
        from deploy.preparing import prepare_server

        for line in prepare_server(clickhouse, district, rules):
            click.echo(f"clickhouse  {line}")


@click.command()
@options.broker
@options.data_or_cluster
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
def publish(broker: str | None, data: Path | None, files: tuple[str, ...]) -> None:
    """Publish files of events, one JSON object a line, each to its street's partition. `-` is standard input.

    It ends when the broker has all of them; whoever runs stores them. To a log on this box with --data.
    """
    from deploy.ingest import read_lines
    from deploy.progress_bar import progress_bar
    from deploy.publishing import publish_to_cluster, publish_to_log
    from streams.broker import Broker

    lines = read_lines([None if file == "-" else Path(file) for file in files], sys.stdin.buffer)
    with progress_bar("publishing", None) as advance:
        told = 0

        def tell(published: int) -> None:
            nonlocal told
            advance(published - told)
            told = published

        if broker is not None:
            done = asyncio.run(publish_to_cluster(Broker.parse(broker, _password()), lines, tell))
        elif data is not None:
            folder = Folder(data.absolute())
            folder.create()
            done = publish_to_log(folder.log, folder.settings(None).partitions, lines, tell)
        else:
            raise click.UsageError("say where to: --broker, or --data")
    click.echo(f"{done:,} published")


@click.group()
def run() -> None:
    """Run one role in this process until SIGTERM or Ctrl-C; it drains before it ends. Start more of it to scale."""


def role_options(function: options.F) -> options.F:
    """The options of every role."""
    for option in (
        options.broker,
        options.data_or_cluster,
        options.secret,
        options.rules,
        options.option(
            "--listen",
            envvar="PINGLIU_LISTEN",
            metavar="[HOST:]PORT",
            help="Where /metrics, /healthz and /readyz are served. [default: 127.0.0.1, at 9101 (aggregate), 9102 "
            "(sink), 9103 (gateway), 9104 (notify), 9105 (board) or any free port]",
        ),
        options.option(
            "--instance",
            envvar="PINGLIU_INSTANCE",
            help="A name of this worker, unique in its role: a restart under the same name moves no partitions.",
        ),
        click.option("--with-starter", is_flag=True, hidden=True),
    ):
        function = option(function)
    return function


@run.command()
@role_options
@options.canary
def aggregate(broker: str | None, data: Path | None, with_starter: bool, canary: str | None, **given: Any) -> None:
    """Fold events into live figures, notices and rejects. Never waits for ClickHouse."""
    from deploy.aggregating import aggregate
    from deploy.roles import run_role

    with ExitStack() as held:
        settings = role_settings(held, broker, data, **given).model_copy(update={"canary": canary})
        run_role("aggregate", settings, aggregate, with_starter=with_starter)


@run.command()
@role_options
@options.clickhouse
@options.district
@options.port
def sink(
    broker: str | None,
    data: Path | None,
    clickhouse: str | None,
    district: Path,
    port: int,
    with_starter: bool,
    **given: Any,
) -> None:
    """Store facts, live buckets and rejects: in a ClickHouse server, or in the engine of a folder (--data).

    --port says where SQL is answered, for the engine of a folder.
    """
    from deploy.roles import run_role
    from deploy.storing import store_in_folder, store_on_server

    if data is not None and options.is_from_environment("clickhouse"):
        clickhouse = None
    if clickhouse is not None:
        data = None
    with ExitStack() as held:
        settings = role_settings(held, broker, data, **given)
        if clickhouse is not None:
            address = clickhouse
            run_role("sink", settings, lambda s, stop: store_on_server(s, address, stop), with_starter=with_starter)
            return
        if data is None:
            raise click.UsageError("say where to store: --clickhouse, or --data")
        folder = Folder(data.absolute())
        run_role(
            "sink",
            settings,
            lambda s, stop: store_in_folder(s, folder, district, port, stop),
            with_starter=with_starter,
        )


@run.command()
@role_options
@options.district
@options.devices
@options.option(
    "--port",
    "gateway_port",
    envvar="PINGLIU_GATEWAY_PORT",
    type=click.IntRange(0, 65535),
    help="Where events are taken; 0 takes any free port. [default: 8080, or any free]",
)
@options.option(
    "--host",
    "gateway_host",
    envvar="PINGLIU_GATEWAY_HOST",
    help="... and at which address. Beyond this machine with TLS only, or --insecure. [default: 127.0.0.1]",
)
@options.tls("GATEWAY")
def gateway(
    broker: str | None,
    data: Path | None,
    district: Path,
    devices: Path | None,
    gateway_port: int | None,
    gateway_host: str | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    insecure: bool,
    with_starter: bool,
    **given: Any,
) -> None:
    """Take events of registered devices over HTTP (docs/gateway.md), and publish them. `device` registers them."""
    from deploy.receiving import receive
    from deploy.roles import run_role

    chosen = {
        "port": gateway_port,
        "host": gateway_host,
        "tls_cert": None if tls_cert is None else tls_cert.absolute(),
        "tls_key": None if tls_key is None else tls_key.absolute(),
        "insecure": insecure or None,
    }
    with ExitStack() as held:
        settings = role_settings(held, broker, data, **given)
        folder = None if data is None else Folder(data.absolute())
        taken = gateway_settings(options.devices_path(devices, settings.secret, folder), chosen)

        def announce(address: Address) -> None:
            if folder is not None:
                folder.announce_gateway(address.host, address.port, tls=address.tls)

        def withdraw() -> None:
            if folder is not None:
                folder.withdraw_gateway()

        run_role(
            "gateway",
            settings,
            lambda s, stop: receive(s, taken, district, announce, withdraw, stop),
            with_starter=with_starter,
        )


@run.command()
@role_options
@options.district
@options.webhooks
def notify(
    broker: str | None, data: Path | None, district: Path, webhooks: Path | None, with_starter: bool, **given: Any
) -> None:
    """Tell webhooks of notices (docs/notices.md): robots of WeCom and DingTalk, and others. One is enough."""
    from deploy.notifying import notify
    from deploy.roles import run_role
    from streams.notify.settings import NotifySettings
    from streams.notify.targets import load_targets

    if webhooks is None:
        raise click.UsageError("name the webhooks file: --webhooks")
    # What is wrong with it is said before anything is opened.
    load_targets(webhooks)
    try:
        chosen = NotifySettings.from_environ(os.environ, webhooks=webhooks.absolute())
    except ValidationError as error:
        raise Mistake(faults_of(error)) from None
    with ExitStack() as held:
        settings = role_settings(held, broker, data, **given)
        run_role("notify", settings, lambda s, stop: notify(s, chosen, district, stop), with_starter=with_starter)


def gateway_settings(devices: Path, chosen: Mapping[str, Any]) -> GatewaySettings:
    """The gateway's settings: what was chosen, what PINGLIU_GATEWAY_… variables say, defaults. Raises Mistake."""
    from streams.gateway.settings import GatewaySettings

    given = {name: value for name, value in chosen.items() if value is not None}
    try:
        return GatewaySettings.from_environ(os.environ, devices=devices, **given)
    except ValidationError as error:
        raise Mistake(faults_of(error)) from None


def faults_of(error: ValidationError) -> str:
    """What is wrong with settings, each field by its name."""
    return "; ".join(
        ".".join(map(str, fault["loc"])) + ": " * bool(fault["loc"]) + fault["msg"].removeprefix("Value error, ")
        for fault in error.errors(include_url=False, include_input=False)
    )


def role_settings(
    held: ExitStack,
    broker: str | None,
    data: Path | None,
    secret: Path | None,
    rules: Path | None,
    listen: str | None,
    instance: str | None,
) -> Settings:
    """The settings of a role; what needs not be kept is removed with `held`."""
    folder = None
    if data is not None:
        folder = Folder(data.absolute())
        folder.create()
    changes: dict[str, Any] = {"instance": instance}
    if listen is not None:
        host, _, port = listen.rpartition(":")
        if not port.isdigit():
            raise click.UsageError(f"--listen: [HOST:]PORT is expected, not {listen}")
        changes |= {"listen_host": host or "127.0.0.1", "listen_port": int(port)}
    if broker is None:
        if folder is None:
            raise click.UsageError("say where the events are: --broker, or --data")
        ensure_secret(folder.secret)
        return folder.settings(rules).model_copy(update=changes)
    path = options.secret_path(secret, None)
    if folder is not None:
        folder.adopt_secret(path)
        changes["destination"] = folder.name()
    scratch = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="pingliu-")))
    given = {"broker": broker, "secret": path, "scratch": scratch, "rules": rules, **changes}
    return Settings.from_environ(os.environ, **{name: value for name, value in given.items() if value is not None})


def _password() -> str | None:
    return password_from(os.environ, _PASSWORD)
