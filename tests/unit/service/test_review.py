"""What audit staff read is what was written, or an incident."""

import logging

import pytest
from sqlalchemy import create_engine, text

from placement.audit.entry import Entry, render
from placement.errors import TamperedError
from placement.service.review import Review

ENTRIES = tuple(
    Entry(at=number, kind="CONSULTATION", action="CASE_SHOW", outcome="ANSWERED")
    for number in range(5)
)


@pytest.fixture
def review(store):
    with store.writing() as log:
        log.append([], [render(entry) for entry in ENTRIES])
    return Review(store)


def test_entries_come_with_their_indexes(review):
    """In order, from where it was asked, and no more than there are."""
    assert review.entries(0, 2) == [(0, ENTRIES[0]), (1, ENTRIES[1])]
    assert review.entries(3, 100) == [(3, ENTRIES[3]), (4, ENTRIES[4])]
    assert review.entries(5, 100) == []


@pytest.mark.parametrize("what", ["leaf", "form"])
def test_what_does_not_verify_is_an_incident(review, store, url, caplog, what):
    """It is refused, and stands in the server's log without content."""
    if what == "leaf":
        admin = create_engine(url)
        with admin.begin() as connection:
            connection.execute(text('DELETE FROM leaf WHERE "index" = 2'))
        admin.dispose()
    else:
        with store.writing() as log:
            log.append([], [b"no entry"])
    with caplog.at_level(logging.CRITICAL), pytest.raises(TamperedError):
        review.entries(0, 100)

    assert [record.getMessage() for record in caplog.records] == [
        "incident the access log does not verify"
    ]
