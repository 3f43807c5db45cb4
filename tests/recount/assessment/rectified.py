"""The rectification of a bad rating, by a month's deadlines."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from tests.recount.assessment.events import Name, OtherEvent
from tests.recount.assessment.facts import Rating
from tests.recount.assessment.periods import workday_after
from tests.recount.assessment.rules import AssessmentRules
from tests.recount.times import midnight_after


@dataclass(frozen=True, slots=True)
class Rectification:
    """What became of it; deadlines are the last days on which something is in time."""

    rating: Rating
    void: bool
    contact_day: date
    due_day: date
    contacted_at: int | None
    completed_at: int | None
    revisited: bool
    finding: str
    liable: str
    liable_staff: str
    verified: Name | None

    @property
    def response_late(self) -> bool:
        return self.contacted_at is None or self.contacted_at >= midnight_after(self.contact_day)

    @property
    def late(self) -> bool:
        return self.completed_at is None or self.completed_at >= midnight_after(self.due_day)

    @property
    def laid_elsewhere(self) -> bool:
        """The rating is not its person's."""
        if self.finding not in ("valid", "explained"):
            return False
        return self.liable != "staff" or self.liable_staff not in ("", self.rating.staff)

    @property
    def burdened(self) -> str:
        """Whose liable bad rating it is, '' for nobody's."""
        if self.void or self.finding != "valid" or self.liable != "staff":
            return ""
        return self.liable_staff or self.rating.staff


def rectification(rating: Rating, events: Iterable[OtherEvent], rules: AssessmentRules) -> Rectification:
    """Read its events, which are in order."""
    first: dict[str, OtherEvent] = {}
    found_void = False
    for event in events:
        first.setdefault(event.kind.removeprefix("rectification."), event)
        found_void |= event.text("finding") == "void"
    verified = first.get("verified")
    workdays = rules.deadlines.completion_workdays
    if "extended" in first:
        workdays += int(first["extended"].number("workdays") or 0)
    return Rectification(
        rating,
        rating.voided or found_void,
        workday_after(rating.day, rules.deadlines.contact_workdays, rules.calendar),
        workday_after(rating.day, workdays, rules.calendar),
        first["contacted"].time if "contacted" in first else None,
        first["completed"].time if "completed" in first else None,
        "revisited" in first,
        verified.text("finding") if verified is not None else "",
        verified.text("liable") if verified is not None else "",
        verified.text("staff") if verified is not None else "",
        verified.name if verified is not None else None,
    )
