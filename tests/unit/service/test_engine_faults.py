"""No answer without its entry, whatever the store does."""

import pytest
from kit.commands import open_case, show_case
from kit.engines import answer, engine_on, entries, tamper

from placement.errors import (
    NotFoundError,
    PlacementError,
    TamperedError,
    UnavailableError,
)
from placement.service import engine as engine_module
from placement.store.log import Store


@pytest.mark.parametrize("cue", ["before", "in", "commit"])
@pytest.mark.parametrize(
    "kinds",
    [(UnavailableError, UnavailableError), (ZeroDivisionError, PlacementError)],
    ids=["foreseen", "unforeseen"],
)
def test_nobody_is_answered_when_a_commit_fails(engine, faulty, store, cue, kinds):
    """The whole batch is refused; the next command is decided on what was stored."""
    make, expected = kinds
    case = open_case("h")
    answer(engine, case)
    faulty.fail(cue, make)
    lost = open_case("lost")
    with pytest.raises(PlacementError) as refused:
        answer(engine, lost)
    with pytest.raises(NotFoundError):
        answer(engine, show_case(lost.handle))

    assert type(refused.value) is expected
    assert answer(engine, show_case(case.handle)).revision == 1
    assert [entry.outcome for entry in entries(store)] == [
        "ANSWERED",
        "NOT_FOUND",
        "ANSWERED",
    ]


def test_a_commit_that_succeeded_after_all_is_found_again(engine, faulty, store):
    """The error came, the entry stands; the retry finds what was made."""
    faulty.fail("after")
    with pytest.raises(UnavailableError):
        answer(engine, open_case("h", handle=b"first" * 3, request="r"))
    retried = answer(engine, open_case("h", handle=b"other" * 3, request="r"))

    assert (retried.reply.ids, retried.revision) == ((b"first" * 3,), 1)
    assert [entry.outcome for entry in entries(store)] == ["ANSWERED", "ANSWERED"]


def test_a_failing_fold_refuses_until_it_works(engine, faulty, monkeypatch):
    """The log that can't be read is no ground for an answer."""
    answer(engine, open_case("h"))
    faulty.fail("commit")
    with pytest.raises(UnavailableError):
        answer(engine, open_case("i"))
    with monkeypatch.context() as patched:

        def broken(_):
            raise UnavailableError

        patched.setattr(engine_module, "load", broken)
        with pytest.raises(UnavailableError):
            answer(engine, open_case("j"))

    assert answer(engine, open_case("k")).revision == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE head SET leaves = leaves + 1",
        "UPDATE event SET blob = zeroblob(length(blob)) WHERE revision = 2",
        "DELETE FROM event WHERE revision = 2",
    ],
)
def test_what_does_not_verify_condemns(start, engine, url, custody, statement):
    """An altered record is met by whoever catches up; nothing is answered again."""
    again = Store.open(url, custody)
    other = start(again)
    answer(other, open_case("h"))
    answer(engine, open_case("i"))
    tamper(url, statement)
    with pytest.raises(TamperedError):
        answer(other, open_case("j"))
    with pytest.raises(TamperedError):
        other.submit(open_case("k"))
    serving = other.serving
    other.stop()
    again.close()

    assert not serving


def test_entries_put_back_condemn(engine, url):
    """The head of an earlier moment, entries and all, is noticed while it runs."""
    with pytest.raises(NotFoundError):
        answer(engine, show_case(bytes(16)))
    tamper(url, "CREATE TABLE was AS SELECT * FROM head")
    with pytest.raises(NotFoundError):
        answer(engine, show_case(bytes(16)))
    tamper(url, 'DELETE FROM leaf WHERE "index" = 1')
    tamper(url, "DELETE FROM head")
    tamper(url, "INSERT INTO head SELECT * FROM was")
    with pytest.raises(TamperedError):
        answer(engine, show_case(bytes(16)))

    assert not engine.serving


def test_a_damaged_log_is_never_served(store, url, clock):
    """An engine that can't verify what is stored does not start."""
    engine = engine_on(store, clock)
    tamper(url, "DELETE FROM head")
    with pytest.raises(TamperedError):
        engine.start()
    with pytest.raises(UnavailableError):
        engine.submit(open_case("h"))
    engine.stop()

    assert not engine.serving
