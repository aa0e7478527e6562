"""Snapshots are written while the server serves, and say what the log says."""

import logging
import threading
import time
from contextlib import suppress
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from kit.commands import open_case
from kit.engines import SECONDS, answer, tamper
from kit.faults import damage

from placement.errors import TamperedError
from placement.service import fold, keeping
from placement.service.keeping import FAR_BEHIND, WAITS, Keeping
from placement.service.manners import StoppedError
from placement.store import fsck, snapshot
from placement.store.snapshot import drop_snapshots, latest, load_snapshot


@pytest.fixture
def soon(monkeypatch):
    """Three records make a snapshot worth its time."""
    monkeypatch.setattr(keeping, "SNAPSHOT_AFTER", 3)


def comes(store, revision):
    """Wait for a snapshot of a revision, or a later one."""
    until = time.monotonic() + SECONDS
    while fold.covered(store).revision < revision:
        assert time.monotonic() < until
        time.sleep(0.01)


def alike(store):
    """Hold the snapshot against the log: both come to the same records."""
    state, head = fold.load(store)
    anew, other = fold.load(store, anew=True)
    return head == other and [*state.records()] == [*anew.records()]


def test_a_server_that_serves_leaves_a_snapshot(engine, store, soon):
    """Whoever kills it finds that at the next start, and answers go on meanwhile."""
    for name in "hij":
        answer(engine, open_case(name))
    comes(store, 3)
    answer(engine, open_case("k"))

    assert engine.serving
    assert alike(store)


def test_every_so_many_records_make_another(engine, store, soon, monkeypatch):
    """The tail behind it stays short."""
    monkeypatch.setattr(keeping, "REST", 0)
    for name in "hijklmn":
        answer(engine, open_case(name))
    comes(store, 6)

    assert alike(store)


def test_few_records_make_none(engine, store, soon):
    """What is folded at once needs no snapshot."""
    answer(engine, open_case("h"))
    answer(engine, open_case("i"))

    assert engine._keeping._thread is None
    assert load_snapshot(store) is None


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (2, 3, True),
        (3, 5, False),
        (2, 9, True),
    ],
)
@pytest.mark.usefixtures("soon")
def test_a_commit_makes_it_due(store, monkeypatch, before, after, expected):
    """At every third record."""
    wanted = []
    kept = Keeping(store, lambda: None, lambda: True)
    monkeypatch.setattr(kept, "_want", lambda: wanted.append(True))
    kept.grew(before, after)

    assert bool(wanted) is expected


def test_a_start_that_had_much_to_fold_leaves_one(start, engine, faulty, store, soon):
    """As after a server that was killed before it came to that."""
    engine._keeping.grew = lambda *_: None
    for name in "hij":
        answer(engine, open_case(name))
    assert fold.covered(store).revision == 0
    start(faulty)
    comes(store, 3)

    assert alike(store)


@pytest.mark.usefixtures("soon")
def test_one_that_fails_is_tried_again(engine, store, monkeypatch, caplog):
    """It stays due, though nothing comes; the log is enough until then."""
    monkeypatch.setattr(keeping, "AGAIN", 0)
    failing = [True]

    def keep(*given):
        if failing.pop() if failing else False:
            raise OSError
        return fold.keep(*given)

    monkeypatch.setattr(keeping, "keep", keep)
    for name in "hij":
        answer(engine, open_case(name))
    comes(store, 3)

    assert caplog.messages == ["no snapshot was written kind=OSError"]
    assert engine.serving


def test_one_that_fails_is_not_tried_at_once(store, monkeypatch):
    """A database that does not answer is not asked as fast as the machine can."""
    rests, tried = [], []
    kept = Keeping(store, lambda: None, lambda: True)

    def wait(seconds):
        rests.append(seconds)
        if len(rests) == 2:
            kept._stopping.set()

    def write(_pace):
        tried.append("tried")
        raise OSError

    monkeypatch.setattr(kept._stopping, "wait", wait)
    monkeypatch.setattr(kept, "_write", write)
    kept._due.set()
    kept._run()

    assert tried == ["tried"] * 2
    assert rests == [keeping.AGAIN] * 2


def test_one_that_an_erasure_overtook_is_not_tried_again(store, monkeypatch):
    """It would come when nothing but that makes one."""
    kept, due = Keeping(store, lambda: None, lambda: True), []

    def wait(_seconds):
        due.append(kept._due.is_set())
        kept._stopping.set()
        kept._due.set()

    monkeypatch.setattr(keeping, "keep", lambda *_: False)
    monkeypatch.setattr(kept._late, "wait", wait)
    kept._due.set()
    kept._run()

    assert due == [False]


@pytest.mark.parametrize("overtaken", [False, True])
def test_the_next_is_due_as_if_nothing_had_been_erased(store, monkeypatch, overtaken):
    """Where one ends, begins and rests counts from when the last was written."""
    kept = Keeping(store, lambda: None, lambda: True)
    monkeypatch.setattr(
        keeping, "load", lambda *_, **__: (None, SimpleNamespace(revision=7))
    )
    monkeypatch.setattr(keeping, "keep", lambda *_: not overtaken)
    kept._write(lambda: None)

    assert kept._newest == 7


@pytest.mark.usefixtures("soon")
def test_an_erasure_makes_none_at_a_stop_or_a_start(engine, start, faulty, store):
    """Whoever has two copies of the database would see that somebody was erased."""
    for name in "hij":
        answer(engine, open_case(name))
    comes(store, 3)
    store.vault.destroy_snapshots(store.vault._keys.snapshots())  # as an erasure does
    answer(engine, open_case("k"))
    engine.stop()
    stopped = latest(store)
    again = start(faulty)

    assert (stopped, latest(store)) == (3, 3)
    assert again._keeping._thread is None
    assert fold.covered(store).revision == 0


@pytest.mark.parametrize(
    ("name", "found"), [("SQLITE_CORRUPT", ["found"]), ("SQLITE_BUSY", [])]
)
def test_what_is_damaged_at_a_stop_is_found(store, monkeypatch, name, found, caplog):
    """The next start shall verify everything."""
    told: list[str] = []
    kept = Keeping(store, lambda: told.append("found"), lambda: True)

    def fail(_):
        raise damage(name)

    monkeypatch.setattr(keeping, "latest", fail)
    kept.stop((None, SimpleNamespace(revision=10_000)))

    assert told == found
    assert len(caplog.messages) == 1 - len(found)


@pytest.mark.parametrize("stops", [False, True])
def test_it_rests_as_long_as_writing_took_and_more(store, monkeypatch, stops):
    """But a server that stops does not wait for that."""
    kept, rests, times = Keeping(store, lambda: None, lambda: True), [], [100.0, 107.0]

    def write(_pace):
        if stops:
            kept.stop(None)

    def wait(seconds):
        rests.append(seconds)
        kept.stop(None)

    monkeypatch.setattr(keeping.time, "monotonic", lambda: times.pop(0))
    monkeypatch.setattr(kept, "_write", write)
    monkeypatch.setattr(kept._late, "wait", wait)
    kept._due.set()
    kept._run()

    assert rests == ([] if stops else [keeping.REST * 7.0])


def test_a_tail_that_becomes_long_ends_the_rest(engine, store, monkeypatch, soon):
    """Or one would take longer than the one before, and so on."""
    monkeypatch.setattr(keeping, "REST", 1e9)
    monkeypatch.setattr(keeping, "MOST_BEHIND", 7)
    for name in "hij":
        answer(engine, open_case(name))
    comes(store, 3)
    for name in "klmnop":
        answer(engine, open_case(name))
    time.sleep(0.1)
    before = fold.covered(store).revision
    answer(engine, open_case("q"))
    comes(store, 9)

    assert before < 9


def test_a_log_that_does_not_fold_is_no_snapshot(engine, store, url, soon, caplog):
    """The engine answers nothing any more, whoever finds it."""
    caplog.set_level(logging.CRITICAL)
    for name in "hi":
        answer(engine, open_case(name))
    tamper(url, "UPDATE event SET blob = zeroblob(512) WHERE revision = 1")
    with suppress(TamperedError):  # it may be found before that is answered
        answer(engine, open_case("j"))
    engine._keeping._thread.join(SECONDS)

    assert engine.trouble == "unverified"
    assert load_snapshot(store) is None


@pytest.mark.parametrize(
    ("name", "found"), [("SQLITE_CORRUPT", ["found"]), ("SQLITE_BUSY", [])]
)
def test_a_damaged_file_is_found_by_whoever_folds(store, monkeypatch, name, found):
    """Nobody need ask first; a database that is busy is another thing."""
    told: list[str] = []
    kept = Keeping(store, lambda: told.append("found"), lambda: True)

    def load(*_, **__):
        raise damage(name)

    monkeypatch.setattr(keeping, "load", load)
    monkeypatch.setattr(kept._stopping, "wait", lambda _: kept._stopping.set())
    kept._due.set()
    kept._run()

    assert told == found


@pytest.mark.parametrize("sound", [True, False])
@pytest.mark.usefixtures("soon")
def test_a_condemned_server_leaves_none(engine, store, sound):
    """Whoever found it, the next start shall not rest on a snapshot."""
    asked = threading.Event()
    for name in "hi":
        answer(engine, open_case(name))
    engine._keeping._sound = lambda: asked.set() or sound
    answer(engine, open_case("j"))
    assert asked.wait(SECONDS)
    if sound:
        comes(store, 3)
    engine._keeping.stop(None)

    assert (load_snapshot(store) is not None) is sound


@pytest.mark.usefixtures("soon")
def test_one_condemned_meanwhile_leaves_none(engine, store, monkeypatch, caplog):
    """What was found while a snapshot was being written has none to start from."""
    caplog.set_level(logging.CRITICAL)
    done, written = threading.Event(), []

    def keep(*given):
        engine.condemn()
        drop_snapshots(store)  # as its engine does then
        fold.keep(*given)
        written.append(fold.covered(store).revision)
        done.set()

    monkeypatch.setattr(keeping, "keep", keep)
    with suppress(TamperedError):  # the last one may come too late to be told
        for name in "hij":
            answer(engine, open_case(name))
    assert done.wait(SECONDS)
    engine._keeping.stop(None)

    assert written == [3]
    assert load_snapshot(store) is None


def test_one_of_a_condemned_server_is_taken_away_at_the_next_turn(engine, store):
    """Whoever found it may have failed to."""
    answer(engine, open_case("h"))
    fold.keep(store, *fold.load(store))
    engine._keeping._sound = lambda: False
    engine._keeping._write(lambda: None)

    assert fold.covered(store).revision == 0


def test_a_stop_while_it_is_made_whole_leaves_it_whole(engine, store, monkeypatch):
    """Else it would be taken for the newest one, and open nothing."""
    answer(engine, open_case("h"))
    folded = fold.load(store)
    answer(engine, open_case("i"))
    look, looking = snapshot._erased_since, []

    def looked(*given):
        looking.append(True)
        return look(*given)

    def pace():
        if looking:
            raise StoppedError

    monkeypatch.setattr(snapshot, "_erased_since", looked)
    written = fold.keep(store, *folded, pace)

    assert (written, looking) == (True, [True])
    assert fold.covered(store) == folded[1]


def test_a_stop_that_fails_for_any_reason_ends(store, monkeypatch, caplog):
    """The store is closed behind it."""
    monkeypatch.setattr(keeping, "SNAPSHOT_AFTER", 0)
    monkeypatch.setattr(keeping, "keep", Mock(side_effect=ValueError))
    made = Keeping(store, Mock(), Mock())
    made.stop(fold.load(store))

    assert "no snapshot was written kind=ValueError" in caplog.text


def test_a_stop_waits_for_no_fold(engine, store, soon, monkeypatch):
    """What the engine holds then is written, and that is all."""
    folding, load = threading.Event(), fold.load

    def slow(store, *, pace):
        folding.set()
        assert engine._keeping._stopping.wait(SECONDS)
        return load(store, pace=pace)

    monkeypatch.setattr(keeping, "load", slow)
    for name in "hij":
        answer(engine, open_case(name))
    assert folding.wait(SECONDS)
    engine.stop()

    assert fold.covered(store).revision == 3
    assert alike(store)
    assert fsck.verify(store).revision == 3


def test_a_tail_that_grows_far_is_folded_faster(engine):
    """More may be written than a tenth of the interpreter folds; not for ever."""
    keeping, found = engine._keeping, []
    for after in (FAR_BEHIND - 1, FAR_BEHIND):
        keeping.grew(after, keeping._newest + after)
        found.append(keeping._waits())

    assert found == [WAITS, 1]
