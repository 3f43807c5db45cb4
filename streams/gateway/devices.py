"""Devices: who may send, for which window, and by which token. They are a file of their own, its owner's alone.

A token is kept as its hash. The key that signatures are made with is kept sealed with the district's secret, for it
can't be had from the hash. Who changes the file holds a lock and replaces it as a whole; who reads it sees that it
changed.
"""

from __future__ import annotations

import fcntl
import hmac
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import msgspec

from schemas.secret import Seal, Secret
from streams.gateway.credentials import NAME, new_token, signing_key, token_hash

_FORMAT: Final = 1
_SOURCE_LENGTH: Final = 128
# What pingliu itself says begins with it.
_OURS: Final = "pingliu"


class DeviceError(Exception):
    """What is asked of a device can't be done; the message says why, and never a token."""


class Token(msgspec.Struct, frozen=True):
    """A token: its hash, the sealed key that it signs with, and until when it is good (epoch ms; None: for good)."""

    hash: str
    key: bytes
    until_ms: int | None = None

    def is_good(self, now_ms: int) -> bool:
        return self.until_ms is None or now_ms < self.until_ms


class Device(msgspec.Struct, frozen=True):
    """A registered device. What it isn't bound to is ''. `tokens`: the newest first."""

    name: str
    source: str
    street: str = ""
    site: str = ""
    window: str = ""
    role: Literal["device", "office"] = "device"
    tokens: tuple[Token, ...] = ()
    created_ms: int = 0


class _File(msgspec.Struct, frozen=True):
    format: int
    devices: tuple[Device, ...]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_File).decode


class Devices:
    """The devices of one moment. Raises nothing for what people send."""

    def __init__(self, devices: Mapping[str, Device], seal: Seal) -> None:
        self.by_name = devices
        self._seal = seal
        self._by_hash = {token.hash: (device, token) for device in devices.values() for token in device.tokens}
        self._keys: dict[str, bytes] = {}

    def of_token(self, hash_: str, now_ms: int) -> Device | None:
        """Whose token has this hash, if it is good now."""
        device, token = self._by_hash.get(hash_, (None, None))
        if device is None or token is None or not hmac.compare_digest(token.hash, hash_) or not token.is_good(now_ms):
            return None
        return device

    def keys(self, device: Device, now_ms: int) -> Iterator[bytes]:
        """The keys of a device that are good now, to check signatures by. Raises SecretError."""
        for token in device.tokens:
            if token.is_good(now_ms):
                if token.hash not in self._keys:
                    self._keys[token.hash] = self._seal.open(token.key, _place(device.name))
                yield self._keys[token.hash]


class DeviceBook:
    """The file of the devices; it need not exist yet."""

    def __init__(self, path: Path, secret: Secret) -> None:
        self._path = path
        self._seal = Seal(secret, "device")
        self._seen: tuple[int, int, int] | None = None
        self._devices = Devices({}, self._seal)

    def devices(self) -> Devices:
        """The devices as they are now; the file is read again where it changed. Raises DeviceError."""
        seen = self._look()
        if seen != self._seen:
            self._devices = Devices(self._read() if seen is not None else {}, self._seal)
            self._seen = seen
        return self._devices

    def add(self, device: Device, now_ms: int) -> str:
        """Registers a device and returns its token, which is shown this once. Raises DeviceError."""
        _check(device)
        token = new_token()

        def added(devices: dict[str, Device]) -> None:
            if device.name in devices:
                raise DeviceError(f"device {device.name} is registered already; `device rotate` gives it a new token")
            # One that speaks under the other's source could take its ids.
            for other in devices.values():
                if speaks_for(other.source, device.source) or speaks_for(device.source, other.source):
                    raise DeviceError(
                        f"source: {device.source} is, or lies within, that of device {other.name}, or holds it; "
                        "choose another one (`device add --source`)"
                    )
            devices[device.name] = msgspec.structs.replace(
                device, tokens=(self._kept(device.name, token),), created_ms=now_ms
            )

        self._change(added)
        return token

    def rotate(self, name: str, now_ms: int, grace_ms: int) -> str:
        """Gives a device a new token and returns it; the one before is good for so long yet. Raises DeviceError."""
        token = new_token()

        def rotated(devices: dict[str, Device]) -> None:
            device = _named(devices, name)
            until_ms = now_ms + grace_ms
            older = (
                msgspec.structs.replace(old, until_ms=min(until_ms, old.until_ms or until_ms)) for old in device.tokens
            )
            kept = tuple(old for old in older if old.is_good(now_ms))
            devices[name] = msgspec.structs.replace(device, tokens=(self._kept(name, token), *kept))

        self._change(rotated)
        return token

    def revoke(self, name: str) -> None:
        """No token of the device is good any more; its name and source stay taken. Raises DeviceError."""

        def revoked(devices: dict[str, Device]) -> None:
            devices[name] = msgspec.structs.replace(_named(devices, name), tokens=())

        self._change(revoked)

    def _kept(self, name: str, token: str) -> Token:
        return Token(token_hash(token), self._seal.close(signing_key(token), _place(name)))

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DeviceError(f"{self._path}: {error.strerror}") from error
        if found.st_mode & 0o077:
            raise DeviceError(f"{self._path} can be read by others; make it yours alone: chmod 600 {self._path}")
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self) -> dict[str, Device]:
        try:
            file = _decode(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise DeviceError(f"{self._path}: {error.strerror}") from error
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DeviceError(f"{self._path}: this is no file of devices, or it was damaged") from error
        if file.format != _FORMAT:
            raise DeviceError(f"{self._path}: this program reads files of format {_FORMAT}; this one has {file.format}")
        return {device.name: device for device in file.devices}

    def _change(self, change: Callable[[dict[str, Device]], None]) -> None:
        """The file is 1. locked, 2. read, 3. changed in a draft, 4. which takes its place as soon as it is on disk."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._locked():  # 1.
                self._look()
                devices = self._read()  # 2.
                change(devices)
                self._replace(_encode(_File(_FORMAT, tuple(devices.values()))))  # 3. and 4.
        except OSError as error:
            raise DeviceError(f"{self._path}: {error.strerror}") from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._path.with_name(f"{self._path.name}.lock")
        with os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _replace(self, text: bytes) -> None:
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def speaks_for(source: str, other: str) -> bool:
    """Whether who has `source` may speak as `other`: it is the same, or begins with it and a slash."""
    return other == source or other.startswith(f"{source}/")


def state_of(device: Device, now_ms: int) -> str:
    """For people: whether a device's tokens are good."""
    good = [token for token in device.tokens if token.is_good(now_ms)]
    if not good:
        return "revoked"
    until = [token.until_ms for token in good if token.until_ms is not None]
    return "active" if not until else f"active; the token before is good for {-(-(max(until) - now_ms) // 60_000)} min"


def now_ms() -> int:
    """This moment, epoch ms."""
    return time.time_ns() // 1_000_000


def _named(devices: Mapping[str, Device], name: str) -> Device:
    device = devices.get(name)
    if device is None:
        raise DeviceError(f"there is no device {name}")
    return device


def _check(device: Device) -> None:
    if not NAME.fullmatch(device.name):
        raise DeviceError("name: letters, digits, dots, dashes, underscores, at most 64, the first a letter or digit")
    if not 1 <= len(device.source) <= _SOURCE_LENGTH or not device.source.isprintable() or device.source.endswith("/"):
        raise DeviceError(f"source: 1 to {_SOURCE_LENGTH} characters that can be printed, without a slash at the end")
    if speaks_for(_OURS, device.source):
        raise DeviceError(f"source: {device.source} is, or lies within, pingliu's own")


def _place(name: str) -> str:
    return f"device/{name}"
