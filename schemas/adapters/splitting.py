"""A body into its records: one JSON object, an array, one object a line, or an HTML form. Nothing of it is left out."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from pydantic_core import from_json

from schemas.adapters.fault import Fault
from schemas.decoding import MAX_BYTES

# As many fields as no interface has; a form of more is none.
_MAX_FIELDS: Final = 200
_BLANK: Final = b" \t\r\n"
_MARK: Final = b"\xef\xbb\xbf"
_array = msgspec.json.Decoder(list[msgspec.Raw]).decode


def split(body: bytes, forms: bool) -> list[bytes]:
    """The records of a body, each with its bytes as they came. What can't be taken apart is one record."""
    body = body.removeprefix(_MARK).strip(_BLANK)
    if body.startswith(b"["):
        try:
            return [bytes(raw) for raw in _array(body)]
        except (msgspec.DecodeError, RecursionError):
            return [body]
    if forms and _is_form(body):
        return [body]
    lines = [stripped for line in body.splitlines() if (stripped := line.strip(_BLANK))]
    # An object over several lines is one record, also where it is broken.
    if len(lines) > 1 and any(_is_object(line) for line in lines) and not _is_object(body):
        return lines
    return [body]


def parse(raw: bytes, forms: bool) -> dict[str, Any]:
    """A record's fields. Raises Fault."""
    if len(raw) > MAX_BYTES:
        raise Fault("too_large", "", f"{len(raw)} bytes; at most {MAX_BYTES} are taken")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise Fault("not_utf8", "", f"byte {error.start} is not UTF-8: {error.reason}") from error
    if forms and _is_form(raw):
        return _parse_form(text)
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise Fault("not_json", "", str(error) if raw else "the record is empty") from error
    if not isinstance(value, dict):
        raise Fault("not_an_event", "", "not a JSON object")
    return value


def _parse_form(text: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except UnicodeDecodeError as error:
        raise Fault("not_utf8", "", f"a value of the form is not UTF-8: {error.reason}") from error
    except ValueError as error:
        raise Fault("not_an_event", "", f"not a form: {error}") from error
    return dict(pairs)


def _is_form(raw: bytes) -> bool:
    return raw[:1] not in (b"{", b"[", b'"') and b"=" in raw


def _is_object(raw: bytes) -> bool:
    try:
        return isinstance(from_json(raw), dict)
    except ValueError:
        return False
