"""What a server shows is held against what was asked for."""

import pytest
from kit.access_log import AT, DECISION, OUTLINE, entry, log_entry
from placement_client.entries import opened
from placement_client.matching import Asked, Row

from placement.api.v1.audit_service_pb2 import EntryFilter
from placement.errors import TamperedError

SIZE = 20


def asked(**given):
    return Asked(EntryFilter(**given))


def fits(call, *given):
    """Tell whether something was not refused."""
    try:
        call(*given)
    except TamperedError:
        return False
    return True


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ({}, True),
        ({"since": 1, "until": 2, "first_index": 0, "end_index": 9}, True),
        ({"person": "cw-01"}, False),
        ({"verdict": 1, "since": 1}, False),
        ({"case_handle": DECISION}, False),
        ({"reference": "SN 7"}, False),
        ({"decision_id": DECISION}, False),
    ],
    ids=str,
)
def test_a_range_alone_leaves_nothing_out(given, whole):
    """Everything else may."""
    assert asked(**given).is_whole is whole


@pytest.mark.parametrize(
    ("fitting", "other"),
    [
        ({"person": "cw-01"}, {"person": "cw-02"}),
        ({"organisation": "1480"}, {"organisation": "148"}),
        ({"role": "caseworker"}, {"role": "auditor"}),
        ({"kind": "CONSULTATION"}, {"kind": "DISCLOSURE"}),
        ({"action": "CHECK"}, {"action": "CHECKS"}),
        ({"purpose": "PLANNED"}, {"purpose": "URGENT"}),
        ({"outcome": "ANSWERED"}, {"outcome": "STALE"}),
        ({"verdict": 3}, {"verdict": 4}),
        ({"decision_id": DECISION}, {"decision_id": bytes(16)}),
        ({"since": AT}, {"since": AT + 1}),
        ({"until": AT + 1}, {"until": AT}),
        ({"case_handle": bytes(16)}, {"case_handle": bytes(16), "person": "x"}),
    ],
    ids=str,
)
def test_an_entry_fits_or_does_not(fitting, other):
    """By each field; a case is not looked at."""
    found = [fits(asked(**each).require, entry(), OUTLINE) for each in (fitting, other)]

    assert found == [True, False]


@pytest.mark.parametrize("given", [{"verdict": 3}, {"decision_id": DECISION}], ids=str)
def test_what_has_no_details_is_not_selected_by_them(given):
    """Nobody could tell."""
    assert not fits(asked(**given).require, entry(), None)


@pytest.mark.parametrize(
    ("given", "spans"),
    [
        ({}, [(0, 20)]),
        ({"first_index": 3}, [(3, 17)]),
        ({"end_index": 9}, [(0, 9)]),
        ({"end_index": 99}, [(0, 20)]),
        ({"first_index": 3, "end_index": 3}, [(3, 0)]),
        ({"since": 1}, [(at, 20 - at) for at in range(21)]),
        ({"until": 1}, [(0, count) for count in range(21)]),
        ({"since": 1, "first_index": 18}, [(18, 2), (19, 1), (20, 0)]),
        ({"until": 1, "end_index": 2}, [(0, 0), (0, 1), (0, 2)]),
        (
            {"decision_id": DECISION, "first_index": 18},
            [(18, 0), (18, 1), (18, 2), (19, 0), (19, 1), (20, 0)],
        ),
        ({"first_index": 30}, []),
    ],
    ids=str,
)
def test_a_part_is_the_one_that_was_asked_for(given, spans):
    """No other begins and ends there."""
    found = [
        (first, count)
        for first in range(SIZE + 2)
        for count in range(SIZE + 2)
        if fits(asked(**given).require_span, first, count, SIZE)
    ]

    assert found == spans


def row(begin, *indexes, **given):
    """Hold entries against a filter; tell whether they do, and end there."""
    held = Row(asked(**given), begin)
    held.require([opened(log_entry(index)) for index in indexes])
    return fits(held.finish, SIZE)


@pytest.mark.parametrize(
    ("indexes", "given", "ends"),
    [
        (range(SIZE), {}, True),
        (range(SIZE - 1), {}, False),
        ((3, 4), {"first_index": 3, "end_index": 5}, True),
        ((3,), {"first_index": 3, "end_index": 5}, False),
        ((), {"first_index": 30}, True),
        ((18, 19), {"since": 1}, True),
        ((17, 18), {"since": 1}, False),
        ((), {"since": 1}, True),
        ((0, 1), {"until": AT + 1}, True),
        ((5, 9), {"person": "cw-01"}, True),
    ],
    ids=str,
)
def test_a_list_ends_where_the_range_does(indexes, given, ends):
    """Unless only the service knows where that is."""
    assert row(asked(**given).begin, *indexes, **given) is ends


@pytest.mark.parametrize(
    ("begin", "indexes", "given"),
    [
        (0, (1,), {}),
        (0, (0, 2), {}),
        (None, (5, 7), {"since": 1}),
        (None, (2,), {"person": "cw-01", "first_index": 3}),
        (None, (9,), {"person": "cw-01", "end_index": 9}),
        (None, (9,), {"person": "cw-02"}),
    ],
    ids=str,
)
def test_entries_that_do_not_follow_are_refused(begin, indexes, given):
    """One left out, one too early or too late, one that does not fit."""
    with pytest.raises(TamperedError):
        row(begin, *indexes, **given)
