"""No table holds what names a person, whichever way it came (contract §5)."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any, Final

import pytest

from tests.examples import event
from tests.views.log import Log
from tests.views.warehouse import RATER_KEY, SEAL, Warehouse

_TIME: Final = "2026-11-02 10:00:00"
_PHONE, _CARD, _PLATE, _NAME = "13812345678", "53010219900307123X", "云A·12345", "赵钱孙"
_SECRETS: Final = (
    _PHONE,
    "138-1234-5678",
    "138 1234 5678",
    "+8613812345678",
    _CARD,
    _PLATE,
    "云A12345",
    "0871-63123456",
    "138.1234.5678",
    "(138)12345678",
    "(0871)63123456",
)
_WORDS: Final = "请回电" + "，或找".join(_SECRETS) + "。"


def findings(warehouse: Warehouse, secrets: tuple[str, ...]) -> list[str]:
    """Where any of the texts is found: table.column, of all columns that hold text but the sealed one."""
    columns = warehouse.engine.rows(
        "SELECT c.table AS table, c.name AS name FROM system.columns AS c JOIN system.tables AS t"
        " ON c.database = t.database AND c.table = t.name WHERE c.database = 'pingliu' AND t.engine LIKE '%MergeTree'"
        " AND c.type LIKE '%String%' AND c.name != 'sealed'"
    )
    assert {
        ("event_log", "data"),
        ("event_log", "rater_hash"),
        ("rejected_log", "raw"),
        ("rejected_log", "detail"),
    } <= {(str(column["table"]), str(column["name"])) for column in columns}
    needles = {"needles": list(secrets)}
    return [
        f"{column['table']}.{column['name']}"
        for column in columns
        if warehouse.engine.rows(
            f"SELECT 1 FROM pingliu.{column['table']}"
            f" WHERE multiSearchAny(toString({column['name']}), {{needles:Array(String)}}) LIMIT 1",
            needles,
        )
    ]


def test_the_search_finds_what_is_there(warehouse: Warehouse) -> None:
    warehouse.store(Log().add("ticket.issued", _TIME, item="IT-云A·12345").put(b"{nonsense").messages)
    assert findings(warehouse, (_PLATE,)) == ["event_log.data", "event_log.item"]
    assert findings(warehouse, ("nonsense",)) == ["rejected_log.raw"]


@pytest.mark.parametrize("ascii_only", [True, False])
def test_no_table_holds_a_number_that_identifies_somebody_however_an_event_carries_it(
    warehouse: Warehouse, ascii_only: bool
) -> None:
    log = Log()
    unknown: dict[str, Any] = {
        "remark": _WORDS, "nested": {"deep": [_WORDS, {_PHONE: _CARD}]}, "phone": _PHONE, "Mobile": [_PHONE],
        "callback": int(_PHONE), "callbacks": [float(_PHONE)], _PHONE: 1, "wide": "１３８１２３４５６７８",
        "username": _NAME, "applicantName": _NAME, "address": {"of": _NAME}, "who": {"name": _NAME, "idcard": _CARD},
    }  # fmt: skip
    for number, rater in enumerate((_PHONE, _CARD, _NAME)):
        data = {**unknown, "rating": f"R-{number}", "rater": rater, "comment": f"我是{_WORDS}", "real_name": True}
        data |= {"service": None, "level": "satisfied", "channel": "qr"}
        log.add("rating.submitted", _TIME, data=data)
    for kind, field in (
        ("appeal.filed", "ground"), ("suggestion.received", "text"), ("rating.voided", "document"),
        ("rectification.extended", "reason"), ("rectification.completed", "measure"), ("conduct.recorded", "note"),
    ):  # fmt: skip
        envelope = event(kind, **{field: _WORDS}, id=f"id-{field}")
        log.put({**envelope, "data": {**envelope["data"], **unknown, "rater": _PHONE}})
    for number, message in enumerate(log.messages):
        said = json.dumps(json.loads(message.value or b""), ensure_ascii=ascii_only).encode()
        log.messages[number] = replace(message, value=said)
    warehouse.store(log.messages)
    assert len(warehouse.table("events")) == 9
    assert findings(warehouse, (*_SECRETS, _NAME, "１３８１２３４５６７８")) == []


@pytest.mark.parametrize("ascii_only", [True, False])
def test_no_table_holds_a_person_of_a_refused_message_but_it_can_be_sent_again(
    warehouse: Warehouse, ascii_only: bool
) -> None:
    log = Log()
    said = event(
        "rating.submitted", comment=_WORDS, rater=_NAME, remark=_WORDS, username=_NAME, user_name=_NAME,
        callback=int(_PHONE), wide="１３８１２３４５６７８", who={"name": {"first": _NAME}}, **{_PHONE: 1},
    )  # fmt: skip
    refused: list[Any] = [
        {**said, "street": "1"},
        {**said, "site": _PHONE},
        {**said, "window": _PHONE},
        {**said, "type": _PHONE},
        {**said, "time": "2040-01-01T00:00:00Z"},
        {**said, "specversion": _PHONE},
        [said],
        event("rating.submitted", level=_PHONE, comment=_WORDS, rater=_NAME),
        event("rating.submitted", comment=_WORDS * 20, rater=_NAME),
    ]
    texts = [json.dumps(message, ensure_ascii=ascii_only) for message in refused]
    texts += [text[:-3] for text in texts]  # cut off, hence no JSON
    texts += [texts[0][: texts[0].index(_PHONE) + len(_PHONE)], texts[0] + " " * 65_536]
    texts += [
        f'{{"rater":"{_NAME}","rater":""}}',
        f'{{"rater" : "{_NAME}',
        json.dumps(_WORDS, ensure_ascii=ascii_only),
    ]
    raws = [text.encode() for text in texts]
    raws += [_WORDS.encode(), _WORDS.encode()[:-1], b"\xff" + _WORDS.encode() + b"\xfe"]
    for raw in raws:
        log.put(raw)
    warehouse.store(log.messages)
    assert len(warehouse.table("rejected")) == len(log.messages)
    needles = (
        *_SECRETS,
        _NAME,
        "１３８１２３４５６７８",
        *(json.dumps(text)[1:-1] for text in (_PLATE, "云A12345", _NAME)),
    )
    assert findings(warehouse, needles) == []
    for row in warehouse.engine.rows("SELECT offset, hex(sealed) AS sealed FROM pingliu.rejected_log FINAL"):
        place, sealed = f"pingliu.events/0/{row['offset']}", bytes.fromhex(str(row["sealed"]))
        assert SEAL.open(sealed, place) == log.messages[int(str(row["offset"]))].value


def test_a_rater_is_the_same_keyed_hash_wherever_and_however_often_he_rates(warehouse: Warehouse) -> None:
    log = Log()
    raters = [_PHONE, _NAME, _PHONE, None, ""]
    for number, rater in enumerate(raters):
        elsewhere: dict[str, Any] = (
            {"street": "530102002", "site": "530102002-00", "window": None} if number == 2 else {}
        )
        log.add("rating.submitted", _TIME, rating=f"R{number}", rater=rater, service=None, **elsewhere)
    warehouse.store(log.messages)
    ratings = warehouse.table("ratings")
    hashes = [ratings[f"R{number}",]["rater_hash"] for number in range(len(raters))]
    known = {rater: hmac.new(RATER_KEY, rater.encode(), hashlib.sha256).hexdigest() for rater in (_PHONE, _NAME)}
    assert hashes == [known[_PHONE], known[_NAME], known[_PHONE], "", ""]
    assert {row["data"]["rater"] for row in warehouse.table("events").values() if row["data"]["rater"]} <= {"***"}
