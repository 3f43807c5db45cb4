"""ClickHouse's query, which the SDK doesn't know: what Grafana's plugin for it takes as a target."""

from __future__ import annotations

from typing import Any, Final, Literal, Self

from grafana_foundation_sdk.cog import builder, runtime, variants
from grafana_foundation_sdk.models.common import DataSourceRef

TYPE: Final = "grafana-clickhouse-datasource"
# The version of the plugin whose form this is.
_PLUGIN: Final = "4.20.0"
# What the plugin makes of the rows.
_FORMATS: Final = {"timeseries": 0, "table": 1}


class Query(variants.Dataquery):
    """Rows for a panel, an annotation or an alert. A time series has its first column named `time`, in order."""

    def __init__(self, sql: str, kind: Literal["timeseries", "table"], ref: str, datasource: DataSourceRef) -> None:
        self._sql = sql
        self._kind = kind
        self._ref = ref
        self._datasource = datasource

    def to_json(self) -> dict[str, object]:
        """As Grafana reads it."""
        return {
            "refId": self._ref,
            "datasource": self._datasource,
            "editorType": "sql",
            "rawSql": self._sql,
            "format": _FORMATS[self._kind],
            "queryType": self._kind,
            "pluginVersion": _PLUGIN,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The query of a target. Raises KeyError where something is missing."""
        return cls(data["rawSql"], data["queryType"], data["refId"], DataSourceRef.from_json(data["datasource"]))


class QueryBuilder(builder.Builder[Query]):
    """What the SDK's builders take."""

    def __init__(self, query: Query) -> None:
        self._query = query

    def build(self) -> Query:
        """The query itself."""
        return self._query


def register() -> None:
    """Has the SDK read such targets back."""
    runtime.register_dataquery_variant(runtime.DataqueryConfig(TYPE, Query.from_json))
