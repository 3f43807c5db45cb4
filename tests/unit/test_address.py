"""The server's URL: what it may say, and that no password is ever part of it or of what is printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.server import Certificate
from schemas.secret import SecretError
from sinks.address import Address, AddressError, password_from


def test_hosts_have_their_ports_and_the_usual_ones_where_none_is_said(tmp_path: Path) -> None:
    assert Address.parse("clickhouse://a/pingliu") == Address((("a", 9000),))
    assert Address.parse("clickhouse://a:1,b,[::1]:2,[::2]/pingliu").hosts == (
        ("a", 1), ("b", 9000), ("::1", 2), ("::2", 9000),
    )  # fmt: skip
    certificate = Certificate(tmp_path)
    certificate.make()
    ca = certificate.ca_file
    found = Address.parse(f"clickhouse://r%40w@a,b:1/pingliu?secure=true&ca={ca}&compression=none", "hunter2")
    assert found == Address((("a", 9440), ("b", 1)), "r@w", "hunter2", secure=True, ca=ca, compression="none")


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("http://a/pingliu", "clickhouse://"),
        ("clickhouse:a/pingliu", "clickhouse://"),
        ("clickhouse:///pingliu", "host"),
        ("clickhouse://a,/pingliu", "host"),
        ("clickhouse://:9000/pingliu", "host"),
        ("clickhouse://a:0/pingliu", "port"),
        ("clickhouse://a:65536/pingliu", "port"),
        ("clickhouse://a:/pingliu", "port"),
        ("clickhouse://a:²/pingliu", "port"),
        ("clickhouse://a", "database"),
        ("clickhouse://a/", "database"),
        ("clickhouse://a/other", "database must be pingliu"),
        ("clickhouse://a/pingliu/x", "database"),
        ("clickhouse://a/pingliu?secure=yes", "secure"),
        ("clickhouse://a/pingliu?colour=red", "colour"),
        ("clickhouse://a/pingliu?compression=zip", "compression"),
        ("clickhouse://a/pingliu?ca=/nowhere", "secure=true"),
        ("clickhouse://a/pingliu?ca=/nowhere&secure=true", "/nowhere"),
    ],
)
def test_a_url_that_can_t_be_used_is_refused_by_the_part_at_fault(url: str, part: str) -> None:
    with pytest.raises(AddressError) as refused:
        Address.parse(url)
    assert part in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "clickhouse://u:hunter2@a/pingliu",
        "clickhouse://u:hun/ter2@a/pingliu",
        "clickhouse://u:hunter2@@a/pingliu",
        "clickhouse://u:hunter2?@a/pingliu",
        "clickhouse://u:hunter2#@a/pingliu",
        "clickhouse://a/pingliu?password=hunter2",
        "u:hunter2@a/pingliu",
    ],
)
def test_a_password_in_the_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(AddressError) as refused:
        Address.parse(url)
    assert "hun" not in str(refused.value)
    if "?@" not in url and url.startswith("clickhouse"):
        assert "PINGLIU_CLICKHOUSE_PASSWORD" in str(refused.value)


def test_what_is_made_without_a_url_is_checked_as_well() -> None:
    for wrong in ({"hosts": ()}, {"hosts": (("", 1),)}, {"hosts": (("a", 0),)}):
        with pytest.raises(AddressError, match="host"):
            Address(**wrong)
    with pytest.raises(AddressError, match="compression"):
        Address((("a", 1),), compression="zip")


def test_a_ca_file_that_holds_no_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text("no certificate")
    with pytest.raises(AddressError, match=f"ca: {tmp_path}"):
        Address.parse(f"clickhouse://a/pingliu?secure=true&ca={tmp_path / 'ca'}")


def test_a_password_is_not_shown_in_print() -> None:
    assert "hunter2" not in repr(Address.parse("clickhouse://u@a/pingliu", "hunter2"))


def test_the_password_comes_from_the_environment_or_from_a_file_but_not_both(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("hunter2\n")
    assert password_from({}) is None
    assert password_from({"PINGLIU_CLICKHOUSE_PASSWORD": "hunter2"}) == "hunter2"
    from_file = {"PINGLIU_CLICKHOUSE_PASSWORD_FILE": str(file)}
    assert password_from(from_file) == "hunter2"
    with pytest.raises(SecretError, match="both"):
        password_from({**from_file, "PINGLIU_CLICKHOUSE_PASSWORD": "hunter2"})
