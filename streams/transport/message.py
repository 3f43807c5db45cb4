"""A delivery as Faust's own message. Apart from what needs no Faust, which takes a third of a second to load."""

from __future__ import annotations

from faust.types import TP, ConsumerMessage

from streams.transport.batch import Delivery


def message_of(tp: TP, delivery: Delivery, generation_id: int) -> ConsumerMessage:
    """A delivery as Faust hands it to agents."""
    return ConsumerMessage(
        topic=tp.topic,
        partition=tp.partition,
        offset=delivery.offset,
        timestamp=delivery.timestamp_ms / 1000,
        timestamp_type=0,
        headers=list(delivery.headers),
        key=delivery.key,
        value=delivery.value,  # type: ignore[arg-type]  # a batch's is a list, which raw topics pass on
        checksum=None,
        tp=tp,
        generation_id=generation_id,
    )
