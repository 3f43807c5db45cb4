"""Who is assessed in a month, and where."""

from dataclasses import dataclass
from datetime import timedelta

from tests.recount.assessment.district import District, Post
from tests.recount.assessment.periods import Month


@dataclass(frozen=True, slots=True)
class Subject:
    """A person by their main post."""

    staff: str
    street: str
    site: str
    tier: str
    window: str
    department: str
    pool: str
    pioneer: int

    def columns(self) -> dict[str, str | int]:
        """What every table of staff says of them."""
        return {name: getattr(self, name) for name in self.__slots__}


def subjects_of(district: District, month: Month) -> dict[str, Subject]:
    """Everybody who holds a post on at least one day of the month."""
    held: dict[str, list[tuple[tuple[int, int, str], Post]]] = {}
    for post in district.posts:
        first = max(post.valid_from, month.first)
        last = month.last if post.valid_to is None else min(post.valid_to, month.last)
        days = (last - first + timedelta(days=1)).days
        if days > 0:
            preference = (-days, -post.valid_from.toordinal(), post.window)
            held.setdefault(post.staff, []).append((preference, post))
    return {staff: _subject(district, min(posts, key=lambda pair: pair[0])[1]) for staff, posts in sorted(held.items())}


def _subject(district: District, post: Post) -> Subject:
    window = district.windows[post.window]
    site = district.sites[window.site]
    return Subject(
        post.staff, site.street, site.code, site.tier, window.code, window.department, post.pool, int(post.pioneer)
    )
