"""November 2026 of a centre and a station, written event by event, for what the recount of assessment makes of it.

It begins on a Sunday and has 21 workdays; its 8th workday after is December 10.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from tests.recount import Message
from tests.recount.assessment import Assessed, AssessmentRules, District, Post, Site, Window, assess

MONTH = "2026-11"
STREET, CENTRE, STATION = "530102001", "530102001-00", "530102001-07"
W1, W2, W3 = f"{CENTRE}-01", f"{CENTRE}-02", f"{STATION}-01"
LATER = 2**60
ALWAYS = date(2026, 1, 1)
# Few cases are enough, and 4 ratings aren't blended; one window-day has published hours of 100 minutes.
SMALL: dict[str, Any] = {
    "assessment": {"blend_ratings": 4},
    "staff_month": {"min_duty_days": 1, "min_services": 0},
    "site_month": {"min_services": 0, "hours": ["09:00-10:40"]},
}


def district(*posts: Post) -> District:
    """A centre and a station; A and B are at the centre's windows, L leads it, C is at the station's."""
    usual = (
        Post("A", W1, "street", ALWAYS),
        Post("B", W2, "street", ALWAYS),
        Post("L", W2, "lead", ALWAYS, lead=True),
        Post("C", W3, "community", ALWAYS),
    )
    return District(
        {CENTRE: Site(CENTRE, STREET, "street"), STATION: Site(STATION, STREET, "community")},
        {W1: Window(W1, CENTRE, "D1"), W2: Window(W2, CENTRE, ""), W3: Window(W3, STATION, "")},
        {"IT-1": 10 * 60_000},
        posts or usual,
    )


class Log:
    """Events of a partition; times are `DD HH:MM` of November 2026, or `MM-DD HH:MM`."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def add(self, kind: str, time: str = "02 10:00", /, *, window: str = W1, who: str = "A", **data: Any) -> "Log":
        place = window[: len(CENTRE)]
        body: dict[str, Any] = {
            "specversion": "1.0",
            "id": f"e{len(self.messages):03d}",
            "source": "test",
            "type": kind,
            "time": f"2026-{time if '-' in time else '11-' + time}:00+08:00".replace(" ", "T"),
            "street": place[:9],
            "site": place,
        }
        if kind.split(".")[0] in ("window", "ticket", "service", "rating"):
            body |= {"window": window, "staff": who}
        return self.put({**body, "data": data})

    def put(self, body: object) -> "Log":
        self.messages.append(Message(0, len(self.messages), LATER, json.dumps(body).encode()))
        return self

    def rate(self, rating: str, level: str, time: str = "02 10:00", **more: Any) -> "Log":
        return self.add("rating.submitted", time, rating=rating, level=level, channel="kiosk", **more)

    def verify(self, rating: str, liable: str, finding: str = "valid", **more: str) -> "Log":
        return self.add("rectification.verified", "03 09:00", rating=rating, finding=finding, liable=liable, **more)

    def record(self, rule: str, staff: str = "A", time: str = "04 10:00", *, window: str = W1, **more: Any) -> "Log":
        said = {"record": f"B{len(self.messages)}", "target": "staff", "target_id": staff, "by": "P", **more}
        return self.add("conduct.recorded", time, window=window, rule=rule, **said)

    def site(self, rule: str, site: str = CENTRE, **more: Any) -> "Log":
        return self.record(rule, target="site", target_id=site, **more)

    def serve(self, service: str, done: str = "02 10:05", *, start: str = "", window: str = W1, **data: Any) -> "Log":
        staff = {W1: "A", W2: "B", W3: "C"}[window]
        if start:
            self.add("service.started", start, window=window, who=staff, service=service)
        said = {"service": service, "outcome": "done", **data}
        return self.add("service.completed", done, window=window, who=staff, **said)

    def assessed(self, rules: Mapping[str, Any] = SMALL, months: tuple[str, ...] = (MONTH,), *posts: Post) -> Assessed:
        return assess(self.messages, district(*posts), AssessmentRules.of(rules), months)


def points(assessed: Assessed, subject: str, block: str, scope: str = "staff") -> list[tuple[str, float]]:
    """Rules and points of a block."""
    lines = assessed.bill_lines[MONTH, scope, subject]
    assert [line["line"] for line in lines] == list(range(1, len(lines) + 1))
    return [(line["rule"], float(line["points"])) for line in lines if line["block"] == block]


def line(assessed: Assessed, subject: str, rule: str, scope: str = "site") -> tuple[float, int, int, list[str]]:
    """Points, count, of and the ids of the events of a rule's only line."""
    [found] = [found for found in assessed.bill_lines[MONTH, scope, subject] if found["rule"] == rule]
    return float(found["points"]), found["count"], found["of"], [name[1] for name in found["events"]]
