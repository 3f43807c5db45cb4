"""How events get here and results leave: a log in one SQLite file, and the Faust transports.

`Log` needs no Faust; the transports are found by Faust through their entry points, by the broker's URL.
"""

from streams.transport.batch import Batch, Delivery, deliver
from streams.transport.catalogue import Topic
from streams.transport.errors import GroupBusy, LogBusy, LogFormat, LogFull, TopicMismatch, UnknownTopic
from streams.transport.log import Log
from streams.transport.record import Entry, Record

__all__ = [
    "Batch",
    "Delivery",
    "Entry",
    "GroupBusy",
    "Log",
    "LogBusy",
    "LogFormat",
    "LogFull",
    "Record",
    "Topic",
    "TopicMismatch",
    "UnknownTopic",
    "deliver",
]
