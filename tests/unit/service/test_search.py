"""A search gives what it selects, once each, in order, and to whoever began it."""

from contextlib import closing
from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.commands import (
    AUDITOR,
    MOMENT,
    Court,
    list_entries,
    open_case,
    search,
    show_case,
)
from kit.engines import SECONDS, answer, details
from kit.often import often
from kit.steps import idle
from kit.stored import rows
from kit.story import OTHER_AUDITOR, SCOPE, ReadingRoom, filters, naive
from placement_client.entries import is_idle, opened

from placement.api.v1.audit_service_pb2 import LogEntry
from placement.crypto.custody import FileCustody
from placement.domain.decide import searches
from placement.domain.decide.searches import Admitted, Filter
from placement.domain.events import CaseOpened, Record
from placement.domain.facts import Case
from placement.domain.terms import Basis
from placement.errors import InvalidInputError
from placement.service import review as review_module
from placement.service import search as search_module
from placement.service.index import Indexer
from placement.store import tables
from placement.store.copying import Kind, copy, file_of
from placement.store.keystore import beside
from placement.store.log import Store
from placement.store.summaries import Summaries


@pytest.fixture
def room(store):
    return ReadingRoom(store)


def indexes(found):
    return [each.index for each in found]


def admitted(kind=searches.ExportEntries, cases=None, **asked):
    command = replace(search(kind, **asked), scope=SCOPE)
    return Admitted(search=command, cases=cases)


def write(engine, count=1):
    """Write entries: a case, and as often as it takes that it is shown."""
    case = open_case("h")
    answer(engine, case)
    for _ in range(count - 1):
        answer(engine, show_case(case.handle))


# Pages


@pytest.fixture(scope="session")
def indexed(library, tmp_path_factory):
    """A copy of the same log, once its stretches are summed up."""
    folder = tmp_path_factory.mktemp("indexed")
    url = f"sqlite:///{folder}/store.db"
    copy(Kind.DATABASE, library.url, folder / "store.db")
    copy(Kind.KEYS, beside(library.url), folder / "store.keys.db")
    custody = FileCustody(file_of(library.url).with_name("kek"))
    with closing(Store.open(url, custody)) as store:
        review = ReadingRoom(store).review
        indexer = Indexer(
            Summaries(store),
            size=review.size,
            whole=review.whole,
            condemn=pytest.fail,
        )
        indexer.catch_up()
        yield replace(library, store=store, url=url)


def require_walk_is_naive(library, data):
    """Walk some filter's pages; hold them against a look at everything."""
    asked = data.draw(filters(library.story, library.cases))
    most = data.draw(st.integers(20, 100))
    scan = data.draw(st.none() | st.integers(150, 500))
    size = data.draw(st.sampled_from([len(library.story), 0, 1, 300]))
    room, cases = ReadingRoom(library.store, scan), library.named(asked)
    pages = list(room.pages(asked, cases, size, most))
    found = [each for page in pages for each in page.found]

    assert indexes(found) == naive(library.story[:size], asked, cases or set())
    assert all(len(page.found) <= most for page in pages)
    assert {page.size for page in pages} == {size}
    assert room.incidents == []


@often(20)
@given(st.data())
def test_pages_give_exactly_what_is_selected(library, data):
    """In order, once each, however long a page is and however far it may look."""
    require_walk_is_naive(library, data)


@often(20)
@given(st.data())
def test_pages_give_the_same_with_summaries(indexed, data):
    """What is passed by is nothing that is looked for."""
    require_walk_is_naive(indexed, data)


def test_only_the_copy_has_summaries(indexed, library):
    """Else, from there on, no other test looked for anything without."""
    there = [rows(one.store._engine, tables.summary) for one in (indexed, library)]

    assert [bool(each) for each in there] == [True, False]


@pytest.mark.parametrize("most", [3, 7, 99, 100])
def test_everything_in_pages(library, monkeypatch, most):
    """No entry twice, none left out, and no page without a token but the last."""
    monkeypatch.setattr(review_module, "_CHUNKS", (8,))
    size = len(library.story)
    pages = list(ReadingRoom(library.store).pages(Filter(first=0), None, size, most))

    assert [len(page.found) for page in pages[:-1]] == [most] * (len(pages) - 1)
    assert indexes(each for page in pages for each in page.found) == list(range(size))
    assert [bool(page.token) for page in pages] == [True] * (len(pages) - 1) + [False]


def test_a_page_that_found_nothing_yet_has_a_token(library):
    """Who goes on comes to the end."""
    room = ReadingRoom(library.store, 150)
    asked = Filter(action="CASE_CLOSE")
    pages = list(room.pages(asked, None, len(library.story)))

    assert sum(not page.found for page in pages) > 3
    assert indexes(each for page in pages for each in page.found) == naive(
        library.story, asked, set()
    )


def test_a_search_that_selects_nothing_ends(library):
    """One page, empty, without a token."""
    room, size = ReadingRoom(library.store), len(library.story)
    for asked in (
        Filter(since=2**60),
        Filter(first=size),
        Filter(first=size + 10, end=size + 20),
        Filter(until=0),
    ):
        (page,) = room.pages(asked, None, size)

        assert (page.found, page.token, page.size) == ((), b"", size)


def test_what_comes_during_a_search_is_not_part_of_it(engine, store, room):
    """Each page knows how long the log was when the search began."""
    write(engine, 5)
    pages = room.pages(Filter(first=0), None, 5, 2)
    found = list(next(pages).found)
    write(engine, 3)
    rest = list(pages)
    found += [each for page in rest for each in page.found]

    assert indexes(found) == [0, 1, 2, 3, 4]
    assert {page.size for page in rest} == {5}
    assert store.read_head().leaves == 8


def test_a_page_goes_on_for_its_caller_alone(engine, room):
    """The token is theirs; at the searcher it is as good as its scope."""
    write(engine, 3)
    command = replace(list_entries(page_size=1), scope=SCOPE)
    listed = room.searcher.list(Admitted(search=command, cases=None), AUDITOR, 3)
    where = room.bookmarks.open(AUDITOR, SCOPE, listed.token, "page_token")
    with pytest.raises(InvalidInputError):
        room.bookmarks.open(OTHER_AUDITOR, SCOPE, listed.token, "page_token")
    with pytest.raises(InvalidInputError):
        room.bookmarks.open(AUDITOR, bytes(32), listed.token, "page_token")

    assert where == (1, 3, 3)


def test_a_search_that_is_no_list_has_one_entry_a_page(engine, room):
    """Nobody asked for more."""
    write(engine, 3)
    listed = room.searcher.list(admitted(searches.ShowEntry, first=0), AUDITOR, 3)

    assert indexes(listed.found) == [0]


def test_what_says_nothing_is_passed_by(engine, room):
    """By lists and by who follows, unless they name it, or nothing but a range."""
    write(engine)
    answer(engine, idle())
    write(engine)

    def listed(**asked):
        search = replace(list_entries(Filter(**asked)), scope=SCOPE)
        return room.searcher.list(Admitted(search=search, cases=None), AUDITOR, 3)

    def followed(**asked):
        follow = admitted(searches.TailEntries, **asked)
        return next(room.searcher.follow(follow, AUDITOR, 0))

    shown = room.searcher.list(admitted(searches.ShowEntry, first=1), AUDITOR, 3)
    got = [
        listed(first=0, outcome="ANSWERED"),
        listed(role="service"),
        listed(action="IDLE"),
        followed(outcome="ANSWERED", first=0),
        followed(action="IDLE"),
        shown,
    ]
    whole = [listed(first=0), listed(since=0), followed(first=0), followed()]

    assert [indexes(each.found) for each in got] == [[0, 2], [], [1], [0, 2], [1], [1]]
    assert [indexes(each.found) for each in whole] == [[0, 1, 2]] * 4


@pytest.mark.parametrize("events", [0, 3])
def test_what_says_nothing_has_the_form_that_clients_know(engine, room, events):
    """Whether it fills up events or not; another entry of the service has not."""
    answer(engine, idle(events))
    write(engine)
    listed = room.searcher.list(admitted(searches.ShowEntry, first=0), AUDITOR, 2)
    other = room.searcher.list(admitted(searches.ShowEntry, first=1), AUDITOR, 2)
    sent = [
        opened(
            LogEntry(
                index=found.index,
                entry=found.content,
                details=review_module.shown(found),
            )
        )
        for page in (listed, other)
        for found in page.found
    ]

    assert [is_idle(each) for each in sent] == [True, False]


def test_an_export_leaves_nothing_out(engine, store, room):
    """Of what says nothing, too: nobody can hide something behind it."""
    write(engine)
    answer(engine, idle())
    engine.publish().result(SECONDS)
    export = room.searcher.export(admitted(first=0), room.checkpoint(2)[0], 2)
    (piece,) = export.pieces

    assert [each.found.entry.action for each in piece] == ["CASE_OPEN", "IDLE"]


def test_a_reference_finds_cases_through_the_state(engine, store, room):
    """As the search was decided: by municipality and number."""
    write(engine, 2)
    court, handle = Court(), details(store)[0].matter.case
    case = Case(
        handle=handle,
        organisation="1280",
        reference="SN 1",
        basis=Basis.POLICE,
        members=(),
        opened_at=MOMENT.now,
    )
    court.state.apply(Record(at=MOMENT.now, event=CaseOpened(case=case)))
    asked = Filter(organisation="1280", reference="SN 1")
    reply = court.reply(list_entries(asked))

    assert indexes(room.searcher.list(reply, AUDITOR, 2).found) == [0, 1]


# Following


def test_following_goes_on_with_what_is_new(engine, room):
    """From where it began; each page's token leads to the next."""
    write(engine, 3)
    pages = room.searcher.follow(admitted(searches.TailEntries), AUDITOR, 2)
    got = [next(pages)]
    got.append(next(pages))
    write(engine, 2)
    got.append(next(pages))
    tokens = [
        room.bookmarks.open(AUDITOR, SCOPE, page.token, "resume_token") for page in got
    ]

    assert [indexes(page.found) for page in got] == [[2], [], [3, 4]]
    assert [page.size for page in got] == [3, 3, 5]
    assert tokens == [(3,), (3,), (5,)]


def test_following_selects(engine, room):
    """What does not fit is passed by, and not met again."""
    follow = admitted(searches.TailEntries, action="CASE_OPEN")
    pages = room.searcher.follow(follow, AUDITOR, 0)
    found = []
    for _ in range(3):
        write(engine, 2)
        found.append(indexes(next(pages).found))

    assert found == [[0], [2], [4]]


def test_following_begins_where_a_filter_does(engine, room):
    """Not before the index that is named, though that is still to come."""
    write(engine, 2)
    pages = room.searcher.follow(admitted(searches.TailEntries, first=3), AUDITOR, 2)
    found = [indexes(next(pages).found)]
    write(engine, 3)
    found.append(indexes(next(pages).found))

    assert found == [[], [3, 4]]


def test_following_resumes(engine, room):
    """Nothing is left out that came while nobody listened."""
    write(engine, 2)
    follow = admitted(searches.TailEntries)
    page = next(room.searcher.follow(follow, AUDITOR, 1))
    write(engine, 2)
    resume = room.bookmarks.open(AUDITOR, SCOPE, page.token, "resume_token")
    again = replace(follow, search=replace(follow.search, resume=resume))
    page = next(room.searcher.follow(again, AUDITOR, 4))

    assert indexes(page.found) == [2, 3]


def test_following_comes_in_pieces(library, monkeypatch):
    """Whoever is far behind gets a bounded part at a time."""
    monkeypatch.setattr(search_module, "MAX_FOLLOWED", 40)
    room = ReadingRoom(library.store)
    pages = room.searcher.follow(admitted(searches.TailEntries), AUDITOR, 0)
    got = [page.found for page in islice(pages, 30)]
    found = [each for part in got for each in part]

    assert max(map(len, got)) == 40
    assert indexes(found) == list(range(len(library.story)))
    assert got[-1] == ()
