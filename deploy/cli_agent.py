"""The commands of a terminal or a station: `agent` brings events to the gateway, `agent send` hands some in."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
import msgspec
from pydantic import ValidationError

from deploy import options
from deploy.mistake import Mistake
from schemas.moments import SHANGHAI

if TYPE_CHECKING:
    from streams.agent.spool import Spool

_TOKEN: Final = "PINGLIU_TOKEN"  # noqa: S105 - the variable's name
_LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# One transaction's share.
_CHUNK_EVENTS: Final = 1_000

spool_option = options.option(
    "--spool",
    envvar="PINGLIU_AGENT_SPOOL",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the events that wait for the gateway. Made if missing.",
)


class _Agent(click.Group):
    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0].startswith("-") and args[0] not in ctx.help_option_names:
            # `pingliu agent --gateway …` is `pingliu agent run --gateway …`.
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Agent)
def agent() -> None:
    """Store events on a terminal or a station, and bring them to the gateway whenever it can be reached.

    `pingliu agent OPTIONS` is `pingliu agent run OPTIONS`.
    """


@agent.command()
@options.option("--gateway", envvar="PINGLIU_AGENT_GATEWAY", required=True, help="The gateway: https://HOST[:PORT].")
@spool_option
@options.option(
    "--token-file",
    envvar="PINGLIU_TOKEN_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File with the device's token, read anew for each request; or the token is in PINGLIU_TOKEN.",
)
@options.option(
    "--listen", envvar="PINGLIU_AGENT_LISTEN", metavar="[HOST:]PORT", help="Where programs hand in events, on loopback."
)
@options.option("--device", envvar="PINGLIU_AGENT_DEVICE", help="The device's name, for heartbeats and signatures.")
@click.option("--kind", default="rating", show_default=True, help="What it is: rating, queue, kiosk or camera.")
@click.option("--site", help="Where it is; heartbeats need it.")
@click.option("--window", default="", help="At which window it is, if it is at one.")
@click.option("--firmware", default="", help="Its version, for heartbeats.")
@click.option("--source", help="Its source. [default: terminal/ and its name]")
@click.option("--beat-every", type=float, help="Seconds between heartbeats. [default: 300]")
@click.option("--sign", is_flag=True, help="Sign requests instead of sending the token.")
@click.option("--ca", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Certificates to trust (PEM).")
@click.option("--insecure", is_flag=True, help="Send the token over http to another machine.")
def run(
    token_file: Path | None,
    listen: str | None,
    device: str | None,
    kind: str,
    site: str | None,
    window: str,
    firmware: str,
    source: str | None,
    sign: bool,
    **given: Any,
) -> None:
    """Bring what waits to the gateway until SIGTERM or Ctrl-C; what has no verdict then stays for the next time.

    With --listen programs hand in events as they would to the gateway: POST /v1/events. They are answered when the
    events are on disk. With --device and --site heartbeats are sent.
    """
    from streams.agent.agent import run_agent
    from streams.agent.beats import Device
    from streams.agent.settings import AgentSettings

    if sign and not device:
        raise click.UsageError("--sign: say as whom, with --device")
    if site and not device:
        raise click.UsageError("--site: say whose, with --device")
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if device:
        changes["source"] = source or f"terminal/{device}"
        changes["sign"] = device if sign else ""
    if listen is not None:
        changes |= _address(listen)
    logging.basicConfig(level=logging.INFO, format=_LOG_FORMAT, stream=sys.stderr)
    with _mistakes():
        settings = AgentSettings.from_environ(os.environ, **changes)
        beating = None
        if device and site:
            beating = Device.model_validate(
                {"device": device, "kind": kind, "site": site, "window": window, "firmware": firmware}
            )
        asyncio.run(_until_stopped(lambda stop: run_agent(settings, _token(token_file), beating, stop)))


@agent.command()
@spool_option
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, allow_dash=True))
def send(spool: Path, files: tuple[str, ...]) -> None:
    """Hand in files of events, one JSON object a line; `-` is standard input. It ends when they are on disk.

    Whether the agent runs or not: it sends them, now or when it does. A line that is no event is named, and the others
    are taken; then it exits with 1.
    """
    from deploy.ingest import read_lines

    lines = read_lines([None if file == "-" else Path(file) for file in files], sys.stdin.buffer)
    with _mistakes():
        taken, refused = _put(spool, lines)
    click.echo(f"{taken} on disk")
    if refused:
        click.echo(f"{refused} refused", err=True)
        sys.exit(1)


@agent.command()
@spool_option
@options.as_json
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="At most so many.")
def rejected(spool: Path, as_json: bool, limit: int) -> None:
    """List events that the gateway rejected, newest first; the first column names one for `agent resend`.

    Whole, as they were handed in, with --json.
    """
    with _mistakes(), _opened(spool) as opened:
        rows = opened.refused(limit)
    for row in rows:
        if as_json:
            click.echo(msgspec.json.encode({**row._asdict(), "event": row.event.decode()}))
        else:
            moment = datetime.fromtimestamp(row.refused_ms / 1000, SHANGHAI).isoformat(timespec="seconds")
            click.echo(f"{row.seq}  {moment}  {row.reason}  {row.detail}")


@agent.command()
@spool_option
@click.argument("numbers", nargs=-1, type=int, required=True)
def resend(spool: Path, numbers: tuple[int, ...]) -> None:
    """Put rejected events at the end of the queue again, as they were: when what was wrong is not theirs."""
    with _mistakes(), _opened(spool) as opened:
        click.echo(f"{opened.again(numbers)} wait again")


def _put(folder: Path, lines: Iterable[bytes]) -> tuple[int, int]:
    """Stores the events of lines; how many, and how many are none, each of which is named."""
    from streams.agent.errors import InvalidEvent
    from streams.agent.event import Draft, draft_from

    taken = refused = 0
    with _opened(folder) as spool:
        numbered = enumerate(lines, 1)
        while chunk := list(islice(numbered, _CHUNK_EVENTS)):
            drafts: list[Draft] = []
            for number, line in chunk:
                try:
                    drafts.append(draft_from(line))
                except InvalidEvent as error:
                    refused += 1
                    click.echo(f"event {number}: {error.reason}: {error}", err=True)
            (answer,) = spool.put([drafts], time.time_ns() // 1_000_000)
            if isinstance(answer, Exception):
                raise Mistake(f"{answer}; {taken} are on disk")
            taken += len(answer)
    return taken, refused


def _opened(folder: Path) -> Spool:
    from streams.agent.spool import Spool

    return Spool(folder)


def _address(listen: str) -> dict[str, Any]:
    host, _, port = listen.rpartition(":")
    if not port.isdigit():
        raise click.UsageError(f"--listen: [HOST:]PORT is expected, not {listen}")
    return {"listen_host": host or "127.0.0.1", "listen_port": int(port)}


def _token(file: Path | None) -> Callable[[], str]:
    """Says the token, anew where a file has it. Raises Mistake where nothing has."""
    if file is not None:
        found = file
        return lambda: found.read_text(encoding="utf-8").strip()
    token = os.environ.get(_TOKEN)
    if not token:
        raise Mistake(f"no token: give --token-file, or set {_TOKEN}")
    return lambda: token


async def _until_stopped(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await work(stop)


@contextmanager
def _mistakes() -> Iterator[None]:
    """What a user can mend, said so."""
    from streams.agent.errors import SpoolFormat, SpoolFull, SpoolTaken, Unusable

    try:
        yield
    except ValidationError as error:
        faults = (
            ".".join(map(str, fault["loc"])) + ": " * bool(fault["loc"]) + fault["msg"].removeprefix("Value error, ")
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise Mistake("; ".join(faults)) from None
    except (SpoolFormat, SpoolFull, SpoolTaken, Unusable) as error:
        raise Mistake(str(error)) from error
