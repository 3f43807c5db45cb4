"""The AsyncAPI 3.0 document: the public topics, what is on them, by which key, and how they are kept."""

from __future__ import annotations

from typing import Any, Final

from schemas.contracts import BY_TYPE, event_schema, published_schemas
from schemas.contracts.meanings import PUBLISHED
from schemas.events import HEARTBEAT
from schemas.moments import DAY
from streams.topics import CHECKPOINTS, DEVICES, EVENTS, LIVE, METRICS, NOTICES, NOTIFIED, REJECTED, TOPICS, Topic

INTERNAL: Final = frozenset({CHECKPOINTS, LIVE, NOTIFIED})
"""Topics that are pingliu's own: nobody else reads or writes them."""

_KAFKA: Final = "0.5.0"  # of AsyncAPI's Kafka binding
_SCHEMAS: Final = "#/components/schemas/"
_STREET: Final = {"type": "string", "pattern": "^[0-9]{9}$"}
_STREET_KEY: Final = (
    "The street's code, in UTF-8. Kafka's default partitioner (murmur2 of the key) decides the partition."
)
_OUTPUT_KEYS: Final = {
    "LiveBucket": "grain/street/site/window/bucket: the same key again replaces.",
    "Notice": "The notice's id: the same key again says nothing new.",
    "Rejected": "topic/partition/offset of the refused message.",
}
_OUTPUTS: Final = {METRICS: "LiveBucket", NOTICES: "Notice", REJECTED: "Rejected"}
_OUTPUT_EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "LiveBucket": {
        "grain": "window_minutes", "street": "530102001", "bucket": "2026-11-02T10:15:00+08:00", "version": 4711,
        "site": "530102001-00", "window": "530102001-00-03", "ratings": 1, "dissatisfied": 1, "points": 3,
        "rectifications_opened": 1,
    },
    "Notice": {
        "id": "rectification.opened/530102001/R-000418//1793585730000", "type": "rectification.opened",
        "time": "2026-11-02T10:15:30+08:00", "street": "530102001", "site": "530102001-00",
        "window": "530102001-00-03",
        "data": {
            "rating": "R-000418", "contact_due": "2026-11-03T23:59:59.999+08:00",
            "due": "2026-11-09T23:59:59.999+08:00",
        },
    },
    "Rejected": {
        "reason": "invalid_field", "detail": "data.level: Field required", "path": "data.level", "raw": "e30=",
        "sealed": "AAAA", "topic": EVENTS, "partition": 2, "offset": 815, "received_ms": 1793585731000,
    },
}  # fmt: skip
_HEADERS: Final = {
    "type": "object",
    "description": "A sender needs none. pingliu sets pingliu-origin on what it sends on to the right partition.",
    "properties": {
        "pingliu-origin": {
            "type": "string",
            "description": "partition/offset/seal: where the event was, sealed with the district's secret.",
        }
    },
}


def asyncapi() -> dict[str, Any]:
    """The document, as JSON says it. It names no broker: where one is, each district says."""
    events = event_schema(f"{_SCHEMAS}{{model}}")
    schemas = {**events["$defs"], **published_schemas(f"{_SCHEMAS}{{name}}")}
    mapping: dict[str, str] = events["discriminator"]["mapping"]
    topics = [topic for topic in TOPICS if topic.name not in INTERNAL]
    return {
        "asyncapi": "3.0.0",
        "id": "urn:pingliu:contract:1",
        "info": {
            "title": "评流 Pingliu",
            "version": "1.0.0",
            "description": "Events of the government-service rating system (好差评): what terminals and queue systems "
            "say, and what pingliu says of it. Messages come at least once, a street's in order; (source, id) names an "
            "event.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "district": {
                "host": "{broker}",
                "protocol": "kafka",
                "description": "The district's Kafka. Over HTTP, events go to the gateway (docs/gateway.md).",
                "variables": {"broker": {"description": "host:port, said by whoever runs pingliu"}},
            }
        },
        "channels": {topic.name: _channel(topic, mapping) for topic in topics},
        "operations": {_operation_name(topic): _operation(topic) for topic in topics},
        "components": {
            "messages": {
                **{kind: _event(kind, reference, schemas) for kind, reference in sorted(mapping.items())},
                **{name: _output(name) for name in PUBLISHED},
            },
            "schemas": schemas,
        },
    }


def _messages(topic: Topic, mapping: dict[str, str]) -> list[str]:
    """The names of the messages on a topic. Raises KeyError for a public topic of which nothing is known here."""
    if topic.name == DEVICES:
        return [HEARTBEAT]
    if topic.name == EVENTS:
        return sorted(mapping.keys() - {HEARTBEAT})
    return [_OUTPUTS[topic.name]]


def _channel(topic: Topic, mapping: dict[str, str]) -> dict[str, Any]:
    retention = -1 if topic.retention_ms is None else topic.retention_ms
    kept = "kept for good" if topic.retention_ms is None else f"kept for {topic.retention_ms // DAY} days"
    return {
        "address": topic.name,
        "description": f"{topic.meaning}; {kept}. Every topic has the same number of partitions, and a street is in "
        "the same one of each.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _messages(topic, mapping)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "topicConfiguration": {
                    "cleanup.policy": ["compact" if topic.compacted else "delete"],
                    "retention.ms": retention,
                },
                "bindingVersion": _KAFKA,
            }
        },
    }


def _operation_name(topic: Topic) -> str:
    return f"{'receive' if topic.is_public_input else 'send'}-{topic.name.rpartition('.')[2]}"


def _operation(topic: Topic) -> dict[str, Any]:
    """What pingliu does with a topic."""
    return {
        "action": "receive" if topic.is_public_input else "send",
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "summary": f"pingliu {'reads' if topic.is_public_input else 'writes'} {topic.meaning}",
    }


def _event(kind: str, reference: str, schemas: dict[str, Any]) -> dict[str, Any]:
    schema = schemas[reference.removeprefix(_SCHEMAS)]
    return {
        "name": kind,
        "title": schema["title"],
        "summary": schema["description"],
        "contentType": "application/cloudevents+json",
        "headers": _HEADERS,
        "payload": {"$ref": reference},
        "bindings": {"kafka": {"key": {**_STREET, "description": _STREET_KEY}, "bindingVersion": _KAFKA}},
        "examples": [{"name": kind, "payload": BY_TYPE[kind]}],
    }


def _output(name: str) -> dict[str, Any]:
    meaning = PUBLISHED[name]
    key = {"type": "string", "description": _OUTPUT_KEYS[name]}
    return {
        "name": name,
        "title": meaning.title,
        "summary": meaning.text,
        "payload": {"$ref": f"{_SCHEMAS}{name}"},
        "bindings": {"kafka": {"key": key, "bindingVersion": _KAFKA}},
        "examples": [{"name": name, "payload": _OUTPUT_EXAMPLES[name]}],
    }
