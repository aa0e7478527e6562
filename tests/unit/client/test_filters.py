"""Options become the wire's filter, and what was given is remembered as written."""

from dataclasses import fields
from datetime import date

import pytest
from placement_client.filters import Selected, as_given, to_filter

from placement.api.v1.audit_service_pb2 import EntryFilter
from placement.api.v1.types_pb2 import VERDICT_CONFLICT
from placement.errors import InvalidInputError

TODAY = date(2026, 6, 15)
TOKEN = bytes(range(16))


def filtered(**given):
    return to_filter(Selected(**given), today=TODAY)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"person": "cw-01"}, {"person": "cw-01"}),
        ({"organisation": "Syd"}, {"organisation": "syd"}),
        ({"role": "Caseworker"}, {"role": "caseworker"}),
        ({"kind": "disclosure"}, {"kind": "DISCLOSURE"}),
        ({"action": "case-show"}, {"action": "CASE_SHOW"}),
        ({"entry_purpose": "follow_up"}, {"purpose": "FOLLOW_UP"}),
        ({"outcome": "access-denied"}, {"outcome": "ACCESS_DENIED"}),
        ({"verdict": "conflict"}, {"verdict": VERDICT_CONFLICT}),
        ({"case_handle": TOKEN.hex()}, {"case_handle": TOKEN}),
        ({"reference": "SN 7"}, {"reference": "SN 7"}),
        ({"decision_id": TOKEN.hex()}, {"decision_id": TOKEN}),
        ({"since": "2026-01-01"}, {"since": 1_767_222_000_000_000}),
        ({"until": "2026-01-01T00:00:00Z"}, {"until": 1_767_225_600_000_000}),
        ({"first_index": 0}, {"first_index": 0}),
        ({"end_index": 7}, {"end_index": 7}),
    ],
    ids=str,
)
def test_an_option_is_a_field(given, expected):
    """What is left out selects everything; index 0 is something."""
    got = filtered(**given)

    assert got == EntryFilter(**expected)
    assert len(got.ListFields()) == len(given)


def test_every_field_has_an_option():
    """The wire's filter can be asked for whole."""
    names = {each.name for each in fields(Selected)}

    assert names - {"entry_purpose"} | {"purpose"} == {
        each.name for each in EntryFilter.DESCRIPTOR.fields
    }


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"verdict": "green"}, "verdict"),
        ({"case_handle": "77"}, "case_handle"),
        ({"decision_id": "x"}, "decision_id"),
        ({"since": "yesterday"}, "since"),
        ({"until": "2026-02-30"}, "until"),
    ],
    ids=str,
)
def test_what_cant_be_read_is_named(given, field):
    """By the field of the wire."""
    with pytest.raises(InvalidInputError) as caught:
        filtered(**given)

    assert caught.value.field == field


def test_what_was_given_is_kept_as_written():
    """A bundle says so; what was left out is left out."""
    selected = Selected(since="today", kind="Disclosure", first_index=0)

    assert as_given(selected) == {
        "kind": "Disclosure",
        "since": "today",
        "first_index": "0",
    }


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--organisation", "1480"), {"organisation": "1480"}),
        (("--case", TOKEN.hex()), {"case_handle": TOKEN}),
        (("--decision", TOKEN.hex()), {"decision_id": TOKEN}),
        (("--from", "2026-01-01"), {"since": 1_767_222_000_000_000}),
        (("--to", "2026-01-01"), {"until": 1_767_222_000_000_000}),
        (("--first", "3", "--end", "9"), {"first_index": 3, "end_index": 9}),
        (("--verdict", "clear"), {"verdict": 1}),
    ],
    ids=str,
)
def test_options_are_typed_like_this(cli, wire, words, expected):
    """Every search has them."""
    cli("audit", "list", "--purpose", "incident", "--matter", "TSN 7", *words)
    (request,) = wire.requests("ListEntries")

    assert request.filter == EntryFilter(**expected)
