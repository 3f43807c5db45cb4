"""A new secret changes nothing of what came before it, and nobody without the ring can say what a rater is called."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.folder import Folder
from schemas.decoding import decode
from schemas.event import Event
from schemas.privacy import Privacy
from schemas.secret import Seal, Secret, SecretError, ensure_secret, load_secret
from sinks.columns import event_columns
from streams.routing import Origin, Origins
from streams.transport.record import Record
from tests.assessment.sealing import refused, typed, up, write
from tests.box import Box, await_that
from tests.examples import event
from tests.privacy.town import PERSON, holding

_OLD: Final = Secret(bytes(range(32)))
_RING: Final = _OLD.rotated(1000, b"n" * 32).rotated(2000, b"m" * 32)
_PRIVACY: Final = Privacy.from_secret(_RING)
_ANY: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_NUMBERS: Final = st.sampled_from(
    ["13811112222", "１３８１１１１２２２２", "云A12345613811112222", "53010219900101123X", "好", "0871-63123456", ""]
)
_TEXTS: Final = st.lists(_NUMBERS | st.text(max_size=4), max_size=4).map("".join)


def test_the_moment_of_an_event_decides_by_which_secret_its_rater_is_hashed() -> None:
    first, second, third = (_PRIVACY.rater_hash(PERSON, at_ms) for at_ms in (999, 1999, 2000))
    assert len({first, second, third}) == 3
    assert first == Privacy.from_secret(_OLD).rater_hash(PERSON, 5000)
    assert _PRIVACY.rater_hashes(PERSON) == [third, second, first]
    assert _PRIVACY.rater_hash(PERSON, 1000) == second


def test_what_was_sealed_opens_with_the_whole_ring_and_a_secret_that_is_to_come_seals_nothing_yet() -> None:
    place = "pingliu.events/0/1"
    before, now, later = Secret(_RING.text(), 500), Secret(_RING.text(), 1500), _RING
    for secret in (_OLD, before, now, later):
        assert Seal(_RING).open(Seal(secret).close(b"raw", place), place) == b"raw"
        assert Origins(_RING).read("t", Origins(secret).headers("t", Origin("t", 1, 2))) == ("t", 1, 2)
    assert Seal(before).close(b"raw", place) == Seal(_OLD).close(b"raw", place) != Seal(now).close(b"raw", place)
    with pytest.raises(SecretError):
        Seal(_OLD).open(Seal(now).close(b"raw", place), place)
    assert _RING.keys("x") == [_RING.key("x"), now.key("x"), _OLD.key("x")]


@given(
    st.fixed_dictionaries(
        {"comment": _TEXTS, "rater": st.none() | _TEXTS},
        optional={"nick": _ANY, "phone": _ANY, "tag_version": _TEXTS},
    ),
    st.sampled_from([500, 1500, 2500]),
)
def test_what_we_publish_is_stored_as_what_came_directly(fields: dict[str, Any], at_ms: int) -> None:
    data = {"rating": "R-1", "level": "satisfied", "channel": "qr", **fields}
    published = _PRIVACY.publishable("rating.submitted", data, at_ms)
    assert _stored(published, at_ms) == _stored(data, at_ms)
    assert _PRIVACY.publishable("rating.submitted", published, 9999) is published
    rater = published.get("rater") or ""
    assert rater == "" or (rater != fields["rater"] and rater.startswith("hmac-sha256:"))


def _stored(data: Any, at_ms: int) -> Any:
    one = Event(7, at_ms, "id", "source", "rating.submitted", 0, "530102001", "530102001-00", "", "", dict(data))
    return event_columns([one], 1, _PRIVACY)


def test_nobody_else_can_name_a_hash() -> None:
    token = _PRIVACY.publishable("rating.submitted", {"rating": "R-1", "rater": PERSON}, 500)["rater"]
    named = _PRIVACY.rater_hash(PERSON, 500)
    assert _PRIVACY.rater_hash(token, 2500) == named
    forged = [token[:-1] + ("0" if token[-1] != "0" else "1"), f"hmac-sha256:{named}", f"hmac-sha256:{named}.", named]
    forged.append(Privacy.from_secret(Secret(b"x" * 32)).publishable("rating.submitted", {"rater": PERSON}, 0)["rater"])
    assert named not in [_PRIVACY.rater_hash(text, 500) for text in forged]


def test_a_token_is_a_rater_that_the_contract_takes() -> None:
    raw = event("rating.submitted")
    raw["data"] = dict(_PRIVACY.publishable("rating.submitted", raw["data"], 500))
    decoded = decode([Record(0, 1_800_000_000_000, None, json.dumps(raw).encode())])
    assert len(decoded.events) == 1


@pytest.mark.parametrize(
    "lines",
    [
        b"",
        b"0 " + b"61" * 31 + b"\n",
        b"5 " + b"61" * 32 + b"\n",
        b"0 xx\n",
        b"0 %s\n0 %s\n" % (b"61" * 32, b"62" * 32),
    ],
)
def test_a_ring_that_is_damaged_is_refused_and_not_quoted(lines: bytes) -> None:
    with pytest.raises(SecretError) as refusal:
        Secret(b"pingliu ring 1\n" + lines)
    assert "61" not in str(refusal.value)


def test_a_file_becomes_a_ring_of_its_owner_alone_that_is_in_force_when_all_can_have_it(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    old = ensure_secret(path)
    assert "T00:00:00+08:00" in typed("secret", "rotate", "--secret", str(path))
    ring = load_secret(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert ring.grew_from(old)
    assert ring.key("x") == old.key("x")  # not yet in force
    assert len(ring.keys("x")) == 2
    assert "2090-01-01T00:00:00+08:00" in typed("secret", "rotate", "--secret", str(path), "--from", "2090-01-01T00:00")
    assert "is past" in refused("secret", "rotate", "--secret", str(path), "--from", "2020-01-01T00:00")
    assert "later than the newest" in refused("secret", "rotate", "--secret", str(path), "--from", "2089-01-01T00:00")
    assert load_secret(path).grew_from(ring)
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_takes_over_a_ring_that_only_grew(tmp_path: Path) -> None:
    folder, cluster = Folder(tmp_path / "data"), tmp_path / "secret"
    ensure_secret(cluster)
    folder.create()
    folder.adopt_secret(cluster)
    shutil.copy(cluster, tmp_path / "before")
    typed("secret", "rotate", "--secret", str(cluster))
    folder.adopt_secret(cluster)
    assert folder.secret.read_bytes() == cluster.read_bytes()
    with pytest.raises(SecretError, match="another cluster"):
        folder.adopt_secret(tmp_path / "before")


def test_a_log_stored_again_after_a_rotation_gives_the_same_and_a_person_is_forgotten_under_every_secret(
    tmp_path: Path,
) -> None:
    box = Box(tmp_path / "data")
    first, second = (
        [json.dumps(event("rating.submitted", id=name, rating=name, rater=PERSON)).encode()] for name in ("A", "B")
    )
    box.ingest(write(tmp_path / "first.ndjson", [*first, b"cut off"]))
    box.run("secret", "rotate")
    box.ingest(write(tmp_path / "second.ndjson", second))
    stored = box.rows("SELECT rating, rater_hash FROM ratings ORDER BY rating")
    (place,) = (row["place"] for row in map(json.loads, box.run("rejected", "list", "--json").splitlines()))
    assert box.run("rejected", "show", place) == "cut off\n"
    hashes = [row["rater_hash"] for row in stored]
    assert len(set(hashes)) == 2
    shutil.rmtree(box.root / "clickhouse")
    with up(box):
        await_that(lambda: box.run("query", "SELECT count() FROM events") == "2\n", "the log is stored again")
    assert box.rows("SELECT rating, rater_hash FROM ratings ORDER BY rating") == stored
    box.run("forget", "--rater", PERSON)
    assert box.rows("SELECT DISTINCT rater_hash, comment FROM ratings") == [{"rater_hash": "", "comment": ""}]
    assert holding(box.root, *(one.encode() for one in hashes)) == {}
