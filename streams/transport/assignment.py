"""An assignment of partitions without a broker: the one member of a group is given them all."""

from __future__ import annotations

from collections.abc import Iterable

from faust.assignor.client_assignment import ClientAssignment
from faust.assignor.partition_assignor import PartitionAssignor
from faust.types import TP


def assign_all(assignor: PartitionAssignor, partitions: Iterable[TP]) -> None:
    """Tell Faust's assignor what a broker's answer would have told it.

    Table recovery asks the assignor, not the consumer, which changelog partitions are active: without this it restores
    nothing, and doesn't say so.
    """
    actives: dict[str, list[int]] = {}
    for topic, partition in sorted(partitions):
        actives.setdefault(topic, []).append(partition)
    assignment = ClientAssignment(actives=actives, standbys={})
    url = str(assignor.app.conf.canonical_url)
    changelogs = assignor.app.tables.changelog_topics
    assignor._assignment = assignment
    assignor._active_tps = assignment.active_tps
    assignor._standby_tps = set()
    # Routing of web requests to tables' keys.
    assignor.changelog_distribution = {url: {t: p for t, p in actives.items() if t in changelogs}}
    assignor.external_topic_distribution = {url: {t: p for t, p in actives.items() if t not in changelogs}}
