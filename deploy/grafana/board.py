"""A board out of rows of panels: what all boards share, and ids that stay the same from one generation to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard, DashboardLink, QueryVariable, Row
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DashboardLinkType

from deploy.grafana.panels import Panel

TAG: Final = "pingliu"
# Titles of rows, and their panels.
Rows = Sequence[tuple[str, Sequence[Panel]]]


def board(
    name: str, title: str, meaning: str, rows: Rows,
    *, variables: Sequence[QueryVariable] = (), annotations: Sequence[AnnotationQuery] = (),
    since: str = "now/d", refresh: str = "1m",
) -> dashboard.Dashboard:  # fmt: skip
    """The board `pingliu-<name>`; `since`: where its range begins, unless somebody chooses another."""
    made = (
        Dashboard(title)
        .uid(f"pingliu-{name}")
        .description(meaning)
        .tags([TAG])
        .readonly()
        .timezone("Asia/Shanghai")
        .week_start("monday")
        .time(since, "now")
        .refresh(refresh)
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .variables(list(variables))
        .annotations(list(annotations))
        .link(_others())
    )
    number = 0
    for heading, panels in rows:
        number += 1
        made = made.with_row(Row(heading).id(number))
        for panel in panels:
            number += 1
            made = made.with_panel(panel.id(number))
    return made.build()


def _others() -> DashboardLink:
    """A menu of the other boards, which takes range and choices along."""
    link = DashboardLink("其他看板").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.as_dropdown(True).include_vars(True).keep_time(True)


def to_board(name: str, **variables: str) -> str:
    """A link to another board in the same range. `variables`: the column of the row that says each."""
    return _to(name, {key: f"__data.fields.{column}" for key, column in variables.items()})


def to_street() -> str:
    """A link from a line of a graph to the board of its street, which is a label of it."""
    return _to("street", {"street": "__field.labels.street"})


def _to(name: str, variables: Mapping[str, str]) -> str:
    chosen = "".join(f"&var-{key}=${{{of}}}" for key, of in variables.items())
    return f"/d/pingliu-{name}?${{__url_time_range}}{chosen}"
