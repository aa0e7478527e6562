"""Names that may mean the same."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from placement_client.similar import alike, errors, folded, ranked

WORD = st.text("abc", max_size=7)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Vårby Nätverket", ["varby", "natverket"]),
        ("  Møller-gänget no. 7", ["moller", "ganget", "no", "7"]),
        ("Łódź", ["lodz"]),
        ("Straße", ["strasse"]),
        ("ＷＩＤＥ", ["wide"]),  # noqa: RUF001 (full width)
        ("æon", ["aeon"]),
        ("!", []),
    ],
)
def test_words_are_folded(text, expected):
    """Case, width and diacritics go, order stays."""
    assert folded(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("North Side", "Nort Side"),
        ("North Side", "Norh Side"),
        ("North Side", "Nroth Side"),
        ("North Side", "NORTHSIDE"),
        ("Vårby nätverket", "Varby natverket"),
        ("Vårby nätverket", "Nätverket Vårby"),
        ("Vårby nätverket", "natverkt varby"),
        ("Vårby", "Vårbynätverket"),
        ("Bandet", "Bandit"),
        ("A1", "a 1"),
        ("Alfa", "Alpha"),
        ("Wicks", "Viks"),
        ("Zorro", "Sorro"),
    ],
)
def test_these_may_be_one(one, other):
    """Whichever stands first."""
    assert alike(one, other)
    assert alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("North Side", "South Side"),
        ("A1", "A2"),
        ("abc", "abe"),
        ("ab", "Cabin"),
        ("Zeta", "Eta Beta"),
        ("", "North Side"),
    ],
)
def test_these_are_two(one, other):
    """A short word forgives nothing, and says nothing in a longer one."""
    assert not alike(one, other)
    assert not alike(other, one)


@cache
def distance(one, other):
    """Optimal string alignment, letter by letter from the end."""
    if not one or not other:
        return len(one) + len(other)
    best = min(
        distance(one[:-1], other) + 1,
        distance(one, other[:-1]) + 1,
        distance(one[:-1], other[:-1]) + (one[-1] != other[-1]),
    )
    if len(one) > 1 and len(other) > 1 and one[-2:] == other[-1] + other[-2]:
        best = min(best, distance(one[:-2], other[:-2]) + 1)
    return best


@given(WORD, WORD, st.integers(0, 4))
def test_errors_are_counted_up_to_a_bound(one, other, bound):
    """As the plain definition counts them."""
    assert errors(one, other, bound) == min(distance(one, other), bound + 1)


def test_the_likest_come_first():
    """The name itself, what begins with it, what holds it, what is near it."""
    names = ["Old Stock", "Stock", "Stockholm", "Stokc", "Zeta"]
    got = ranked("stock", names, str)

    assert got == ["Stock", "Stockholm", "Old Stock", "Stokc"]


def test_a_distant_likeness_comes_last():
    """What somebody may have meant all the same."""
    assert ranked("northend", ["northgate", "zeta"], str) == ["northgate"]


@pytest.mark.parametrize("text", ["norht", "NORT", "Sied", "norht sied", "sied norht"])
def test_a_word_of_a_name_may_be_misspelled(text):
    """Each word that is typed has to look like one of the name."""
    assert ranked(text, ["North Side", "Zeta"], str) == ["North Side"]
    assert ranked(f"{text} quellenhof bergmann", ["North Side", "Zeta"], str) == []


def test_nothing_is_meant_by_nothing():
    """Signs alone find no name."""
    assert ranked("!", ["a", "b"], str) == []
