"""Which settings a statement may be sent with, by the version that a server says in its greeting.

For servers before 20.1, the driver drops those that it doesn't know itself, and the server refuses a statement with one
that it doesn't know. Newer servers ignore such a setting, with a warning in their log each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Version = tuple[int, ...]
Settings = Mapping[str, object]

# The first version that knows a setting of ours.
_SINCE: Final[Mapping[str, Version]] = {
    "async_insert": (21, 11),
    "optimize_on_insert": (21, 1),
    "session_timezone": (23, 6),
    "use_variant_as_common_type": (24, 1),
}
# For certain no experiment any more from this version on; those before all know the setting.
_LOW_CARDINALITY_SINCE: Final = (20, 1)


def settings_for(version: Version, wanted: Settings) -> Settings:
    """Those of the wanted settings that a server of a version knows, and what it takes for LowCardinality."""
    if version < _LOW_CARDINALITY_SINCE:
        return {"allow_experimental_low_cardinality_type": 1}
    return {name: value for name, value in wanted.items() if version >= _SINCE[name]}
