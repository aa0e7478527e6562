"""Any single edit of a ruleset file is refused on its line, or makes a ruleset."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.often import often
from kit.ruled import faults
from kit.ruled import text as ruled
from kit.world import RULESET

from placement.domain.lines import Place, places
from placement.domain.ruleset import parse_ruleset
from placement.domain.ruleset_keys import KEYS, Number
from placement.domain.ruleset_reading import RulesetError, read_keys

TEXT = RULESET.content


relaxed = often(40)


def numbers(keys, path=()):
    """Yield every key that is a number, and its range."""
    for key, inside in keys.items():
        if isinstance(inside, Number):
            yield (*path, key), inside
        elif isinstance(inside, Mapping):
            yield from numbers(inside, (*path, key))


NUMBERS = list(numbers(KEYS))


def lines_with(path, value):
    """Return the text with one number replaced, and the line where it stands."""
    lines = TEXT.split("\n")
    at = places(TEXT)[path].line
    lines[at - 1] = f"{path[-1]} = {value}"
    return "\n".join(lines), at


@relaxed
@given(st.sampled_from(NUMBERS), st.data())
def test_any_number_out_of_its_range_is_refused_on_its_line(number, data):
    """And any within it is taken, unless another key speaks against it."""
    path, wanted = number
    value = data.draw(st.integers(wanted.low - 5, wanted.high + 5))
    text, line = lines_with(path, value)
    got = told(text)
    if wanted.low <= value <= wanted.high:
        own = None
    else:
        own = Place(line, 1), ".".join(path)
        assert own in {(each.place, each.key) for each in got}
    between = ("must not be less than", "must be before")

    assert all(
        (each.place, each.key) == own or each.text.startswith(between) for each in got
    )


def told(text):
    """Return the faults of a text that may have none."""
    try:
        read_keys(text, RULESET.table)
    except RulesetError as error:
        return error.faults
    return ()


@relaxed
@given(st.sampled_from(TEXT.split("\n")), st.sampled_from(["", "x = 1", "?", "[x]"]))
def test_any_line_dropped_or_replaced_is_refused(line, instead):
    """There is no line that the file could do without, but empty ones."""
    lines = TEXT.split("\n")
    at = lines.index(line)
    text = "\n".join([*lines[:at], instead, *lines[at + 1 :]])
    if line == instead == "" or text == TEXT:
        return
    got = faults(text)

    assert got
    if instead == "?":
        assert got[0].place.line in (at + 1, at + 2)
    if instead == "x = 1" and "has no such key" in str(got):
        assert Place(at + 1, 1) in [each.place for each in got]


@pytest.mark.slow
@relaxed
@given(st.data())
def test_any_ruleset_that_is_valid_has_one_form(data):
    """Written and read again it says the same, whatever its numbers."""
    text = TEXT
    for path, wanted in data.draw(st.lists(st.sampled_from(NUMBERS), max_size=5)):
        lines = text.split("\n")
        value = data.draw(st.integers(wanted.low, wanted.high))
        lines[places(text)[path].line - 1] = f"{path[-1]} = {value}"
        text = "\n".join(lines)
    try:
        first = parse_ruleset("# why\n" + text, RULESET.table)
    except RulesetError:
        return
    again = parse_ruleset(first.content, RULESET.table)

    assert again == replace(first, areas=again.areas, table=again.table)
    assert tomllib.loads(first.content) == tomllib.loads(text)
    assert first.content == text


def test_the_helper_of_tests_changes_one_key():
    """``kit.ruled.text`` makes files that can stand."""
    assert parse_ruleset(ruled(cool_down_days=90), RULESET.table).cool_down_days == 90
