"""What a board can be narrowed to: streets, sites and windows, as the registry in ClickHouse has them."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.builders.dashboard import QueryVariable
from grafana_foundation_sdk.models.dashboard import VariableOption, VariableRefresh, VariableSort

from deploy.grafana.queries import chosen
from deploy.grafana.sources import CLICKHOUSE, sql

_ALL: Final = VariableOption(text="全部", value="$__all", selected=True)


def street() -> QueryVariable:
    """A street, by its code."""
    return _variable("street", "街道", "SELECT code, name FROM pingliu.registry WHERE kind = 'street' ORDER BY code")


def site() -> QueryVariable:
    """A site of the chosen streets."""
    return _variable(
        "site", "站点", f"SELECT site, name FROM pingliu.sites WHERE {chosen('street')} ORDER BY site"
    )  # fmt: skip


def window() -> QueryVariable:
    """A window of the chosen sites of the chosen streets."""
    text = f"""
SELECT w.window, concat(s.name, ' ', w.name)
FROM pingliu.windows AS w
INNER JOIN pingliu.sites AS s ON s.site = w.site
WHERE {chosen("street", table="s")} AND {chosen("site", table="s")}
ORDER BY w.window"""
    return _variable("window", "窗口", text)


def _variable(name: str, label: str, text: str) -> QueryVariable:
    return (
        QueryVariable(name)
        .label(label)
        .datasource(CLICKHOUSE)
        .query(sql(text).build().to_json())
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.DISABLED)
        .multi(True)
        .include_all(True)
        .current(_ALL)
    )
