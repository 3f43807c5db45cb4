"""The command of those who integrate: `conformance`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from deploy import options
from deploy.mistake import Mistake
from schemas.registry import Registry


@click.command()
@options.district
@click.option("--dialect", help="The file holds records of a vendor's dialect, by the name of its adapter.")
@click.option("--window", default="", help="The window that the records of a dialect come from, where they name none.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report there: .html or .json by the name, else text. [default: text to standard output]",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
def conformance(district: Path, dialect: str | None, window: str, out: Path | None, file: str) -> None:
    """Judge a vendor's output before it is sent: NDJSON or a JSON array of events; `-` is standard input.

    It says what would be refused, by line and field, and what would be accepted and yet look wrong. Nothing is sent.
    Exits with 1 where the output doesn't conform.
    """
    import msgspec

    from deploy.conformance import as_html, as_text, examine, origin_of, read_events, read_records
    from schemas.adapters import Mappings
    from streams.settings import Settings

    if window and dialect is None:
        raise Mistake("--window goes with --dialect: events say where they come from")
    registry = Registry.load(district)
    body = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    now_ms = time.time_ns() // 1_000_000
    partitions: int = Settings.model_fields["partitions"].default
    if dialect is None:
        report = examine(read_events(body), registry, now_ms, partitions)
    else:
        mappings = Mappings.load(district, registry)
        sent, not_read = read_records(body, dialect, origin_of(window, registry), mappings)
        report = examine(sent, registry, now_ms, partitions, not_read=not_read, unit="record")
    if not report.messages:
        raise Mistake(f"{file}: no event in it")
    match out.suffix if out else "":
        case ".json":
            text = msgspec.json.format(msgspec.json.encode(report)).decode()
        case ".html":
            text = as_html(report)
        case _:
            text = as_text(report)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        click.echo(f"{report.verdict}: {out}")
    if report.verdict == "does not conform":
        sys.exit(1)
