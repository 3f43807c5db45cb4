"""Answers that are no problem, and which methods a page takes."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

import msgspec
from aiohttp import web

from streams.gateway.problem import Problem
from streams.health import Answer

READ: Final = ("GET", "HEAD")
# Answers are for programs, and nothing in a page of ours loads anything.
CAREFUL: Final = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
}


def json_answer(value: object, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    """An answer for programs."""
    return Answer(status=status, body=msgspec.json.encode(value), content_type="application/json", headers=CAREFUL)


def allow(request: web.BaseRequest, methods: Sequence[str]) -> None:
    """Raises Problem where a page doesn't take the request's method."""
    if request.method not in methods:
        allowed = ", ".join(methods)
        raise Problem(HTTPStatus.METHOD_NOT_ALLOWED, f"here only {allowed} will do", headers={"Allow": allowed})
