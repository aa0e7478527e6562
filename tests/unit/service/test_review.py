"""What audit staff read is what was written, or an incident."""

import pytest
from kit.engines import tamper

from placement.audit.entry import Entry, render
from placement.errors import TamperedError
from placement.service.review import Review

ENTRIES = tuple(
    Entry(at=number, kind="CONSULTATION", action="CASE_SHOW", outcome="ANSWERED")
    for number in range(5)
)


@pytest.fixture
def incidents():
    return []


@pytest.fixture
def review(store, incidents):
    with store.writing() as log:
        log.append([], [render(entry) for entry in ENTRIES])
    return Review(store, lambda: incidents.append("condemned"))


def test_entries_come_with_their_indexes(review):
    """In order, from where it was asked, and no more than there are."""
    assert review.entries(0, 2) == [(0, ENTRIES[0]), (1, ENTRIES[1])]
    assert review.entries(3, 100) == [(3, ENTRIES[3]), (4, ENTRIES[4])]
    assert review.entries(5, 100) == []


@pytest.mark.parametrize("what", ["leaf", "form"])
def test_what_does_not_verify_is_an_incident(review, store, url, incidents, what):
    """It is refused, and the server answers nothing any more."""
    if what == "leaf":
        tamper(url, 'DELETE FROM leaf WHERE "index" = 2')
    else:
        with store.writing() as log:
            log.append([], [b"no entry"])
    with pytest.raises(TamperedError):
        review.entries(0, 100)

    assert incidents == ["condemned"]
