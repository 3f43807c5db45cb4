"""What devices and their programs use to hand in events: a publisher with a spool, a client without, and the agent.

```python
async with Publisher(url, token, spool=Path("/var/lib/terminal"), source="terminal/DG-00042") as publisher:
    await publisher.publish(event("rating.submitted", {"rating": "R-1", "level": "satisfied", "channel": "hall_pad"},
                                  street="530102001", site="530102001-00", window="530102001-00-03"))
```
"""

from streams.agent.backoff import Backoff
from streams.agent.blocking import BlockingClient, BlockingPublisher
from streams.agent.client import Client, Verdict
from streams.agent.credentials import Bearer, Signer
from streams.agent.errors import (
    BatchRefused,
    GatewayBusy,
    InvalidEvent,
    NoGateway,
    NotAdmitted,
    SpoolFormat,
    SpoolFull,
    SpoolTaken,
    Unusable,
)
from streams.agent.event import event
from streams.agent.publisher import Publisher
from streams.agent.spool import Bounds

__all__ = [
    "Backoff",
    "BatchRefused",
    "Bearer",
    "BlockingClient",
    "BlockingPublisher",
    "Bounds",
    "Client",
    "GatewayBusy",
    "InvalidEvent",
    "NoGateway",
    "NotAdmitted",
    "Publisher",
    "Signer",
    "SpoolFormat",
    "SpoolFull",
    "SpoolTaken",
    "Unusable",
    "Verdict",
    "event",
]
