"""The contract for those who integrate: JSON Schemas of every event with their meanings, and example events."""

from schemas.contracts.event_schemas import any_schema, event_schema, schema_id, type_schema
from schemas.contracts.examples import BY_TYPE, EXAMPLES, Example
from schemas.contracts.published_schemas import published_schemas
from schemas.contracts.refusals import REFUSED, Refused

__all__ = [
    "BY_TYPE",
    "EXAMPLES",
    "REFUSED",
    "Example",
    "Refused",
    "any_schema",
    "event_schema",
    "published_schemas",
    "schema_id",
    "type_schema",
]
