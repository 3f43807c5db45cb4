"""A real gateway over a real folder: what is answered, to whom, and what is then in the log."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from deploy.folder import Endpoint, Folder
from schemas.published import Rejected
from schemas.secret import Seal, load_secret
from streams.gateway.devices import DeviceBook, now_ms
from streams.topics import REJECTED
from tests.gateway.caller import Caller, Said, array, time_ms
from tests.gateway.conftest import add_device
from tests.security.door import OTHER_WINDOW, WINDOW, Door, rating

_PHONE = "13912345678"


def _device(door: Door, name: str, **options: Any) -> str:
    return add_device(Folder(door.root), name, f"t/{name}", **options)


def _ids(door: Door, source: str, topic: str = "pingliu.events") -> list[str]:
    return [said["id"] for said in door.events(topic) if said["source"] == source]


def test_what_is_accepted_is_in_the_log_when_the_answer_comes_and_is_said_of_each(
    door: Door, endpoint: Endpoint
) -> None:
    caller = Caller(endpoint, _device(door, "each"))
    good = rating(1, "t/each")
    one = caller.call(good, content_type="application/cloudevents+json")
    assert (one.status, one.verdicts) == (200, ["accepted"])
    assert _ids(door, "t/each") == ["000001"]
    many = caller.call(array(rating(2, "t/each"), rating(2, "t/each"), rating(3, "t/each", level="fine"), b"7"))
    assert (many.status, many.verdicts) == (
        200,
        ["accepted", "duplicate", "rejected invalid_field", "rejected not_an_event"],
    )
    assert {name: many.json[name] for name in ("accepted", "duplicate", "rejected")} == {
        "accepted": 1, "duplicate": 1, "rejected": 2,
    }  # fmt: skip
    assert many.json["verdicts"][2]["field"] == "data.level"
    assert _ids(door, "t/each") == ["000001", "000002"]
    lines = caller.call(rating(4, "t/each") + b"\n" + rating(5, "t/each"), content_type="application/x-ndjson")
    assert lines.verdicts == ["accepted"] * 2
    put = caller.call(rating(6, "t/each"), method="PUT", content_type="")
    assert put.verdicts == ["accepted"]
    assert caller.call(b"[]").json["verdicts"] == []
    assert _ids(door, "t/each") == [f"{number:06}" for number in (1, 2, 4, 5, 6)]


def test_where_every_event_is_rejected_the_answer_is_422(door: Door, endpoint: Endpoint) -> None:
    caller = Caller(endpoint, _device(door, "wrong"))
    assert caller.call(array(rating(1, "t/wrong", level="fine"), b"1")).status == 422
    broken = caller.call(b'[{"specversion":"1.0"},')
    assert (broken.status, broken.verdicts) == (422, ["rejected not_json"])
    assert caller.call(b"", content_type="application/cloudevents+json").verdicts == ["rejected not_json"]


def test_a_reject_is_kept_masked_and_sealed_and_again_it_replaces_itself(door: Door, endpoint: Endpoint) -> None:
    caller = Caller(endpoint, _device(door, "kept"))
    wrong = rating(1, "t/kept", level="fine", rater=_PHONE)
    places = {caller.call(wrong).json["verdicts"][0]["kept"] for _ in range(2)}
    (place,) = places
    found = [reject for reject in door.events(REJECTED) if _place(reject) == place]
    assert len(found) == 2
    assert found[0].keys() == set(Rejected.__struct_fields__)
    sealed = base64.b64decode(found[0]["sealed"])
    assert Seal(load_secret(door.root / "secret")).open(sealed, place) == wrong
    raw = base64.b64decode(found[0]["raw"])
    assert json.loads(raw)["data"]["level"] == "fine"
    assert _PHONE.encode() not in raw


def _place(reject: Mapping[str, Any]) -> str:
    return "{topic}/{partition}/{offset}".format(**reject)


def test_no_rater_reaches_the_log(door: Door, endpoint: Endpoint) -> None:
    caller = Caller(endpoint, _device(door, "rater"))
    said = caller.call(array(*(rating(n, "t/rater", rater=_PHONE, comment=f"请回电{_PHONE}") for n in range(3))))
    assert said.verdicts == ["accepted"] * 3
    published = [event for event in door.events() if event["source"] == "t/rater"]
    assert len({event["data"]["rater"] for event in published}) == 1
    assert _PHONE not in json.dumps(door.events() + door.events(REJECTED))
    assert _PHONE not in door.said()


def test_heartbeats_go_to_their_own_topic(door: Door, endpoint: Endpoint) -> None:
    token = _device(door, "beats")
    beat = json.loads(rating(1, "t/beats"))
    beat |= {"type": "device.heartbeat", "data": {"device": "beats", "kind": "rating"}}
    assert Caller(endpoint, token).call(json.dumps(beat).encode()).verdicts == ["accepted"]
    assert _ids(door, "t/beats", "pingliu.devices") == ["000001"]
    assert _ids(door, "t/beats") == []


def test_another_window_s_token_is_refused_and_nothing_of_it_is_kept(door: Door, endpoint: Endpoint) -> None:
    caller = Caller(endpoint, _device(door, "elsewhere", window=OTHER_WINDOW))
    as_another = rating(1, "t/elsewhere")
    as_a_forger = rating(2, "t/each", street=OTHER_WINDOW[:9], site=OTHER_WINDOW[:12], window=OTHER_WINDOW)
    said = caller.call(array(as_another, as_a_forger))
    assert (said.status, said.verdicts) == (422, ["rejected forbidden"] * 2)
    assert [one["field"] for one in said.json["verdicts"]] == ["street", "source"]
    assert all("kept" not in one for one in said.json["verdicts"])
    assert _ids(door, "t/elsewhere") == []


def test_what_officials_decide_takes_an_office(door: Door, endpoint: Endpoint) -> None:
    for role, verdict in (("device", "rejected forbidden"), ("office", "accepted")):
        caller = Caller(endpoint, _device(door, f"void-{role}", role=role))
        void = json.loads(rating(1, f"t/void-{role}"))
        void |= {"type": "rating.voided", "data": {"rating": "R-1", "reason": "test", "decided_by": "S0001"}}
        assert caller.call(json.dumps(void).encode()).verdicts == [verdict]


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer pl1_" + "A" * 43, "Basic YTpi"])
def test_without_credentials_nothing_is_taken(endpoint: Endpoint, authorization: str) -> None:
    said = Caller(endpoint).call(rating(1, "t/nobody"), headers={"Authorization": authorization})
    assert said.status == 401
    assert said.headers["www-authenticate"] == "Bearer, Pingliu-HMAC-SHA256"
    assert said.headers["content-type"] == "application/problem+json"
    assert said.json["status"] == 401


def test_a_revoked_token_is_good_no_more_and_a_rotated_one_for_its_grace(door: Door, endpoint: Endpoint) -> None:
    token = _device(door, "turned")
    book = DeviceBook(door.root / "devices.json", load_secret(door.root / "secret"))
    fresh = book.rotate("turned", now_ms(), 3_600_000)
    assert [_status(endpoint, each, 1) for each in (token, fresh)] == [200, 200]
    newest = book.rotate("turned", now_ms(), 0)
    assert [_status(endpoint, each, 2) for each in (token, fresh, newest)] == [401, 401, 200]
    book.revoke("turned")
    assert _status(endpoint, newest, 3) == 401


def _status(endpoint: Endpoint, token: str, number: int) -> int:
    return Caller(endpoint, token).call(rating(number, "t/turned")).status


def _signed(endpoint: Endpoint, token: str, body: bytes, *, at_ms: int, path: str = "/v1/events", **wrong: Any) -> Said:
    """Signs as docs/gateway.md says, by nothing of the product's; `wrong`: what is sent otherwise than signed."""
    key = hmac.new(token.encode(), b"pingliu-sign-1", hashlib.sha256).hexdigest().encode()
    text = f"POST\n{path}\n{at_ms}\n{hashlib.sha256(body).hexdigest()}"
    sent = {"device": "signs", "time": at_ms, "signature": hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}
    sent |= {name: value for name, value in wrong.items() if name in sent}
    header = "Pingliu-HMAC-SHA256 " + ", ".join(f"{name}={value}" for name, value in sent.items())
    body = wrong.get("sent_body", body)
    return Caller(endpoint).call(body, path=wrong.get("sent_path", path), headers={"Authorization": header})


def test_a_signature_stands_for_its_request_and_its_time_alone(door: Door, endpoint: Endpoint) -> None:
    token, other = _device(door, "signs"), _device(door, "signs-not")
    body, now = rating(1, "t/signs"), time_ms()
    assert _signed(endpoint, token, body, at_ms=now).verdicts == ["accepted"]
    assert _signed(endpoint, token, body, at_ms=now, path="/v1/events?a=1").status == 200
    for off in (-290_000, 290_000):
        assert _signed(endpoint, token, body, at_ms=now + off).status == 200
    refused = [
        _signed(endpoint, token, body, at_ms=now - 310_000),
        _signed(endpoint, token, body, at_ms=now + 310_000),
        _signed(endpoint, token, body, at_ms=now, time=now + 1),
        _signed(endpoint, token, body, at_ms=now, sent_body=rating(2, "t/signs")),
        _signed(endpoint, token, body, at_ms=now, path="/v1/events", sent_path="/v1/events?a=1"),
        _signed(endpoint, token, body, at_ms=now, device="signs-not"),
        _signed(endpoint, token, body, at_ms=now, device="nobody"),
        _signed(endpoint, token, body, at_ms=now, signature="0" * 64),
        _signed(endpoint, other, body, at_ms=now),
    ]
    assert [said.status for said in refused] == [401] * len(refused)
    # The same again, as it was heard on the way, says what was said: it counts once.
    assert _signed(endpoint, token, body, at_ms=now).verdicts == ["accepted"]
    assert set(_ids(door, "t/signs")) == {"000001"}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"path": "/v1/nothing"}, 404),
        ({"path": "/v1/adapters/nothing"}, 404),
        ({"path": "/v1/events/"}, 404),
        ({"method": "GET"}, 405),
        ({"method": "OPTIONS"}, 405),
        ({"path": "/v1/time", "method": "POST"}, 405),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/json; charset=gbk"}, 415),
        ({"headers": {"Content-Encoding": "gzip"}}, 415),
        ({"body": b" " * (5 << 20)}, 413),
        ({"body": b"[" + b",".join([b"1"] * 1_001) + b"]"}, 413),
    ],
)
def test_a_request_that_can_t_be_is_told_so_as_a_problem(
    door: Door, endpoint: Endpoint, changes: dict[str, Any], status: int
) -> None:
    folder = Folder(door.root)
    book = DeviceBook(folder.devices, load_secret(folder.secret))
    token = book.rotate("odd", now_ms(), 0) if "odd" in book.devices().by_name else _device(door, "odd")
    changes = dict(changes)
    said = Caller(endpoint, token).call(changes.pop("body", b"{}"), **changes)
    assert (said.status, said.json["status"]) == (status, status)
    assert said.headers["content-type"] == "application/problem+json"
    assert "server" not in said.headers


def test_every_answer_says_the_time_and_how_far_the_device_s_is_off(endpoint: Endpoint) -> None:
    before = time_ms()
    for path, method, off in (("/v1/time", "GET", 90_000), ("/v1/events", "POST", -5), ("/nothing", "GET", 10**9)):
        said = Caller(endpoint).call(method=method, path=path, headers={"Pingliu-Time": str(time_ms() + off)})
        at, skew = int(said.headers["pingliu-time"]), int(said.headers["pingliu-clock-skew"])
        assert before <= at <= time_ms()
        assert off - (time_ms() - before) <= skew <= off
    for odd in ("soon", "-1", "9" * 40, "١٢"):
        said = Caller(endpoint).call(
            method="GET", path="/v1/time", headers={"Pingliu-Time": odd.encode().decode("latin-1")}
        )
        assert (said.status, "pingliu-clock-skew" in said.headers) == (200, False)
    assert before <= said.json["ms"] <= time_ms()


def test_a_vendor_s_records_are_taken_and_each_has_a_verdict(door: Door, endpoint: Endpoint) -> None:
    golden = Path(__file__).parents[1] / "adapters" / "golden" / "upload"
    records = [json.loads(file.read_bytes()) for file in sorted(golden.glob("*.in.json"))]
    flat = [one for record in records for one in (record if isinstance(record, list) else [record])]
    caller = Caller(endpoint, _device(door, "vendor"))
    said = caller.call(json.dumps([flat[0], {"nothing": 1}]).encode(), path="/v1/adapters/upload")
    assert said.status == 200
    assert said.verdicts[0] == "accepted"
    assert said.verdicts[1].startswith("rejected ")
    (published,) = [event for event in door.events() if event["source"].startswith("t/vendor")]
    assert published["type"] == "rating.submitted"
    assert caller.call(json.dumps(flat[0]).encode(), path="/v1/adapters/upload").verdicts == ["accepted"]


def test_the_pages_are_there_for_people_and_for_programs(door: Door, endpoint: Endpoint) -> None:
    page = Caller(endpoint).call(method="GET", path="/")
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"src=" not in page.text
    document = Caller(endpoint).call(method="GET", path="/v1/openapi.json").json
    assert document["openapi"] == "3.1.0"
    schema = {**document["components"]["schemas"]["Event"], "components": document["components"]}
    validator = jsonschema.Draft202012Validator(schema)
    assert list(validator.iter_errors(json.loads(rating(1, "t/x")))) == []
    assert list(validator.iter_errors(json.loads(rating(1, "t/x", level="fine"))))
    caller = Caller(endpoint, _device(door, "schema"))
    for kind, body in (("Verdicts", array(rating(1, "t/schema"), b"1")), ("Problem", b"[" + b"1," * 2000 + b"1]")):
        answers = {**document["components"]["schemas"][kind], "components": document["components"]}
        jsonschema.Draft202012Validator(answers).validate(caller.call(body).json)


def test_what_happened_is_counted_and_no_token_is_in_any_log(door: Door, endpoint: Endpoint) -> None:
    token = _device(door, "counted")
    Caller(endpoint, token).call(array(rating(1, "t/counted"), b"1"))
    text = door.metrics()
    for line in (
        'pingliu_gateway_requests_total{role="gateway",status="200"}',
        'pingliu_gateway_events_total{reason="",role="gateway",verdict="accepted"}',
        'pingliu_gateway_events_total{reason="not_an_event",role="gateway",verdict="rejected"}',
        'pingliu_gateway_publish_duration_seconds_count{role="gateway"}',
        'pingliu_gateway_devices{role="gateway"}',
    ):
        assert f"\n{line} " in text
    assert 'pingliu_ready{role="gateway"} 1.0\n' in text
    assert token not in door.said()
    assert "ERROR" not in door.said()
    assert WINDOW not in text
