"""Rows of an import give way to whoever asks, and come to an end all the same."""

from contextlib import suppress

import pytest
from kit import importing as im
from kit.commands import open_case, presence, register_groups
from kit.engines import answer, engine_on, entries

from placement.domain.decide.taking import SLICE
from placement.domain.import_events import ImportState
from placement.errors import UnavailableError
from placement.service import worker as worker_module
from placement.service.fold import load
from placement.service.manners import (
    BITE,
    CROWD,
    LATELY,
    MAX_PUT_OFF,
    MAX_SLICES,
    PAUSE,
    Manners,
)
from placement.service.staged import StagedRows
from placement.service.waiting import Asked, Waiting
from placement.service.worker import Worker
from placement.store.keystore import KeyStore

FEW = 4
"""Slices that make a bite here."""


class Slices:
    """A worker who has some slices of rows to take over, then something else.

    Attributes:
        left: how many.
        comes: is told of each.
    """

    def __init__(self, left, comes=lambda: None):
        self.left = left
        self.comes = comes

    def has_time(self, _state):
        return self.left > 0

    goes_on = has_time

    def read_on(self, _state):
        pass

    def next(self, _state, _moment):
        self.left -= 1
        self.comes()
        return None if self.left < -1 else "command"

    def saw(self, answer, moment):
        pass

    def waits(self, _state, _moment):
        return self.left >= 0


class Commit:
    """What one transaction appends.

    Attributes:
        done: how much of the worker's.
        answers: what was asked and is decided.
    """

    moment = None
    spent = 0.0  # seconds of processor time, by the last one
    keys = 0.0  # that it takes to make the keys of a slice

    def __init__(self):
        Commit.spent = 0.0
        self.done = 0
        self.answers = []
        self.add = self.answers.append

    def prepare(self, _command):
        Commit.spent += self.keys

    def do(self, _command):
        self.done += 1
        Commit.spent += BITE / FEW


@pytest.fixture
def engine(store, clock):
    engine = engine_on(store, clock)
    engine._manners = Manners(lambda: Commit.spent)
    return engine


def commit(engine, worker, asked=0, waiting=0):
    """Let an engine do what it may in a commit; return how many slices it did."""
    engine._worker = worker
    engine._waiting = Waiting()
    for _ in range(waiting):
        engine._waiting.put(Asked("late"))
    made = Commit()
    engine._work(None, made, [Asked("early") for _ in range(asked)])
    return made.done


def test_while_nobody_asks_slices_share_a_commit(engine):
    """Up to a number; then it is somebody's turn, if anybody came."""
    worker = Slices(MAX_SLICES + 3)

    assert commit(engine, worker) == MAX_SLICES
    assert engine._busy
    assert commit(engine, worker) == 3
    assert commit(engine, worker) == 1
    assert not engine._busy
    assert commit(engine, worker) == 0


@pytest.mark.parametrize(("asked", "waiting"), [(1, 0), (0, 1)])
def test_no_slice_is_begun_beside_a_call(engine, asked, waiting):
    """It comes at once behind it."""
    worker = Slices(MAX_SLICES)

    assert commit(engine, worker, asked, waiting) == 0
    assert engine._busy
    assert commit(engine, worker) == (FEW if asked else MAX_SLICES)


def test_while_somebody_asks_few_slices_share_a_commit(engine):
    """Until nobody did for a while."""
    worker = Slices(100)
    commit(engine, worker, asked=1)
    engine._now += LATELY - 1

    assert commit(engine, worker) == FEW
    engine._now += 1
    assert commit(engine, worker) == MAX_SLICES


@pytest.mark.parametrize(("asked", "waited"), [(0, [0.0]), (1, [PAUSE])])
def test_between_two_commits_somebody_on_the_way_arrives(
    engine, monkeypatch, asked, waited
):
    """If anybody asked of late; else the rows go on at once."""
    commit(engine, Slices(100), asked)
    commit(engine, Slices(100))
    got = []
    monkeypatch.setattr(
        engine._waiting, "take", lambda seconds: got.append(seconds) or []
    )

    assert engine._take() == []
    assert got == waited


def test_whoever_comes_meanwhile_waits_for_one_slice(engine):
    """Not for all that would fit; the commit is shared."""
    worker = Slices(9, lambda: engine._waiting.put(Asked("late")))
    engine._worker, asked, made = worker, [], Commit()
    engine._work(None, made, asked)

    assert (made.done, worker.left) == (1, 8)
    assert made.answers == [one.item for one in asked] == ["late"]


def test_keys_are_a_part_of_the_bite(engine, monkeypatch):
    """They take as long as some slices; those come at once behind it."""
    commit(engine, Slices(1), asked=1)
    monkeypatch.setattr(Commit, "keys", BITE / 2)

    assert commit(engine, Slices(FEW)) == 2
    assert engine._busy


@pytest.mark.parametrize(
    ("busy", "waiting", "expected"),
    [(True, 0, ["state"]), (True, 1, []), (False, 0, [])],
)
def test_rows_are_read_while_nobody_owns_the_log(
    engine, monkeypatch, busy, waiting, expected
):
    """Whoever waits is first; when there is nothing to do, nothing is read."""
    engine._folded, engine._busy = ("state", "head"), busy
    engine._worker, engine._waiting, read = Slices(1), Waiting(), []
    engine._worker.read_on = read.append
    for _ in range(waiting):
        engine._waiting.put(Asked("late"))
    monkeypatch.setattr(engine._waiting, "take", lambda _seconds: ["taken"])

    assert engine._take() == ["taken"]
    assert read == expected


def test_whoever_gave_up_shares_nothing(engine):
    """And the next slice is begun."""

    def give_up():
        gone = Asked("late")
        gone.future.cancel()
        engine._waiting.put(gone)

    engine._worker, asked, made = Slices(2, give_up), [], Commit()
    engine._work(None, made, asked)

    assert (made.done, asked, made.answers) == (2, [], [])


def test_in_a_crowd_rows_have_their_turn(engine):
    """However many ask, every so many commits a whole one is theirs."""
    worker = Slices(100)
    done = [commit(engine, worker, 3, CROWD) for _ in range(2 * (MAX_PUT_OFF + 1))]

    assert done == 2 * [*[0] * MAX_PUT_OFF, FEW]


def test_what_is_due_is_done_beside_a_call(engine):
    """Whoever is placed is weighed again with the call that made it due."""
    worker = Slices(0)

    assert commit(engine, worker, 3, CROWD - 1) == 1


# Of a real import


@pytest.fixture
def importing(faulty, clock):
    """An engine that takes rows over, on a store that fails on cue."""
    engine = engine_on(faulty, clock, worker=Worker(StagedRows(faulty)))
    engine.start()
    yield engine
    engine.stop()


def imported(engine, size):
    """Have rows imported while somebody asks; what fails is asked again."""
    answer(engine, register_groups(*(f"g{number}" for number in range(size))))
    rows = [im.row(presence(f"g{number}")) for number in range(size)]
    begin = im.begin(size)
    key = begin.import_id
    for each in (begin, im.append(key, *rows), im.finish(key, im.over(*rows))):
        answer(engine, each)
    answer(engine, im.approve(key, im.over(*rows)))
    state = ImportState.APPROVED
    while state is not ImportState.DONE:
        with suppress(UnavailableError):
            answer(engine, open_case("h"))
            state = answer(engine, im.show(key)).reply.state


def test_all_rows_are_taken_over_while_somebody_asks(importing, store):
    """Each slice under an entry of its own, and every call is answered."""
    imported(importing, 5 * SLICE + 1)

    taken = [each for each in entries(store) if each.action == "IMPORT_TAKE"]
    assert len(taken) == 6


@pytest.mark.parametrize("fails", ["the log", "the keys"])
def test_keys_outlive_a_commit_that_failed(importing, faulty, monkeypatch, fails):
    """Rows get the keys that were made ahead, once each; what was not kept is not used."""
    monkeypatch.setattr(worker_module, "BREATH", 0)
    kept, failed, add = [], [], KeyStore.add

    def fail():
        failed.append(fails)
        return UnavailableError()

    def failing(self, wrapped):
        cue = len(wrapped) > SLICE and not failed
        if cue and fails == "the keys":
            raise fail()
        add(self, wrapped)
        kept.extend(wrapped)
        if cue:
            faulty.fail("commit", fail)

    monkeypatch.setattr(KeyStore, "add", failing)
    imported(importing, 2 * SLICE)
    importing.stop()
    state, _ = load(faulty)

    facts = {fact.id for fact in state.facts.values()}
    assert failed == [fails]
    assert len(facts) == 2 * SLICE
    assert sorted(filter(facts.__contains__, kept)) == sorted(facts)
