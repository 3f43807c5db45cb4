"""The file of devices: what is kept of tokens, and who is whom."""

from __future__ import annotations

import multiprocessing
import re
import stat
from pathlib import Path

import pytest

from schemas.secret import Secret
from streams.gateway.credentials import parse, signature, signing_key, token_hash
from streams.gateway.devices import Device, DeviceBook, DeviceError, state_of

_SECRET = Secret(bytes(range(32)))
_NOW = 1_800_000_000_000
_HOUR = 3_600_000


def _book(tmp_path: Path) -> DeviceBook:
    return DeviceBook(tmp_path / "devices.json", _SECRET)


def _is_good(book: DeviceBook, token: str, at_ms: int = _NOW) -> bool:
    devices = book.devices()
    device = devices.of_token(token_hash(token), at_ms)
    assert device is None or signing_key(token) in set(devices.keys(device, at_ms))
    return device is not None


def test_a_token_is_good_from_its_making_until_it_is_revoked_for_every_reader_at_once(tmp_path: Path) -> None:
    book, reader = _book(tmp_path), _book(tmp_path)
    assert reader.devices().by_name == {}
    token = book.add(Device("a", "terminal/a"), _NOW)
    other = book.add(Device("b", "terminal/b"), _NOW)
    assert _is_good(reader, token)
    book.revoke("a")
    assert not _is_good(reader, token)
    assert _is_good(reader, other)
    assert state_of(reader.devices().by_name["a"], _NOW) == "revoked"


def test_a_rotated_token_is_good_for_its_grace_and_no_longer(tmp_path: Path) -> None:
    book = _book(tmp_path)
    first = book.add(Device("a", "terminal/a"), _NOW)
    second = book.rotate("a", _NOW, _HOUR)
    assert [_is_good(book, token, _NOW + _HOUR - 1) for token in (first, second)] == [True, True]
    assert [_is_good(book, token, _NOW + _HOUR) for token in (first, second)] == [False, True]
    # Rotated again, a grace is never made longer; without one the former is good no more.
    third = book.rotate("a", _NOW, 10 * _HOUR)
    assert [_is_good(book, token, _NOW + _HOUR) for token in (first, second, third)] == [False, True, True]
    fourth = book.rotate("a", _NOW, 0)
    assert [_is_good(book, token) for token in (first, second, third, fourth)] == [False, False, False, True]


def test_the_file_is_its_owner_s_alone_and_holds_no_token_and_no_key(tmp_path: Path) -> None:
    book = _book(tmp_path)
    token = book.add(Device("a", "terminal/a"), _NOW)
    file = tmp_path / "devices.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_bytes()
    assert token.encode() not in text
    assert token[4:].encode() not in text
    assert signing_key(token) not in text
    file.chmod(0o644)
    with pytest.raises(DeviceError, match="can be read by others"):
        book.devices()


def test_nobody_gets_a_name_or_a_source_that_another_has_or_could_speak_as(tmp_path: Path) -> None:
    book = _book(tmp_path)
    book.add(Device("a", "terminal/a"), _NOW)
    with pytest.raises(DeviceError, match="registered already"):
        book.add(Device("a", "terminal/other"), _NOW)
    for source in ("terminal/a", "terminal/a/left", "terminal"):
        with pytest.raises(DeviceError, match="source"):
            book.add(Device("b", source), _NOW)
    book.add(Device("b", "terminal/ab"), _NOW)


@pytest.mark.parametrize("name", ["", "a b", "-a", "a" * 65, "设备", "a/b", 'a"'])
def test_a_name_that_can_t_stand_in_a_header_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DeviceError, match="name"):
        _book(tmp_path).add(Device(name, "terminal/a"), _NOW)


def test_a_damaged_file_lets_nobody_in_and_is_not_written_over(tmp_path: Path) -> None:
    book = _book(tmp_path)
    book.add(Device("a", "terminal/a"), _NOW)
    file = tmp_path / "devices.json"
    file.write_bytes(file.read_bytes()[:-10])
    damaged = file.read_bytes()
    with pytest.raises(DeviceError, match="damaged"):
        book.devices()
    with pytest.raises(DeviceError, match="damaged"):
        book.add(Device("b", "terminal/b"), _NOW)
    assert file.read_bytes() == damaged


def _add_some(path: Path, first: int) -> None:
    book = DeviceBook(path, _SECRET)
    for number in range(first, first + 20):
        book.add(Device(f"d{number}", f"terminal/d{number}"), _NOW)


def test_processes_that_register_at_once_lose_nobody(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_add_some, args=(tmp_path / "devices.json", first)) for first in (0, 100, 200)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    assert len(_book(tmp_path).devices().by_name) == 60


@pytest.mark.parametrize(
    "header",
    [
        "", "Bearer", "Bearer x", "Basic YTpi", "Bearer pl1_" + "x" * 42, "Bearer pl1_" + "x" * 44,
        "Pingliu-HMAC-SHA256 device=a, time=1", "Pingliu-HMAC-SHA256 device=a, time=x, signature=" + "0" * 64,
        "Pingliu-HMAC-SHA256 device=a, device=b, time=1, signature=" + "0" * 64,
        "Pingliu-HMAC-SHA256 device=a, time=1, signature=" + "0" * 63,
    ],
)  # fmt: skip
def test_credentials_that_could_not_be_right_are_none(header: str) -> None:
    assert parse(header) is None


def test_requests_are_signed_as_the_page_s_example_which_another_program_made() -> None:
    page = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"is signed\n`([0-9a-f]{64})`", page)
    key = signing_key("pl1_" + 43 * "A")
    assert signature(key, "POST", "/v1/events", 1793585730123, b"{}") == example
