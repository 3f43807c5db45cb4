"""Apache Kafka on loopback: one JVM that is broker and controller (KRaft), with settings fit for tests."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import logging
import os
import secrets
import shutil
import socket
import struct
import subprocess
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

from deploy.local import packages
from deploy.local.server import HOST, Certificate, Server
from deploy.mistake import Mistake

log = logging.getLogger(__name__)

_SCRAM: Final = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
_ITERATIONS: Final = 4096
_JVM: Final = (
    "-Xmx512m",
    # A quick start counts for more than speed hours later.
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-Djava.net.preferIPv4Stack=true",
    "-Dlog4j2.disableJmx=true",
)
_SETTINGS: Final = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAIN",
    "listener.security.protocol.map": "PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL",
    "auto.create.topics.enable": "false",
    "message.max.bytes": str(20 << 20),
    # Sample data may be of any month; topics that are to forget say so themselves.
    "log.retention.ms": "-1",
    # A single broker, a small one.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "4",
    "log.cleaner.dedupe.buffer.size": str(16 << 20),
    "num.io.threads": "4",
    # A broker that was killed is let in again when its former life has expired.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # Consumer groups that form at once, and notice at once who is gone.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "group.max.session.timeout.ms": "3600000",
}
_LOGGING: Final = """\
<Configuration status="error">
  <Appenders><Console name="out"><PatternLayout pattern="%d %p %m (%c{1})%n%throwable"/></Console></Appenders>
  <Loggers><Root level="warn"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
"""


class KafkaSecurity:
    """Users with passwords, for PLAIN and SCRAM, and the certificate of a listener that speaks SASL over TLS.

    Kafka takes the users for SCRAM over when it starts for the first time.
    """

    def __init__(self, folder: Path, users: Mapping[str, str]) -> None:
        """`folder` is the certificate's, which is made when the broker starts, unless it is there."""
        self.users: Final = dict(users)
        self.certificate: Final = Certificate(folder)

    @property
    def ca_file(self) -> Path:
        """What clients trust."""
        return self.certificate.ca_file

    def settings(self) -> dict[str, str]:
        """Those of the secure listener."""
        # JAAS quotes as JSON does.
        users = {name: json.dumps(password, ensure_ascii=False) for name, password in self.users.items()}
        plain = " ".join(f"user_{name}={quoted}" for name, quoted in users.items())
        module = "org.apache.kafka.common.security"
        found = {
            "sasl.enabled.mechanisms": ",".join(["PLAIN", *_SCRAM]),
            "plain.sasl.jaas.config": f"{module}.plain.PlainLoginModule required {plain};",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.certificate.file),
        }
        for mechanism in _SCRAM:
            found[f"{mechanism.lower()}.sasl.jaas.config"] = f"{module}.scram.ScramLoginModule required;"
        return {f"listener.name.secure.{key}": value for key, value in found.items()}

    def scram(self) -> list[str]:
        """The users as StorageTool takes them: salted hashes, for arguments are there for all to see."""
        found = []
        for name, password in self.users.items():
            for mechanism, digest in _SCRAM.items():
                salt = secrets.token_bytes(16)
                salted = hashlib.pbkdf2_hmac(digest, password.encode(), salt, _ITERATIONS)
                found.append(
                    f'{mechanism}=[name={name},iterations={_ITERATIONS},salt="{_base64(salt)}",'
                    f'saltedpassword="{_base64(salted)}"]'
                )
        return found


class Kafka(Server):
    """`settings` are the broker's own, and prevail over those here."""

    name: ClassVar[str] = "Kafka"

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        secure: KafkaSecurity | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(folder, {"PLAIN": port, "CONTROLLER": 0} | ({"SECURE": 0} if secure else {}))
        self._secure = secure
        self._settings = dict(settings or {})
        self._classes: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Of the listener that asks for nothing."""
        return f"{HOST}:{self.port('PLAIN')}"

    @property
    def secure_address(self) -> str:
        """Of the listener with SASL over TLS; only with security."""
        return f"{HOST}:{self.port('SECURE')}"

    @property
    def _mark(self) -> str:
        return str(self.folder / "server.properties")

    def _prepare(self) -> None:
        """In order: what it reads, then the storage, which is marked when it is whole."""
        self._classes = self._archive()
        if self._secure:
            self._secure.certificate.make()
        # Libraries are unpacked here; a broker that is killed leaves them.
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        (self.folder / "tmp").mkdir()
        (self.folder / "log4j2.xml").write_text(_LOGGING)
        properties = Path(self._mark)
        # It holds the users' passwords.
        properties.touch(mode=0o600)
        properties.write_text("".join(f"{key}={_escaped(value)}\n" for key, value in self._properties().items()))
        formatted = self.folder / "formatted"
        if not formatted.exists():
            shutil.rmtree(self.folder / "data", ignore_errors=True)
            self._format()
            formatted.touch()

    def _properties(self) -> dict[str, str]:
        listeners = ",".join(f"{name}://{HOST}:{self.port(name)}" for name in self._ports)
        clients = ",".join(f"{name}://{HOST}:{self.port(name)}" for name in self._ports if name != "CONTROLLER")
        places = {
            "listeners": listeners,
            "advertised.listeners": clients,
            "controller.quorum.voters": f"1@{HOST}:{self.port('CONTROLLER')}",
            "log.dirs": str(self.folder / "data"),
        }
        return _SETTINGS | places | (self._secure.settings() if self._secure else {}) | self._settings

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = [*self._java(), "kafka.tools.StorageTool", "format"]
        command += [f"--config={self._mark}", f"--cluster-id={cluster}"]
        for user in self._secure.scram() if self._secure else []:
            command += ["--add-scram", user]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Mistake(f"Kafka can't format its storage:\n{done.stdout}{done.stderr}")

    def _command(self) -> list[str]:
        return [*self._java(), "kafka.Kafka", self._mark]

    def _archive(self) -> tuple[str, ...]:
        """What has the JVM take Kafka's classes from the archive, which is made if need be."""
        archive = class_archive()
        return () if archive is None else (f"-XX:SharedArchiveFile={archive}",)

    def _java(self) -> list[str]:
        return [
            str(packages.java()),
            *_JVM,
            *self._classes,
            f"-Djava.io.tmpdir={self.folder / 'tmp'}",
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.xml'}",
            "-cp",
            packages.kafka_jars(),
        ]

    def _answers(self) -> bool:
        """Whether the broker counts itself among the brokers, which it does when it takes requests for topics.

        Asked in a Metadata request of version 5, for no topic: an open port alone says nothing.
        """
        request = struct.pack(">hhihi?", 3, 5, 1, -1, 0, False)
        try:
            with socket.create_connection((HOST, self.port("PLAIN")), timeout=5) as connection:
                connection.sendall(struct.pack(">i", len(request)) + request)
                # Size, correlation, throttling, then the number of brokers.
                with connection.makefile("rb") as answer:
                    return bool(struct.unpack(">4i", answer.read(16))[3])
        except (OSError, struct.error):
            return False


class _Archiving(Kafka):
    """A broker that writes the archive of its classes when it is stopped."""

    def _archive(self) -> tuple[str, ...]:
        return ()

    def _command(self) -> list[str]:
        java, *rest = super()._command()
        return [java, f"-XX:ArchiveClassesAtExit={self.folder / 'classes'}", *rest]


def class_archive() -> Path | None:
    """Kafka's classes as they lie in memory once they are loaded, which takes off nearly half of what a start computes.

    Made once for this Java and these jars, by a broker that is started and stopped; who comes meanwhile waits. Another
    JVM than made it loads its classes as ever. None where it can't be made.
    """
    java = packages.java().resolve()
    made_of = f"{java} {java.stat().st_mtime_ns} {packages.kafka_jars()}"
    archive = packages.HOME / f"kafka-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}.jsa"
    if archive.exists():
        return archive
    try:
        with archive.with_suffix(".lock").open("w") as lock, tempfile.TemporaryDirectory(dir=packages.HOME) as folder:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not archive.exists():
                server = _Archiving(Path(folder))
                server.start()
                server.stop()
                os.replace(Path(folder) / "classes", archive)
    except (Mistake, OSError) as error:
        log.warning("starts of Kafka stay slow: its classes can't be archived: %s", error)
        return None
    return archive


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _escaped(value: str) -> str:
    """For a .properties file, which knows the escapes of JSON and expects Latin-1."""
    return json.dumps(value)[1:-1]
