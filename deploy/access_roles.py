"""The roles on a ClickHouse server: what each may do, and within which limits. `access` makes SQL of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from deploy.access_schema import ASSESSED, SEALED, Relation, audited, supervised, tables_of
from sinks.columns import EVENTS, LIVE, NOTICES, REJECTED
from sinks.dead_letters import TABLE as DEAD_LETTERS
from sinks.erasures import TABLE as ERASURES
from sinks.positions import TABLE as POSITIONS

OWNER: Final = "pingliu_owner"
SINK: Final = "pingliu_sink"
AUDITOR: Final = "pingliu_auditor"
ASSESSOR: Final = "pingliu_assessor"
SUPERVISOR: Final = "pingliu_supervisor_"
# Whose rights the views have. A user, since a view's definer can't be a role; nobody can log in as it.
DEFINER: Final = "pingliu_definer"
READ_QUOTA: Final = {"queries": 20_000, "result_rows": 50_000_000, "execution_time": 7_200}

_GIB: Final = 1024**3
_EVERYTHING: Final = "SHOW, SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE, CHECK"


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of a profile. `is_changeable`: by readers too, within `bounds` if there are some."""

    name: str
    value: int | str
    is_changeable: bool = False
    bounds: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A settings profile by its name."""

    name: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class Role:
    """`grants`: as GRANT takes them. `scratch`: those on databases by prefix, which ClickHouse 24.8 doesn't know yet.
    `street`: the only one of which rows are seen; '' for all."""

    name: str
    grants: tuple[str, ...]
    scratch: tuple[str, ...] = ()
    profile: Profile | None = None
    street: str = ""


_READING: Final = (
    Setting("readonly", 1),
    # Grafana's driver sends a time limit of its own with every query.
    Setting("max_execution_time", 60, is_changeable=True, bounds=(1, 300)),
    Setting("max_memory_usage", 2 * _GIB),
    Setting("max_result_rows", 1_000_000),
    Setting("result_overflow_mode", "throw"),
    # `pingliu query` sends it.
    Setting("session_timezone", "Asia/Shanghai", is_changeable=True),
)
AUDITING: Final = Profile("pingliu_auditing", _READING)
# ClickHouse moves conditions of a query down into a view, below the row policy; one that fails on a certain value would
# tell whether another street has it. Without these optimizations nothing is moved, and of conditions side by side the
# policy's comes first, after which the others are left out for the rows it hides.
SUPERVISING: Final = Profile(
    "pingliu_supervising",
    (
        *_READING,
        Setting("query_plan_enable_optimizations", 0),
        Setting("short_circuit_function_evaluation", "enable"),
    ),
)
ASSESSING: Final = Profile(
    "pingliu_assessing", (Setting("max_execution_time", 3_600), Setting("max_memory_usage", 8 * _GIB))
)
PROFILES: Final = (AUDITING, SUPERVISING, ASSESSING)


def definer() -> Role:
    """The user that the views run as."""
    return Role(DEFINER, ("SELECT ON pingliu.*",))


def roles(found: Sequence[Relation], streets: Iterable[str]) -> list[Role]:
    """All roles, for what a database has and for the streets of a district."""
    scratch = (f"{_EVERYTHING} ON pingliu_scratch_*.*",)
    own = tuple(f"SELECT ON pingliu.{name}" for name in supervised(found))
    return [
        Role(OWNER, (f"{_EVERYTHING} ON pingliu.*", f"SET DEFINER ON {DEFINER}"), scratch),
        Role(SINK, _of_sink()),
        Role(AUDITOR, tuple(f"SELECT ON pingliu.{name}" for name in audited(found)), profile=AUDITING),
        Role(ASSESSOR, _of_assessor(found), scratch, ASSESSING),
        *(Role(f"{SUPERVISOR}{street}", own, profile=SUPERVISING, street=street) for street in streets),
    ]


def _of_sink() -> tuple[str, ...]:
    stored = (EVENTS, LIVE, REJECTED, NOTICES, POSITIONS, DEAD_LETTERS)
    return (
        *(f"INSERT ON pingliu.{name}" for name in stored),
        # How far it is (sinks.positions), and whether all schema files are applied (sinks.migrate).
        f"SELECT(topic, partition, first_offset, next_offset, delivered) ON pingliu.{POSITIONS}",
        f"SELECT(type, partition, offset) ON pingliu.{EVENTS}",
        # What was erased, and must stay so (sinks.erasures).
        f"SELECT(topic, partition, offset, source, id, before_ms) ON pingliu.{ERASURES}",
        "SELECT(number, sha256) ON pingliu.migrations",
    )


def _of_assessor(found: Sequence[Relation]) -> tuple[str, ...]:
    return (
        "SHOW, SELECT ON pingliu.*",
        # ALTER DELETE: what replacing a partition takes.
        *(f"INSERT, ALTER DELETE ON pingliu.{name}" for name in tables_of(found, ASSESSED)),
        *(f"INSERT ON pingliu.{name}" for name in tables_of(found, SEALED)),
    )
