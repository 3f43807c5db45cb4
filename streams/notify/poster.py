"""Posts messages to webhooks. What goes wrong comes back as an answer in our own words: URLs hold keys."""

from __future__ import annotations

import base64
import hmac
import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from aiohttp import ClientConnectorCertificateError, ClientError, ClientSession, ClientTimeout
from yarl import URL

from streams.notify.answers import Answer, Outcome, judge
from streams.notify.targets import Target, WebhooksError

# A robot's answer is some hundred bytes.
_MOST_ANSWER: Final = 64 << 10
_HEADERS: Final = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "pingliu"}


class Poster:
    """Context manager, of one event loop. `seconds`: a webhook may take so long. Raises WebhooksError for a `ca`."""

    def __init__(self, targets: Sequence[Target], seconds: float) -> None:
        # By the file of certificates.
        self._tls: dict[Path | None, ssl.SSLContext] = {}
        self.trust(targets)
        self._timeout = ClientTimeout(total=seconds)
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = ClientSession(timeout=self._timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    def trust(self, targets: Sequence[Target]) -> None:
        """Has these targets trusted as they say, too. Raises WebhooksError for a `ca`."""
        self._tls |= {target.ca: _tls(target) for target in targets}

    async def post(self, target: Target, body: bytes, now_ms: int) -> Answer:
        """What a target answered to a message. `now_ms`: the time by which it is signed."""
        if self._session is None:
            raise RuntimeError("a poster is a context manager")
        try:
            # The key goes nowhere else, wherever an answer may point.
            async with self._session.post(
                _signed(target, now_ms), data=body, headers=_HEADERS, ssl=self._tls[target.ca], allow_redirects=False
            ) as response:
                said = bytearray()
                async for chunk in response.content.iter_any():
                    said += chunk
                    if len(said) > _MOST_ANSWER:
                        return Answer(Outcome.DENIED, "the answer is no robot's: it has no end")
        except TimeoutError:
            return Answer(Outcome.BUSY, "no answer in time")
        except ClientConnectorCertificateError as error:
            return Answer(
                Outcome.DENIED, f"its certificate is not to be trusted: {type(error.certificate_error).__name__}"
            )
        except (ClientError, OSError) as error:
            return Answer(Outcome.BUSY, f"it can't be reached: {_why(error)}")
        return judge(target.format, response.status, bytes(said), response.headers.get("Retry-After", ""))


def _tls(target: Target) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=target.ca)
    except (OSError, ssl.SSLError) as error:
        raise WebhooksError(f"target {target.name}: ca: {target.ca}: {error.strerror or 'no certificates'}") from None


def _signed(target: Target, now_ms: int) -> URL:
    """The URL to post to; DingTalk wants time and signature in it."""
    url = URL(target.url.get_secret_value())
    if target.secret is None:
        return url
    secret = target.secret.get_secret_value()
    digest = hmac.new(secret.encode(), f"{now_ms}\n{secret}".encode(), "sha256").digest()
    return url.update_query(timestamp=str(now_ms), sign=base64.b64encode(digest).decode())


def _why(error: BaseException) -> str:
    """A failure without its text, which may quote an address."""
    words = getattr(error, "os_error", error)
    return f"{type(words).__name__}" + (f" ({words.strerror})" if isinstance(words, OSError) and words.strerror else "")
