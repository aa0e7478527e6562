"""Records survive their bytes, and bytes that are no record are refused."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.often import often

from placement.domain.events import Event, Record, Request
from placement.domain.facts import AnyFact
from placement.errors import TamperedError
from placement.log.v1 import event_pb2
from placement.store.codec import decode, encode

_INT32 = st.integers(-(2**31), 2**31 - 1)
_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)


def _strategies():
    """Resolve value types by hand: an event holds nothing but these."""
    from placement.domain import terms  # noqa: PLC0415 (only here by name)

    st.register_type_strategy(int, st.integers(0, 2**31 - 1))
    st.register_type_strategy(str, _TEXT)
    st.register_type_strategy(bytes, st.binary(max_size=8))
    for days in (terms.Day, terms.Micros):
        st.register_type_strategy(days, _INT32)


_strategies()


@pytest.mark.parametrize("kind", get_args(Event), ids=lambda kind: kind.__name__)
@often(25)  # one codec reads all kinds: a bug of it meets 79 times as many
@given(data=st.data())
def test_every_event_survives(kind, data):
    """A record read again equals the one written."""
    record = Record(
        at=data.draw(_INT32),
        event=data.draw(st.from_type(kind)),
        request=data.draw(st.none() | st.from_type(Request)),
    )

    assert decode(encode(record)) == record


def test_every_event_and_fact_has_its_message():
    """A kind that the wire of the log lacks would be lost."""
    events = {kind.__name__ for kind in get_args(Event)}
    facts = {kind.__name__ for kind in get_args(AnyFact)}

    assert {
        field.message_type.name
        for field in event_pb2.Record.DESCRIPTOR.oneofs_by_name["event"].fields
    } == events
    assert {
        field.message_type.name
        for field in event_pb2.Fact.DESCRIPTOR.oneofs_by_name["statement"].fields
    } == facts


def sample():
    record = event_pb2.Record(at=7)
    record.fact_ended.id = b"i" * 16
    record.fact_ended.valid_to = 3
    return record


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        event_pb2.Record(at=7).SerializeToString(),
        sample().SerializeToString()[:-1],
        sample().SerializeToString() + b"\xfa\x3f\x00",
        event_pb2.Record(
            fact_regraded=event_pb2.FactRegraded(grade=99)
        ).SerializeToString(),
        event_pb2.Record(
            fact_recorded=event_pb2.FactRecorded(fact=event_pb2.Fact(grade=1))
        ).SerializeToString(),
    ],
    ids=["empty", "noise", "no event", "cut", "unknown", "bad enum", "no statement"],
)
def test_what_is_no_record_is_refused(payload):
    """Nothing is skipped: a hole in the state could become a false CLEAR."""
    with pytest.raises(TamperedError):
        decode(payload)


def test_an_unknown_field_deep_inside_is_refused():
    """A newer field of a nested message is noticed, too."""
    record = sample()
    payload = record.fact_ended.SerializeToString() + b"\xfa\x3f\x00"
    nested = event_pb2.Record(at=7).SerializeToString()
    field = event_pb2.Record.DESCRIPTOR.fields_by_name["fact_ended"].number
    nested += bytes([(field << 3 | 2) & 0x7F | 0x80, field >> 4, len(payload)])

    assert decode(record.SerializeToString()).at == 7
    with pytest.raises(TamperedError):
        decode(nested + payload)
