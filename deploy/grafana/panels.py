"""The sorts of panels that boards are made of. Each has a title, what it says and how to read it, and a unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from grafana_foundation_sdk.builders import bargauge, common, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import DashboardLink, ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    DataSourceRef,
    GraphDrawStyle,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import DashboardLinkType, DataTransformerConfig, DynamicConfigValue

from deploy.grafana.sources import MIXED, Target
from deploy.grafana.thresholds import plain

# Grafana's ids of units, by what officials call them.
ONE: Final = "none"
SHARE: Final = "percentunit"
SECONDS: Final = "s"
POINTS: Final = "suffix: 分"
PEOPLE: Final = "suffix: 人"
CASES: Final = "suffix: 件"
ENTRIES: Final = "suffix: 条"
DEVICES: Final = "suffix: 台"
WINDOWS: Final = "suffix: 个"
SITES: Final = "suffix: 个"
BYTES: Final = "bytes"
PER_SECOND: Final = "suffix: 条/秒"
REQUESTS: Final = "reqps"
SWITCH: Final = "bool_on_off"

Panel = stat.Panel | timeseries.Panel | table.Panel | bargauge.Panel
# A column of a table: its unit, and where its cells lead.
Column = tuple[str, str]


def figure(
    title: str, meaning: str, unit: str, source: DataSourceRef, target: Target, colours: ThresholdsConfig | None = None,
    *, span: int = 4, decimals: int | None = None,
) -> stat.Panel:  # fmt: skip
    """One number, large: the last of a series, or the one that a query gives."""
    panel = (
        stat.Panel()
        .title(title)
        .description(meaning)
        .unit(unit)
        .datasource(source)
        .with_target(target)
        .thresholds(colours or plain())
        .graph_mode(BigValueGraphMode.NONE)
        .reduce_options(_last())
        .no_value("—")
        .span(span)
        .height(4)
    )
    return panel if decimals is None else panel.decimals(decimals)


def graph(
    title: str, meaning: str, unit: str, source: DataSourceRef, targets: Sequence[Target],
    *, span: int = 12, stacked: bool = False, colours: ThresholdsConfig | None = None, every: str = "",
) -> timeseries.Panel:  # fmt: skip
    """Lines over time, or bars upon each other. `every`: the shortest interval between points, such as 5m."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(meaning)
        .unit(unit)
        .datasource(source)
        .targets(list(targets))
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .show_points(VisibilityMode.NEVER)
        .axis_soft_min(0)
        .thresholds(colours or plain())
        .span(span)
        .height(8)
    )
    if stacked:
        panel = panel.draw_style(GraphDrawStyle.BARS).fill_opacity(70)
        panel = panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    return panel.interval(every) if every else panel


def bars(
    title: str, meaning: str, unit: str, source: DataSourceRef, target: Target, colours: ThresholdsConfig,
    *, span: int = 12,
) -> bargauge.Panel:  # fmt: skip
    """A bar for each series, at its last value, or for each row."""
    return (
        bargauge.Panel()
        .title(title)
        .description(meaning)
        .unit(unit)
        .datasource(source)
        .with_target(target)
        .thresholds(colours)
        .orientation(VizOrientation.HORIZONTAL)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(True))
        .span(span)
        .height(8)
    )


def rows(
    title: str, meaning: str, source: DataSourceRef, targets: Sequence[Target],
    *, units: Mapping[str, str] | None = None, links: Mapping[str, str] | None = None, hidden: Sequence[str] = (),
    span: int = 24, height: int = 9,
) -> table.Panel:  # fmt: skip
    """A table. `units` and `links` are of columns; hidden columns are there for links."""
    panel = (
        table.Panel()
        .title(title)
        .description(meaning)
        .unit(ONE)
        .datasource(source)
        .targets(list(targets))
        .thresholds(plain())
        .span(span)
        .height(height)
    )
    for name, unit in (units or {}).items():
        panel = panel.override_by_name(name, [DynamicConfigValue("unit", unit)])
    for name, url in (links or {}).items():
        link = DashboardLink("查看").type(DashboardLinkType.LINK).url(url)
        panel = panel.override_by_name(name, [DynamicConfigValue("links", [link.build()])])
    for name in hidden:
        panel = panel.override_by_name(name, [DynamicConfigValue("custom.hidden", True)])
    return panel


def joined(
    title: str, meaning: str, key: str, targets: Sequence[Target], names: Mapping[str, str],
    *, units: Mapping[str, str], links: Mapping[str, str],
) -> table.Panel:  # fmt: skip
    """A table of the values of several sources now, beside each other by `key`. `names`: what columns are called."""
    kept = "|".join([key, *names])
    panel = rows(title, meaning, MIXED, targets, units=units, links=links)
    for transformation, options in (
        ("filterFieldsByName", {"include": {"pattern": f"^({kept})$"}}),
        ("joinByField", {"byField": key, "mode": "outer"}),
        ("organize", {"renameByName": dict(names)}),
    ):
        panel = panel.with_transformation(DataTransformerConfig(id_val=transformation, options=options))
    return panel


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
