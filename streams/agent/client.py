"""The gateway as a device sees it: events in, a verdict on each out (docs/gateway.md)."""

from __future__ import annotations

import email.utils
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Literal, Self

import msgspec
from aiohttp import ClientConnectorCertificateError, ClientError, ClientResponse, ClientSession, ClientTimeout
from yarl import URL

from streams.agent.clock import Clock
from streams.agent.credentials import Bearer, Credentials
from streams.agent.errors import BatchRefused, GatewayBusy, NoGateway, NotAdmitted, Unusable
from streams.gateway.settings import is_loopback

# What a gateway takes at once, with the brackets and commas.
MOST_EVENTS: Final = 1_000
MOST_BYTES: Final = 4 << 20
_TYPE: Final = "application/cloudevents-batch+json"
# A verdict is some hundred bytes.
_MOST_ANSWER: Final = 8 << 20
_VERDICTS: Final = (HTTPStatus.OK, HTTPStatus.UNPROCESSABLE_ENTITY)
_CONNECT_SECONDS: Final = 10.0


class Verdict(msgspec.Struct, frozen=True):
    """What became of one event; why and where it was rejected; `kept`: the gateway's name for a reject."""

    index: int
    verdict: Literal["accepted", "duplicate", "rejected"]
    source: str | None = None
    id: str | None = None
    reason: str = ""
    field: str = ""
    detail: str = ""
    kept: str = ""


class _Answer(msgspec.Struct):
    verdicts: list[Verdict]


class Client:
    """Sends events and says what became of each. Context manager, of one event loop.

    `url`: the gateway's, such as https://gateway.example:8443. `token`: the device's, or a function that says it anew
    for each request, or other `Credentials`. `ca`: a file with the certificates to trust, instead of the system's.
    Without TLS a token is sent only to this machine, unless `insecure`. Raises Unusable for a URL that it won't use,
    OSError for `ca`.
    """

    def __init__(
        self,
        url: str,
        token: str | Callable[[], str] | Credentials,
        *,
        ca: Path | None = None,
        insecure: bool = False,
        timeout: float = 60.0,
    ) -> None:
        self._url = _gateway(url) / "v1" / "events"
        self._credentials = _credentials(token)
        if (
            self._url.scheme == "http"
            and self._credentials.shows_token
            and not (insecure or is_loopback(self._url.host or ""))
        ):
            raise Unusable(f"{url}: a token isn't sent over http; use https, or signatures")
        self._tls = ssl.create_default_context(cafile=ca) if self._url.scheme == "https" else None
        self._timeout = ClientTimeout(total=timeout, sock_connect=_CONNECT_SECONDS)
        self._session: ClientSession | None = None
        self.clock = Clock()

    async def __aenter__(self) -> Self:
        self._session = ClientSession(timeout=self._timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def send(self, events: Sequence[Mapping[str, Any] | bytes]) -> list[Verdict]:
        """The verdicts on at most `MOST_EVENTS` events, in their order; bytes are sent as they are.

        An event must have its id: who doesn't keep it can't send the same again. Raises GatewayBusy, NotAdmitted,
        NoGateway, BatchRefused; then the events may or may not be there, and sending them again changes no figure.
        """
        if not events:
            return []
        raws = [event if isinstance(event, bytes) else msgspec.json.encode(event) for event in events]
        body = b"[" + b",".join(raws) + b"]"
        is_known = self.clock.skew_ms is not None
        try:
            answer = await self._ask(body)
        except NotAdmitted:
            # Signatures bear a time. The refusal told the gateway's.
            if is_known or self._credentials.shows_token or not self.clock.is_wrong:
                raise
            answer = await self._ask(body)
        if [verdict.index for verdict in answer.verdicts] != list(range(len(raws))):
            raise BatchRefused(f"the gateway gave {len(answer.verdicts)} verdicts on {len(raws)} events")
        return answer.verdicts

    async def _ask(self, body: bytes) -> _Answer:
        if self._session is None:
            raise RuntimeError("a client is a context manager")
        sent_ms = _now_ms()
        path = self._url.raw_path
        try:
            authorization = self._credentials.authorize("POST", path, body, self.clock.corrected(sent_ms))
        except (OSError, UnicodeDecodeError) as error:
            raise NotAdmitted(f"the token can't be read: {error}") from error
        headers = {"Authorization": authorization, "Content-Type": _TYPE, "Pingliu-Time": str(sent_ms)}
        try:
            # A token goes nowhere else, wherever an answer may point.
            async with self._session.post(
                self._url, data=body, headers=headers, ssl=self._tls or True, allow_redirects=False
            ) as response:
                said = await _read(response)
        except ClientConnectorCertificateError as error:
            raise NoGateway(
                f"the certificate of {self._url.host} is not to be trusted: {error.certificate_error}"
            ) from error
        except TimeoutError as error:
            # A slow line, perhaps.
            raise GatewayBusy("the gateway gave no answer in time", is_too_much=True) from error
        except (ClientError, OSError) as error:
            raise GatewayBusy(f"the gateway can't be reached: {error or type(error).__name__}") from error
        gateway_ms = response.headers.get("Pingliu-Time", "")
        if gateway_ms.isdigit():
            self.clock.learn(sent_ms, _now_ms(), int(gateway_ms))
        return _judge(response, said)


def _judge(response: ClientResponse, said: bytes) -> _Answer:
    """What an answer means. Raises GatewayBusy, NotAdmitted, NoGateway, BatchRefused."""
    status = response.status
    if status in _VERDICTS:
        try:
            return msgspec.json.decode(said, type=_Answer)
        except msgspec.DecodeError as error:
            raise NoGateway(f"{status}, and no verdicts: {error}") from error
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            raise NotAdmitted(f"the gateway refuses this device's credentials ({status})")
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise BatchRefused("the gateway takes no body so large (413)")
        case HTTPStatus.TOO_MANY_REQUESTS:
            raise GatewayBusy("this device sends too fast (429)", _retry_after(response), is_too_much=True)
        case HTTPStatus.REQUEST_TIMEOUT:
            raise GatewayBusy("the gateway waited too long for the events (408)", is_too_much=True)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise GatewayBusy(f"the gateway is busy or away ({status})", _retry_after(response))
    raise NoGateway(f"what answers there takes no events ({status})")


def _retry_after(response: ClientResponse) -> float | None:
    """Seconds, however they are said; None where they aren't."""
    said = response.headers.get("Retry-After", "").strip()
    if said.isdigit():
        return float(said)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return None


async def _read(response: ClientResponse) -> bytes:
    said = bytearray()
    async for chunk in response.content.iter_chunked(1 << 16):
        said += chunk
        if len(said) > _MOST_ANSWER:
            raise NoGateway(f"an answer of more than {_MOST_ANSWER} bytes")
    return bytes(said)


def _credentials(token: str | Callable[[], str] | Credentials) -> Credentials:
    if isinstance(token, str):
        return Bearer(lambda: token)
    return Bearer(token) if callable(token) else token


def _gateway(url: str) -> URL:
    found = URL(url)
    if found.scheme not in ("http", "https") or not found.host or found.query_string or found.user:
        raise Unusable(f"{url}: a gateway is http(s)://HOST[:PORT]")
    return found


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
