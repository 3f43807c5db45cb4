"""Targets: whom notices go to. A TOML file, its owner's alone, for a webhook's URL holds a key. No error quotes one."""

from __future__ import annotations

import tomllib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from yarl import URL

from schemas.notice_texts import SEVERITIES, Severity, kinds, severity
from schemas.published import Notice
from streams.gateway.settings import is_loopback
from streams.notify.quiet import Hours, is_always, is_quiet, parse

Format = Literal["wecom", "dingtalk", "json"]
# What a robot of WeCom's or DingTalk's takes in a minute.
ROBOT_RATE: Final = 20


class WebhooksError(ValueError):
    """The webhooks file can't be used; the message names the target and the field, and quotes no URL and no secret."""


class Target(BaseModel):
    """A webhook: how it is spoken to, what it wants to hear, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(pattern=r"^[a-z0-9_-]{1,32}$", description="what logs and metrics call it")
    format: Format = Field(description="wecom (企业微信), dingtalk (钉钉), or json")
    url: SecretStr = Field(description="https, or http on this machine; it holds a key")
    secret: SecretStr | None = Field(None, description="DingTalk's 加签 secret, where the robot asks for signatures")
    ca: Path | None = Field(None, description="certificates to trust instead of the system's (PEM)")
    types: tuple[str, ...] = Field((), description="types of notices it wants; all unless said")
    streets: tuple[Annotated[str, Field(pattern=r"^[0-9]{9}$")], ...] = Field((), description="... of these streets")
    severity: Severity = Field("info", description="... and no less urgent than this")
    quiet: tuple[str, ...] = Field((), description="quiet hours in Asia/Shanghai, such as 21:00-08:00")
    break_through: Severity | None = Field(None, description="what is as urgent as this is sent in quiet hours, too")
    per_minute: int = Field(ROBOT_RATE, ge=1, le=600, description="messages a minute at the most; robots take 20")

    @field_validator("url")
    @classmethod
    def _is_safe(cls, url: SecretStr) -> SecretStr:
        try:
            parsed = URL(url.get_secret_value())
        except ValueError:
            raise ValueError("is no URL") from None
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError("must begin with https:// and name a host")
        if parsed.scheme == "http" and not is_loopback(parsed.host):
            raise ValueError("must be https: over http its key goes through the network in the clear")
        if parsed.user is not None or parsed.password is not None or parsed.fragment:
            raise ValueError("must have no user, password or fragment")
        return url

    @field_validator("types")
    @classmethod
    def _are_known(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [kind for kind in types if kind not in kinds()]:
            raise ValueError(f"{', '.join(unknown)}: no such type; there are {', '.join(kinds())}")
        return types

    @field_validator("quiet")
    @classmethod
    def _leave_time(cls, quiet: tuple[str, ...]) -> tuple[str, ...]:
        if quiet and is_always(map(parse, quiet)):
            raise ValueError("leave no time to send in")
        return quiet

    @model_validator(mode="after")
    def _fits(self) -> Target:
        if self.secret is not None and self.format != "dingtalk":
            raise ValueError("secret: only dingtalk signs")
        if self.format != "json" and self.per_minute > ROBOT_RATE:
            raise ValueError(f"per_minute: a robot takes {ROBOT_RATE} at the most")
        return self

    @cached_property
    def _quiet_hours(self) -> tuple[Hours, ...]:
        return tuple(map(parse, self.quiet))

    def wants(self, notice: Notice) -> bool:
        """Whether a notice is for it."""
        if self.types and notice.type not in self.types:
            return False
        if self.streets and notice.street not in self.streets:
            return False
        return SEVERITIES.index(severity(notice.type)) >= SEVERITIES.index(self.severity)

    def holds_back(self, notice: Notice, at_ms: int) -> bool:
        """Whether a notice must wait for the end of quiet hours."""
        if not is_quiet(self._quiet_hours, at_ms):
            return False
        least = self.break_through
        return least is None or SEVERITIES.index(severity(notice.type)) < SEVERITIES.index(least)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    target: tuple[Target, ...] = Field(min_length=1)


def load_targets(path: Path) -> tuple[Target, ...]:
    """The targets of a file. Raises WebhooksError."""
    try:
        if path.stat().st_mode & 0o077:
            raise WebhooksError(f"{path} can be read by others; make it yours alone: chmod 600 {path}")
        found: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WebhooksError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise WebhooksError(f"{path}: not UTF-8 (byte {error.start})") from None
    except tomllib.TOMLDecodeError as error:
        raise WebhooksError(f"{path}: not TOML: {error}") from None
    try:
        targets = _File.model_validate(found).target
    except ValidationError as error:
        # From None: what was given is in the error, and must not show in a traceback.
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise WebhooksError(f"{path}: {_field(fault['loc'])}{fault['msg'].removeprefix('Value error, ')}") from None
    names = [target.name for target in targets]
    if again := next((name for name in names if names.count(name) > 1), None):
        raise WebhooksError(f"{path}: target: name: {again} is there twice")
    return targets


def _field(place: tuple[int | str, ...]) -> str:
    """A field as people find it, such as `target 2: url: `; targets count from 1."""
    words = [str(part + 1) if isinstance(part, int) and number == 1 else str(part) for number, part in enumerate(place)]
    first = " ".join(words[:2])
    return "".join(f"{word}: " for word in (first, *words[2:]) if word)
