"""Secrets and persons that are handed in are looked for in all that pingliu says, shows, publishes and stores.

One story of a box, one of a cluster: all commands, every role, failures of every sort. Then each channel is searched.
Where something may be, `pingliu.events` of who publishes to Kafka himself and the log of one's own folder, it isn't
looked for; that each channel is looked at is seen by what may stand there.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import httpx
import pytest
from clickhouse_driver import Client

from deploy.folder import Folder
from deploy.local.clickhouse import ClickHouse
from deploy.local.kafka import Kafka, KafkaSecurity
from deploy.local.server import Certificate
from schemas.moments import SHANGHAI
from streams.broker import Broker
from streams.cluster import Cluster
from streams.gateway.credentials import signing_key
from streams.topics import EVENTS, METRICS, TOPICS
from streams.transport.log import Log
from streams.transport.record import Entry, Record
from tests.box import await_that
from tests.notify.robot import KEY, SECRET, Robots, serving
from tests.security.attempts import Known, signed
from tests.security.canaries import (
    FOLDER,
    PHONE,
    STAFF,
    Shown,
    add_server_tables,
    add_tables,
    events,
    forms,
    fresh,
    person_forms,
)
from tests.security.door import Attempt, Door
from tests.servers import need
from tests.stage import Stage

_PASSWORDS: Final = ("PINGLIU_BROKER_PASSWORD", "PINGLIU_CLICKHOUSE_PASSWORD", "PINGLIU_BOARD_PASSWORD")
_DEVICE: Final = "DG-00042"
# Webhooks by their robots: one is well, one fails in many ways first, one knows another key, one can't prove itself.
_SIGNED, _FAILING, _WRONG, _UNPROVEN = "dingtalk-signed", "wecom-failing", "wecom-wrong", "json-unproven"


class Story:
    """What happens, and what is seen of it. `secrets` are never to be seen anywhere, in any form."""

    def __init__(self, root: Path) -> None:
        self.root = root / FOLDER / "d"
        self.shown = Shown()
        self.secrets: list[bytes] = []
        self.environ = dict(os.environ)

    def password(self, name: str) -> str:
        """Has every command know a password by a variable."""
        self.environ[name] = fresh()
        self.secrets.append(self.environ[name].encode())
        return self.environ[name]

    def do(self, *arguments: str, stdin: bytes = b"", is_shown: bool = True, fails: bool = False) -> bytes:
        """Runs a command. `is_shown`: what it prints is for everybody; else it is what was asked for, a secret."""
        done = subprocess.run(
            [sys.executable, "-m", "deploy", *arguments], input=stdin, capture_output=True, env=self.environ
        )
        name = " ".join(word for word in arguments[:2])
        assert (done.returncode != 0) is fails, (arguments, done.stdout, done.stderr)
        self.shown.add("errors", name, done.stderr)
        if is_shown:
            self.shown.add("output", name, done.stdout)
        return done.stdout

    def metrics(self, said: str) -> None:
        """Keeps what roles tell at the ports that their logs name."""
        for port in re.findall(r"/readyz at port (\d+)", said):
            for page in ("metrics", "readyz", "healthz"):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}") as answer:
                        self.shown.add("metrics", page, answer.read())
                except OSError:
                    continue

    @contextmanager
    def robots(self) -> Iterator[tuple[Robots, Path]]:
        """Robots of webhooks, and the file that names them; what they are told is seen of everybody in their groups."""
        folder = self.root.parents[1]
        certificate = Certificate(folder / "tls")
        certificate.make()
        self.secrets += [*forms(KEY.encode()), *forms(SECRET.encode())]
        self.environ["PINGLIU_NOTIFY_RETRY_SECONDS"] = "0.1"
        file = folder / "webhooks.toml"
        with serving() as robots, serving(certificate) as unproven:
            robots.faults[_FAILING] += ["cut", "unavailable", "odd", "moved"]
            robots.wrong_keys.add(_WRONG)
            urls = {name: robots.url(name) for name in (_SIGNED, _FAILING, _WRONG)} | {_UNPROVEN: unproven.url("json")}
            tables = [f'[[target]]\nname = "{n}"\nformat = "{n.split("-")[0]}"\nurl = "{u}"\n' for n, u in urls.items()]
            tables[0] += f'secret = "{SECRET}"\n'
            file.touch(mode=0o600)
            file.write_text("".join(tables))
            yield robots, file
            assert unproven.tries == {}
            for name, messages in robots.said.items():
                self.shown.add("told", name, json.dumps(messages, ensure_ascii=False))

    def await_told(self, robots: Robots, said: Callable[[], str]) -> None:
        """Waits until each webhook has had its say. `said`: the log of who tells them."""
        await_that(lambda: all(map(robots.texts, (_SIGNED, _FAILING))), "people are told")
        await_that(lambda: robots.tries[_WRONG] > 0, "the wrong key is tried")
        await_that(lambda: f"{_UNPROVEN}: doesn't let us in" in said(), "nobody is told who doesn't prove himself")


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A box's story: its gateway alone; `up` with all commands; a program that breaks; and what is left."""
    story = Story(tmp_path_factory.mktemp("box"))
    for name in _PASSWORDS:
        story.password(name)
    story.root.mkdir(parents=True, mode=0o700)
    _make_secret(story)
    _hand_in(story)
    # What came by the gateway, also of `pingliu.events`.
    _add_topics(story, ())
    direct = story.root.parent / "direct.ndjson"
    direct.write_bytes(b"\n".join(events("direct/1")) + b"\n")
    with story.robots() as (robots, webhooks):
        _run(story, direct, robots, webhooks)
    add_tables(story.shown, story.root)
    direct.unlink()
    story.shown.add_files(story.root.parent, but=["d/secret", "d/log.db", "d/log.db-wal", "d/log.db-shm"])
    return story


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A cluster's story: users with passwords, right and wrong ones, a broker that is away, roles that are killed."""
    folder = tmp_path_factory.mktemp("cluster")
    story = Story(folder)
    stage = Stage(folder / FOLDER / "stage")
    try:
        with story.robots() as (robots, webhooks):
            _work(story, stage, robots, webhooks)
    finally:
        stage.close()
    return story


def _make_secret(story: Story) -> Path:
    secret = os.urandom(32)
    path = story.root / "secret"
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
        file.write(secret)
    story.secrets += forms(secret)
    return path


def _hand_in(story: Story) -> None:
    """Devices send all there is to a gateway, by tokens and signatures, right and wrong."""
    door = Door(story.root, story.environ)
    token = door.add(_DEVICE, "--window", "530102001-00-03")
    story.secrets += [token.encode(), signing_key(token)]
    endpoint = door.open()
    said = events(f"terminal/{_DEVICE}")
    known = Known(endpoint.host, token, b"")
    for raw in (signed(known, _DEVICE, said[0]), signed(known, "nobody", said[0]), signed(known, _DEVICE, b"{")):
        one = Attempt(endpoint)
        one.send(raw)
        one.answers(1)
        one.close()
    connection = http.client.HTTPConnection(endpoint.host, endpoint.port)
    pages = [("/v1/events", one) for one in said]
    pages += [(f"/v1/adapters/{name}", said[0]) for name in ("gbt39046", "upload", "keybox", "pad", "queue")]
    for bearer in (token, f"{token[:-4]}0000"):
        for page, body in pages:
            connection.request("POST", page, body, {"Authorization": f"Bearer {bearer}"})
            connection.getresponse().read()
    connection.close()
    story.shown.add_commands()
    story.metrics(door.said())
    assert door.close() == 0
    story.shown.add("logs", "gateway", door.said())


def _run(story: Story, direct: Path, robots: Robots, webhooks: Path) -> None:
    """`up`, with every command beside it, until its program breaks."""
    data = ("--data", str(story.root))
    folder = Folder(story.root)
    with (story.root.parent / "up.log").open("wb") as output:
        up = subprocess.Popen(
            [sys.executable, "-m", "deploy", "up", *data, "--port", "0", "--webhooks", str(webhooks)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=story.environ,
        )  # fmt: skip
    await_that(lambda: folder.endpoint() is not None or up.poll() is not None, "SQL is answered")
    story.do("ingest", *data, "--json", str(direct))
    story.do("query", *data, "SELECT * FROM ratings", "--format", "JSONEachRow")
    place = json.loads(story.do("rejected", "list", *data, "--json").splitlines()[0])["place"]
    # Its bytes as they came are for who asks for them, and nobody else.
    assert PHONE.encode() in story.do("rejected", "show", *data, place, is_shown=False)
    story.do("rejected", "resend", *data, place)
    story.do("doctor", *data)
    story.await_told(robots, (story.root / "run" / "notify.log").read_text)
    story.do("notify", "test", "--webhooks", str(webhooks), fails=True)
    _look(story)
    today = datetime.now(SHANGHAI)
    papers = story.root.parent
    story.do("report", "monthly", f"{today:%Y-%m}", *data, "--out", str(papers / "paper.html"))
    day = f"{today:%Y-%m-%d}"
    story.do("export", "ratings", *data, "--from", day, "--to", day, "--out", str(papers / "ratings.ndjson"))
    story.do("device", "list", *data)
    story.secrets.append(story.do("device", "rotate", *data, _DEVICE, is_shown=False).strip())
    story.do("device", "revoke", *data, _DEVICE)
    _fail(story, data)
    logs = [path.read_text(errors="replace") for path in (story.root / "run").glob("*.log")]
    story.metrics("\n".join(logs))
    story.shown.add_commands()
    # Who puts a file of events into the log has them there as they came.
    _add_topics(story, (EVENTS,))
    with Log(story.root / "log.db") as log:
        junk = f'{{"only we write here": {PHONE}'.encode()
        log.append([Entry(METRICS, 0, time.time_ns() // 1_000_000, None, junk) for _ in range(30)])
    assert up.wait() == 1
    for path in (story.root.parent / "up.log", *(story.root / "run").glob("*.log")):
        story.shown.add("logs", path.name, path.read_bytes())


def _look(story: Story) -> None:
    """At the live board, by the right password, by its cookie, and by a wrong one."""
    await_that(lambda: Folder(story.root).board() is not None, "the board is there")
    board = Folder(story.root).board()
    assert board is not None
    password = story.environ["PINGLIU_BOARD_PASSWORD"]
    with httpx.Client(base_url=board.url) as browser:
        assert browser.get("/", auth=("any", password[:-1])).status_code == 401
        browser.get("/", auth=("any", password))
        story.secrets += [cookie.encode() for cookie in browser.cookies.values()]
        for page in ("", "street/530102001"):
            story.shown.add("pages", page, browser.get(page).raise_for_status().content)


def _add_topics(story: Story, but: tuple[str, ...]) -> None:
    """Keeps all that is in the log."""
    with Log(story.root / "log.db") as log:
        for topic in log.topics():
            for partition in range(topic.partitions if topic.name not in but else 0):
                story.shown.add_records("topics", topic.name, log.read_all(topic.name, partition))


def _fail(story: Story, data: tuple[str, str]) -> None:
    """What goes wrong: files, places, names, servers."""
    story.do("ingest", *data, str(story.root / "nothing"), fails=True)
    story.do("rejected", "show", *data, "pingliu.events/0/999999", fails=True)
    story.do("device", "add", *data, "other", "--window", "530102001-00-99", fails=True)
    story.do("query", "--clickhouse", "clickhouse://nobody@127.0.0.1:1/pingliu", "SELECT 1", fails=True)
    story.do("publish", "--broker", "kafka://nobody@127.0.0.1:1?mechanism=SCRAM-SHA-512", os.devnull, fails=True)
    secret = story.root / "secret"
    secret.chmod(0o644)
    story.do("rejected", "resend", *data, "pingliu.events/0/0", fails=True)
    secret.chmod(0o600)


def _work(story: Story, stage: Stage, robots: Robots, webhooks: Path) -> None:
    password = fresh()
    story.secrets.append(password.encode())
    security = KafkaSecurity(stage.folder / "security", {"worker": password})
    stage.kafka = Kafka(stage.folder / "kafka", secure=security)
    need(stage.kafka.start)
    stored = story.password("PINGLIU_CLICKHOUSE_PASSWORD")
    stage.clickhouse = ClickHouse(stage.folder / "clickhouse", password=stored)
    need(stage.clickhouse.start)
    story.root.mkdir(parents=True)
    (story.root / "password").write_text(f"{password}\n")
    (story.root / "wrong").write_text(fresh())
    story.secrets.append((story.root / "wrong").read_bytes())
    address = f"worker@{stage.kafka.secure_address}?tls=true&ca={security.ca_file}&mechanism=SCRAM-SHA-512"
    story.environ |= {
        "PINGLIU_BROKER": f"kafka://{address}",
        "PINGLIU_BROKER_PASSWORD_FILE": str(story.root / "password"),
        "PINGLIU_CLICKHOUSE": f"clickhouse://default@{stage.clickhouse.address}/pingliu",
        "PINGLIU_SECRET": str(_make_secret(story)),
        "PINGLIU_SESSION_SECONDS": "3",
    }
    stage.environ = story.environ
    story.do("init", "--partitions", "4")
    direct = story.root.parent / "direct.ndjson"
    direct.write_bytes(b"\n".join(events("direct/1")) + b"\n")
    story.do("publish", str(direct))
    roles = [stage.program("-m", "deploy", "run", name, "--listen", "0") for name in ("aggregate", "sink")]
    roles.append(stage.program("-m", "deploy", "run", "notify", "--webhooks", str(webhooks), "--listen", "0"))
    stage.await_drained()
    story.await_told(robots, lambda: stage.output(roles[-1]))
    story.shown.add_commands()
    for role in roles:
        story.metrics(stage.output(role))
    wrong = {"PINGLIU_BROKER_PASSWORD_FILE": str(story.root / "wrong")}
    failed = [stage.program("-m", "deploy", "run", "aggregate", environ=wrong)]
    away = {"PINGLIU_CLICKHOUSE_PASSWORD": (story.root / "wrong").read_text()}
    failed.append(stage.program("-m", "deploy", "run", "sink", "--listen", "0", environ=away))
    for role in failed:
        assert role.wait() != 0
        stage.forgive(role)
    for role in roles:
        stage.stop(role)
    for number, role in enumerate([*roles, *failed]):
        story.shown.add("logs", str(number), stage.output(role))
    for topic, records in asyncio.run(_published(stage.kafka.address)):
        story.shown.add_records("topics", topic, records)
    host, _, port = stage.clickhouse.address.partition(":")
    client = Client(host, int(port), password=stored, settings={"strings_as_bytes": True})
    add_server_tables(story.shown, client)
    client.disconnect()


async def _published(address: str) -> list[tuple[str, list[Record]]]:
    """All records of all topics, but that to which devices publish themselves."""
    async with Cluster(Broker.parse(f"kafka://{address}")) as cluster:
        names = [topic.name for topic in TOPICS if topic.name != EVENTS]
        return [(name, records) for name in names for records in (await cluster.read_all(name)).values()]


@pytest.mark.parametrize("name", ["box", "cluster"])
def test_no_secret_is_in_anything_that_is_said_shown_published_or_stored(
    name: str, request: pytest.FixtureRequest
) -> None:
    story: Story = request.getfixturevalue(name)
    assert len(story.secrets) > 5
    assert story.shown.find(story.secrets) == []


@pytest.mark.parametrize("name", ["box", "cluster"])
def test_no_person_is_in_anything_that_is_said_shown_published_or_stored(
    name: str, request: pytest.FixtureRequest
) -> None:
    story: Story = request.getfixturevalue(name)
    assert story.shown.find(person_forms()) == []


@pytest.mark.parametrize("name", ["box", "cluster"])
def test_what_may_be_seen_is_found_wherever_was_looked(name: str, request: pytest.FixtureRequest) -> None:
    story: Story = request.getfixturevalue(name)
    shown = story.shown
    # A member of staff stands in what is stored and published, the folder's name in what is run.
    assert {"tables", "topics"} <= shown.channels_with(STAFF)
    assert "commands" in shown.channels_with(FOLDER)
    assert "logs" in shown.channels_with("readyz at port")
    assert "metrics" in shown.channels_with("pingliu_")
    assert "metrics" in shown.channels_with(f'target="{_WRONG}"')
    # Who can't be told is named in the log, without where it is.
    for name in (_FAILING, _WRONG, _UNPROVEN):
        assert "logs" in shown.channels_with(name), name
    assert shown.channels["told"].keys() == {_SIGNED, _FAILING}
    assert "told" in shown.channels_with("收到差评")
    places = {place for channel in ("tables", "topics") for place in shown.channels[channel]}
    assert {"pingliu.rejected", "pingliu.metrics", "rejected_log.raw", "event_log.data", "live_log.street"} <= places
    if name == "box":
        assert "output" in shown.channels_with(STAFF)
        assert "files" in shown.channels_with(_DEVICE)
        assert {"paper.html", "ratings.ndjson"} <= shown.channels["files"].keys()
        assert b"530102001" in shown.channels["files"]["ratings.ndjson"]
        assert "errors" in shown.channels_with(FOLDER)
        assert "pingliu.events" in places
        assert {"output", "logs"} <= shown.channels_with(_UNPROVEN)
        assert "pages" in shown.channels_with("华山街道")
    else:
        assert "output" in shown.channels_with(FOLDER)


def test_every_file_of_a_folder_is_its_owners_alone(box: Story) -> None:
    open_ = [
        path for path in (box.root, *box.root.rglob("*")) if path.lstat().st_mode & 0o077 and not path.is_symlink()
    ]
    assert open_ == []
