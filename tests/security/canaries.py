"""Canaries: secrets and persons that nothing else is, and what was said and stored, in which they are looked for."""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from clickhouse_driver import Client

from schemas.moments import SHANGHAI
from streams.transport.record import Record
from tests.examples import event

# What stands for a person. The name is of no other word of this project.
PHONE: Final = "13987650417"
CARD: Final = "53010219880712451X"
PLATE: Final = "云A7K3M9"
NAME: Final = "欧阳鸢尾"
PERSONS: Final = (PHONE, "139-8765-0417", "１３９８７６５０４１７", CARD, PLATE, NAME)
# What stands where it may be seen: who doesn't find it, doesn't look.
STAFF: Final = "S-plain-sight"
FOLDER: Final = "plain-sight-folder"


def fresh() -> str:
    """A secret nobody has seen."""
    return secrets.token_hex(12)


def forms(secret: bytes) -> list[bytes]:
    """A secret's bytes as they may be written."""
    shown = base64.b64encode(secret).rstrip(b"="), base64.urlsafe_b64encode(secret).rstrip(b"=")
    return [secret, secret.hex().encode(), *shown, repr(secret)[2:-1].encode()]


def events(source: str, street: str = "530102001") -> list[bytes]:
    """Messages that name the persons wherever one can, accepted and refused."""
    place = {"street": street, "site": f"{street}-00", "window": f"{street}-00-03", "staff": STAFF}
    now = datetime.now(SHANGHAI).isoformat()
    words = f"请回电{PHONE}，或139-8765-0417，１３９８７６５０４１７，证件{CARD}，车{PLATE}。"
    unknown: dict[str, Any] = {
        "name": NAME, "phone": PHONE, "remark": words, "callback": int(PHONE), "who": {"idcard": CARD, "userName": NAME}
    }  # fmt: skip
    said = []
    for number, rater in enumerate((PHONE, CARD, NAME)):
        one = event("rating.submitted", id=f"r{number}", source=source, time=now, **place)
        one["data"] |= unknown | {"rating": f"R{source}{number}", "service": f"V{source}{number}", "rater": rater}
        one["data"]["comment"] = words
        said.append(one)
    said.append(event("suggestion.received", id="s", source=source, time=now, text=words, **place))
    said.append(event("service.completed", id="c", source=source, time=now, **place))
    said[-1]["data"] |= unknown | {"service": f"V{source}0"}
    refused = [
        {**said[0], "id": "x1", "street": PHONE},
        {**said[0], "id": "x2", "type": PHONE},
        {**said[0], "id": "x3", "window": CARD},
        {**said[0], "id": "x4", "data": {**said[0]["data"], "level": PHONE}},
        {**said[0], "id": "x5", "time": "2040-01-01T00:00:00Z"},
    ]
    whole = [json.dumps(one, ensure_ascii=number % 2 == 0).encode() for number, one in enumerate([*said, *refused])]
    return [*whole, whole[0][:-20], words.encode(), b"\xff" + whole[1]]


@dataclass
class Shown:
    """What was seen of each channel, by where exactly."""

    channels: dict[str, dict[str, bytes]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, channel: str, place: str, seen: bytes | str) -> None:
        """Keeps what was seen at a place; again, what is new there too."""
        text = seen.encode("utf-8", "surrogateescape") if isinstance(seen, str) else seen
        self.channels[channel][place] = self.channels[channel].get(place, b"") + b"\n" + text

    def add_records(self, channel: str, topic: str, records: Iterable[Record]) -> None:
        """Keeps all that records hold."""
        for record in records:
            headers = b" ".join(name.encode() + b"=" + value for name, value in record.headers)
            self.add(channel, topic, b"%s %s %s" % (record.key or b"", record.value or b"", headers))

    def add_files(self, root: Path, *, but: Iterable[str]) -> None:
        """Keeps the bytes of a folder's files, but those that may hold everything."""
        excepted = {root / name for name in but}
        for path in root.rglob("*"):
            if path.is_file() and path not in excepted:
                self.add("files", str(path.relative_to(root)), path.read_bytes())

    def add_commands(self) -> None:
        """Keeps the command lines of all processes that come of this one."""
        family = {os.getpid()}
        parents = {}
        for process in Path("/proc").iterdir():
            if process.name.isdigit():
                try:
                    parents[int(process.name)] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
                except OSError:
                    continue
        while more := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= more
        for pid in family:
            try:
                self.add("commands", str(pid), Path(f"/proc/{pid}/cmdline").read_bytes())
            except OSError:
                continue

    def find(self, needles: Iterable[bytes]) -> list[str]:
        """Where any of the needles is."""
        wanted = [needle for needle in needles if needle]
        return sorted(
            f"{channel}: {place}"
            for channel, places in self.channels.items()
            for place, seen in places.items()
            if any(needle in seen for needle in wanted)
        )

    def channels_with(self, needle: str) -> set[str]:
        """The channels in which something is."""
        return {found.partition(":")[0] for found in self.find([needle.encode()])}


def person_forms() -> list[bytes]:
    """The persons, as UTF-8 and as JSON escapes them."""
    return [form for one in PERSONS for form in (one.encode(), json.dumps(one)[1:-1].encode())]


def add_tables(shown: Shown, root: Path) -> None:
    """Keeps every column of every table of a folder's engine, by a program of its own: an engine is opened once."""
    program = (
        "import json, os, sys; from pathlib import Path; from sinks.engine import Engine; os.umask(0o077);"
        "engine = Engine(Path(sys.argv[1]));"
        "names = [r['name'] for r in engine.rows(\"SELECT name FROM system.tables WHERE database = 'pingliu'"
        " AND engine LIKE '%MergeTree'\")];"
        "[print(json.dumps([name, {k: v.hex() if isinstance(v, bytes) else str(v) for k, v in row.items()}]))"
        " for name in names for row in engine.rows(f'SELECT * FROM pingliu.{name}')];"
        "engine.close()"
    )
    done = subprocess.run([sys.executable, "-c", program, str(root / "clickhouse")], capture_output=True, check=True)
    for line in done.stdout.splitlines():
        table, row = json.loads(line)
        for column, value in row.items():
            shown.add("tables", f"{table}.{column}", value)


def add_server_tables(shown: Shown, client: Client) -> None:
    """Keeps every column of every table of a server."""
    client.settings = {"strings_as_bytes": True}
    tables = [name.decode() for (name,) in client.execute("SELECT name FROM system.tables WHERE database = 'pingliu'")]
    for table in tables:
        rows, columns = client.execute(f"SELECT * FROM pingliu.{table}", with_column_types=True)
        for row in rows:
            for (column, _), value in zip(columns, row, strict=True):
                shown.add("tables", f"{table}.{column}", value if isinstance(value, bytes) else str(value))
