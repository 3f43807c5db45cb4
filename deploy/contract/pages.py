"""The page of all types: what each means, its fields, and what they may hold. Made from the schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from schemas.contracts import type_schema
from schemas.events import TYPES

_HEAD: Final = (
    "| field | 名称 | | may be | meaning |",
    "|---|---|---|---|---|",
)


def types_page() -> str:
    """Markdown: the envelope once, then a section for each type. What is asked for says `required`."""
    schemas = {kind: type_schema(kind) for kind in sorted(TYPES)}
    # Of all types the one that asks least of the envelope; the sections say what others ask besides.
    plain = schemas["rating.submitted"]
    attributes = {**plain["properties"], "type": {**plain["properties"]["type"], "const": "ticket.issued …"}}
    lines = [
        "# Types of events 事件类型",
        "",
        "Made from the program's models (`make contracts`). What isn't required may be left out, or be `null`.",
        "",
        "## The envelope 信封",
        "",
        *_HEAD,
        *(_row(name, field, plain) for name, field in attributes.items()),
    ]
    for kind, schema in schemas.items():
        lines += ["", *_section(kind, schema, plain)]
    return "\n".join(lines) + "\n"


def _section(kind: str, schema: dict[str, Any], plain: dict[str, Any]) -> Iterator[str]:
    yield from (f"## {kind} {schema['title']}", "", schema["description"])
    asked = [name for name in schema["properties"] if name in schema["required"] and name not in plain["required"]]
    if asked:
        yield f"Its envelope must have {' and '.join(f'`{name}`' for name in asked)}."
    data = schema["properties"]["data"]
    if data["properties"]:
        yield from ("", *_HEAD, *(_row(name, field, data) for name, field in data["properties"].items()))


def _row(name: str, field: dict[str, Any], of: dict[str, Any]) -> str:
    required = "required" if name in of.get("required", ()) else ""
    meaning = field["description"].removesuffix(" null means absent.")
    return f"| `{name}` | {field['title']} | {required} | {_shape(field)} | {meaning} |"


def _shape(field: dict[str, Any]) -> str:
    """What a value may be, in a few words."""
    field = next((one for one in field.get("anyOf", ()) if one != {"type": "null"}), field)
    match field:
        case {"const": value}:
            return f"`{value}`"
        case {"enum": values}:
            return " ".join(f"`{value}`" for value in values)
        case {"format": "date-time"}:
            return "time with an offset"
        case {"type": "array", "items": item, "maxItems": most}:
            return f"list of at most {most}: {_shape(item)}"
        case {"pattern": pattern}:
            return f"text like `{pattern}`"
        case {"type": "string", **bounds}:
            length = _between(bounds.get("minLength"), bounds.get("maxLength"))
            return f"text{length} characters" if length else "text"
        case {"type": "integer" | "number" as kind, **bounds}:
            return f"{kind}{_between(bounds.get('minimum'), bounds.get('maximum'))}"
        case {"type": kind}:
            return str(kind)
        case _:
            raise ValueError(f"no words for {field}")


def _between(least: int | None, most: int | None) -> str:
    if most is None:
        return "" if least is None else f" from {least}"
    return f", at most {most}" if least is None else f", {least} to {most}"
