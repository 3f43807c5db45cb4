"""What all tests share: hypothesis without deadlines, for nothing here asserts times.

HYPOTHESIS_EXAMPLES sets how many streams a property test tries; the default keeps `make test` short.
"""

from __future__ import annotations

import os
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, settings

pytest_plugins = ["tests.servers"]

# What takes longest, by turns what computes and what waits. A file is one worker's: begun among the last, one of these
# would be all that still runs.
_FIRST: Final = (
    "assessment/test_simulated.py",
    "cluster/test_outages.py",
    "assessment/test_tampering.py",
    "assessment/test_backends.py",
    "cluster/test_kills.py",
    "assessment/test_streams.py",
    "privacy/test_forgetting.py",
    "integration/test_access.py",
    "cluster/test_workers.py",
    "assessment/test_readme.py",
    "assessment/test_seals.py",
    "assessment/test_properties.py",
    "cluster/test_same_figures.py",
    "integration/test_ingest.py",
    "assessment/test_auditing.py",
    "assessment/test_commands.py",
    "assessment/test_corrections.py",
    "faults/test_kill.py",
    "faults/test_full_disk.py",
    "faults/test_roles.py",
    "security/test_canaries.py",
)

settings.register_profile(
    "pingliu",
    deadline=None,
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "100")),
    suppress_health_check=[HealthCheck.too_slow],
    # Explaining a failure tries it again and again, for minutes; the failing example says enough.
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
settings.load_profile("pingliu")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begins with what takes longest; all else stays in its order."""

    def place(item: pytest.Item) -> int:
        name = "/".join(item.path.parts[-2:])
        return _FIRST.index(name) if name in _FIRST else len(_FIRST)

    items.sort(key=place)
