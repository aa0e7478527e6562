"""The value types (semantics.md sections 4 and 6)."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.domain.terms import (
    MICROS_AN_HOUR,
    Day,
    Grade,
    Micros,
    Verdict,
    Window,
    day_of,
    decided_between,
    decided_when,
    start_of,
    stockholm_day,
)

DAYS = st.integers(-50, 50)
CALENDAR = st.dates(date(1900, 1, 1), date(2199, 12, 31)).map(day_of)


def micros(*moment: int) -> Micros:
    return Micros(int(datetime(*moment, tzinfo=UTC).timestamp()) * 1_000_000)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ((2026, 6, 15, 21, 59, 59), date(2026, 6, 15)),
        ((2026, 6, 15, 22, 0, 0), date(2026, 6, 16)),
        ((2026, 12, 31, 22, 59, 59), date(2026, 12, 31)),
        ((2026, 12, 31, 23, 0, 0), date(2027, 1, 1)),
        ((2027, 3, 28, 0, 59, 59), date(2027, 3, 28)),
        ((2027, 3, 28, 1, 0, 0), date(2027, 3, 28)),
        ((2026, 10, 25, 0, 30, 0), date(2026, 10, 25)),
        ((2026, 10, 25, 1, 30, 0), date(2026, 10, 25)),
        ((2028, 2, 28, 23, 0, 0), date(2028, 2, 29)),
        ((2028, 2, 29, 23, 0, 0), date(2028, 3, 1)),
        ((1970, 1, 1, 0, 0, 0), date(1970, 1, 1)),
    ],
)
def test_stockholm_day(moment, expected):
    """The day changes at midnight in Stockholm, summer, winter and in a leap year."""
    got = stockholm_day(micros(*moment))

    assert got == day_of(expected)


def test_day_of():
    """Days are counted from 1970-01-01."""
    got = (day_of(date(1970, 1, 1)), day_of(date(2026, 6, 15)))

    assert got == (0, 20619)


def test_verdicts_are_ordered_by_harm():
    """The worst of several verdicts is their maximum."""
    got = [verdict.name for verdict in sorted(Verdict)]

    assert got == ["CLEAR", "UNKNOWN", "REVIEW", "CONFLICT"]


def test_grades_are_ordered_by_weight():
    """A chain is as strong as the minimum of its grades."""
    got = [grade.name for grade in sorted(Grade)]

    assert got == ["DISCREDITED", "WEAK", "MEDIUM", "STRONG"]


@pytest.mark.parametrize(
    ("start", "end", "valid_from", "valid_to", "expected"),
    [
        (10, 12, 12, None, False),
        (10, 12, 11, None, True),
        (10, 12, None, 10, False),
        (10, 12, None, 11, True),
        (10, 12, None, None, True),
        (10, None, 1000, None, True),
        (10, None, None, 10, False),
        (10, None, 0, 11, True),
    ],
)
def test_window_overlaps(start, end, valid_from, valid_to, expected):
    """Windows hold their first day and not their last; an open end reaches for ever."""
    got = Window(start=Day(start), end=end).overlaps(valid_from, valid_to)

    assert got == expected


@given(DAYS, st.integers(1, 30), DAYS, st.integers(1, 30))
def test_window_overlaps_when_a_day_is_shared(start, length, valid_from, lasting):
    """Overlap means that some day is in both."""
    days = set(range(start, start + length))
    valid = set(range(valid_from, valid_from + lasting))
    window = Window(start=Day(start), end=Day(start + length))
    got = window.overlaps(Day(valid_from), Day(valid_from + lasting))

    assert got == bool(days & valid)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window(start=Day(20619)), "2026-06-15/"),
        (Window(start=Day(20619), end=Day(20635)), "2026-06-15/2026-07-01"),
        (Window(start=Day(0), end=Day(1)), "1970-01-01/1970-01-02"),
        (Window(start=Day(-1)), "1969-12-31/"),
    ],
)
def test_a_window_in_words(window, expected):
    """As calendars write it; nothing stands behind the stroke while it is open."""
    assert str(window) == expected


@given(CALENDAR, st.none() | CALENDAR)
def test_a_window_is_read_as_it_was_written(start, end):
    """Whatever its days."""
    window = Window(start=start, end=end)

    assert Window.parse(str(window)) == window


@pytest.mark.parametrize("text", ["", "/", "2026-06-15/x", "2026-06-31/", "today/"])
def test_what_is_no_window_is_refused(text):
    """No day stands there."""
    with pytest.raises(ValueError, match=r".+"):
        Window.parse(text)


@given(
    st.integers(0, 2**48 * 1000 - 1).map(Micros), st.binary(min_size=10, max_size=10)
)
def test_a_decisions_id_says_when(now, drawn):
    """To the millisecond; whatever was drawn behind it says nothing."""
    since, until = decided_between(decided_when(now) + drawn)

    assert since <= now < until
    assert until - since == 1000
    assert len(decided_when(now)) == 6


@given(st.lists(st.integers(0, 2**57), min_size=2, max_size=2))
def test_decisions_are_in_the_order_of_time(moments):
    """The earlier id is not the greater one."""
    first, second = map(decided_when, sorted(map(Micros, moments)))

    assert first <= second


@given(CALENDAR)
def test_a_day_begins_when_the_one_before_is_over(day):
    """In Stockholm, to the microsecond, also in the nights on which clocks change."""
    begin = start_of(day)

    assert stockholm_day(begin) == day
    assert stockholm_day(Micros(begin - 1)) == day - 1


@pytest.mark.parametrize(
    ("calendar", "hours"),
    [
        (date(2026, 10, 25), 25),
        (date(2027, 3, 28), 23),
        (date(2028, 2, 29), 24),
        (date(2026, 12, 31), 24),
    ],
)
def test_a_day_has_its_hours(calendar, hours):
    """Not always twenty-four."""
    day = day_of(calendar)

    assert start_of(day + 1) - start_of(day) == hours * MICROS_AN_HOUR
