"""How many messages there were, and what became of them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tests.recount.live import live
from tests.recount.messages import Rejected, judge
from tests.recount.rules import Message, Rules


@dataclass(frozen=True, slots=True)
class Totals:
    """read = accepted + all rejected; duplicates are accepted, and are counted here however late."""

    read: int
    accepted: int
    rejected: dict[str, int]
    duplicates: int


def totals(messages: Iterable[Message], rules: Rules = Rules()) -> Totals:  # noqa: B008  frozen
    """Count the messages by verdict."""
    messages = list(messages)
    verdicts = [judge(message, rules) for message in messages]
    rejected = Counter(verdict.reason for verdict in verdicts if isinstance(verdict, Rejected))
    return Totals(
        read=len(messages),
        accepted=len(messages) - rejected.total(),
        rejected={str(reason): count for reason, count in rejected.items()},
        duplicates=live(messages, rules).duplicates,
    )
