"""What audit staff read is what was written, or an incident."""

from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.commands import (
    AUDITOR,
    CASEWORKER,
    COORDINATOR,
    caseworker,
    check,
    open_case,
    show_case,
)
from kit.engines import answer, details, tamper
from kit.erased import take
from kit.faults import damage
from kit.often import often
from kit.stored import leaf
from kit.story import ReadingRoom
from kit.world import NOW

from placement.audit.details import opened
from placement.audit.entry import parse
from placement.domain.decide.searches import Filter
from placement.errors import NotFoundError, TamperedError, UnavailableError
from placement.service import review as review_module
from placement.service.review import owned, shown

WHOLE = Filter()


@pytest.fixture
def room(store):
    return ReadingRoom(store)


@pytest.fixture
def case(engine):
    """A case with three entries: opened, asked about, shown."""
    opened_case = open_case("h")
    for command in (
        opened_case,
        check(opened_case.handle),
        show_case(opened_case.handle),
    ):
        answer(engine, command)
    return opened_case


def indexes(found):
    return [each.index for each in found]


def test_a_case_has_one_alias(room, case, store):
    """The one that its entries show."""
    (kept, *_) = details(store)

    assert room.review.alias(case.handle) == kept.outline.case


# Periods


@often(60)
@given(st.data())
def test_bounds_are_those_of_the_times(library, data):
    """Found by halves: where a look at every entry's time says, too."""
    times = [told.entry.at for told in library.story]
    instant = st.sampled_from(times).flatmap(
        lambda at: st.sampled_from([at - 1, at, at + 1])
    )
    index = st.integers(0, len(times) + 3)
    since, until = data.draw(st.tuples(*[st.none() | instant] * 2))
    first, end = data.draw(st.tuples(*[st.none() | index] * 2))
    size = data.draw(st.integers(0, len(times)))
    asked = Filter(since=since, until=until, first=first, end=end)
    start, stop = ReadingRoom(library.store).review.bounds(asked, size)
    expected = [
        number
        for number, at in enumerate(times[:size])
        if (since is None or at >= since)
        and (until is None or at < until)
        and (first is None or number >= first)
        and (end is None or number < end)
    ]

    assert list(range(start, stop)) == expected


def test_bounds_read_no_more_than_halves_need(library, monkeypatch):
    """A period in ten million entries costs some dozen looks."""
    room, read = ReadingRoom(library.store), []
    times = [told.entry.at for told in library.story]
    parsed = review_module.parse

    def counted(content):
        read.append(content)
        return parsed(content)

    monkeypatch.setattr(review_module, "parse", counted)
    got = room.review.bounds(Filter(since=times[300]), len(times))

    assert got == (bisect_left(times, times[300]), len(times))
    assert len(read) <= len(times).bit_length()


def test_a_decisions_bounds_are_its_millisecond(library):
    """Its id says when; no entry outside of it is looked at."""
    review = ReadingRoom(library.store).review
    size = len(library.story)
    for told in library.story[::7]:
        for decision in () if told.outline is None else told.outline.decisions:
            start, end = review.bounds(Filter(decision=decision), size)
            part = library.story[start:end]

            assert told in part
            assert {each.entry.at // 1000 for each in part} == {told.entry.at // 1000}


# Pages


def test_a_page_ends_when_it_is_full(library):
    """It says where the next one begins; an end is an end."""
    review = ReadingRoom(library.store).review
    everything = review.selection(WHOLE)
    page = review.page(everything, 5, 100, most=10)
    last = review.page(everything, 95, 100, most=10)
    nothing = review.page(everything, 100, 100, most=10)
    beyond = review.page(everything, 120, 100, most=10)

    assert (indexes(page.found), page.next) == (list(range(5, 15)), 15)
    assert (indexes(last.found), last.next) == (list(range(95, 100)), 100)
    assert (indexes(nothing.found), nothing.next) == ([], 100)
    assert (indexes(beyond.found), beyond.next) == ([], 120)


def test_a_page_looks_at_so_many(library):
    """It may be empty, though more follows."""
    review = ReadingRoom(library.store).review
    selection = review.selection(Filter(action="CASE_CLOSE"))
    size = len(library.story)
    start, found, empty = 0, [], 0
    while start < size:
        page = review.page(selection, start, size, most=100, scan=150)

        assert start < page.next <= start + 150
        empty += not page.found
        found += indexes(page.found)
        start = page.next
    closed = [told.index for told in library.story if told.entry.action == "CASE_CLOSE"]

    assert found == closed
    assert len(found) == 7


@pytest.mark.parametrize("scan", [1, 2, 50, 100, 101])
def test_every_page_gets_ahead(library, scan):
    """However little may be looked at."""
    review = ReadingRoom(library.store).review
    for asked in (WHOLE, Filter(action="CHECK"), Filter(action="NONE")):
        page = review.page(review.selection(asked), 7, 600, most=100, scan=scan)

        assert page.next > 7
        assert indexes(page.found) == [
            told.index
            for told in library.story[7 : page.next]
            if asked.action in {"", told.entry.action}
        ]


def test_leaves_are_read_some_at_a_time(library, monkeypatch):
    """In order and whole; who asks for more than there are is not told that this is all."""
    monkeypatch.setattr(review_module, "_CHUNKS", (16, 64))
    review = ReadingRoom(library.store).review
    size = len(library.story)

    for start, end in ((0, size), (60, 130), (size - 3, size), (size, size)):
        got = [each.index for each in review.leaves(start, end)]
        assert got == list(range(start, end))
    for start in (size - 3, size):
        with pytest.raises(UnavailableError):
            list(review.leaves(start, size + 90))
    assert indexes(review.whole(10, 140)) == list(range(10, 140))
    assert review.size() == size


# One entry


def test_one_entry_comes_with_its_details(case, room):
    """What an auditor sees of them leads to the same leaf as what an owner sees."""
    found = room.review.one(1)
    seen = opened(shown(found), found.entry.details)
    theirs = opened(owned(found), found.entry.details)

    assert (found.index, found.entry.action) == (1, "CHECK")
    assert parse(found.content) == found.entry
    assert seen.matter is None
    assert (theirs.outline, theirs.matter) == (None, found.opened.matter)
    assert theirs.matter.case == case.handle
    assert seen.outline == found.opened.outline


def test_an_entry_without_details_shows_none(case, room, store):
    """The law took them; the leaf stays as it was."""
    before = room.review.one(1)
    take(store, lambda index: index == 1)
    after = room.review.one(1)

    assert after.content == before.content
    assert (after.details, after.opened) == (None, None)
    assert (shown(after), owned(after)) == (b"", b"")
    assert indexes(room.review.whole(0, 3)) == [0, 1, 2]


@pytest.mark.parametrize("index", [3, 4, 2**40])
def test_an_entry_that_is_not_there(case, room, index):
    """Nothing stands behind the last one."""
    with pytest.raises(NotFoundError):
        room.review.one(index)

    assert not room.incidents


def test_an_entry_is_of_its_organisation_and_role(case, room):
    """Colleagues read one another's receipts; nobody else does."""
    review = room.review

    assert review.owns(CASEWORKER, 1)
    assert review.owns(caseworker(person="cw-02"), 1)
    assert not review.owns(caseworker("0180"), 1)
    assert not review.owns(COORDINATOR, 1)
    assert not review.owns(AUDITOR, 1)
    assert not review.owns(CASEWORKER, 3)


# What does not verify

READS = {
    "one": lambda room: room.review.one(1),
    "owns": lambda room: room.review.owns(CASEWORKER, 1),
    "page": lambda room: room.review.page(room.review.selection(WHOLE), 0, 3, most=10),
    "whole": lambda room: list(room.review.whole(0, 3)),
    "bounds": lambda room: room.review.bounds(Filter(since=NOW), 3),
}
DAMAGE = {
    "leaf": 'DELETE FROM leaf WHERE "index" = 1',
    "bytes": 'UPDATE leaf SET blob = zeroblob(length(blob)) WHERE "index" = 1',
    "details": "UPDATE leaf SET details_blob = zeroblob(length(details_blob))"
    ' WHERE "index" = 1',
    "moved": "UPDATE leaf SET details_blob ="
    ' (SELECT details_blob FROM leaf WHERE "index" = 0) WHERE "index" = 1',
    "half": 'UPDATE leaf SET details_epoch = NULL WHERE "index" = 1',
    "key": 'UPDATE leaf SET details_epoch = 7 WHERE "index" = 1',
    "head": "UPDATE head SET leaves = 2",
}


# Times are looked up in entries alone.
OF_DETAILS = {"details", "moved", "half", "key"}


@pytest.mark.parametrize(
    ("read", "damage"),
    [
        (read, damage)
        for read in READS
        for damage in DAMAGE
        if read != "bounds" or damage not in OF_DETAILS
    ],
)
def test_what_does_not_verify_is_an_incident(case, room, url, damage, read):
    """It is refused, and the server answers nothing any more."""
    tamper(url, DAMAGE[damage])
    with pytest.raises(TamperedError):
        READS[read](room)

    assert set(room.incidents) == {"condemned"}


def test_a_leaf_that_is_no_entry_is_an_incident(store, room):
    """Nobody but us writes there, so it is a defect, or worse."""
    with store.writing() as log:
        log.append([], [leaf(b"no entry")])
    for read in (
        lambda: room.review.one(0),
        lambda: list(room.review.whole(0, 1)),
        lambda: room.review.bounds(Filter(since=NOW), 1),
    ):
        room.incidents.clear()
        with pytest.raises(TamperedError):
            read()

        assert set(room.incidents) == {"condemned"}


@pytest.mark.parametrize(
    ("name", "incidents"), [("SQLITE_CORRUPT", ["condemned"]), ("SQLITE_BUSY", [])]
)
def test_a_damaged_file_is_an_incident(case, room, monkeypatch, name, incidents):
    """A database that is busy is none."""

    def fail(*_, **__):
        raise damage(name)

    monkeypatch.setattr(room.review._store, "entries", fail)
    with pytest.raises(UnavailableError):
        room.review.one(0)

    assert room.incidents == incidents


def test_a_head_that_does_not_verify_is_an_incident(case, room, url):
    """Where the log ends is read with the same care."""
    tamper(url, "UPDATE head SET leaves = leaves + 1")
    with pytest.raises(TamperedError):
        room.review.size()

    assert room.incidents == ["condemned"]
