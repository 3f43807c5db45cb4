"""JSON Schemas of what pingliu publishes, made from the messages of `schemas.published`."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from schemas.contracts.meanings import PUBLISHED, of_published_field
from schemas.published import LiveBucket, Notice, Rejected

_MESSAGES: Final = (LiveBucket, Notice, Rejected)


def published_schemas(ref_template: str) -> dict[str, Any]:
    """The schemas of live buckets, notices and rejects by name. `ref_template` as msgspec has it, with `{name}`."""
    _, schemas = msgspec.json.schema_components(_MESSAGES, ref_template=ref_template)
    for name, schema in schemas.items():
        meaning = PUBLISHED[name]
        schema.update(title=meaning.title, description=meaning.text)
        for field, shape in schema["properties"].items():
            said = of_published_field(name, field)
            shape.update(title=said.title, description=said.text)
    return schemas
