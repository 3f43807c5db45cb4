"""The files of docs/contract: what they are, as bytes, and writing them. Its README is written by hand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import msgspec

from deploy.contract.asyncapi import asyncapi
from deploy.contract.pages import types_page
from schemas.contracts import EXAMPLES, REFUSED, any_schema, type_schema
from schemas.events import TYPES

# It belongs to a checkout, whose root is two floors up.
FOLDER: Final = Path(__file__).resolve().parents[2] / "docs" / "contract"
GENERATED: Final = ("types.md", "asyncapi.json", "schemas", "examples")


def contract_files() -> dict[str, bytes]:
    """Every generated file by its path beneath docs/contract. The same models give the same bytes."""
    return {name: content if isinstance(content, bytes) else _pretty(content) for name, content in _files()}


def write_files(folder: Path) -> None:
    """Writes the generated files beneath a folder, and removes those that no model gives any more. Raises OSError."""
    for name in GENERATED:
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
    for name, content in contract_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _files() -> Iterator[tuple[str, Any]]:
    yield "types.md", types_page().encode()
    yield "asyncapi.json", asyncapi()
    yield "schemas/event.json", any_schema()
    for kind in sorted(TYPES):
        yield f"schemas/{kind}.json", type_schema(kind)
    yield "examples/accepted.json", [example._asdict() for example in EXAMPLES]
    yield "examples/refused.json", [_refused(one) for one in REFUSED if one.schema_says]
    yield "examples/refused-beyond-schema.json", [_refused(one) for one in REFUSED if not one.schema_says]
    # All have the same offset, so that their texts are in the order of their times.
    visit = sorted((one.event for one in EXAMPLES if one.name == one.event["type"]), key=itemgetter("time"))
    yield "examples/visit.ndjson", b"".join(msgspec.json.encode(event) + b"\n" for event in visit)


def _refused(one: Any) -> dict[str, Any]:
    return {name: value for name, value in one._asdict().items() if name != "schema_says"}


def _pretty(content: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
