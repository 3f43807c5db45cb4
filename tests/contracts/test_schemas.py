"""What integrators are given says what the decoder does: schemas, examples, the AsyncAPI document, and their files."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from deploy.contract import GENERATED, INTERNAL, asyncapi, contract_files, write_files
from deploy.local.node import asyncapi_faults
from schemas.contracts import BY_TYPE, EXAMPLES, REFUSED, any_schema, event_schema, schema_id, type_schema
from schemas.decoding import decode
from schemas.event import Reject
from schemas.events import KNOWN_FIELDS, TYPES
from schemas.published import LiveBucket, Notice, Rejected
from streams.topics import TOPICS
from tests.examples import RECEIVED_MS, event
from tests.servers import need

_CONTRACT = Path(__file__).parents[2] / "docs" / "contract"
_VALIDATORS = {kind: Draft202012Validator(type_schema(kind)) for kind in TYPES}
_ANY = Draft202012Validator(any_schema())


@dataclass(frozen=True)
class _Raw:
    value: bytes
    offset: int = 0
    timestamp_ms: int = RECEIVED_MS


def _decoded(value: Any) -> Reject | None:
    decoded = decode([_Raw(json.dumps(value, ensure_ascii=False).encode())])
    return decoded.rejects[0] if decoded.rejects else None


def _faulty_fields(value: Any, kind: str) -> set[str]:
    """The fields that a type's schema finds at fault, as the decoder names them."""
    return set(_fields(_VALIDATORS[kind].iter_errors(value)))


def _fields(errors: Iterator[Any]) -> Iterator[str]:
    for error in errors:
        path = [str(part) for part in error.absolute_path]
        if error.validator == "required":
            missing = [name for name in error.validator_value if name not in error.instance]
            yield from (".".join([*path, name]) for name in missing)
        elif error.context:
            # The alternatives of an optional: its shape, and null, which says nothing more than that it isn't null.
            inner = {".".join(str(part) for part in one.absolute_path) for one in error.context}
            yield from inner - {".".join(path)} or inner
        else:
            yield ".".join(path)


def test_every_type_has_a_schema_that_is_one_by_the_metaschema() -> None:
    for kind in TYPES:
        schema = type_schema(kind)
        Draft202012Validator.check_schema(schema)
        assert schema["$id"] == schema_id(kind)
        assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
        assert "$ref" not in json.dumps(schema)
    Draft202012Validator.check_schema(any_schema())


def test_every_type_and_field_has_a_chinese_title_and_an_english_meaning() -> None:
    for kind in TYPES:
        schema = type_schema(kind)
        described = [schema, *schema["properties"].values(), *schema["properties"]["data"]["properties"].values()]
        for one in described:
            assert any("\u4e00" <= sign <= "\u9fff" for sign in one["title"]), (kind, one)
            assert one["description"].isprintable()
            assert one["description"].endswith(".")


def test_the_schema_of_any_event_has_no_field_that_is_never_on_the_wire() -> None:
    schema = event_schema("#/components/schemas/{model}")
    assert "batch_" not in json.dumps(schema)
    named = set(schema["discriminator"]["mapping"].values())
    assert {one["$ref"] for one in schema["oneOf"]} == named
    assert {f"#/components/schemas/{name}" for name in schema["$defs"]} >= named
    assert schema["discriminator"]["mapping"].keys() == TYPES


def test_every_type_has_an_example_and_all_are_accepted_by_decoder_schema_and_cloudevents() -> None:
    assert {example.name for example in EXAMPLES} >= TYPES
    for example in EXAMPLES:
        sent = example.event
        assert _decoded(sent) is None, example.name
        assert _faulty_fields(sent, sent["type"]) == set(), example.name
        assert _ANY.is_valid(sent), example.name
        # CloudEvents has no null for extensions in its own model; its JSON format says that null is absent.
        present = {name: value for name, value in sent.items() if value is not None}
        body = json.dumps(present).encode()
        read = from_structured_event(HTTPMessage({"content-type": "application/cloudevents+json"}, body))
        assert (read.get_id(), read.get_source(), read.get_type()) == (sent["id"], sent["source"], sent["type"])
        assert read.get_extension("street") == sent["street"]
        assert read.get_data() == sent["data"]


@pytest.mark.parametrize("one", REFUSED, ids=lambda one: one.says)
def test_every_example_of_a_refusal_is_refused_for_its_field_by_the_decoder_and_where_it_can_by_the_schema(
    one: Any,
) -> None:
    reject = _decoded(one.event)
    assert reject is not None
    assert (reject.reason, reject.path) == (one.reason, one.field)
    assert _ANY.is_valid(one.event) != one.schema_says
    kind = one.event.get("type")
    fields = _faulty_fields(one.event, kind if kind in TYPES else "window.closed")
    assert fields == ({one.field} if one.schema_says else set())


_ATTRIBUTES = ("id", "source", "time", "street", "site", "window", "staff", "data")
# Values that the types of the contract are about: at, within and beyond their bounds.
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.floats(-3, 3).filter(lambda number: not number.is_integer()),
    st.sampled_from(["", "x", "x" * 64, "x" * 65, "评" * 500, "评" * 501, "x" * 2001, "530102001", "53010200"]),
    st.sampled_from(["satisfied", "done", "staff", "1.0", "2026-11-02", "2026-11-02T10:15:30+08:00", "12345"]),
    st.sampled_from([[], ["213"], ["213"] * 9, [""], [None], [5], {}, {"a": 1}]),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
)


@given(st.data())
def test_schema_and_decoder_agree_on_any_change_of_an_example(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(TYPES)))
    changed = copy.deepcopy(data.draw(st.sampled_from([BY_TYPE[kind], event(kind)])))
    names = st.sampled_from([*_ATTRIBUTES, *sorted(KNOWN_FIELDS[kind]), "more"])
    for name in data.draw(st.lists(names, max_size=3, unique=True)):
        place = changed if name in BY_TYPE[kind] else changed.get("data")
        if not isinstance(place, dict):
            continue
        if data.draw(st.booleans()):
            place.pop(name, None)
        else:
            place[name] = data.draw(_VALUES)
    reject = _decoded(changed)
    fields = _faulty_fields(changed, kind)
    if reject is None or reject.reason in ("misplaced", "clock_ahead"):
        assert fields == set(), changed
    else:
        assert reject.reason == "invalid_field"
        assert reject.path in fields, (changed, reject, fields)
        assert not _ANY.is_valid(changed)


def test_the_asyncapi_document_is_valid_for_the_official_parser() -> None:
    document = asyncapi()
    assert need(lambda: asyncapi_faults(json.dumps(document).encode())) == []
    broken = copy.deepcopy(document)
    broken["operations"]["receive-events"]["action"] = "recieve"
    assert asyncapi_faults(json.dumps(broken).encode()) != []


def test_the_asyncapi_document_has_every_public_topic_and_its_examples_fit() -> None:
    document = asyncapi()
    assert document["channels"].keys() == {topic.name for topic in TOPICS} - INTERNAL
    messages = document["components"]["messages"]
    on_topics = [name for channel in document["channels"].values() for name in channel["messages"]]
    assert sorted(on_topics) == sorted(messages)
    assert messages.keys() == TYPES | {"LiveBucket", "Notice", "Rejected"}
    root = {"$schema": Draft202012Validator.META_SCHEMA["$id"], "components": document["components"]}
    for name, message in messages.items():
        for example in message["examples"]:
            Draft202012Validator({**root, **message["payload"]}).validate(example["payload"])
        assert message["bindings"]["kafka"]["key"]["description"], name


def test_what_pingliu_publishes_is_described_field_by_field() -> None:
    schemas = asyncapi()["components"]["schemas"]
    for message in (LiveBucket, Notice, Rejected):
        properties = schemas[message.__name__]["properties"]
        assert tuple(properties) == message.__struct_fields__
        assert all(one["title"] and one["description"] for one in properties.values())


def test_the_page_for_integrators_leads_somewhere_and_its_event_is_accepted() -> None:
    page = (_CONTRACT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)\)", page):
        assert (_CONTRACT / target).exists(), target
    (block,) = re.findall(r"```json\n(.+?)```", page, re.DOTALL)
    assert _decoded(json.loads(block)) is None


def test_the_committed_files_are_what_the_models_give(tmp_path: Path) -> None:
    """After a change of the models: make contracts."""
    write_files(tmp_path)
    made = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert made == contract_files()
    committed = {
        str(path.relative_to(_CONTRACT)): path.read_bytes()
        for name in GENERATED
        for path in [_CONTRACT / name, *(_CONTRACT / name).rglob("*")]
        if path.is_file()
    }
    assert committed == made
