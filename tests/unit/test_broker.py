"""The broker's URL: what it may say, and that no password is ever part of it or of what is printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.broker import Broker, BrokerError


def test_hosts_have_their_ports_and_9092_where_none_is_said() -> None:
    assert Broker.parse("kafka://a:19092,b,[::1]:9093").hosts == ("a:19092", "b:9092", "[::1]:9093")


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("sqlite:///x", "kafka://"),
        ("kafka://", "HOST:PORT"),
        ("kafka://a:port", "HOST:PORT"),
        ("kafka://a:0", "HOST:PORT"),
        ("kafka://a/topic", "path"),
        ("kafka://u:hunter2/x@a", "path"),
        ("kafka://u:hunter2@a", "PINGLIU_BROKER_PASSWORD"),
        ("kafka://u@a", "PINGLIU_BROKER_PASSWORD"),
        ("kafka://a?tls=yes", "tls"),
        ("kafka://a?colour=red", "colour"),
        ("kafka://a?mechanism=GSSAPI", "mechanism"),
        ("kafka://a?ca=/nowhere&tls=true", "ca"),
    ],
)
def test_a_url_that_can_t_be_used_is_refused_by_the_part_at_fault(url: str, part: str) -> None:
    with pytest.raises(BrokerError) as refused:
        Broker.parse(url)
    assert part in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_password_is_not_shown_to_the_network_nor_in_print(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="PLAIN"):
        Broker.parse("kafka://u@a?mechanism=PLAIN", "hunter2")
    broker = Broker.parse("kafka://u@a?mechanism=PLAIN&tls=true", "hunter2")
    assert broker.client_options()["sasl_plain_password"] == "hunter2"  # noqa: S105
    assert "hunter2" not in repr(broker)
    (tmp_path / "ca").write_text("no certificate")
    with pytest.raises(BrokerError, match="TLS files"):
        Broker.parse(f"kafka://a?tls=true&ca={tmp_path / 'ca'}").client_options()
