"""Posting to a real server: signatures, lines that break off, and where a key never goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from deploy.cli import cli
from deploy.local.server import Certificate
from streams.notify.answers import Answer, Outcome
from streams.notify.messages import greeting
from streams.notify.poster import Poster
from streams.notify.targets import Target, WebhooksError
from tests.notify.robot import KEY, SECRET, Robots, serving


@pytest.fixture(scope="module")
def robots() -> Iterator[Robots]:
    with serving() as robots:
        yield robots


def _post(robots: Robots, robot: str, *, seconds: float = 20.0, **changes: Any) -> Answer:
    format_ = robot.partition("-")[0]
    target = Target.model_validate({"name": robot, "format": format_, "url": robots.url(robot), **changes})

    async def post() -> Answer:
        async with Poster([target], seconds) as poster:
            return await poster.post(target, greeting(target.format, "好"), time.time_ns() // 1_000_000)

    return asyncio.run(post())


@pytest.mark.parametrize("robot", ["wecom-a", "dingtalk-a", "json-a"])
def test_a_message_arrives_in_its_format_and_dingtalk_s_with_a_right_signature(robots: Robots, robot: str) -> None:
    changes: dict[str, Any] = {"secret": SECRET} if robot.startswith("dingtalk") else {}
    assert _post(robots, robot, **changes).outcome is Outcome.DELIVERED
    (text,) = robots.texts(robot)
    assert "【评流】好" in text


def test_a_wrong_signature_or_key_is_said_without_either(robots: Robots) -> None:
    wrong = _post(robots, "dingtalk-b", secret=f"{SECRET}9")
    robots.wrong_keys.add("wecom-b")
    for answer in (wrong, _post(robots, "dingtalk-b"), _post(robots, "wecom-b")):
        assert answer.outcome is Outcome.DENIED
        assert SECRET not in answer.why
        assert KEY not in answer.why


def test_a_robot_s_limit_is_known_as_such(robots: Robots) -> None:
    outcomes = [_post(robots, "wecom-c").outcome for _ in range(21)]
    assert outcomes == [Outcome.DELIVERED] * 20 + [Outcome.LIMIT]


def test_a_line_that_breaks_off_and_a_server_that_is_away_are_waited_for(robots: Robots) -> None:
    robots.faults["wecom-d"] += ["cut", "unavailable"]
    assert _post(robots, "wecom-d").outcome is Outcome.BUSY
    assert _post(robots, "wecom-d").outcome is Outcome.BUSY
    answer = _post(robots, "wecom-d", url=f"http://127.0.0.1:1/{KEY}")
    assert answer.outcome is Outcome.BUSY
    assert KEY not in answer.why


def test_a_webhook_that_doesn_t_answer_in_time_is_busy(robots: Robots) -> None:
    robots.answers.clear()
    try:
        assert _post(robots, "wecom-e", seconds=0.1) == Answer(Outcome.BUSY, "no answer in time")
    finally:
        robots.answers.set()


def test_a_redirect_is_not_followed(robots: Robots) -> None:
    robots.faults["wecom-f"].append("moved")
    assert _post(robots, "wecom-f").outcome is Outcome.DENIED
    assert robots.tries["wecom-elsewhere"] == 0


def test_a_server_that_speaks_no_tls_is_not_spoken_to_in_the_clear(robots: Robots) -> None:
    answer = _post(robots, "wecom-g", url=robots.url("wecom-g").replace("http:", "https:"))
    assert answer.outcome is Outcome.BUSY
    assert robots.tries["wecom-g"] == 0


def test_a_webhook_that_does_not_prove_itself_hears_nothing_and_is_named_without_its_key(tmp_path: Path) -> None:
    mine, other = Certificate(tmp_path / "mine"), Certificate(tmp_path / "other")
    for certificate in (mine, other):
        certificate.make()
    with serving(mine) as robots:
        refused = [_post(robots, "wecom-a"), _post(robots, "wecom-a", ca=other.ca_file)]
        assert robots.tries["wecom-a"] == 0
        assert _post(robots, "wecom-a", ca=mine.ca_file).outcome is Outcome.DELIVERED
        assert "好" in robots.texts("wecom-a")[0]
    # The certificate is of 127.0.0.1, and of no other host.
    with serving(mine, "127.0.0.2") as robots:
        refused.append(_post(robots, "wecom-a", ca=mine.ca_file))
        assert robots.tries["wecom-a"] == 0
    for answer in refused:
        assert (answer.outcome, answer.said) == (Outcome.DENIED, "")
        assert answer.why.startswith("its certificate is not to be trusted")
        assert KEY not in answer.why


def test_a_file_of_certificates_that_can_t_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("none")
    target = Target.model_validate(
        {"name": "a", "format": "json", "url": f"https://a.example/{KEY}", "ca": tmp_path / "ca.pem"}
    )
    with pytest.raises(WebhooksError, match=r"target a: ca: .+ca\.pem"):
        Poster([target], 1.0)


def test_notify_test_says_what_each_answered_and_no_key_of_it(robots: Robots, tmp_path: Path) -> None:
    robots.faults["wecom-odd"].append("odd")  # it repeats the path that it was asked
    robots.faults["json-away"].append("unavailable")
    file = tmp_path / "webhooks.toml"
    names = ("wecom-well", "wecom-odd", "json-away")
    file.write_text(
        "".join(
            f'[[target]]\nname = "{name}"\nformat = "{name.partition("-")[0]}"\nurl = "{robots.url(name)}"\n'
            for name in names
        )
    )
    file.chmod(0o600)
    done = CliRunner().invoke(cli, ["notify", "test", "--webhooks", str(file)])
    assert done.exit_code == 1
    lines = done.output.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["wecom-well", "delivered"],
        ["wecom-odd", "odd"],
        ["json-away", "busy"],
    ]
    assert "is odd" in lines[1]
    assert KEY not in done.output
    assert len(robots.said["wecom-well"]) == 1
