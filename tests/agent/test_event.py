"""Events as other programs hand them in: what is taken here can travel with others, and arrives as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decoding import MAX_BYTES
from streams.agent.errors import InvalidEvent
from streams.agent.event import draft_from
from streams.gateway.messages import BATCH, split

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
_EVENTS = st.fixed_dictionaries(
    {"id": st.text(min_size=1), "source": st.text(min_size=1)}, optional={"data": _VALUES, "type": _VALUES}
)
_RAWS = st.builds(
    lambda value, escaped, spaced: (" " * spaced + json.dumps(value, ensure_ascii=escaped)).encode("utf-8", "replace"),
    _EVENTS,
    st.booleans(),
    st.integers(0, 2),
)


@given(st.lists(_RAWS | _VALUES.map(lambda value: json.dumps(value).encode()) | st.binary(), min_size=1, max_size=4))
def test_what_is_taken_travels_with_others_and_arrives_as_it_was(raws: list[bytes]) -> None:
    taken = []
    for raw in raws:
        try:
            draft = draft_from(raw)
        except InvalidEvent:
            continue
        assert (draft.source, draft.id) == (json.loads(raw)["source"], json.loads(raw)["id"])
        taken.append(draft.raw)
    if taken:
        assert split(b"[" + b",".join(taken) + b"]", BATCH, len(taken)) == [raw.strip() for raw in taken]


@pytest.mark.parametrize(
    ("raw", "reason", "field"),
    [
        (b'{"source":"a","id":"b","x":"' + b"x" * MAX_BYTES + b'"}', "too_large", ""),
        (b'{"source":"a","id":"\xff"}', "not_utf8", ""),
        (b"", "not_json", ""),
        (b'{"source":"a","id":"b","x":NaN}', "not_json", ""),
        (b'{"source":"a","id":"b"},{}', "not_json", ""),
        (b"[]", "not_an_event", ""),
        (b'{"id":"b"}', "invalid_field", "source"),
        (b'{"source":"a","id":7}', "invalid_field", "id"),
    ],
)
def test_what_could_not_be_sent_or_named_is_refused_by_its_field(raw: bytes, reason: str, field: str) -> None:
    with pytest.raises(InvalidEvent) as found:
        draft_from(raw)
    assert (found.value.reason, found.value.field) == (reason, field)
