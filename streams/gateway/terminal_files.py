"""The files of a terminal's page: read once, served with what a browser must know of them.

They are one whole: their names carry no version, so the page's worker keeps all of one `version` and changes them
together. The levels and their tags come from the catalogue.
"""

from __future__ import annotations

from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from typing import Final, NamedTuple

import msgspec
from aiohttp import web

from schemas.levels import BAD_LEVELS, LEVEL_NAMES, LEVELS
from schemas.tags import CURRENT_VERSION, tags_of
from streams.health import Answer

PAGE: Final = "/terminal"
_WORKER: Final = "worker.js"
_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_TAGS_MOST: Final = 8
_VERSION_HEX: Final = 16
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    # Kept, but never shown without asking whether it is still the same.
    "Cache-Control": "no-cache",
}


class File(NamedTuple):
    """A file as it is served."""

    body: bytes
    content_type: str
    etag: str

    def answer(self, request: web.BaseRequest) -> Answer:
        """The file, or that the browser has it already."""
        headers = {**_HEADERS, "ETag": self.etag}
        if self.content_type == _TYPES[".js"]:
            # The worker's own folder is below the page.
            headers["Service-Worker-Allowed"] = PAGE
        if self.etag in request.headers.get("If-None-Match", ""):
            return Answer(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Answer(body=self.body, content_type=self.content_type, charset="utf-8", headers=headers)


def load_files() -> dict[str, File]:
    """The files by path: the page itself, and what it loads."""
    folder = files("streams.gateway") / "kiosk"
    found = {
        f"{PAGE}/{file.name}": (file.read_bytes(), _TYPES[f".{file.name.rpartition('.')[2]}"])
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
    }
    found[f"{PAGE}/levels.json"] = (_levels(), "application/json")
    found[PAGE] = found.pop(f"{PAGE}/terminal.html")
    whole = sha256(b"".join(body for _, (body, _) in sorted(found.items())))
    version = whole.hexdigest()[:_VERSION_HEX]
    return {path: _file(path, body, kind, version, sorted(found)) for path, (body, kind) in found.items()}


def _file(path: str, body: bytes, content_type: str, version: str, paths: list[str]) -> File:
    if path == f"{PAGE}/{_WORKER}":
        kept = msgspec.json.encode([one for one in paths if one != path])
        body = body.replace(b'"{{version}}"', b'"%s"' % version.encode()).replace(b'"{{files}}"', kept)
    return File(body, content_type, f'"{sha256(body).hexdigest()[:_VERSION_HEX]}"')


def _levels() -> bytes:
    levels = [
        {
            "level": level,
            "word": LEVEL_NAMES[level],
            "is_bad": level in BAD_LEVELS,
            "tags": [{"code": tag.code, "text": tag.text} for tag in tags_of(level)[:_TAGS_MOST]],
        }
        for level in LEVELS
    ]
    return msgspec.json.encode({"version": CURRENT_VERSION, "levels": levels})
