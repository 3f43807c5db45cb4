"""`pingliu`: the command line. Options come from flags, from PINGLIU_* variables, or from a TOML file (--config)."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, get_args

import click
import msgspec

from deploy import options
from deploy.cli_access import access
from deploy.cli_agent import agent
from deploy.cli_assess import COMMANDS
from deploy.cli_board import board
from deploy.cli_cluster import init, publish, run
from deploy.cli_contract import conformance
from deploy.cli_device import device
from deploy.cli_export import export
from deploy.cli_notify import notify
from deploy.cli_privacy import forget, secret
from deploy.cli_report import report
from deploy.cli_rules import rules as rules_group
from deploy.folder import Folder
from deploy.mistake import Mistake
from deploy.running import running, until_interrupted, wait_ready
from schemas.event import Reason
from schemas.registry import Registry, RegistryError
from schemas.rules import RulesError
from schemas.secret import SecretError


def _mistakes() -> tuple[type[Exception], ...]:
    """What is said in a line, without a traceback. Imported when there is one: --help shall not wait for them."""
    from aiokafka.errors import KafkaConnectionError

    from deploy.assessing import MISTAKES
    from schemas.adapters import MappingError
    from sinks.address import AddressError
    from sinks.errors import ClickHouseError
    from sinks.migrate import MigrationError
    from sinks.reports.error import ReportError
    from streams.broker import BrokerError
    from streams.cluster import ClusterError
    from streams.gateway.devices import DeviceError
    from streams.notify.targets import WebhooksError
    from streams.transport.errors import GroupBusy, TopicMismatch, UnknownTopic

    of_users = (Mistake, DeviceError, MappingError, RegistryError, RulesError, SecretError, WebhooksError, OSError)
    of_clusters = (
        AddressError,
        BrokerError,
        ClusterError,
        GroupBusy,
        KafkaConnectionError,
        TopicMismatch,
        UnknownTopic,
    )
    return (*of_users, *of_clusters, *MISTAKES, ReportError, ClickHouseError, MigrationError)


class _Group(click.Group):
    """Says a user's mistakes in one line, and exits with 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException):
            raise
        except BrokenPipeError:
            # The reader of our output has had enough.
            sys.stderr.close()
            sys.exit(141)
        except Exception as error:
            if isinstance(error, _mistakes()):
                raise click.ClickException(str(error)) from error
            raise


def _load_config(ctx: click.Context, _: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{path}: not TOML: {error}") from error
    known = {parameter.name for command in _commands(cli) for parameter in command.params}
    for name in values:
        if name not in known:
            raise click.BadParameter(f"{path}: {name}: no command has such an option")
    ctx.default_map = _defaults(cli, values)


def _commands(group: click.Group) -> Iterator[click.Command]:
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from _commands(command)
        else:
            yield command


def _defaults(group: click.Group, values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _defaults(command, values) if isinstance(command, click.Group) else values
        for name, command in group.commands.items()
    }


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="pingliu")
@click.option(
    "--config",
    envvar="PINGLIU_CONFIG",
    show_envvar=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    callback=_load_config,
    expose_value=False,
    is_eager=True,
    help='TOML file with options by their long names, e.g. data = "/var/lib/pingliu".',
)
def cli() -> None:
    """评流 Pingliu: a stream processor for government-service ratings (好差评).

    \b
    A first look, without any installation:
      pingliu simulate --start 2026-10-01 --days 7 --seed 7 --scale 0.1 > events.ndjson
      pingliu ingest --data ./d events.ndjson
      pingliu query  --data ./d "SELECT level, count() FROM ratings WHERE effective GROUP BY level"
      pingliu up     --data ./d
    """


@cli.command()
@click.option("--start", required=True, type=click.DateTime(["%Y-%m-%d"]), help="First day, Asia/Shanghai.")
@click.option("--days", required=True, type=click.IntRange(1, 3660), help="How many days.")
@click.option("--seed", default=7, show_default=True, type=int, help="The same seed gives the same events.")
@click.option(
    "--scale", default=1.0, show_default=True, type=click.FloatRange(0.001, 100), help="Share of the usual visitors."
)
@options.district
def simulate(start: datetime, days: int, seed: int, scale: float, district: Path) -> None:
    """Write a district's events to standard output, one JSON object a line, in order of arrival.

    It looks like real ones do: queues, lunch dips, late stations, redeliveries, and a few malformed messages.
    """
    from deploy.progress_bar import progress_bar
    from deploy.simulator import estimate, simulate

    registry = Registry.load(district)
    with progress_bar("simulating", estimate(registry, start.date(), days, scale)) as advance:
        for line in simulate(registry, start.date(), days, seed, scale):
            sys.stdout.buffer.write(line + b"\n")
            advance(1)
    sys.stdout.buffer.flush()


@cli.command()
@options.data
@options.rules
@options.district
@options.as_json
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
def ingest(data: Path, rules: Path | None, district: Path, as_json: bool, files: tuple[str, ...]) -> None:
    """Put files of events through, and end when all they say can be asked for. `-` is standard input.

    Doing it again is redelivery: no figure changes but duplicates and rejected.
    """
    from deploy.ingest import ingest, read_lines
    from deploy.progress_bar import ingest_bar

    folder = Folder(data.absolute())
    lines = read_lines([None if file == "-" else Path(file) for file in files], sys.stdin.buffer)
    size = sum(Path(file).stat().st_size for file in files if file != "-")
    with running(folder, rules, district, 0, join=True) as check, ingest_bar(size) as (count, tell):
        done = ingest(folder, count(lines), check, tell)
    if as_json:
        click.echo(msgspec.json.encode(done))
        return
    click.echo(f"read       {done.read:>10,}")
    click.echo(f"accepted   {done.accepted:>10,}")
    for reason, number in done.rejected.items():
        click.echo(f"rejected   {number:>10,}  {reason}")
    click.echo(f"duplicates {done.duplicates:>10,}")
    click.echo(f"seconds    {done.seconds:>10,.1f}  ({done.events_per_second:,} events/s)")


@cli.command()
@options.data
@options.rules
@options.district
@options.port
@options.gateway_port
@options.webhooks
@options.board_port
@options.with_board
@options.canary
def up(
    data: Path,
    rules: Path | None,
    district: Path,
    port: int,
    gateway_port: int | None,
    webhooks: Path | None,
    board_port: int | None,
    with_board: bool,
    canary: str | None,
) -> None:
    """Run pingliu on one box until Ctrl-C: gateway, log, agents, ClickHouse's engine, live board. It drains at the end.

    With --webhooks, those are told of notices.
    """
    from streams.notify.targets import load_targets

    folder = Folder(data.absolute())
    gateway = [] if gateway_port is None else ["--port", str(gateway_port)]
    if webhooks is not None:
        # What is wrong with it is said here, and not in a role's log.
        load_targets(webhooks)
        webhooks = webhooks.absolute()
    looks = _board_options(board_port) if with_board else None
    with running(
        folder, rules, district, port, gateway=gateway, webhooks=webhooks, board=looks, canary=canary
    ) as check:
        endpoint = wait_ready(folder.endpoint, check)
        click.echo(f"pingliu is up over {folder.root}; SQL is answered at {endpoint.url}")
        devices = wait_ready(folder.gateway, check).url
        click.echo(f"devices hand in events at {devices}v1/events; a tablet's page is {devices}terminal")
        if looks is not None:
            click.echo(f"the live board is at {wait_ready(folder.board, check).url}")
        click.echo("Ctrl-C ends it.")
        until_interrupted(check)
    click.echo("drained and stopped")


def _board_options(port: int | None) -> list[str] | None:
    """The options of the live board that `up` starts; None where there can be none."""
    from deploy.board.server import is_installed

    if not is_installed():
        click.echo("no live board: it needs pingliu's extra, pingliu[board]", err=True)
        return None
    return [] if port is None else ["--port", str(port)]


@cli.command()
@options.data_or_cluster
@options.clickhouse
@click.argument("sql")
@click.option("--format", "fmt", help="A ClickHouse format. [default: PrettyCompact on a terminal, else TabSeparated]")
def query(data: Path | None, clickhouse: str | None, sql: str, fmt: str | None) -> None:
    """Ask ClickHouse, read-only, in the database pingliu: a folder's engine, or a server.

    A folder is asked while `up` runs, and without it.
    """
    from deploy.asking import ask, ask_server

    chosen = fmt or ("PrettyCompact" if sys.stdout.isatty() else "TabSeparated")
    if data is not None and not options.is_from_environment("data"):
        clickhouse = None if options.is_from_environment("clickhouse") else clickhouse
    if clickhouse is not None:
        sys.stdout.buffer.write(ask_server(clickhouse, sql, chosen))
    elif data is not None:
        sys.stdout.buffer.write(ask(Folder(data.absolute()), sql, chosen))
    else:
        raise click.UsageError("say whom to ask: --data, or --clickhouse")


@cli.command()
@options.data
@options.rules
@options.district
@options.as_json
def doctor(data: Path, rules: Path | None, district: Path, as_json: bool) -> None:
    """Say what is wrong with this installation, in plain words. Exits with 1 where something is."""
    from deploy.doctor import examine

    findings = list(examine(Folder(data.absolute()), rules, district))
    if as_json:
        click.echo(msgspec.json.encode(findings))
    else:
        for finding in findings:
            click.echo(f"{finding.verdict:8} {finding.check}: {finding.message}")
    if any(finding.verdict == "problem" for finding in findings):
        sys.exit(1)


@cli.command()
@options.data
@options.rules
@options.district
def migrate(data: Path, rules: Path | None, district: Path) -> None:
    """Bring the tables up to date, and what figures are judged by; every start does the same. Not while `up` runs."""
    from deploy.preparing import prepare
    from schemas.rules import load_rules
    from sinks.engine import Engine

    folder = Folder(data.absolute())
    with folder.lock(), closing(Engine(folder.engine)) as engine:
        for name in prepare(engine, Registry.load(district), load_rules(rules)).applied:
            click.echo(f"applied {name}")
    click.echo("up to date")


@cli.group()
def rejected() -> None:
    """Messages that were refused: list them, show one, send them again."""


@rejected.command("list")
@options.data
@options.as_json
@click.option("--reason", type=click.Choice(get_args(Reason)), help="Only those refused for this.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="At most so many.")
def list_(data: Path, as_json: bool, reason: Reason | None, limit: int) -> None:
    """List rejects, newest first; the first column names one for `show` and `resend`."""
    from deploy.rejected import list_rejects

    for row in list_rejects(Folder(data.absolute()), reason, limit):
        if as_json:
            click.echo(msgspec.json.encode(row))
        else:
            click.echo(f"{row['place']}  {row['received_at']}  {row['reason']}  {row['detail']}")


@rejected.command()
@options.data
@click.argument("place")
def show(data: Path, place: str) -> None:
    """Show a reject: its reason on standard error, its original bytes on standard output."""
    from deploy.rejected import original

    row, raw = original(Folder(data.absolute()), place)
    for name in ("reason", "detail", "path", "received_at"):
        click.echo(f"{name:12} {row[name]}", err=True)
    sys.stdout.buffer.write(raw + b"\n")


@rejected.command()
@options.data
@click.argument("places", nargs=-1, required=True)
@click.option("--with", "repaired", type=click.File("rb"), help="File with the message repaired, for one place.")
def resend(data: Path, places: tuple[str, ...], repaired: BinaryIO | None) -> None:
    """Send rejects again, as they were or repaired. They are judged anew: now if pingliu runs, else when it does."""
    from deploy.rejected import resend

    if repaired is not None and len(places) != 1:
        raise click.UsageError("--with repairs one message: name one place")
    count = resend(Folder(data.absolute()), places, repaired.read().rstrip(b"\r\n") if repaired else None)
    click.echo(f"{count} sent")


@cli.command()
@options.data
@options.district
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Where SQL is answered. [default: any free]")
@click.option(
    "--scale", default=1.0, show_default=True, type=click.FloatRange(0.001, 10), help="Share of the usual visitors."
)
def demo(data: Path, district: Path, port: int, scale: float) -> None:
    """Simulate the last full month, ingest it, show what officials ask first, and go on live until Ctrl-C.

    Without a terminal on standard input it ends after the tables.
    """
    from deploy.demo import run

    run(Folder(data.absolute()), district, port, scale)


for _command in (
    access,
    agent,
    board,
    device,
    conformance,
    init,
    publish,
    run,
    *COMMANDS,
    export,
    report,
    rules_group,
    notify,
    forget,
    secret,
):
    cli.add_command(_command)


def main() -> None:
    """The console script."""
    # What pingliu makes is its owner's alone: events as they came, and the secret.
    os.umask(0o077)
    cli(prog_name="pingliu")
