"""The district's one secret, and the keys derived from it: to hash raters and to seal the original bytes of rejects.

It lives in a file that only its owner may read; never on a command line, never in a log. The file is a ring: secrets
of at least 32 random bytes, each with the moment from which it is in force. A file of bare bytes is a ring of one, in
force since ever.

What names a person by a key goes by the moment at which the event came: the same event, stored again, looks the same.
What is only closed and opened again is closed with the newest secret in force, and opens with any of the ring.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_MIN_BYTES: Final = 32
_RING: Final = b"pingliu ring 1\n"
_FOREVER: Final = 2**63 - 1


class SecretError(Exception):
    """The secret can't be used; the message says why and never what it is."""


@dataclass(frozen=True, slots=True)
class _Member:
    """One secret of a ring, in force from a moment on (epoch ms)."""

    from_ms: int
    secret: bytes


class Secret:
    """Keys by purpose; the same file gives the same keys on every machine. `text`: what the file holds.

    `at_ms`: when it was read; secrets that are in force later only open until it is read again. Raises SecretError.
    """

    def __init__(self, text: bytes, at_ms: int = _FOREVER) -> None:
        self._text = text
        self._ring = _parse(text)
        self._newest = max(number for number, member in enumerate(self._ring) if number == 0 or member.from_ms <= at_ms)

    def text(self) -> bytes:
        """What the file holds."""
        return self._text

    def key(self, purpose: str, length: int = 32) -> bytes:
        """A key of `length` bytes for one purpose, of the newest secret in force; one tells nothing about another."""
        return _derive(self._ring[self._newest], purpose, length)

    def keys(self, purpose: str, length: int = 32) -> list[bytes]:
        """The keys for one purpose of every secret there is, newest first: what was closed opens with one of them."""
        return [key for _, key in self.dated(purpose, length)]

    def dated(self, purpose: str, length: int = 32) -> list[tuple[int, bytes]]:
        """The same, each with the moment from which it is in force (epoch ms); the last of them since ever."""
        return [(member.from_ms, _derive(member, purpose, length)) for member in reversed(self._ring)]

    def moments(self) -> list[int]:
        """From when each secret of the ring is in force, oldest first (epoch ms); the first since ever, 0."""
        return [member.from_ms for member in self._ring]

    def rotated(self, from_ms: int, fresh: bytes) -> Secret:
        """The ring with one more secret. Raises SecretError if an event may be judged by a newer one already."""
        newest = self._ring[-1].from_ms
        if from_ms <= newest:
            raise SecretError("a new secret must be in force later than the newest of the ring")
        return Secret(_format((*self._ring, _Member(from_ms, fresh))))

    def grew_from(self, other: Secret) -> bool:
        """Whether this is the other ring, with none or more secrets added at its end."""
        return self._ring[: len(other._ring)] == other._ring


def _derive(member: _Member, purpose: str, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=f"pingliu/{purpose}/1".encode()).derive(member.secret)


def _parse(text: bytes) -> tuple[_Member, ...]:
    """The members of a ring, oldest first. Errors quote nothing of it."""
    ring: tuple[_Member, ...] = (_Member(0, text),)
    if text.startswith(_RING):
        try:
            lines = [line.split() for line in text.removeprefix(_RING).decode("ascii").splitlines()]
            ring = tuple(_Member(int(from_ms), bytes.fromhex(secret)) for from_ms, secret in lines)
        except ValueError:
            raise SecretError("the secret is a ring with a line that can't be read") from None
        moments = [member.from_ms for member in ring]
        if not ring or moments[0] != 0 or moments != sorted(set(moments)):
            raise SecretError("the secret is a ring whose moments are not in order, from 0 on")
    for member in ring:
        if len(member.secret) < _MIN_BYTES:
            raise SecretError(f"the secret has {len(member.secret)} bytes; at least {_MIN_BYTES} are needed")
    return ring


def _format(ring: tuple[_Member, ...]) -> bytes:
    return _RING + b"".join(f"{member.from_ms} {member.secret.hex()}\n".encode() for member in ring)


class Seal:
    """Deterministic authenticated encryption (AES-SIV): the same bytes of the same place always look the same."""

    def __init__(self, secret: Secret, purpose: str = "reject") -> None:
        self._cipher = AESSIV(secret.key(purpose, 64))
        self._ciphers = [AESSIV(key) for key in secret.keys(purpose, 64)]

    def close(self, data: bytes, place: str) -> bytes:
        """Encrypts bytes for a place (topic/partition/offset); only there can they be opened."""
        return self._cipher.encrypt(data, [place.encode()]) if data else b""

    def open(self, sealed: bytes, place: str) -> bytes:
        """The original bytes. Raises SecretError if they were changed, moved, or sealed with another secret."""
        if not sealed:
            return b""
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(sealed, [place.encode()])
            except InvalidTag:
                continue
        raise SecretError(f"{place}: sealed with another secret, or changed since")


def load_secret(path: Path) -> Secret:
    """Reads the secret. Raises SecretError if the file is missing, too short, or open to others."""
    try:
        if path.stat().st_mode & 0o077:
            raise SecretError(f"{path} can be read by others; make it yours alone: chmod 600 {path}")
        return Secret(path.read_bytes(), time.time_ns() // 1_000_000)
    except OSError as error:
        raise SecretError(f"{path}: {error.strerror}") from error


def ensure_secret(path: Path, made: bytes | None = None) -> Secret:
    """Reads the secret, and makes one first where there is none (`made`, else random bytes).

    Safe when several processes start at once. Raises SecretError.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = _draft(path, made or fresh_secret())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first; its secret is the one
        finally:
            draft.unlink()
    return load_secret(path)


def replace_secret(path: Path, secret: Secret) -> None:
    """Puts another ring in the place of a secret's file, at once: whoever reads it finds the old or the new."""
    _draft(path, secret.text()).replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def fresh_secret() -> bytes:
    """Random bytes, as many as a secret needs."""
    return secrets.token_bytes(_MIN_BYTES)


def _draft(path: Path, text: bytes) -> Path:
    """A file beside the secret's with that text, on disk, its owner's alone."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft


def password_from(environ: Mapping[str, str], name: str) -> str | None:
    """A password from the variable `name`, or from the file that `name`_FILE names. Raises SecretError."""
    value, file = environ.get(name), environ.get(f"{name}_FILE")
    if value and file:
        raise SecretError(f"both {name} and {name}_FILE are set; one of them is enough")
    if file:
        try:
            return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise SecretError(f"{name}_FILE: {file}: {error}") from error
    return value or None
