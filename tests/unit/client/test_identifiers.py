"""Twelve digits that hold, or an error that never repeats them."""

import copy
import logging
import pickle
import re
import traceback
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kit.numbers import number
from placement_client.identifiers import Identifier, parse_identifier

from placement.errors import InvalidInputError

TODAY = date(2026, 6, 15)
GOOD = number()


def parse(text):
    return parse_identifier(text, field="identifiers[1]", today=TODAY)


def refusal(text):
    """Return what a text is refused with."""
    with pytest.raises(InvalidInputError) as caught:
        parse(text)

    assert caught.value.field == "identifiers[1]"
    return caught.value


@pytest.mark.parametrize(
    "form", ["{}{}", "{}-{}", " {}{}\n", "\t{}-{} ", "{} {}", "{} - {}"]
)
def test_one_number_in_any_spelling(form):
    """A dash and space are let through and change nothing."""
    got = parse(form.format(GOOD[:8], GOOD[8:]))

    assert got.digits == GOOD


@pytest.mark.parametrize(
    ("born", "later"),
    [
        (date(2024, 2, 29), 0),
        (date(1912, 12, 12), 0),
        (date(1990, 1, 1), 60),
        (date(1990, 1, 31), 60),
        (TODAY, 0),
    ],
)
def test_real_days_of_both_kinds_are_taken(born, later):
    """Leap days, the last century, coordination numbers, somebody born today."""
    text = number(born, later=later)

    assert parse(text).digits == text


@given(st.dates(date(1907, 1, 1), TODAY), st.integers(1, 999), st.sampled_from([0, 60]))
def test_every_computed_number_is_taken(born, serial, later):
    """Whatever has a day, a serial and its check digit is a number."""
    text = number(born, serial, later=later)

    assert parse(text).digits == text


PROBLEMS = {
    "ten digits": (GOOD[2:], "must be twelve digits, century first"),
    "ten digits, dash": (
        f"{GOOD[2:8]}-{GOOD[8:]}",
        "must be twelve digits, century first",
    ),
    "plus": (f"{GOOD[:8]}+{GOOD[8:]}", "must be twelve digits, century first"),
    "thirteen digits": (GOOD + "1", "must be twelve digits, century first"),
    "interim number": (
        f"{GOOD[:8]}T{GOOD[9:]}",
        "must be twelve digits, century first",
    ),
    "full width": (
        "".join(chr(0xFF10 + int(c)) for c in GOOD),
        "must be twelve digits, century first",
    ),
    "two lines": (f"{GOOD}\n{GOOD}", "must be twelve digits, century first"),
    "nothing": ("", "must be twelve digits, century first"),
    "no leap year": (f"20230229{GOOD[8:]}", "names no day of the calendar"),
    "month 13": (f"19901301{GOOD[8:]}", "names no day of the calendar"),
    "day 0": (f"19900100{GOOD[8:]}", "names no day of the calendar"),
    "day 60": (f"19900160{GOOD[8:]}", "names no day of the calendar"),
    "day 92": (f"19900192{GOOD[8:]}", "names no day of the calendar"),
    "year 0": (f"00000101{GOOD[8:]}", "names no day of the calendar"),
    "tomorrow": (number(date(2026, 6, 16)), "names a day that is still to come"),
    "wrong century": ("18" + GOOD[2:], "names a century too far back"),
    "check digit": (
        GOOD[:-1] + str((int(GOOD[-1]) + 1) % 10),
        "has a wrong check digit",
    ),
    "serial 000": (number(serial=0), "has a wrong check digit"),
}


@pytest.mark.parametrize(("text", "phrase"), PROBLEMS.values(), ids=PROBLEMS)
def test_the_problem_is_named(text, phrase):
    """Each way to be wrong has a constant phrase."""
    assert refusal(text).description == phrase


@given(st.text(alphabet="0123456789-+ T", max_size=16))
@example(GOOD[:-1] + "0")
def test_no_refusal_repeats_what_was_typed(text):
    """Neither text nor chain nor traceback of the error holds the digits."""
    try:
        parse(text)
    except InvalidInputError as error:
        told = [str(error), repr(error), *map(str, error.args), error.description]
        chained = error.__cause__ or error.__context__
        digits = re.sub("[^0-9]", "", text)

        assert chained is None
        assert len(digits) < 3 or not any(digits in each for each in told)


def test_an_identifier_shows_its_type_only(caplog):
    """No print, format, log line or traceback shows the number."""
    identifier = parse(GOOD)
    logging.getLogger("test").warning("%s %r", identifier, [identifier])
    trace = "".join(traceback.format_exception(ValueError(identifier)))
    shown = [repr(identifier), str(identifier), f"{identifier}", caplog.text, trace]

    assert repr(identifier) == "Identifier()"
    assert not any(GOOD[8:] in each for each in shown)


def test_an_identifier_cannot_be_stored():
    """Neither pickle nor copy makes a second one."""
    identifier = parse(GOOD)

    with pytest.raises(TypeError):
        pickle.dumps(identifier)
    with pytest.raises(TypeError):
        copy.deepcopy(identifier)


def test_equal_numbers_are_one():
    """The dash makes no other person."""
    assert parse(GOOD) == parse(f"{GOOD[:8]}-{GOOD[8:]}")
    assert len({parse(GOOD), Identifier(GOOD)}) == 1
