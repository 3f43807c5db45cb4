"""The protocol as an OpenAPI 3.1 document, for programs; docs/gateway.md says it for people."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from schemas.adapters import NAMES
from schemas.contracts import event_schema
from streams.gateway.messages import BATCH, EITHER, LINES, ONE
from streams.gateway.problem import CONTENT_TYPE as PROBLEM
from streams.gateway.settings import GatewaySettings

_SCHEMAS: Final = "#/components/schemas/"
_COUNT: Final = {"type": "integer", "minimum": 0}
_RETRY: Final = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
_CLOCK: Final = {
    "Pingliu-Time": {"$ref": "#/components/headers/Pingliu-Time"},
    "Pingliu-Clock-Skew": {"$ref": "#/components/headers/Pingliu-Clock-Skew"},
}
# What may go wrong with a request that brings events, besides its events.
_PROBLEMS: Final = {
    "400": "the body broke off, or this is not HTTP as it should be",
    "401": "no credentials, or they are not right (any more)",
    "408": "the body did not come in time",
    "413": "the body is too large, or brings too many events",
    "415": "not a type of content that is taken, or a packed body",
    "429": "this device sends too fast",
    "503": "the broker is busy or away, or too much is under way",
}


def document(settings: GatewaySettings) -> bytes:
    """The document, as JSON."""
    event = event_schema(f"{_SCHEMAS}{{model}}")
    models = event.pop("$defs")
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Pingliu gateway",
                "version": "1",
                "description": "Terminals and queue systems hand in events. The answer comes when they are on disk.",
            },
            "servers": [{"url": "/"}],
            "security": [{"bearer": []}, {"signature": []}],
            "paths": {
                "/v1/events": {"post": _events("postEvents", settings), "put": _events("putEvents", settings)},
                "/v1/adapters/{name}": {
                    "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"enum": list(NAMES)}}],
                    "post": _records("postRecords"),
                    "put": _records("putRecords"),
                },
                "/v1/time": {"get": _page("getTime", "The gateway's time", "application/json", _ref("Time"))},
                "/v1/openapi.json": {
                    "get": _page("getDocument", "This document", "application/json", {"type": "object"})
                },
                "/": {"get": _page("getPage", "A page for people", "text/html", {"type": "string"})},
                **(_terminals() if settings.terminal else {}),
            },
            "components": {
                "schemas": {**models, "Event": event, **_answers()},
                "headers": _headers(),
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer", "description": "the device's token"},
                    "signature": {
                        "type": "apiKey",
                        "in": "header",
                        "name": "Authorization",
                        "description": "Pingliu-HMAC-SHA256 device=NAME, time=MS, signature=HEX",
                    },
                },
            },
        }
    )


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"{_SCHEMAS}{name}"}


def _events(operation: str, settings: GatewaySettings) -> dict[str, Any]:
    batch = {"type": "array", "items": _ref("Event"), "maxItems": settings.batch_events}
    return _sending(
        operation,
        "Hand in an event, or many",
        {
            ONE: {"schema": _ref("Event")},
            BATCH: {"schema": batch},
            EITHER: {"schema": {"oneOf": [_ref("Event"), batch]}},
            LINES: {"schema": {"type": "string", "description": "an event a line"}},
        },
    )


def _records(operation: str) -> dict[str, Any]:
    sending = _sending(
        operation, "Hand in records in a vendor's dialect", {"*/*": {"schema": {"description": "as the vendor's"}}}
    )
    sending["responses"]["404"] = _problem("404", "there is no such adapter")
    return sending


def _sending(operation: str, summary: str, content: dict[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {
        status: {
            "description": meaning,
            "headers": _CLOCK,
            "content": {"application/json": {"schema": _ref("Verdicts")}},
        }
        for status, meaning in (
            ("200", "at least one event was accepted or a duplicate"),
            ("422", "every event was rejected"),
        )
    }
    answers |= {status: _problem(status, meaning) for status, meaning in _PROBLEMS.items()}
    return {
        "operationId": operation,
        "summary": summary,
        "parameters": [
            {
                "name": "Pingliu-Time",
                "in": "header",
                "description": "the device's time, milliseconds since 1970",
                "schema": {"type": "integer", "minimum": 0},
            }
        ],
        "requestBody": {"required": True, "content": content},
        "responses": answers,
    }


def _terminals() -> dict[str, Any]:
    problems = {
        "400": "no window, and the device is bound to none",
        "401": "no credentials, or they are not right (any more)",
        "403": "the window isn't the device's",
        "429": "this device asks too fast, or too often at a time",
        "503": "devices can't be told apart now",
    }
    window = {"name": "window", "description": "its code; where it is left out, the one that the device is bound to"}
    seen = {"name": "seen", "description": "what was answered last; the answer waits while that is so"}
    station = {
        "operationId": "getStation",
        "summary": "What may be rated now at a window, for the page /terminal",
        "parameters": [{**one, "in": "query", "schema": {"type": "string"}} for one in (window, seen)],
        "responses": {
            "200": {
                "description": "it is as it was not seen yet, or the time is up",
                "headers": _CLOCK,
                "content": {"application/json": {"schema": _ref("Station")}},
            },
            **{status: _problem(status, meaning) for status, meaning in problems.items()},
        },
    }
    page = _page("getTerminal", "The page for a tablet at a window", "text/html", {"type": "string"})
    return {"/v1/terminal": {"get": station}, "/terminal": {"get": page}}


def _station() -> dict[str, Any]:
    text = {"type": "string"}
    names = ("device", "source", "street", "site", "window", "name", "seen")
    offer = {
        "type": "object",
        "required": ["kind"],
        "properties": {
            "kind": {
                "enum": ["service", "wait", "free"],
                "description": "one service; none until the next; none is known, so anybody may rate without one",
            },
            "service": text,
            "rating": {**text, "description": "the rating's id, and its event's, whenever it is sent"},
            "is_completed": {"type": "boolean"},
        },
    }
    return {
        "type": "object",
        "required": [*names, "offer"],
        "properties": {**dict.fromkeys(names, text), "offer": offer},
    }


def _problem(status: str, meaning: str) -> dict[str, Any]:
    return {
        "description": meaning,
        "headers": _CLOCK | (_RETRY if status in ("429", "503") else {}),
        "content": {PROBLEM: {"schema": _ref("Problem")}},
    }


def _page(operation: str, summary: str, content_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": operation,
        "summary": summary,
        "security": [],
        "responses": {
            "200": {"description": summary, "headers": _CLOCK, "content": {content_type: {"schema": schema}}}
        },
    }


def _answers() -> dict[str, Any]:
    return {
        "Verdicts": {
            "type": "object",
            "required": ["time", "accepted", "duplicate", "rejected", "verdicts"],
            "properties": {
                "time": {"type": "string", "format": "date-time"},
                "accepted": _COUNT,
                "duplicate": _COUNT,
                "rejected": _COUNT,
                "verdicts": {"type": "array", "items": _ref("Verdict")},
            },
        },
        "Verdict": {
            "type": "object",
            "required": ["index", "verdict"],
            "properties": {
                "index": _COUNT,
                "verdict": {"enum": ["accepted", "duplicate", "rejected"]},
                "source": {"type": "string"},
                "id": {"type": "string"},
                "reason": {"type": "string", "description": "of the contract, or forbidden"},
                "field": {"type": "string", "description": "dotted path of the field at fault"},
                "detail": {"type": "string"},
                "kept": {"type": "string", "description": "where the reject is kept"},
            },
        },
        "Station": _station(),
        "Problem": {
            "type": "object",
            "required": ["title", "status", "detail"],
            "properties": {
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
            },
        },
        "Time": {
            "type": "object",
            "required": ["time", "ms"],
            "properties": {"time": {"type": "string", "format": "date-time"}, "ms": {"type": "integer"}},
        },
    }


def _headers() -> dict[str, Any]:
    return {
        "Retry-After": {"description": "seconds", "schema": {"type": "integer", "minimum": 1}},
        "Pingliu-Time": {
            "description": "the gateway's time, milliseconds since 1970",
            "schema": {"type": "integer"},
        },
        "Pingliu-Clock-Skew": {
            "description": "how many milliseconds the device is ahead, where it says its time",
            "schema": {"type": "integer"},
        },
    }
