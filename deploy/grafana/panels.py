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
# Not Grafana's, which knows yes and no in English alone.
SWITCH: Final = "是否"
_YES_NO: Final = [{"type": "value", "options": {"0": {"text": "否"}, "1": {"text": "是"}}}]

Panel = stat.Panel | timeseries.Panel | table.Panel | bargauge.Panel
# By a table's column: what its values are coloured by.
Colours = Mapping[str, ThresholdsConfig]


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
    *, span: int = 12, stacked: bool = False, colours: ThresholdsConfig | None = None, every: str = "", link: str = "",
) -> timeseries.Panel:  # fmt: skip
    """Lines over time, or bars upon each other. `every`: the shortest interval between points, such as 5m; `link`:
    where a point leads.
    """
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
    if link:
        panel = panel.data_links([_link(link)])
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
    *, units: Mapping[str, str] | None = None, links: Mapping[str, str] | None = None, colours: Colours | None = None,
    hidden: Sequence[str] = (), span: int = 24, height: int = 9,
) -> table.Panel:  # fmt: skip
    """A table. `units`, `links` and `colours` are of columns; hidden columns are there for links."""
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
        said = DynamicConfigValue("mappings", _YES_NO) if unit == SWITCH else DynamicConfigValue("unit", unit)
        panel = panel.override_by_name(name, [said])
    for name, url in (links or {}).items():
        panel = panel.override_by_name(name, [DynamicConfigValue("links", [_link(url).build()])])
    for name, config in (colours or {}).items():
        coloured = DynamicConfigValue("custom.cellOptions", {"type": "color-text"})
        panel = panel.override_by_name(name, [DynamicConfigValue("thresholds", config.build()), coloured])
    for name in hidden:
        panel = panel.override_by_name(name, [DynamicConfigValue("custom.hidden", True)])
    return panel


def joined(
    title: str, meaning: str, key: str, targets: Sequence[Target], names: Mapping[str, str],
    *, units: Mapping[str, str], links: Mapping[str, str], colours: Colours,
) -> table.Panel:  # fmt: skip
    """A table of the values of several sources now, beside each other by `key`, which is hidden. `names`: what columns
    are called.
    """
    kept = "|".join([key, *names])
    panel = rows(title, meaning, MIXED, targets, units=units, links=links, colours=colours, hidden=(key,))
    for transformation, options in (
        ("filterFieldsByName", {"include": {"pattern": f"^({kept})$"}}),
        ("joinByField", {"byField": key, "mode": "outer"}),
        ("organize", {"renameByName": dict(names)}),
    ):
        panel = panel.with_transformation(DataTransformerConfig(id_val=transformation, options=options))
    return panel


def _link(url: str) -> DashboardLink:
    return DashboardLink("查看").type(DashboardLinkType.LINK).url(url)


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
