"""A case is found by its people and its number, for as long as it is there."""

import pytest
from kit.world import NOW, World, subject, token

from placement.domain.casebook import Casebook
from placement.domain.events import CaseAssessed, CaseClosed, CaseOpened


@pytest.fixture
def case():
    return World().case("h", "i", assessed=False)


@pytest.fixture
def book(case):
    made = Casebook()
    made.apply(CaseOpened(case=case), NOW)
    return made


def test_a_case_is_found_by_its_people_and_its_number(book, case):
    """Also beside another of the same."""
    again = World()
    again.case("j")
    other = again.case("h")
    book.apply(CaseOpened(case=other), NOW)

    assert [*book.of[subject("h")]] == [case.handle, other.handle]
    assert [*book.of[subject("i")]] == [case.handle]
    assert [*book.under["1280", "SN 1"]] == [case.handle, other.handle]


def test_its_life_is_followed(book, case):
    """Who assessed it and when, and when it was closed."""
    assessed = CaseAssessed(handle=case.handle, person="co-01", children=(1,))
    book.apply(assessed, NOW + 1)
    book.apply(CaseClosed(handle=case.handle), NOW + 2)
    found = book.by_handle[case.handle]

    assert (found.assessed_at, found.assessed_by, found.children) == (
        NOW + 1,
        "co-01",
        (1,),
    )
    assert found.closed_at == NOW + 2


@pytest.mark.parametrize(
    "event",
    [
        CaseAssessed(handle=token("nobody"), person="co-01", children=()),
        CaseClosed(handle=token("nobody")),
    ],
)
def test_of_a_case_that_is_not_there_nothing_happens(book, event):
    """The log is the truth: a hole in it is never skipped."""
    with pytest.raises(KeyError):
        book.apply(event, NOW)


def test_nothing_is_left_of_what_is_forgotten(book, case):
    """Neither under its people nor under its number."""
    book.forget(case.handle)

    assert (book.by_handle, book.of, book.under) == ({}, {}, {})
