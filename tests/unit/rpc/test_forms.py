"""Forms of fields: what passes, passes unchanged; what doesn't names its field."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.parsed import violation

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import types_pb2 as wire
from placement.domain.terms import Basis, Window
from placement.rpc import forms

FIRST, LAST = -25_567, 84_005  # 1900-01-01, 2199-12-31


@pytest.mark.parametrize("value", [0, 8])
def test_numbers_below_another(value):
    """Zero is the first."""
    assert forms.below(value, 9, "f") == value


@pytest.mark.parametrize("value", [-1, 9, 2**64])
def test_numbers_that_are_not(value):
    """The end is not one of them."""
    assert violation(forms.below, value, 9, "f") == "f"


@pytest.mark.parametrize("size", [0, 15, 17, 32])
def test_tokens_have_one_size(size):
    """Sixteen bytes, nothing else."""
    assert forms.token(bytes(16), "f") == bytes(16)
    assert violation(forms.token, bytes(size), "f") == "f"


@given(st.text(max_size=6))
def test_areas_are_four_ascii_digits(text):
    """Whatever the text, only those pass."""
    fits = len(text) == 4 and all(digit in "0123456789" for digit in text)
    if fits:
        assert forms.area(text, "f") == text
    else:
        assert violation(forms.area, text, "f") == "f"


@pytest.mark.parametrize(
    "text",
    ["180", "0180 ", "0180\n", "\uff10\uff11\uff18\uff10", "\u0661234", "+180", "0x18"],
)
def test_what_only_looks_like_an_area(text):
    """No spaces, no line ends, no digits of other scripts."""
    assert violation(forms.area, text, "f") == "f"


@pytest.mark.parametrize("day", [FIRST, 0, LAST])
def test_days_of_our_calendar(day):
    """From 1900 to 2199."""
    assert forms.day(day, "f") == day


@pytest.mark.parametrize("day", [FIRST - 1, LAST + 1, -(2**31), 2**31 - 1])
def test_days_of_no_calendar(day):
    """A day beyond is a typing error."""
    assert violation(forms.day, day, "f") == "f"


def test_a_day_may_be_unset():
    """Unset is not day zero."""
    assert forms.optional_day(wire.Window(), "end_day", "w") is None
    assert forms.optional_day(wire.Window(end_day=0), "end_day", "w") == 0
    bad = wire.Window(end_day=LAST + 1)
    assert violation(forms.optional_day, bad, "end_day", "w") == "w.end_day"


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({}, Window(start=0, end=None)),
        ({"start_day": 5}, Window(start=5, end=None)),
        ({"start_day": 5, "end_day": 6}, Window(start=5, end=6)),
        ({"start_day": 5, "end_day": 5}, "w.end_day"),
        ({"start_day": 5, "end_day": 4}, "w.end_day"),
        ({"start_day": LAST + 1}, "w.start_day"),
        ({"start_day": 5, "end_day": LAST + 1}, "w.end_day"),
    ],
)
def test_windows(given_, expected):
    """Not empty, not turned around."""
    window = wire.Window(**given_)
    if isinstance(expected, Window):
        assert forms.window(window, "w") == expected
    else:
        assert violation(forms.window, window, "w") == expected


def test_members_of_enumerations():
    """Zero and the unknown are none."""
    assert forms.member(Basis, 1, "f") is Basis.POLICE
    for value in (0, 3, -1, 99):
        assert violation(forms.member, Basis, value, "f") == "f"


def test_names_of_enumerations():
    """Without their prefix; zero and the unknown have none."""
    kind, prefix = check.CloseReason, "CLOSE_REASON_"

    assert forms.code(kind, prefix, 1, "f") == "DONE"
    for value in (0, 3, -1, 99):
        assert violation(forms.code, kind, prefix, value, "f") == "f"


def test_arms_of_a_oneof():
    """One is set, or the field is named with the oneof's name."""
    assert forms.arm(wire.Person(pseudonym=b""), "person", "f") == "pseudonym"
    assert violation(forms.arm, wire.Person(), "person", "f") == "f.person"


def test_lists_have_a_length():
    """Refused before anybody looks at an item."""
    forms.at_most([1, 2], 2, "f")

    assert violation(forms.at_most, [1, 2, 3], 2, "f") == "f"
