"""Days and instants are exact, in Stockholm and in UTC."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from placement_client.days import (
    day_number,
    iso_day,
    iso_instant,
    now,
    parse_day,
    parse_instant,
    stockholm_second,
    stockholm_time,
    today,
)

from placement.errors import InvalidInputError, TamperedError

TODAY = date(2026, 6, 15)


def seconds(text):
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2026-06-14T21:59:59Z", date(2026, 6, 14)),
        ("2026-06-14T22:00:00Z", TODAY),
        ("2026-12-31T22:59:59Z", date(2026, 12, 31)),
        ("2026-12-31T23:00:00Z", date(2027, 1, 1)),
    ],
)
def test_the_day_is_stockholms(instant, expected):
    """Midnight comes two hours before UTC's in summer, one in winter."""
    assert today(lambda: seconds(instant)) == expected


@given(st.dates())
def test_a_day_is_counted_from_1970(day):
    """What is read is written back."""
    got = parse_day(day.isoformat(), field="on", today=TODAY)

    assert got == (day - date(1970, 1, 1)).days
    assert iso_day(got) == day.isoformat()


def test_today_is_a_day():
    """The word stands for the day it is."""
    assert iso_day(parse_day("today", field="on", today=TODAY)) == "2026-06-15"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20260615",
        "2026-W25-1",
        "2026-6-15",
        "Today",
        "tomorrow",
        "2026-06-15T00:00",
        chr(0xFF12) + "026-06-15",
        "2026-02-29",
        "0000-01-01",
    ],
)
def test_anything_else_is_no_day(text):
    """One spelling of a date, and only days of the calendar."""
    with pytest.raises(InvalidInputError) as caught:
        parse_day(text, field="on", today=TODAY)

    assert caught.value.field == "on"


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 (st's)
def test_an_instant_is_written_in_utc(moment):
    """Six decimals and a Z, whatever the instant."""
    moment = moment.replace(tzinfo=UTC)
    micros = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // (moment.resolution)
    got = iso_instant(micros)

    assert datetime.fromisoformat(got) == moment
    assert len(got) == 27


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2026-06-15T12:00:59Z", "2026-06-15 14:00 Stockholm time"),
        ("2026-12-31T23:30:00Z", "2027-01-01 00:30 Stockholm time"),
    ],
)
def test_people_read_stockholm_time(instant, expected):
    """Summer and winter time are Stockholm's."""
    micros = int(seconds(instant)) * 1_000_000 + 999_999

    assert stockholm_time(micros) == expected
    assert stockholm_second(micros) == f"{expected[:16]}:{instant[17:19]}"


@pytest.mark.parametrize("write", [iso_instant, stockholm_time, stockholm_second])
@pytest.mark.parametrize("micros", [2**64 - 1, 10**18])
def test_an_instant_beyond_the_calendar_is_refused(write, micros):
    """No honest server sends one."""
    with pytest.raises(TamperedError):
        write(micros)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-15", "2026-06-14T22:00:00.000000Z"),
        ("today", "2026-06-14T22:00:00.000000Z"),
        ("2026-12-01", "2026-11-30T23:00:00.000000Z"),
        ("2026-06-15T12:00Z", "2026-06-15T12:00:00.000000Z"),
        ("2026-06-15T12:00:30+02:00", "2026-06-15T10:00:30.000000Z"),
        ("2026-06-15T12:00:30.000001Z", "2026-06-15T12:00:30.000001Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
    ],
)
def test_an_instant_is_a_day_or_has_a_zone(text, expected):
    """A day begins in Stockholm."""
    assert iso_instant(parse_instant(text, field="since", today=TODAY)) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2026-06-15T12:00", "2026-06-15 12:00Z", "20260615T120000Z"),
        *("2026-02-30", "2026-02-30T12:00Z", "2026-06-15T25:00Z", "1970-01-01"),
        *("1969-12-31T23:59:59Z", "2026-W24-1", "2026-06-15T12:00:00.0000001Z"),
    ],
)
def test_no_other_instant_is_read(text):
    """Nor one without a zone, which nobody could place in autumn."""
    with pytest.raises(InvalidInputError) as caught:
        parse_instant(text, field="since", today=TODAY)

    assert caught.value.field == "since"


@pytest.mark.parametrize(
    ("clock", "micros"), [(0.0, 0), (1_781_517_600.000_001, 1_781_517_600_000_001)]
)
def test_a_clock_is_read_to_the_microsecond(clock, micros):
    """As the wire counts."""
    assert now(lambda: clock) == micros


def test_a_day_is_a_number_on_the_wire():
    """Counted from the first of 1970."""
    assert (day_number(date(1970, 1, 2)), iso_day(day_number(TODAY))) == (
        1,
        "2026-06-15",
    )
