"""No phone, identity card or plate gets past masking; raters become hashes; the secret stays one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.privacy import Privacy, mask, mask_raw
from schemas.secret import Seal, Secret, SecretError, ensure_secret, load_secret

_PRIVACY = Privacy.from_secret(Secret(bytes(32)))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("打13812345678", "打***"),
        ("+86 138 1234 5678 请回电", "*** 请回电"),
        ("座机0871-63123456。", "座机***。"),
        ("身份证53010219900101123X", "身份证***"),
        ("车牌云A12345挡路", "车牌***挡路"),
        ("新能源云AD12345", "新能源***"),
        ("事项 20261101123456 等了 15 分钟", "事项 20261101123456 等了 15 分钟"),
        ("", ""),
        ("138.1234.5678", "***"),
        ("(138)12345678", "***"),
        ("(0871) 63123456", "***"),
        ("１３８１２３４５６７８", "***"),
        ("云a12345", "***"),
    ],
)
def test_what_identifies_a_person_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_bytes_that_are_no_text_are_masked_and_else_kept() -> None:
    assert mask_raw(b"\xff 13812345678 \xfe") == b"\xff *** \xfe"


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_are_fatal_to_masking(raw: bytes) -> None:
    assert isinstance(mask_raw(raw), bytes)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"rater": null, "name":""}',
        b"",
        b"\xff\xfe",
        b'{"a" : 1,\n "b":"\\u4e91 \\ud83d"}',
        "{'半': 截".encode(),
        b"[" * 5000,
        b'{"n":1e999,"i":%d}' % 10**400,
    ],
)
def test_bytes_without_a_person_are_kept_as_they_are(raw: bytes) -> None:
    assert mask_raw(raw) == raw


def test_data_is_cleaned_wherever_vendors_put_a_person() -> None:
    data = {
        "rating": "13812345678", "rater": "13800000000", "comment": "电话13812345678",
        "userName": "张三", "extra": [{"phone": "13812345678", "note": "找13812345678"}], "pf": 4,
    }  # fmt: skip
    assert _PRIVACY.clean("rating.submitted", data) == {
        "rating": "13812345678", "rater": "***", "comment": "电话***",
        "userName": "***", "extra": [{"phone": "***", "note": "找***"}], "pf": 4,
    }  # fmt: skip


def test_data_without_a_person_is_the_same_object() -> None:
    data = {"rating": "R-1", "comment": "好", "pf": "4"}
    assert _PRIVACY.clean("rating.submitted", data) is data
    assert _PRIVACY.publishable("rating.submitted", data, 0) is data


def test_a_raters_hash_depends_on_the_secret_and_on_nothing_else() -> None:
    one, other = (Privacy.from_secret(Secret(bytes([n]) * 32)) for n in (1, 2))
    assert one.rater_hash("13800000000", 5) == one.rater_hash("13800000000", 9) != other.rater_hash("13800000000", 5)
    assert len(one.rater_hash("张三", 0)) == 64


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(SecretError, match="32 are needed"):
        Secret(b"short")


def test_sealed_bytes_open_only_with_their_secret_and_at_their_place() -> None:
    seal = Seal(Secret(bytes(32)))
    sealed = seal.close(b"\xffraw", "pingliu.events/0/1")
    assert b"raw" not in sealed
    assert seal.open(sealed, "pingliu.events/0/1") == b"\xffraw"
    assert seal.open(seal.close(b"", "x"), "x") == b""
    for other, place in ((seal, "pingliu.events/0/2"), (Seal(Secret(b"1" * 32)), "pingliu.events/0/1")):
        with pytest.raises(SecretError, match=place):
            other.open(sealed, place)


def test_a_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "secret"
    first = ensure_secret(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert ensure_secret(path).key("x") == first.key("x") != first.key("y")
    path.chmod(0o644)
    with pytest.raises(SecretError, match="chmod 600"):
        load_secret(path)
    path.chmod(0o600)
    os.truncate(path, 5)
    with pytest.raises(SecretError, match="5 bytes"):
        load_secret(path)
    with pytest.raises(SecretError, match="nowhere"):
        load_secret(tmp_path / "nowhere")
