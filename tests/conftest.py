"""What all tests share: hypothesis without deadlines, for nothing here asserts times.

HYPOTHESIS_EXAMPLES sets how many streams a property test tries; the default keeps `make test` short.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

pytest_plugins = ["tests.servers"]

settings.register_profile(
    "pingliu",
    deadline=None,
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "100")),
    suppress_health_check=[HealthCheck.too_slow],
    # Explaining a failure tries it again and again, for minutes; the failing example says enough.
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
settings.load_profile("pingliu")
