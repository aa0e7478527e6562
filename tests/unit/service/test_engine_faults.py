"""No answer without its entry, whatever the store does."""

import threading
import time

import pytest
from kit.commands import open_case, show_case
from kit.engines import SECONDS, answer, engine_on, entries, tamper
from kit.faults import damage

from placement.errors import (
    NotFoundError,
    PlacementError,
    TamperedError,
    UnavailableError,
)
from placement.service import engine as engine_module
from placement.service import pulse as pulse_module
from placement.service.fold import keep, load
from placement.store.anchor import Unanchored
from placement.store.log import Store
from placement.store.snapshot import load_snapshot


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
    ("name", "told"),
    [("SQLITE_CORRUPT", TamperedError), ("SQLITE_BUSY", UnavailableError)],
)
def test_a_damaged_file_condemns(engine, store, monkeypatch, name, told):
    """And takes the snapshot away; a database that is busy is another thing."""
    answer(engine, open_case("h"))
    keep(store, *load(store))
    with monkeypatch.context() as patched:

        def damaged(*_):
            raise damage(name)

        patched.setattr(engine, "_catch_up", damaged)
        with pytest.raises(told):
            answer(engine, open_case("i"))
    passes = told is UnavailableError
    if passes:
        answer(engine, open_case("j"))

    assert engine.serving is passes
    assert (load_snapshot(store) is not None) is passes


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


# Nobody asks, and something is wrong


@pytest.fixture
def hasty(monkeypatch, publish_every):
    """An engine looks every 20 ms, and hangs after half a second."""
    monkeypatch.setattr(engine_module, "PUBLISH_EVERY", 20_000)
    monkeypatch.setattr(pulse_module, "HANGS", 0.5)


def wait_until(holds):
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("make", [UnavailableError, MemoryError])
def test_a_look_that_fails_is_told_to_health(start, store, monkeypatch, make):
    """Whatever failed: what others wrote meanwhile is not known here."""
    monkeypatch.setattr(engine_module, "PUBLISH_EVERY", 20_000)
    engine = start(store)
    before = engine.trouble
    with monkeypatch.context() as patched:

        def broken(**_):
            raise make

        patched.setattr(store, "read_head", broken)
        wait_until(lambda: not engine.serving)
        failing = engine.trouble
    wait_until(lambda: engine.serving)

    assert (before, failing) == ("", "database")


def test_a_defect_is_told_to_health(engine, faulty):
    """Until something works again."""
    faulty.fail("in", ZeroDivisionError)
    with pytest.raises(PlacementError):
        answer(engine, open_case("h"))
    failing = engine.trouble
    answer(engine, open_case("i"))

    assert (failing, engine.trouble) == ("database", "")


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("where", ["look", "commit", "anchor"])
def test_what_hangs_is_told_to_health(start, faulty, monkeypatch, where):
    """It never says so itself; and it serves again when it goes on."""
    engine = start(faulty)
    wait_until(lambda: engine.pulse.seen == faulty.read_head())
    go_on = threading.Event()

    def hang(*_, **__):
        go_on.wait(SECONDS)
        return store_head()

    store_head = faulty.read_head
    with monkeypatch.context() as patched:
        if where == "look":
            patched.setattr(faulty, "read_head", hang, raising=False)
        elif where == "anchor":
            patched.setattr(Unanchored, "keep", hang)
        else:
            faulty.passed = go_on
        asked = engine.submit(open_case("h"))
        wait_until(lambda: not engine.serving)
        hanging = engine.trouble
        go_on.set()
    asked.result(SECONDS)
    wait_until(lambda: engine.serving)

    assert hanging == "hangs"


def test_an_engine_that_verified_for_long_does_not_hang(clock, store, monkeypatch):
    """Its time begins when it serves."""
    engine = engine_on(store, clock)
    engine.pulse._done_at -= 60
    engine.start()
    serving = engine.serving
    engine.stop()

    assert serving


# It goes on at its pace


@pytest.mark.parametrize("condemned", [False, True])
def test_an_engine_with_work_does_not_spin(clock, store, monkeypatch, condemned):
    """What fails is tried again after a pause, not as fast as the machine can."""
    engine = engine_on(store, clock)
    engine._folded = (None, None)
    engine._busy = True  # there was more to do when it last worked

    def broken():
        raise UnavailableError

    monkeypatch.setattr(store, "read_head", broken)
    if condemned:
        engine.condemn()
    engine._serve([])

    assert not engine._busy
