"""Rates, crowds and budgets, by a clock of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from streams.gateway.limits import Budget, Crowd, Rates, peer_of
from streams.gateway.settings import GatewaySettings


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 30)), max_size=40))
def test_however_it_is_asked_no_more_is_granted_than_burst_and_rate(asked: list[tuple[int, int]]) -> None:
    rates, now, granted = Rates(rate=10, burst=100, kept=5), 0.0, 0
    for pause, cost in asked:
        now += pause / 10
        wait = rates.take("a", cost, now)
        granted += 0 if wait else cost
        assert granted <= 100 + 10 * now + 1e-6
        # Who waits as long as told gets it.
        assert rates.wait("a", cost, now + wait + 1e-6) == 0 or wait == 0
    assert rates.take("b", 100, now) == 0


def test_who_was_forgotten_begins_full_and_memory_is_bounded() -> None:
    rates = Rates(rate=1, burst=1, kept=2)
    assert [rates.take(name, 1, 0) for name in "abca"] == [0, 0, 0, 0]
    assert rates.take("a", 1, 0) == 1


def test_a_crowd_is_bounded_in_all_and_each() -> None:
    crowd = Crowd(3, 2)
    assert [crowd.enter(name) for name in "aaabb"] == [None, None, "each", None, "all"]
    crowd.leave("a")
    assert (crowd.enter("b"), crowd.count) == (None, 3)


def test_a_share_goes_back_to_its_budget_however_it_ends() -> None:
    budget = Budget(12, 10)
    with pytest.raises(ValueError, match="broken"), budget.share("a") as share:  # noqa: PT012 - the end is what counts
        assert (share.grow(8), share.grow(3), share.grow(2)) == (True, False, True)
        with budget.share("b") as other:
            assert (other.grow(3), other.grow(2)) == (False, True)
        assert budget.used == 10
        raise ValueError("broken")
    assert budget.used == 0


def test_of_ipv6_a_network_is_a_peer() -> None:
    assert peer_of("2001:db8::1") == peer_of("2001:db8:0:0:ffff::2") != peer_of("2001:db8:0:1::1")
    assert peer_of("::ffff:10.0.0.1") == peer_of("10.0.0.1") == "10.0.0.1"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"host": "0.0.0.0"}, "host"),  # noqa: S104 - refused
        ({"host": "example.org"}, "host"),
        ({"tls_cert": "/a"}, "tls_key"),
        ({"device_burst": 10}, "device_burst"),
        ({"idle_seconds": 0}, "idle_seconds"),
        ({"unknown": 1}, "unknown"),
    ],
)
def test_a_setting_that_can_t_be_is_refused_by_its_name(changes: dict[str, object], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        GatewaySettings.from_environ({}, devices=Path("/d"), **changes)


def test_settings_come_from_variables_and_what_is_given_goes_before() -> None:
    environ = {"PINGLIU_GATEWAY_PORT": "1", "PINGLIU_GATEWAY_DEVICE_RATE": "7"}
    settings = GatewaySettings.from_environ(environ, devices=Path("/d"), port=2)
    assert (settings.port, settings.device_rate) == (2, 7)


def test_every_setting_of_the_gateway_is_documented() -> None:
    reference = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")
    section = reference.partition("\n### Settings of the gateway\n")[2].partition("\n## ")[0]
    for name, field in GatewaySettings.model_fields.items():
        assert f"\n| `{name}` |" in section, name
        assert f"| {field.description} |\n" in section, field.description
