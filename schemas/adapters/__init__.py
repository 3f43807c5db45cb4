"""Records in a vendor's dialect in, events of the contract out; what can't be read is a reject that says so.

Only adapters know numbers for levels and channels, for they run both ways among vendors. An adapter is a table
(`NAME.toml`) of fields and codes, which a district may add to, and little code. Pure: no clock, no randomness; an
event's id derives from the vendor's own identity of the record, or from its content where there is none, so that the
same record again is a redelivery.
"""

from __future__ import annotations

from schemas.adapters.converting import Converted, UnknownAdapter, convert
from schemas.adapters.mapping import NAMES, MappingError, Mappings
from schemas.adapters.placing import Origin

__all__ = ["NAMES", "Converted", "MappingError", "Mappings", "Origin", "UnknownAdapter", "convert"]
