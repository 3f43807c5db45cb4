"""JSON Schemas (2020-12) of events, made from the models that decode them, with titles and meanings.

An optional field or attribute may be `null`, which means that it is absent: so it is on the wire, so the schema allows
it. What only the decoder checks, docs/contract/README.md lists.
"""

from __future__ import annotations

from typing import Any, Final

from schemas.contracts import meanings
from schemas.contracts.examples import BY_TYPE
from schemas.contracts.meanings import Meaning
from schemas.events import ONE
from schemas.fields import RFC3339

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_ORDER: Final = ("specversion", "id", "source", "type", "time", "street", "site", "window", "staff", "data")
_ABSENT: Final = " null means absent."


def event_schema(ref_template: str) -> dict[str, Any]:
    """One schema of any event: `oneOf` the types, told apart by `type`, and the models under `$defs`, by name.

    `ref_template` says where the models will stand, with `{model}` for the name, like `#/components/schemas/{model}`.
    """
    schema: dict[str, Any] = ONE.json_schema(ref_template=ref_template)
    models: dict[str, Any] = schema["$defs"]
    for kind, reference in schema["discriminator"]["mapping"].items():
        envelope = _model(models, ref_template, reference)
        _complete(envelope, kind, _model(models, ref_template, envelope["properties"]["data"]["$ref"]))
    return {**_titled(meanings.ANY_EVENT), **schema}


def any_schema() -> dict[str, Any]:
    """The schema of any event, with `$schema` and `$id`; models are under `$defs`."""
    return {"$schema": DIALECT, "$id": schema_id("event"), **event_schema("#/$defs/{model}")}


def type_schema(kind: str) -> dict[str, Any]:
    """The schema of one type's events, without references, with its example. Raises KeyError for no type."""
    template = "{model}"
    schema = event_schema(template)
    models = schema["$defs"]
    envelope = models[schema["discriminator"]["mapping"][kind]]
    envelope["properties"]["data"] = {
        **models[envelope["properties"]["data"]["$ref"]],
        **_titled(meanings.ENVELOPE["data"]),
    }
    return {"$schema": DIALECT, "$id": schema_id(kind), **envelope, "examples": [BY_TYPE[kind]]}


def schema_id(name: str) -> str:
    """The `$id` of a schema: a name, no address; nothing is fetched."""
    return f"urn:pingliu:contract:1:{name}"


def _model(models: dict[str, Any], ref_template: str, reference: str) -> dict[str, Any]:
    return next(model for name, model in models.items() if ref_template.format(model=name) == reference)


def _complete(envelope: dict[str, Any], kind: str, data: dict[str, Any]) -> None:
    """Gives a type's models their meanings, and its attributes the order of the wire."""
    # Without `batch_`, which the decoder sets to tell its messages apart: it is never on the wire.
    envelope["properties"] = {name: envelope["properties"][name] for name in _ORDER}
    for name, field in envelope["properties"].items():
        # A reference's title is that of the model it leads to.
        if name != "data":
            _describe(field, meanings.ENVELOPE[name])
    for name, field in data["properties"].items():
        _describe(field, meanings.of_field(kind, name))
    data.update(_titled(meanings.ENVELOPE["data"]))
    envelope.update(_titled(meanings.TYPES[kind]))


def _describe(field: dict[str, Any], meaning: Meaning) -> None:
    field.update(_titled(meaning))
    for shape in field.get("anyOf", [field]):
        if shape.get("pattern") == RFC3339:
            shape["format"] = "date-time"
    if {"type": "null"} in field.get("anyOf", []):
        field["description"] += _ABSENT


def _titled(meaning: Meaning) -> dict[str, Any]:
    return {"title": meaning.title, "description": meaning.text}
