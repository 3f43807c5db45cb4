"""A case's visits: one service each, since 一次一评 goes by the service. The first bears the case's own number."""

from __future__ import annotations

import re
from typing import Final

_LATER: Final = re.compile("(?s:(.+))#([2-9]|[1-9][0-9]{1,8})")


def service_of(case: str, visit: int) -> str:
    """The service that is the n-th visit of a case."""
    return case if visit == 1 else f"{case}#{visit}"


def visit_of(service: str) -> tuple[str, int]:
    """The inverse of `service_of`."""
    later = _LATER.fullmatch(service)
    return (later[1], int(later[2])) if later else (service, 1)
