"""The metrics keep Prometheus' conventions, are what a process shows, and are documented."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from streams.metrics import (
    METRICS,
    AggregateMetrics,
    GatewayMetrics,
    Instruments,
    Metric,
    NotifyMetrics,
    Reading,
    SinkMetrics,
)

_REFERENCE = Path(__file__).parents[2] / "docs" / "reference.md"
# The bounded ones. What people send (a street's code, an id, a text) is no label.
_LABELS = {"topic", "partition", "table", "reason", "status", "verdict", "limit", "street", "window", "level", "target"}
# What Prometheus adds itself, or we to every sample.
_RESERVED = {"role", "le", "quantile", "job", "instance"}
_OTHER_UNITS = re.compile(r"_(ms|millis|milliseconds|minutes|hours|kb|mb|percent|count|sum|bucket)(_|$)")

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def _aggregate() -> AggregateMetrics:
    return AggregateMetrics(("pingliu.events", "pingliu.devices"), ("pingliu.metrics", "pingliu.notices"))


def _sink() -> SinkMetrics:
    return SinkMetrics(("pingliu.events",), ("event_log", "live_log"))


def _gateway() -> GatewayMetrics:
    return GatewayMetrics(("rate", "connections"))


def _notify() -> NotifyMetrics:
    metrics = NotifyMetrics(("pingliu.notices",), ("busy", "denied"))
    metrics.know(("district", "street"))
    return metrics


def _samples(metrics: Instruments) -> Samples:
    families = text_string_to_metric_families(metrics.expose().decode())
    return {(s.name, frozenset(s.labels.items())): s.value for family in families for s in family.samples}


def _value(metrics: Instruments, name: str, **labels: str) -> float:
    return _samples(metrics)[name, frozenset(labels.items())]


def _types(metrics: Instruments) -> dict[str, str]:
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", metrics.expose().decode(), re.M))


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_metric_keeps_prometheus_conventions(metric: Metric) -> None:
    assert re.fullmatch(r"pingliu_[a-z]+(_[a-z]+)*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    base = metric.name.removesuffix("_total")
    assert base.endswith("_seconds") == (metric.unit == "seconds")
    assert not _OTHER_UNITS.search(base)
    assert metric.kind != "histogram" or metric.unit == "seconds"
    assert set(metric.labels) <= _LABELS
    assert not set(metric.labels) & _RESERVED
    assert re.fullmatch(r"[^\n|]{10,100}[^\n|.]", metric.meaning)


def test_every_name_is_one_metric() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)


@pytest.mark.parametrize(
    ("metrics", "role"),
    [(_aggregate(), "aggregate"), (_sink(), "sink"), (_gateway(), "gateway"), (_notify(), "notify")],
    ids=("aggregate", "sink", "gateway", "notify"),
)
def test_a_role_shows_its_metrics_with_their_kind_and_meaning_and_no_others(metrics: Instruments, role: str) -> None:
    shown = {name: kind for name, kind in _types(metrics).items() if not name.startswith("process_")}
    assert shown == {
        metric.name: metric.kind
        for metric in METRICS
        if metric.of in (role, "all", *(() if role == "gateway" else ("both",)))
    }
    text = metrics.expose().decode()
    assert [m.name for m in METRICS if m.name in shown and f"# HELP {m.name} {m.meaning}\n" not in text] == []


def test_every_sample_says_its_role_and_those_of_the_process_are_there() -> None:
    samples = _samples(_sink())
    assert {dict(labels)["role"] for _, labels in samples} == {"sink"}
    assert ("process_resident_memory_bytes", frozenset({("role", "sink")})) in samples
    assert [name for name, _ in samples if name.endswith("_created")] == []


def test_known_series_are_there_before_anything_happens() -> None:
    assert _value(_aggregate(), "pingliu_messages_total", role="aggregate", topic="pingliu.devices") == 0
    assert _value(_aggregate(), "pingliu_outputs_published_total", role="aggregate", topic="pingliu.notices") == 0
    assert _value(_sink(), "pingliu_rows_bad_total", role="sink", table="live_log") == 0
    assert _value(_sink(), "pingliu_insert_duration_seconds_count", role="sink", table="live_log") == 0
    assert _value(_gateway(), "pingliu_gateway_requests_total", role="gateway", status="503") == 0
    of_notify = {"role": "notify", "target": "street"}
    assert _value(_notify(), "pingliu_notify_failures_total", **of_notify, reason="denied") == 0


def test_what_is_counted_shows_and_two_processes_share_nothing() -> None:
    one, other = _sink(), _sink()
    one.rows.labels("event_log").inc(1_000)
    one.insert_duration.labels("event_log").observe(0.3)
    one.ready.set(1)
    assert _value(one, "pingliu_rows_inserted_total", role="sink", table="event_log") == 1_000
    assert _value(one, "pingliu_insert_duration_seconds_bucket", role="sink", table="event_log", le="0.25") == 0
    assert _value(one, "pingliu_insert_duration_seconds_bucket", role="sink", table="event_log", le="0.5") == 1
    assert _value(one, "pingliu_ready", role="sink") == 1
    assert _value(other, "pingliu_rows_inserted_total", role="sink", table="event_log") == 0


def test_a_reading_shows_the_values_of_the_moment_of_the_scrape() -> None:
    metrics = _aggregate()
    lags = {("pingliu.events", 0): 7}
    accepted = {("pingliu.events", 0): 1_000_000}
    metrics.lag.read(lags.items)
    metrics.accepted.read(accepted.items)
    place = {"role": "aggregate", "topic": "pingliu.events", "partition": "0"}
    assert _value(metrics, "pingliu_lag_messages", **place) == 7
    assert _value(metrics, "pingliu_events_accepted_total", **place) == 1_000_000
    accepted["pingliu.events", 0] += 1
    lags.clear()  # another process has the partition now
    assert _value(metrics, "pingliu_events_accepted_total", **place) == 1_000_001
    assert not [name for name, _ in _samples(metrics) if name == "pingliu_lag_messages"]


@pytest.mark.parametrize("values", [(), ("pingliu.events",), ("pingliu.events", 0, "extra")])
def test_a_reading_with_other_labels_than_its_metric_s_is_an_error(values: tuple[str | int, ...]) -> None:
    reading = Reading(METRICS[1])
    reading.read(lambda: [(values, 1)])
    with pytest.raises(ValueError, match="zip"):
        list(reading.collect())


def _rows(metrics: Iterable[Metric]) -> list[str]:
    return [
        f"| `{m.name}` | {m.of} | {m.kind} | {m.unit} | {', '.join(f'`{label}`' for label in m.labels)} | {m.meaning} |"
        for m in metrics
    ]


def test_the_reference_has_every_metric_as_it_is_and_no_other() -> None:
    section = _REFERENCE.read_text(encoding="utf-8").partition("\n## Metrics\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `.*\|$", section, re.M) == _rows(METRICS), "\n".join(_rows(METRICS))
