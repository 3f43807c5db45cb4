"""Alert rules that only SQL can say; Grafana evaluates them. All others are Prometheus' (deploy/prometheus/rules).

They are about facts: a deadline that passed, a figure that differs. Each query gives a row per street with its number,
and fires for each that is above 0. No street, no row: that is all right, and a query that fails is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from grafana_foundation_sdk.builders import alerting, expr
from grafana_foundation_sdk.models.alerting import RelativeTimeRange, Rule
from grafana_foundation_sdk.models.common import DataSourceRef

from deploy.grafana.sources import CLICKHOUSE, sql

_EXPRESSIONS: Final = DataSourceRef("__expr__", "__expr__")
_FOLDER: Final = "评流"
_GROUP: Final = "pingliu-facts"
# The facts are computed anew each time, and what they say is a matter of days.
_EVERY: Final = "30m"
_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True)
class _Alert:
    """`name`: its uid, and its heading in docs/boards.md. `query` gives columns street and value."""

    name: str
    title: str
    summary: str
    query: str
    wait: str = "0s"
    since_seconds: int = _DAY_SECONDS


_ALERTS: Final = (
    _Alert(
        "pingliu-uncontacted",
        "差评超期未联系",
        "街道 {{ $labels.street }} 有 {{ $values.A.Value }} 件差评超过联系期限仍未联系",
        """
SELECT street, count() AS value
FROM pingliu.rectifications
WHERE state = 'open' AND contacted_at IS NULL AND contact_due < now()
GROUP BY street""",
    ),
    _Alert(
        "pingliu-suspicions",
        "评价疑点集中",
        "街道 {{ $labels.street }} 一日内有 {{ $values.A.Value }} 条评价被标记为疑点（超过 20 条）",
        """
SELECT street, count() AS value
FROM pingliu.suspicions
WHERE $__timeFilter(flagged_at)
GROUP BY street
HAVING value > 20""",
    ),
    _Alert(
        "pingliu-differences",
        "实时与事实不一致",
        "街道 {{ $labels.street }} 有 {{ $values.A.Value }} 个已过完的日期实时数与事实数不一致",
        """
SELECT street, uniqExact(day) AS value
FROM pingliu.reconciliation
WHERE day BETWEEN toDate($__fromTime, 'Asia/Shanghai') AND toDate($__toTime, 'Asia/Shanghai') - 1
GROUP BY street""",
        wait="1h",
        since_seconds=7 * _DAY_SECONDS,
    ),
)


def rules() -> list[Rule]:
    """The alert rules, as Grafana's HTTP interface has them."""
    return [_rule(alert) for alert in _ALERTS]


def _rule(alert: _Alert) -> Rule:
    asked = alerting.Query("A").datasource_uid(CLICKHOUSE.uid or "").model(sql(alert.query))
    above = expr.ExprTypeThresholdConditions().evaluator(
        expr.ExprTypeThresholdConditionsEvaluator().type("gt").params([0])
    )
    condition = expr.TypeThreshold().ref_id("B").datasource(_EXPRESSIONS).expression("A").conditions([above])
    return (
        alerting.Rule(alert.title)
        .uid(alert.name)
        .rule_group(_GROUP)
        .condition("B")
        .with_query(asked.relative_time_range(RelativeTimeRange(alert.since_seconds, 0)))
        .with_query(alerting.Query("B").datasource_uid("__expr__").model(condition))
        .for_val(alert.wait)
        .no_data_state("OK")
        .exec_err_state("Error")
        .labels({"severity": "warning", "of": "service"})
        .annotations({"summary": alert.summary, "runbook": f"docs/boards.md#{alert.name}"})
        .build()
    )


def provisioned(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Rules in the form of a provisioning file, which is another than that of the HTTP interface.

    Grafana puts variables of the environment into such files; `$$` is a `$` there.
    """
    kept = ("uid", "title", "condition", "data", "for", "noDataState", "execErrState", "labels", "annotations")
    group = {
        "orgId": 1,
        "name": _GROUP,
        "folder": _FOLDER,
        "interval": _EVERY,
        "rules": [{key: rule[key] for key in kept} for rule in found],
    }
    doubled: dict[str, Any] = _doubled({"apiVersion": 1, "groups": [group]})
    return doubled


def _doubled(value: Any) -> Any:
    match value:
        case str():
            return value.replace("$", "$$")
        case dict():
            return {key: _doubled(item) for key, item in value.items()}
        case list():
            return [_doubled(item) for item in value]
    return value
