"""The role, as a process, against robots that fail: each target is told everything, at least once and once more only
for a kill.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from schemas.moments import DAY, HOUR, SHANGHAI, iso
from tests.box import await_that
from tests.notify.notices import notice
from tests.notify.robot import KEY, SECRET, Robots, serving
from tests.notify.teller import Teller, fresh, now_ms, numbers


@pytest.fixture
def robots() -> Iterator[Robots]:
    with serving() as robots:
        yield robots


@pytest.fixture
def teller(tmp_path: Path) -> Iterator[Teller]:
    teller = Teller(tmp_path)
    yield teller
    teller.close()


def test_killed_in_mid_send_everything_is_told_and_a_kill_doubles_one_message_at_most(
    robots: Robots, teller: Teller
) -> None:
    teller.configure(robots, "wecom-a")
    teller.start()
    for first in (1, 4):
        robots.answers.clear()
        teller.publish(fresh(first))
        await_that(lambda: numbers(robots.texts("wecom-a"))[first] == 1, "the robot has it")  # noqa: B023
        teller.publish(fresh(first + 1), fresh(first + 2, street="530102002"))
        teller.kill()  # the robot has taken a message, and nobody heard
        robots.answers.set()
        teller.start()
        teller.await_through()
    teller.stop()
    counts = numbers(robots.texts("wecom-a"))
    assert counts == {1: 2, 2: 1, 3: 1, 4: 2, 5: 1, 6: 1}
    said = len(robots.said["wecom-a"])
    teller.start()
    teller.publish(fresh(99), fresh(1))  # and one of before, published again
    await_that(lambda: numbers(robots.texts("wecom-a"))[99] == 1, "what is new is told")
    teller.await_through()
    teller.stop()
    assert len(robots.said["wecom-a"]) == said + 1
    assert numbers(robots.texts("wecom-a"))[1] == counts[1]


def test_a_target_that_can_t_be_told_holds_up_nobody_loses_nothing_and_doubles_nothing_elsewhere(
    robots: Robots, teller: Teller
) -> None:
    now = datetime.now(SHANGHAI)
    quiet = f"{now - timedelta(hours=2):%H:00}-{now + timedelta(hours=2):%H:59}"
    targets = ("wecom-wrong", "dingtalk-flaky", "json-night")
    more = {"dingtalk_flaky": f'secret = "{SECRET}"\n', "json_night": f'quiet = ["{quiet}"]\n'}
    teller.configure(robots, *targets, **more)
    robots.wrong_keys.add("wecom-wrong")
    robots.faults["dingtalk-flaky"] += ["cut", "unavailable", "odd", "forbidden"]
    robots.unwanted = "R-3）"
    teller.publish(*[fresh(number) for number in range(1, 4)])
    teller.start()
    await_that(lambda: sorted(numbers(robots.texts("dingtalk-flaky"))) == [1, 2], "two are told")
    await_that(lambda: teller.figure("pingliu_notify_refused_total", target="dingtalk-flaky") == 1, "one is given up")
    await_that(lambda: robots.tries["wecom-wrong"] >= 3, "the wrong key is tried again and again")
    # What waits and what is held is told, and is no lag: nobody is to be woken for it.
    assert teller.figure("pingliu_notify_waiting", target="wecom-wrong") == 3
    assert teller.figure("pingliu_notify_held", target="json-night") == 3
    assert teller.figure("pingliu_notify_failures_total", target="wecom-wrong", reason="denied") >= 3
    assert teller.figure("pingliu_notify_oldest_age_seconds", target="wecom-wrong") > 0
    assert teller.figure("pingliu_notify_oldest_age_seconds", target="json-night") == 0
    assert not teller.is_through()
    shown = teller.metrics().encode() + teller.command_line()
    teller.kill()
    robots.wrong_keys.clear()
    robots.unwanted = "\0"
    teller.configure(robots, *targets, dingtalk_flaky=more["dingtalk_flaky"])
    teller.start()
    teller.await_through()
    shown += teller.metrics().encode() + teller.said().encode() + teller.command_line()
    teller.stop()
    assert numbers(robots.texts("wecom-wrong")) == dict.fromkeys((1, 2, 3), 1)
    assert numbers(robots.texts("json-night")) == dict.fromkeys((1, 2, 3), 1)
    assert len(robots.said["json-night"]) == 1  # the night's notices, in one message
    assert {number: numbers(robots.texts("dingtalk-flaky"))[number] for number in (1, 2)} == {1: 1, 2: 1}
    # No key, no secret and no address of theirs in anything that is said or shown.
    assert b"wecom-wrong" in shown
    assert [secret for secret in (KEY, SECRET, "access_token", "cgi-bin") if secret.encode() in shown] == []


def test_a_changed_webhooks_file_holds_at_once_and_one_with_a_mistake_changes_nothing(
    robots: Robots, teller: Teller
) -> None:
    robots.wrong_keys |= {"wecom-mended", "wecom-gone"}
    teller.configure(robots, "wecom-mended", "wecom-gone", "json-stays")
    teller.start()
    teller.publish(fresh(1), fresh(2, kind="device.offline"))
    await_that(lambda: bool(robots.tries["wecom-mended"] and robots.tries["wecom-gone"]), "two keys are wrong")
    teller.webhooks.write_text("[[target]]\n", encoding="utf-8")
    await_that(lambda: "so what it said holds" in teller.said(), "the mistake is said")
    assert "target 1: name: Field required" in teller.said()
    teller.publish(fresh(3))
    await_that(lambda: 3 in numbers(robots.texts("json-stays")), "those of before are told")
    with serving() as others:
        # Another address, another wish; one is gone and one is new.
        mended = 'types = ["rectification.opened"]\n'
        teller.configure(others, "wecom-mended", "json-new", "json-stays", wecom_mended=mended)
        await_that(lambda: numbers(others.texts("wecom-mended")) == {1: 1, 3: 1}, "what waited is told")
        assert teller.figure("pingliu_notify_waiting", target="wecom-mended") == 0
        assert 'reason="denied",role="notify",target="json-new"} 0.0' in teller.metrics()
        teller.publish(fresh(4))
        teller.await_through()  # who is gone holds up nothing
        assert numbers(others.texts("wecom-mended")) == {1: 1, 3: 1, 4: 1}
        assert numbers(others.texts("json-new")) == numbers(others.texts("json-stays")) == {4: 1}
        teller.stop()
        # And nothing of it is forgotten.
        teller.start()
        teller.publish(fresh(5))
        teller.await_through()
        teller.stop()
        assert numbers(others.texts("json-stays")) == {4: 1, 5: 1}
    assert numbers(robots.texts("json-stays")) == {1: 1, 3: 1}
    assert KEY not in teller.said()


def test_at_the_first_start_only_what_is_recent_is_told_and_history_never(robots: Robots, teller: Teller) -> None:
    teller.configure(robots, "json-a")
    teller.publish(fresh(1), at_ms=now_ms() - 25 * HOUR)
    teller.publish(fresh(2), at_ms=now_ms() - 23 * HOUR)
    teller.publish(notice(number=3, time=iso(now_ms() - 15 * DAY)))
    teller.publish_raw([(0, b"{no notice"), (0, b"{}")])
    teller.publish(fresh(4))
    teller.start()
    teller.await_through()
    assert numbers(robots.texts("json-a")) == dict.fromkeys((2, 4), 1)
    for reason, count in (("old", 1), ("history", 1), ("unreadable", 2)):
        assert teller.figure("pingliu_notify_skipped_total", reason=reason) == count
    assert teller.figure("pingliu_notify_notices_total", target="json-a") == 2
    teller.stop()
    # Later starts skip nothing, however long the role was away.
    teller.publish(fresh(5), at_ms=now_ms() - 30 * HOUR)
    teller.start()
    await_that(lambda: 5 in numbers(robots.texts("json-a")), "what was published meanwhile is told")
    teller.await_through()
    teller.stop()
    assert numbers(robots.texts("json-a")) == dict.fromkeys((2, 4, 5), 1)
