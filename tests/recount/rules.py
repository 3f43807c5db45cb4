"""What the recount is given: the raw messages, the district's rules and, if it likes, the registry."""

from dataclasses import dataclass, field

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LEVELS = ("very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied")


@dataclass(frozen=True, slots=True)
class Message:
    """One Kafka message of `pingliu.events`, as the broker holds it."""

    partition: int
    offset: int
    received_ms: int
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Rules:
    """The contract's numbers; a district may change them."""

    points: tuple[int, int, int, int, int] = (10, 8, 6, 3, 0)
    bad_levels: tuple[str, ...] = ("dissatisfied", "very_dissatisfied")
    minutes_horizon_ms: int = 2 * HOUR
    days_horizon_ms: int = 7 * DAY
    clock_ahead_ms: int = 10 * MINUTE
    implausible_ms: int = 24 * HOUR
    contact_workdays: int = 1
    completion_workdays: int = 5

    def points_of(self, level: str) -> int:
        """The points of a level."""
        return self.points[LEVELS.index(level)]

    def plausible(self, span_ms: int) -> bool:
        """Whether a wait or a handling is one that counts (§4.5): neither negative nor over 24 hours."""
        return 0 <= span_ms <= self.implausible_ms


@dataclass(frozen=True, slots=True)
class Registry:
    """What the district knows of itself. A set that is None isn't looked at."""

    sites: frozenset[str] | None = None
    windows: frozenset[str] | None = None
    staff: frozenset[str] | None = None
    items: frozenset[str] | None = None
    departments: dict[str, str] = field(default_factory=dict)
    """Department by item."""

    def unregistered(self, site: str, window: str, staff: str, item: str) -> bool:
        """Whether one of the names given is unknown; an empty name is none."""
        pairs = ((site, self.sites), (window, self.windows), (staff, self.staff), (item, self.items))
        return any(name != "" and known is not None and name not in known for name, known in pairs)
