"""The district's one secret, and the keys derived from it: to hash raters and to seal the original bytes of rejects.

It lives in a file of at least 32 random bytes that only its owner may read; never on a command line, never in a log.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_MIN_BYTES: Final = 32


class SecretError(Exception):
    """The secret can't be used; the message says why and never what it is."""


class Secret:
    """Keys by purpose; the same secret gives the same keys on every machine."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _MIN_BYTES:
            raise SecretError(f"the secret has {len(secret)} bytes; at least {_MIN_BYTES} are needed")
        self._secret = secret

    def text(self) -> bytes:
        """What the file holds."""
        return self._secret

    def key(self, purpose: str, length: int = 32) -> bytes:
        """A key of `length` bytes for one purpose; one tells nothing about another."""
        return HKDF(SHA256(), length, salt=None, info=f"pingliu/{purpose}/1".encode()).derive(self._secret)


class Seal:
    """Deterministic authenticated encryption (AES-SIV): the same bytes of the same place always look the same."""

    def __init__(self, secret: Secret) -> None:
        self._cipher = AESSIV(secret.key("reject", 64))

    def close(self, data: bytes, place: str) -> bytes:
        """Encrypts bytes for a place (topic/partition/offset); only there can they be opened."""
        return self._cipher.encrypt(data, [place.encode()]) if data else b""

    def open(self, sealed: bytes, place: str) -> bytes:
        """The original bytes. Raises SecretError if they were changed, moved, or sealed with another secret."""
        try:
            return self._cipher.decrypt(sealed, [place.encode()]) if sealed else b""
        except InvalidTag:
            raise SecretError(f"{place}: sealed with another secret, or changed since") from None


def load_secret(path: Path) -> Secret:
    """Reads the secret. Raises SecretError if the file is missing, too short, or open to others."""
    try:
        if path.stat().st_mode & 0o077:
            raise SecretError(f"{path} can be read by others; make it yours alone: chmod 600 {path}")
        return Secret(path.read_bytes())
    except OSError as error:
        raise SecretError(f"{path}: {error.strerror}") from error


def ensure_secret(path: Path, made: bytes | None = None) -> Secret:
    """Reads the secret, and makes one first where there is none (`made`, else random bytes).

    Safe when several processes start at once. Raises SecretError.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(made or secrets.token_bytes(_MIN_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first; its secret is the one
        finally:
            draft.unlink()
    return load_secret(path)


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
