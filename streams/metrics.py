"""The metrics: the one place that names them, and the instruments a process counts them with.

`METRICS` is what is published. Every sample also carries `role`, the process it is of, as do Prometheus' own
`process_*`. Times are seconds. No label holds what people send; each has a bounded set of values.

Most are counted where a thing happens, and begin at 0 with the process. A `Reading` is asked for at each scrape: what
is only true now, and totals that outlive the process. Such totals have a series for each partition, for in a sum over
partitions one that is handed over to this process would look like a burst. They must be told as the last durable
checkpoint has them: a crash takes back what is only in memory, and Prometheus, which takes a counter that falls for one
that began anew, would count all of it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.metrics_core import Metric as Family

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

# Upper bounds in seconds: from the engine's fixed 11 ms an insert to a busy broker's half minute.
# 1 is among them: within a second a bad rating must be seen.
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric, in the order people read it. `of`: the role that has it; `unit`: seconds, or what is counted.

    `both` are the aggregate and the sink, and the role notify, which consumes as they do; `all` the gateway and the
    board too.
    """

    of: Literal["all", "both", "aggregate", "sink", "gateway", "notify", "board"]
    name: str
    kind: Literal["counter", "gauge", "histogram"]
    unit: str
    labels: tuple[str, ...]
    meaning: str


_PLACE: Final = ("topic", "partition")
_STREET: Final = ("street",)
_WINDOW: Final = ("street", "window")

METRICS: Final = (
    Metric("both", "pingliu_messages_total", "counter", "messages", ("topic",),
           "messages taken from the log, those delivered again included"),
    Metric("both", "pingliu_lag_messages", "gauge", "messages", _PLACE,
           "messages in the log that this role has not committed yet"),
    Metric("all", "pingliu_ready", "gauge", "0 or 1", (),
           "1 while the role is ready, as `/readyz` says"),
    Metric("both", "pingliu_progress_age_seconds", "gauge", "seconds", (),
           "time since the role last achieved anything"),
    Metric("both", "pingliu_rebalances_total", "counter", "rebalances", (),
           "times that partitions were given out anew"),
    Metric("aggregate", "pingliu_events_accepted_total", "counter", "events", _PLACE,
           "events accepted since the partition's first, duplicates included, as of its last checkpoint"),
    Metric("aggregate", "pingliu_events_duplicate_total", "counter", "events", _PLACE,
           "events accepted that were known already, as of the partition's last checkpoint"),
    Metric("aggregate", "pingliu_events_rejected_total", "counter", "messages", (*_PLACE, "reason"),
           "messages refused since the partition's first, as of its last checkpoint"),
    Metric("aggregate", "pingliu_events_routed_total", "counter", "events", ("topic",),
           "events that came in another topic or partition than their own and were sent on to it"),
    Metric("aggregate", "pingliu_outputs_published_total", "counter", "messages", ("topic",),
           "messages published, those published again included"),
    Metric("aggregate", "pingliu_checkpoints_total", "counter", "checkpoints", (),
           "checkpoints saved and committed"),
    Metric("aggregate", "pingliu_checkpoint_age_seconds", "gauge", "seconds", (),
           "time since all that was applied was last saved"),
    Metric("aggregate", "pingliu_checkpoint_duration_seconds", "histogram", "seconds", (),
           "time a checkpoint takes, its outputs and its commit included"),
    Metric("aggregate", "pingliu_streets", "gauge", "streets", (),
           "streets whose live state this process holds"),
    Metric("aggregate", "pingliu_events_late_total", "counter", "events", _PLACE,
           "events too late for the day buckets, as of the partition's last checkpoint"),
    Metric("aggregate", "pingliu_tickets_waiting", "gauge", "tickets", _STREET,
           "tickets of the day that were issued and neither called nor given up"),
    Metric("aggregate", "pingliu_longest_wait_seconds", "gauge", "seconds", _STREET,
           "how long who waits longest has waited, by the street's newest event"),
    Metric("aggregate", "pingliu_waits_total", "counter", "waits", _STREET,
           "waits that a first call ended, as of the last checkpoint"),
    Metric("aggregate", "pingliu_wait_seconds_total", "counter", "seconds", _STREET,
           "their time in all, as of the last checkpoint"),
    Metric("aggregate", "pingliu_sites_congested", "gauge", "sites", _STREET,
           "sites whose queue is congested, as the notice `queue.congested` says"),
    Metric("aggregate", "pingliu_windows_open", "gauge", "windows", _STREET,
           "windows that are open and not paused"),
    Metric("aggregate", "pingliu_windows_paused", "gauge", "windows", _STREET,
           "windows that are paused"),
    Metric("aggregate", "pingliu_ratings_total", "counter", "ratings", (*_STREET, "level"),
           "effective ratings that came in time, as of the last checkpoint"),
    Metric("aggregate", "pingliu_rectifications_open", "gauge", "rectifications", _STREET,
           "bad ratings whose rectification is neither completed nor void, or reopened by a dissatisfied revisit"),
    Metric("aggregate", "pingliu_rectifications_overdue", "gauge", "rectifications", _STREET,
           "those of them that are past their completion's due"),
    Metric("aggregate", "pingliu_rectifications_due_soon", "gauge", "rectifications", _STREET,
           "those of them whose completion is due within the time of which a notice reminds"),
    Metric("aggregate", "pingliu_rectifications_uncontacted", "gauge", "rectifications", _STREET,
           "those of them that are past their contact's due without one"),
    Metric("aggregate", "pingliu_devices_known", "gauge", "devices", _STREET,
           "devices that were heard of in the last days"),
    Metric("aggregate", "pingliu_devices_offline", "gauge", "devices", _STREET,
           "those of them that are missed"),
    Metric("aggregate", "pingliu_last_event_timestamp_seconds", "gauge", "seconds", _STREET,
           "when the broker had the street's newest event, since 1970; a silent street's stands still"),
    Metric("aggregate", "pingliu_last_heartbeat_timestamp_seconds", "gauge", "seconds", _STREET,
           "the newest heartbeat's own time among the street's devices, since 1970"),
    Metric("aggregate", "pingliu_window_open", "gauge", "0 or 1", _WINDOW,
           "1 while a window is open and not paused; with `window_metrics` alone"),
    Metric("aggregate", "pingliu_window_ratings_total", "counter", "ratings", (*_WINDOW, "level"),
           "effective ratings of a window since it is known; with `window_metrics` alone"),
    Metric("aggregate", "pingliu_canary_live_seconds", "histogram", "seconds", (),
           "time from a canary's sending until the figures and notices of all before it were published"),
    Metric("aggregate", "pingliu_canary_live_age_seconds", "gauge", "seconds", (),
           "time since the newest canary was sent of which that is so; at the worker that has its street"),
    Metric("sink", "pingliu_rows_inserted_total", "counter", "rows", ("table",),
           "rows that ClickHouse has stored, those inserted again included"),
    Metric("sink", "pingliu_batches_inserted_total", "counter", "batches", ("table",),
           "batches of rows that ClickHouse has stored, but for their bad rows"),
    Metric("sink", "pingliu_insert_duration_seconds", "histogram", "seconds", ("table",),
           "time an insert takes that succeeds"),
    Metric("sink", "pingliu_busy_pauses_total", "counter", "pauses", ("table",),
           "pauses made because ClickHouse was busy or away"),
    Metric("sink", "pingliu_busy_seconds_total", "counter", "seconds", ("table",),
           "time spent in such pauses"),
    Metric("sink", "pingliu_rows_bad_total", "counter", "rows", ("table",),
           "rows that ClickHouse refused for their values and that were dead-lettered"),
    Metric("sink", "pingliu_rows_redelivered_total", "counter", "rows", ("table",),
           "rows delivered again that ClickHouse had stored already"),
    Metric("sink", "pingliu_canary_stored_seconds", "histogram", "seconds", (),
           "time from a canary's sending until ClickHouse had stored all events before it"),
    Metric("sink", "pingliu_canary_stored_age_seconds", "gauge", "seconds", (),
           "time since the newest canary was sent of which that is so; at the worker that has its street"),
    Metric("gateway", "pingliu_gateway_requests_total", "counter", "requests", ("status",),
           "requests answered, by HTTP status"),
    Metric("gateway", "pingliu_gateway_events_total", "counter", "events", ("verdict", "reason"),
           "verdicts given; of vendors' records one each"),
    Metric("gateway", "pingliu_gateway_refused_total", "counter", "requests", ("limit",),
           "requests and connections refused by a limit"),
    Metric("gateway", "pingliu_gateway_publish_duration_seconds", "histogram", "seconds", (),
           "time from verdicts to the broker's acknowledgement"),
    Metric("gateway", "pingliu_gateway_waiting_bytes", "gauge", "bytes", (),
           "bytes of requests that are under way"),
    Metric("gateway", "pingliu_gateway_connections", "gauge", "connections", (),
           "connections that are open"),
    Metric("gateway", "pingliu_gateway_pages_waiting", "gauge", "requests", (),
           "requests of terminals' pages that wait for something new: so many pages are open"),
    Metric("gateway", "pingliu_gateway_devices", "gauge", "devices", (),
           "devices that are registered"),
    Metric("board", "pingliu_board_clients", "gauge", "pages", (),
           "pages of the live board that are connected"),
    Metric("board", "pingliu_board_updates_total", "counter", "messages", (),
           "messages sent to pages: what changed, and the time each second"),
    Metric("board", "pingliu_board_live_age_seconds", "gauge", "seconds", (),
           "time since the newest message of what is so now; 0 before there is one"),
    Metric("notify", "pingliu_notify_messages_total", "counter", "messages", ("target",),
           "messages that a webhook took"),
    Metric("notify", "pingliu_notify_notices_total", "counter", "notices", ("target",),
           "notices that were told in them"),
    Metric("notify", "pingliu_notify_failures_total", "counter", "messages", ("target", "reason"),
           "messages that a webhook did not take, those tried again included"),
    Metric("notify", "pingliu_notify_refused_total", "counter", "notices", ("target",),
           "notices that were given up, for a webhook will not take them"),
    Metric("notify", "pingliu_notify_skipped_total", "counter", "notices", ("reason",),
           "notices that nobody is told: old at the first start, of replayed history, or unreadable"),
    Metric("notify", "pingliu_notify_waiting", "gauge", "notices", ("target",),
           "notices that a webhook is yet to be told, those held included"),
    Metric("notify", "pingliu_notify_held", "gauge", "notices", ("target",),
           "notices that are held until the end of quiet hours"),
    Metric("notify", "pingliu_notify_oldest_age_seconds", "gauge", "seconds", ("target",),
           "time since the oldest notice was published that waits and isn't held; 0 without one"),
)  # fmt: skip

# Of a gateway's answers, those that alerts count.
_ANSWERED: Final = ("200", "503")

_BY_NAME: Final = {metric.name: metric for metric in METRICS}


class Reading:
    """A metric with labels whose values are asked for at each scrape; it has none before `read`."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._ask: Callable[[], Iterable[tuple[tuple[str | int, ...], float]]] = tuple

    def read(self, ask: Callable[[], Iterable[tuple[tuple[str | int, ...], float]]]) -> None:
        """Has `ask` give the values of the labels, in their order, with the value of each such series."""
        self._ask = ask

    def collect(self) -> Iterator[Family]:
        """The series of this moment, for the registry. Raises ValueError where labels are missing."""
        metric = self._metric
        family = Family(metric.name.removesuffix("_total"), metric.meaning, metric.kind)
        for values, value in self._ask():
            family.add_sample(metric.name, dict(zip(metric.labels, map(str, values), strict=True)), value)
        yield family


class Instruments:
    """The instruments that every role has. Known series are there from the start."""

    def __init__(self, role: str) -> None:
        self._role = role
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.ready = self._gauge("pingliu_ready")

    def expose(self) -> bytes:
        """All metrics in Prometheus' text format, to be served as `CONTENT_TYPE`."""
        return generate_latest(self)

    def collect(self) -> Iterator[Family]:
        """What the registry has, each sample with its role."""
        for family in self._registry.collect():
            # The moment a counter began: a series more for each, which the text format's readers don't know.
            samples = [sample for sample in family.samples if sample.name != f"{family.name}_created"]
            family.samples = [sample._replace(labels={"role": self._role, **sample.labels}) for sample in samples]
            yield family

    def _counter(self, name: str, values: Iterable[str] = ()) -> Counter:
        """`values`: those of its label that are known. Their series begin at 0, so alerts see the first increase."""
        metric = _BY_NAME[name]
        counter = Counter(name, metric.meaning, metric.labels, registry=self._registry)
        for value in values:
            counter.labels(value)
        return counter

    def _gauge(self, name: str) -> Gauge:
        metric = _BY_NAME[name]
        return Gauge(name, metric.meaning, metric.labels, registry=self._registry)

    def _histogram(self, name: str, values: Iterable[str] = ()) -> Histogram:
        metric = _BY_NAME[name]
        histogram = Histogram(name, metric.meaning, metric.labels, registry=self._registry, buckets=_BUCKETS)
        for value in values:
            histogram.labels(value)
        return histogram

    def _reading(self, name: str) -> Reading:
        reading = Reading(_BY_NAME[name])
        self._registry.register(reading)
        return reading


class Metrics(Instruments):
    """The instruments that roles have which consume. `topics`: those it consumes."""

    def __init__(self, role: str, topics: Iterable[str]) -> None:
        super().__init__(role)
        self.messages = self._counter("pingliu_messages_total", topics)
        self.lag = self._reading("pingliu_lag_messages")
        self.progress_age = self._gauge("pingliu_progress_age_seconds")
        self.rebalances = self._counter("pingliu_rebalances_total")


class AggregateMetrics(Metrics):
    """The instruments of an aggregate. `topics`: those it consumes; `outputs`: those it publishes to."""

    def __init__(self, topics: Iterable[str], outputs: Iterable[str]) -> None:
        consumed = tuple(topics)
        super().__init__("aggregate", consumed)
        self.accepted = self._reading("pingliu_events_accepted_total")
        self.duplicates = self._reading("pingliu_events_duplicate_total")
        self.rejected = self._reading("pingliu_events_rejected_total")
        self.routed = self._counter("pingliu_events_routed_total", consumed)
        self.outputs = self._counter("pingliu_outputs_published_total", outputs)
        self.checkpoints = self._counter("pingliu_checkpoints_total")
        self.checkpoint_age = self._gauge("pingliu_checkpoint_age_seconds")
        self.checkpoint_duration = self._histogram("pingliu_checkpoint_duration_seconds")
        self.streets = self._gauge("pingliu_streets")
        self.late = self._reading("pingliu_events_late_total")
        self.tickets_waiting = self._reading("pingliu_tickets_waiting")
        self.longest_wait = self._reading("pingliu_longest_wait_seconds")
        self.waits = self._reading("pingliu_waits_total")
        self.wait_seconds = self._reading("pingliu_wait_seconds_total")
        self.sites_congested = self._reading("pingliu_sites_congested")
        self.windows_open = self._reading("pingliu_windows_open")
        self.windows_paused = self._reading("pingliu_windows_paused")
        self.ratings = self._reading("pingliu_ratings_total")
        self.rectifications_open = self._reading("pingliu_rectifications_open")
        self.rectifications_overdue = self._reading("pingliu_rectifications_overdue")
        self.rectifications_due_soon = self._reading("pingliu_rectifications_due_soon")
        self.rectifications_uncontacted = self._reading("pingliu_rectifications_uncontacted")
        self.devices_known = self._reading("pingliu_devices_known")
        self.devices_offline = self._reading("pingliu_devices_offline")
        self.last_event = self._reading("pingliu_last_event_timestamp_seconds")
        self.last_heartbeat = self._reading("pingliu_last_heartbeat_timestamp_seconds")
        self.window_open = self._reading("pingliu_window_open")
        self.window_ratings = self._reading("pingliu_window_ratings_total")
        self.canary_seconds = self._histogram("pingliu_canary_live_seconds")
        self.canary_age = self._reading("pingliu_canary_live_age_seconds")


class SinkMetrics(Metrics):
    """The instruments of a sink. `topics`: those it consumes; `tables`: those it writes."""

    def __init__(self, topics: Iterable[str], tables: Iterable[str]) -> None:
        super().__init__("sink", topics)
        written = tuple(tables)
        self.rows = self._counter("pingliu_rows_inserted_total", written)
        self.batches = self._counter("pingliu_batches_inserted_total", written)
        self.insert_duration = self._histogram("pingliu_insert_duration_seconds", written)
        self.busy_pauses = self._counter("pingliu_busy_pauses_total", written)
        self.busy_seconds = self._counter("pingliu_busy_seconds_total", written)
        self.rows_bad = self._counter("pingliu_rows_bad_total", written)
        self.rows_redelivered = self._counter("pingliu_rows_redelivered_total", written)
        self.canary_seconds = self._histogram("pingliu_canary_stored_seconds")
        self.canary_age = self._reading("pingliu_canary_stored_age_seconds")


class GatewayMetrics(Instruments):
    """The instruments of a gateway. `limits`: their names."""

    def __init__(self, limits: Iterable[str]) -> None:
        super().__init__("gateway")
        self.requests = self._counter("pingliu_gateway_requests_total", _ANSWERED)
        self.events = self._counter("pingliu_gateway_events_total")
        self.refused = self._counter("pingliu_gateway_refused_total", limits)
        self.publish_duration = self._histogram("pingliu_gateway_publish_duration_seconds")
        self.waiting_bytes = self._gauge("pingliu_gateway_waiting_bytes")
        self.connections = self._gauge("pingliu_gateway_connections")
        self.pages_waiting = self._gauge("pingliu_gateway_pages_waiting")
        self.devices = self._gauge("pingliu_gateway_devices")


class BoardMetrics(Instruments):
    """The instruments of a live board."""

    def __init__(self) -> None:
        super().__init__("board")
        self.clients = self._gauge("pingliu_board_clients")
        self.updates = self._counter("pingliu_board_updates_total")
        self.age = self._gauge("pingliu_board_live_age_seconds")


class NotifyMetrics(Metrics):
    """The instruments of the role notify. `topics`: those it consumes; `failures`: the reasons there are."""

    def __init__(self, topics: Iterable[str], failures: Iterable[str]) -> None:
        super().__init__("notify", topics)
        self._reasons = tuple(failures)
        self.messages_told = self._counter("pingliu_notify_messages_total")
        self.notices = self._counter("pingliu_notify_notices_total")
        self.failures = self._counter("pingliu_notify_failures_total")
        self.refused = self._counter("pingliu_notify_refused_total")
        self.skipped = self._counter("pingliu_notify_skipped_total", ("old", "history", "unreadable"))
        self.waiting = self._reading("pingliu_notify_waiting")
        self.held = self._reading("pingliu_notify_held")
        self.oldest_age = self._reading("pingliu_notify_oldest_age_seconds")

    def know(self, targets: Iterable[str]) -> None:
        """Has the series of these targets, by their names, begin where they haven't yet."""
        for target in targets:
            for counter in (self.messages_told, self.notices, self.refused):
                counter.labels(target)
            for reason in self._reasons:
                self.failures.labels(target, reason)
