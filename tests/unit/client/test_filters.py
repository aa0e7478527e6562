"""Options become the wire's filter, which is written in words that name no case."""

from dataclasses import fields
from datetime import date

import pytest
from placement_client.filters import Selected, read_written, to_filter, written

from placement.api.v1.audit_service_pb2 import EntryFilter
from placement.api.v1.types_pb2 import VERDICT_CONFLICT
from placement.errors import InvalidInputError, TamperedError

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
        ({"action": "lift"}, {"action": "PHANTOM_LIFT"}),
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


WHOLE = EntryFilter(
    person="cw-01",
    organisation="1480",
    role="caseworker",
    kind="DISCLOSURE",
    action="CHECK",
    purpose="URGENT",
    outcome="ANSWERED",
    verdict=VERDICT_CONFLICT,
    decision_id=TOKEN,
    since=1_767_222_000_000_000,
    until=1_767_225_600_000_001,
    first_index=0,
    end_index=7,
)


def test_a_filter_is_written_in_words():
    """Each field in one form, in the order of the wire."""
    assert written(WHOLE) == {
        "person": "cw-01",
        "organisation": "1480",
        "role": "caseworker",
        "kind": "DISCLOSURE",
        "action": "CHECK",
        "purpose": "URGENT",
        "outcome": "ANSWERED",
        "verdict": "CONFLICT",
        "decision_id": TOKEN.hex(),
        "since": "2025-12-31T23:00:00.000000Z",
        "until": "2026-01-01T00:00:00.000001Z",
        "first_index": "0",
        "end_index": "7",
    }


@pytest.mark.parametrize("asked", [EntryFilter(), WHOLE], ids=["nothing", "all"])
def test_what_was_written_is_read(asked):
    """As it was."""
    assert read_written(written(asked)) == asked


def test_what_names_a_case_is_not_written():
    """Only that something was given; another name does to read it."""
    asked = EntryFilter(organisation="1480", case_handle=TOKEN, reference="SN 2026/17")
    words = written(asked)

    assert words == {
        "organisation": "1480",
        "case_handle": "given",
        "reference": "given",
    }
    assert written(read_written(words)) == words


@pytest.mark.parametrize(
    "words",
    [
        {"person": ""},
        {"person": "\ud800"},
        {"role": "a", "person": "b"},
        {"more": "a"},
        {"DESCRIPTOR": "a"},
        {"verdict": "conflict"},
        {"verdict": "UNSPECIFIED"},
        {"case_handle": TOKEN.hex()},
        {"reference": "SN 7"},
        {"decision_id": "0g"},
        {"decision_id": TOKEN.hex().upper()},
        {"since": "today"},
        {"since": "2026-01-01"},
        {"until": "2026-01-01T00:00:00Z"},
        {"first_index": "-1"},
        {"first_index": "00"},
        {"end_index": str(1 << 64)},
        {"end_index": "x"},
    ],
    ids=str,
)
def test_other_words_are_refused(words):
    """Of another form or order, or with the name of a case."""
    with pytest.raises(TamperedError):
        read_written(words)


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
