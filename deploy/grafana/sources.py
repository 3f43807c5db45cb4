"""Where figures come from: the two data sources, by the uids that provisioning gives them, and queries to them.

Prometheus says what is so now and how pingliu does; ClickHouse says what was, from the contract's tables.
"""

from __future__ import annotations

from typing import Final, Literal

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from deploy.grafana.clickhouse import TYPE, Query, QueryBuilder

PROMETHEUS: Final = DataSourceRef("prometheus", "pingliu-prometheus")
CLICKHOUSE: Final = DataSourceRef(TYPE, "pingliu-clickhouse")
# A panel whose targets ask different sources.
MIXED: Final = DataSourceRef("datasource", "-- Mixed --")
Target = prometheus.Dataquery | QueryBuilder


def promql(expr: str, legend: str = "", *, ref: str = "A", at_once: bool = False) -> prometheus.Dataquery:
    """A PromQL query, over the range; `at_once`: its value now, as rows with a column per label."""
    query = prometheus.Dataquery().ref_id(ref).datasource(PROMETHEUS).expr(expr).legend_format(legend)
    return query.instant().format(PromQueryFormat.TABLE) if at_once else query.range()


def sql(text: str, kind: Literal["timeseries", "table"] = "table", *, ref: str = "A") -> QueryBuilder:
    """An SQL query; a time series has its first column named `time`, in order."""
    return QueryBuilder(Query(text.strip(), kind, ref, CLICKHOUSE))
