"""Events as programs hand them in: made from their parts, and looked at before they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from pydantic_core import from_json

from schemas.decoding import MAX_BYTES, decode
from schemas.events import HEARTBEAT
from schemas.moments import SHANGHAI
from streams.agent.errors import InvalidEvent

# Long enough for every id that is made.
_ANY_ID: Final = "0" * 26
# Whose clock is wrong is the gateway's to say.
_NEVER_AHEAD: Final = 1 << 62


class Draft(NamedTuple):
    """An event to be stored: its bytes, its source, and its id, '' where one must be put in.

    `beat` names the device where it is a heartbeat, of which the newest alone counts; else it is empty.
    """

    raw: bytes
    source: str
    id: str
    beat: str

    def complete(self, made: str) -> bytes:
        """The bytes as they are sent, with the id `made` where one is needed."""
        return self.raw if self.id else b'{"id":"%s",%s' % (made.encode(), self.raw[1:])


def event(
    kind: str,
    data: Mapping[str, Any],
    *,
    street: str,
    site: str,
    window: str = "",
    staff: str = "",
    time: datetime | str | None = None,
    id: str = "",  # noqa: A002 - the contract's name
    source: str = "",
) -> dict[str, Any]:
    """An event of the contract (§1): `kind` is its type. `time` has an offset, and is now unless given.

    Without `id` and `source` a `Publisher` puts in its own. Nothing is checked yet: `publish` does, and `send`.
    """
    moment = time if time is not None else datetime.now(SHANGHAI)
    whole = {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": kind,
        "time": moment if isinstance(moment, str) else moment.isoformat(timespec="milliseconds"),
        "street": street,
        "site": site,
        "window": window,
        "staff": staff,
        "data": dict(data),
    }
    return {name: value for name, value in whole.items() if value != ""}


def draft_of(given: Mapping[str, Any], source: str) -> Draft:
    """An event of this program, judged as the gateway will; `source` is put in where it has none.

    Raises InvalidEvent.
    """
    whole = {"specversion": "1.0", "source": source} | {name: value for name, value in given.items() if value != ""}
    try:
        raw = msgspec.json.encode(whole)
    except (TypeError, ValueError) as error:
        raise InvalidEvent("not_json", f"no JSON can say this: {error}") from error
    draft = _draft(raw, whole)
    for reject in decode([_Sent(draft.complete(_ANY_ID))], _NEVER_AHEAD).rejects:
        raise InvalidEvent(reject.reason, reject.detail, reject.path)
    return draft


def draft_from(raw: bytes) -> Draft:
    """An event that another program hands in, as it came. Raises InvalidEvent.

    Only what could not be sent, or not be named, is refused: what an event must hold the gateway knows, which may be
    newer than this program.
    """
    if len(raw) > MAX_BYTES:
        raise InvalidEvent("too_large", f"{len(raw)} bytes; at most {MAX_BYTES} are taken")
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise InvalidEvent("not_utf8", f"byte {error.start} is not UTF-8: {error.reason}") from error
    try:
        found = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidEvent("not_json", str(error) if raw else "the message is empty") from error
    if not isinstance(found, dict):
        raise InvalidEvent("not_an_event", "not a JSON object")
    for name in ("source", "id"):
        if not isinstance(found.get(name), str) or not found[name]:
            raise InvalidEvent("invalid_field", f"{name}: an event is named by its source and its id", name)
    return _draft(raw, found)


def _draft(raw: bytes, found: Mapping[str, Any]) -> Draft:
    source, data, beat = found["source"], found.get("data"), ""
    if found.get("type") == HEARTBEAT and isinstance(data, Mapping):
        beat = f"{source} {data.get('device')}"
    return Draft(raw, source, found.get("id", ""), beat)


class _Sent(NamedTuple):
    """A message as the decoder wants it."""

    value: bytes
    offset: int = 0
    timestamp_ms: int = 0
