"""Rule sets for few events: low thresholds, and numbers that divide badly."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final

Values = dict[str, dict[str, Any]]

# Code: block, points, and what else there is to say of it.
CODES: Final[dict[str, dict[str, Any]]] = {
    "late": {"block": "discipline", "points": -1},
    "truancy": {"block": "discipline", "points": -5.5},
    "any-discipline": {"block": "discipline"},
    "scandal": {"block": "discipline", "points": -4, "shared": True},
    "rude": {"block": "service", "points": -2},
    "complaint": {"block": "service", "points": -5, "complaint": True},
    "criticised": {"block": "service", "points": -15, "shared": True},
    "praise": {"block": "bonus", "points": 1, "cap": 2.5},
    "helped": {"block": "bonus", "points": 0.5, "cap": 0},
    "medal": {"block": "bonus", "points": 5},
    "any-bonus": {"block": "bonus", "cap": 1},
    "bribery": {"block": "veto"},
    "leak": {"block": "veto", "points": -3, "complaint": True},
    "peer-review": {"block": "review"},
    "half-review": {"block": "review", "points": 50, "complaint": True},
    "notice": {"block": "patrol", "points": -1},
    "any-patrol": {"block": "patrol"},
    "commended": {"block": "site_bonus", "points": 1, "cap": 2},
    "any-site": {"block": "site_bonus"},
    "inspected": {"block": "inspection"},
    "adjusted": {"block": "adjustment"},
    "fined": {"block": "adjustment", "points": -2.5},
}
_CHOICES: Final[Mapping[str, Mapping[str, tuple[Any, ...]]]] = {
    "deadlines": {"contact_workdays": (1, 2), "completion_workdays": (5, 3, 1)},
    "assessment": {
        "freeze_workday": (3, 8, 1), "rating_workdays": (2, 0, 5), "blend_ratings": (3, 4, 7, 1),
        "wilson_z": (1.96, 0, 1.2816),
    },
    "staff_month": {
        "rating_max": (40, 33.3333), "rating_factor": (4, 3.3333), "ontime_max": (12, 7.7777, 0),
        "standard_max": (8, 0.1), "discipline_max": (20, 6), "service_max": (20, 11), "bonus_max": (10, 3, 0),
        "bad_dissatisfied": (-2, 0), "bad_very_dissatisfied": (-3, -12.3456), "lead_share": (0.5, 0.3333, 0, 1),
        "min_duty_days": (1, 0, 3), "min_services": (1, 0, 4), "excellent": (92, 80), "good": (75, 60),
        "passed": (55, 45), "interview_share": (0.34, 0.05, 0.6),
    },
    "star": {
        "min_graded_months": (1, 2), "five_score": (70, 90), "five_share": (0.5, 0.1), "five_ratings": (1, 6),
        "four_score": (60, 85), "four_share": (0.7, 0.3), "three_score": (55, 80), "two_score": (50, 70),
        "one_score": (40, 60), "quota_from": (1, 3, 5),
    },
    "staff_year": {
        "min_quarters": (1, 2, 3), "star_quarters": (1, 0, 2), "star_level": (3, 1, 4), "min_star": (0, 1),
        "quarter_weight": (0.7, 0.3333), "star_weight": (0.2, 0.1234), "review_weight": (0.1, 0),
        "place_share": (0.3, 0.05, 1), "most_places": (2, 1, 10), "candidate_factor": (1.5, 1, 2.3333),
    },
    "site_month": {
        "rating_max": (30, 20), "rating_factor": (3, 2.7182), "participation_max": (10, 0),
        "participation_from": (0.1, 0), "participation_full": (0.5, 1), "rectified_max": (12, 7),
        "response_max": (4, 0), "revisit_max": (4, 3.3), "ontime_max": (10, 9.9999), "waiting_max": (5, 3),
        "waiting_minutes": (15, 1), "opening_max": (10, 7), "opening_from": (0, 0.8, 0.1),
        "opening_full": (0.98, 1, 0.85),
        "hours": (["09:00-12:00", "13:00-17:00"], ["08:30-09:45"], ["00:00-24:00"], ["23:00-24:00"]),
        "pause_minutes": (30, 0, 10), "online_max": (4, 0), "online_share": (0.95, 0.01, 0.0001),
        "offline_minutes": (10, 1440, 1), "unmatched_share": (0.02, 0.3, 0), "upload_share": (0.05, 0.2, 0),
        "upload_hours": (24, 1, 72), "patrol_max": (5, 2), "supervision_points": (-2, -0.3333), "bonus_max": (5, 1.5),
        "min_services": (2, 0, 8),
    },
    "site_quarter": {
        "months_weight": (0.7, 0.3333), "inspection_weight": (0.3, 0.1), "overdue_points": (-2, -0.5),
        "overdue_max": (10, 1), "own_weight": (0.7, 0.1111), "communities_weight": (0.3, 0.5555),
        "excellent": (85, 60), "good": (70, 40), "passed": (50, 20),
    },
    "site_year": {"adjustment_max": (5, 1.2345)},
}  # fmt: skip


def rolled_rules(dice: random.Random, effective_from: str = "2000-01-01", *, rare: float = 0.4) -> str:
    """A rule set's TOML: mostly the first of what is to choose from, less so the more is `rare`."""

    def one_of(choices: tuple[Any, ...]) -> Any:
        return choices[0] if dice.random() > rare else dice.choice(choices)

    values: Values = {
        section: {name: one_of(choices) for name, choices in fields.items()} for section, fields in _CHOICES.items()
    }
    values["assessment"] |= {"bulletin_workday": 10}
    if dice.random() < rare:
        levels = ("very_satisfied", "satisfied", "basically_satisfied", "dissatisfied", "very_dissatisfied")
        values["rating.points"] = dict(zip(levels, dice.choice(((9, 9, 7, 7, 1), (5, 6, 5, 2, 0))), strict=True))
    if dice.random() < rare:
        # One matter takes everything.
        values["site_quarter"] |= {"overdue_points": -100, "overdue_max": 100}
    if dice.random() < rare:
        values["calendar"] = {"work": ["2026-03-07"], "rest": ["2026-03-09", "2026-07-01"]}
    return toml(values, effective_from)


def toml(values: Mapping[str, Mapping[str, Any]], effective_from: str = "2000-01-01") -> str:
    """Sections and their values as TOML, with the codes above."""
    sections: dict[str, dict[str, Any]] = {section: {**fields} for section, fields in values.items()}
    sections.setdefault("assessment", {})["effective_from"] = _Date(effective_from)
    sections.update({f"conduct.codes.{code}": {"text": code, **entry} for code, entry in CODES.items()})
    lines = []
    for section, fields in sections.items():
        lines.append(f"[{section}]")
        lines += [f"{name} = {_written(name, value)}" for name, value in fields.items()]
    return "\n".join(lines) + "\n"


class _Date(str):
    """Written without quotes."""

    __slots__ = ()


def _written(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, _Date):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(value if name in ('work', 'rest') else [_written(name, entry) for entry in value])}]"
    return f'"{value}"' if isinstance(value, str) else str(value)
