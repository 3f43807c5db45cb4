"""What is wrong with this installation, in plain words: checks that look and change nothing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, Literal

import msgspec

from deploy.asking import AskingError, ask_rows
from deploy.folder import Folder
from deploy.progress import lag
from schemas.moments import SHANGHAI, to_day
from schemas.registry import Registry, RegistryError
from schemas.rules import RulesError, load_rules
from schemas.secret import SecretError, load_secret
from schemas.workdays import Workdays
from sinks.migrate import migrations
from streams import topics
from streams.transport.errors import LogBusy, LogFormat, LogFull
from streams.transport.log import Log

Verdict = Literal["ok", "warning", "problem"]

# The transports subclass internals of these: other versions may do other things.
_PINNED: Final = {"faust-streaming": "0.15.3", "mode-streaming": "0.7.1"}
_LEAST_FREE_BYTES: Final = 2 << 30
_LAG_WORTH_SAYING: Final = 10_000
_REJECTS_WORTH_SAYING: Final = 0.01


class Finding(msgspec.Struct, frozen=True):
    """One thing looked at: how it is, in a sentence, and what to do where it isn't well."""

    check: str
    verdict: Verdict
    message: str


def examine(folder: Folder, rules: Path | None, district: Path) -> Iterator[Finding]:
    """Looks at everything that is there; what depends on something missing is left out."""
    yield _program()
    yield _rules(rules)
    yield _registry(district)
    yield _calendar()
    if not folder.root.exists():
        yield Finding("data folder", "warning", f"{folder.root} does not exist yet; `pingliu up` or `ingest` makes it")
        return
    yield _folder(folder)
    yield _disk(folder)
    yield _secret(folder)
    if folder.log.exists():
        yield from _log(folder)
    if folder.engine.exists():
        yield from _store(folder, rules)


def _program() -> Finding:
    wrong = [
        f"{name} is {found}, not {wanted}" for name, wanted in _PINNED.items() if (found := _version(name)) != wanted
    ]
    if wrong:
        return Finding("program", "problem", f"{'; '.join(wrong)}: install the versions of requirements.lock")
    return Finding("program", "ok", f"pingliu {_version('pingliu')}, Python {sys.version.split()[0]}")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _rules(rules: Path | None) -> Finding:
    try:
        load_rules(rules)
    except RulesError as error:
        return Finding("rules", "problem", str(error))
    return Finding("rules", "ok", f"{rules} is valid" if rules else "the contract's defaults")


def _registry(district: Path) -> Finding:
    try:
        registry = Registry.load(district)
    except RegistryError as error:
        return Finding("registry", "problem", f"{district}/{error}")
    sizes = f"{len(registry.streets)} streets, {len(registry.sites)} sites, {len(registry.windows)} windows"
    return Finding("registry", "ok", f"{sizes}, {len(registry.items)} items")


def _calendar() -> Finding:
    known = Workdays.known_until
    if known < date(date.today().year, 12, 31):  # noqa: DTZ011 - the operator's own day will do
        return Finding("calendar", "problem", f"workdays are known to {known} only: update chinesecalendar")
    if known.year == date.today().year and date.today().month == 12:  # noqa: DTZ011 - as above
        message = f"workdays are known to {known}: update chinesecalendar, or list next year's in the rules file"
        return Finding("calendar", "warning", message)
    return Finding("calendar", "ok", f"workdays are known to {known}")


def _folder(folder: Folder) -> Finding:
    if not os.access(folder.root, os.W_OK | os.X_OK):
        return Finding("data folder", "problem", f"{folder.root} can't be written by this user")
    if folder.root.stat().st_mode & 0o007:
        message = f"{folder.root} is open to everybody; it holds events as they came: chmod o-rwx {folder.root}"
        return Finding("data folder", "warning", message)
    endpoint = folder.endpoint()
    return Finding(
        "data folder", "ok", f"{folder.root}; SQL at {endpoint.url}" if endpoint else f"{folder.root}; not running"
    )


def _disk(folder: Folder) -> Finding:
    free = shutil.disk_usage(folder.root).free
    if free < _LEAST_FREE_BYTES:
        return Finding("disk", "problem", f"{free / 2**30:.1f} GiB are free; agents wait when there is nothing left")
    return Finding("disk", "ok", f"{free / 2**30:.0f} GiB free")


def _secret(folder: Folder) -> Finding:
    if not folder.secret.exists():
        return Finding("secret", "warning", "none yet; the first start makes one. Keep a copy: hashes depend on it")
    try:
        load_secret(folder.secret)
    except SecretError as error:
        return Finding("secret", "problem", str(error))
    return Finding("secret", "ok", "there, and its owner's alone")


def _log(folder: Folder) -> Iterator[Finding]:
    try:
        with Log(folder.log) as log:
            behind = lag(log)
            counts = {topic.name: log.partitions(topic.name) for topic in topics.TOPICS}
    except (LogBusy, LogFull, LogFormat) as error:
        yield Finding("log", "problem", str(error))
        return
    missing = [name for name, partitions in counts.items() if partitions is None]
    if missing:
        yield Finding("log", "problem", f"topics are missing: {', '.join(missing)}; the next start makes them")
    else:
        yield Finding("log", "ok", f"{folder.log.stat().st_size / 2**20:,.0f} MiB")
    for group, messages in behind.items():
        if messages > _LAG_WORTH_SAYING and folder.endpoint() is None:
            yield Finding(group, "warning", f"{messages:,} messages behind, and not running: `pingliu up`")
        elif messages > _LAG_WORTH_SAYING:
            yield Finding(group, "warning", f"{messages:,} messages behind; look again, it should become less")
        else:
            yield Finding(group, "ok", f"{messages:,} messages behind")


def _store(folder: Folder, rules: Path | None) -> Iterator[Finding]:
    checks: tuple[Callable[[Folder], Finding], ...] = (_schema, _rejects, _reconciliation)
    try:
        for check in checks:
            yield check(folder)
        yield _assessment(folder, rules)
    except AskingError as error:
        yield Finding("ClickHouse", "problem", str(error))
    except RulesError:
        return  # said already


def _schema(folder: Folder) -> Finding:
    applied = {row["number"]: row["sha256"] for row in ask_rows(folder, "SELECT number, sha256 FROM migrations")}
    wrong = [migration.name for migration in migrations() if applied.get(migration.number) != migration.sha256]
    if wrong:
        return Finding("schema", "problem", f"not applied, or changed since: {', '.join(wrong)}")
    return Finding("schema", "ok", f"{len(applied)} files applied")


def _rejects(folder: Folder) -> Finding:
    row = ask_rows(folder, "SELECT (SELECT count() FROM rejected) AS rejected, (SELECT count() FROM events) AS events")[
        0
    ]
    rejected, events = row["rejected"], row["events"]
    message = f"{rejected:,} beside {events:,} events"
    if rejected > _REJECTS_WORTH_SAYING * (events + 100):
        return Finding("rejects", "warning", f"{message}: some source speaks wrongly; see `pingliu rejected list`")
    return Finding("rejects", "ok", message)


def _assessment(folder: Folder, rules: Path | None) -> Finding:
    """Whether scores are judged by the rules that live figures are counted by."""
    month = datetime.now(SHANGHAI).date().replace(day=1)
    found = ask_rows(
        folder,
        "SELECT sha256, name FROM rule_sets WHERE effective_from <= "
        f"{to_day(month)} ORDER BY effective_from DESC, published_ms DESC LIMIT 1",
    )
    if not found:
        return Finding("assessment", "warning", "no rule set is published for this month; the defaults judge it")
    if found[0]["sha256"] != load_rules(rules).sha256:
        said = f"this month is judged by the published rule set {found[0]['name']} ({found[0]['sha256'][:12]})"
        return Finding("assessment", "warning", f"{said}, which the rules file is not; see `pingliu rules`")
    return Finding("assessment", "ok", f"judged by {found[0]['name']}")


def _reconciliation(folder: Folder) -> Finding:
    row = ask_rows(folder, "SELECT count() AS differences, min(day) AS first FROM reconciliation")[0]
    if row["differences"]:
        message = f"live and facts differ in {row['differences']} places since {row['first']}; see table reconciliation"
        return Finding("reconciliation", "warning", f"{message} (expected where events came over a week late)")
    return Finding("reconciliation", "ok", "live figures and facts agree")
