"""The pure core: one street's live state as a deterministic state machine, without I/O, clock or randomness."""

from streams.street.buckets import Bucket
from streams.street.outputs import Outputs
from streams.street.state import Street

__all__ = ["Bucket", "Outputs", "Street"]
