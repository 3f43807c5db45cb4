"""The SQL of roles, row policies and limits.

In this order, so that nobody sees too much at any moment between; all of it may be repeated:
1. Roles, without rights yet, and the user whose rights the views have.
2. Views run with that user's rights: who reads them needs none on the tables below.
3. Row policies: a street's supervisor sees the own street, everybody else all rows.
4. Profiles and the quota.
5. Rights. They replace those that a role had.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from deploy.access_roles import AUDITOR, DEFINER, PROFILES, READ_QUOTA, Profile, Role, Setting, definer
from deploy.access_schema import Relation, supervised


def statements(found: Sequence[Relation], made: Sequence[Role]) -> list[str]:
    """All but the rights on databases by prefix, in their order."""
    return [
        f"CREATE ROLE IF NOT EXISTS {_names(made)}",  # 1.
        f"CREATE USER IF NOT EXISTS {DEFINER} HOST NONE",
        _grant([definer()]),
        *security(found),  # 2.
        *_policies(_listed(f"pingliu.{name}" for name in supervised(found)), [role for role in made if role.street]),
        *(_profile(profile, made) for profile in PROFILES),  # 4.
        _quota([role for role in made if role.name == AUDITOR or role.street]),
        *(_grant(list(alike)) for _, alike in groupby(made, key=lambda role: role.grants)),  # 5.
    ]


def scratch_statement(made: Sequence[Role]) -> str:
    """The rights on the databases that an assessment makes and drops."""
    entitled = [role for role in made if role.scratch]
    return f"GRANT {_listed(entitled[0].scratch)} TO {_names(entitled)}"


def security(found: Sequence[Relation]) -> list[str]:
    """What makes views run with the definer's rights."""
    views = (one.name for one in found if one.is_view)
    return [f"ALTER TABLE pingliu.{view} MODIFY SQL SECURITY DEFINER DEFINER = {DEFINER}" for view in views]


def row_filter(role: Role) -> str:
    """What the rows that a supervisor sees have in common."""
    return f"street = '{role.street}'"


def _grant(alike: Sequence[Role]) -> str:
    return f"GRANT {_listed(alike[0].grants)} TO {_names(alike)} WITH REPLACE OPTION"


def _policies(tables: str, supervisors: Sequence[Role]) -> Iterator[str]:
    # Said of the others too: whether those without a policy see all rows or none is a setting of the server.
    others = f"ALL EXCEPT {_names(supervisors)}" if supervisors else "ALL"
    yield f"CREATE ROW POLICY OR REPLACE pingliu_others ON {tables} USING 1 TO {others}"
    for role in supervisors:
        yield f"CREATE ROW POLICY OR REPLACE {role.name} ON {tables} USING {row_filter(role)} TO {role.name}"


def _profile(profile: Profile, made: Sequence[Role]) -> str:
    of = [role for role in made if role.profile is profile]
    settings = _listed(_setting(setting) for setting in profile.settings)
    return f"CREATE SETTINGS PROFILE OR REPLACE {profile.name} SETTINGS {settings} TO {_names(of) if of else 'NONE'}"


def _setting(setting: Setting) -> str:
    value = f"'{setting.value}'" if isinstance(setting.value, str) else str(setting.value)
    bounds = " MIN {} MAX {}".format(*setting.bounds) if setting.bounds else ""
    return f"{setting.name} = {value}{bounds}{' CHANGEABLE_IN_READONLY' if setting.is_changeable else ''}"


def _quota(readers: Sequence[Role]) -> str:
    most = _listed(f"{name} = {value}" for name, value in READ_QUOTA.items())
    keyed = "KEYED BY user_name FOR INTERVAL 1 hour"
    return f"CREATE QUOTA OR REPLACE pingliu_reading {keyed} MAX {most} TO {_names(readers)}"


def _names(some: Iterable[Role]) -> str:
    return _listed(role.name for role in some)


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(texts)
