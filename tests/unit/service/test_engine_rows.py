"""Rows of an import give way to whoever asks, and come to an end all the same."""

import pytest
from kit import importing as im
from kit.commands import open_case, presence, register_groups
from kit.engines import answer, engine_on, entries

from placement.domain.decide.taking import SLICE
from placement.domain.import_events import ImportState
from placement.service.engine import CROWD, MAX_PUT_OFF, MAX_SLICES
from placement.service.staged import StagedRows
from placement.service.worker import Worker


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

    def next(self, _state, _moment):
        self.left -= 1
        self.comes()
        return None if self.left < -1 else "command"

    def saw(self, answer, moment):
        pass

    def waits(self, _state, _moment):
        return self.left >= 0


class Commit:
    """What one transaction appends."""

    moment = None

    def __init__(self, asked=0):
        self.answers = [None] * asked
        self.asked = asked
        self.add = self.answers.append

    @property
    def slices(self):
        return len(self.answers) - self.asked


@pytest.fixture
def engine(store, clock):
    return engine_on(store, clock)


def commit(engine, worker, asked=0, waiting=0):
    """Let an engine do what it may in a commit; return how many slices it did."""
    engine._worker = worker
    engine._waiting = range(waiting)
    made = Commit(asked)
    engine._work(None, made)
    return made.slices


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
    worker = Slices(9)

    assert commit(engine, worker, asked, waiting) == 0
    assert engine._busy
    assert commit(engine, worker) == 9


def test_whoever_comes_meanwhile_waits_for_one_slice(engine):
    """Not for all that would fit."""
    queue = []
    worker = Slices(9, lambda: queue.append(None))
    engine._worker = worker
    engine._waiting = queue
    made = Commit()
    engine._work(None, made)

    assert made.slices == 1
    assert worker.left == 8


def test_in_a_crowd_rows_have_their_turn(engine):
    """However many ask, every so many commits a whole one is theirs."""
    worker = Slices(100)
    done = [commit(engine, worker, 3, CROWD) for _ in range(2 * (MAX_PUT_OFF + 1))]

    assert done == 2 * [*[0] * MAX_PUT_OFF, MAX_SLICES]


def test_what_is_due_is_done_beside_a_call(engine):
    """Whoever is placed is weighed again with the call that made it due."""
    worker = Slices(0)

    assert commit(engine, worker, 3, CROWD - 1) == 1


def test_all_rows_are_taken_over_while_somebody_asks(store, clock):
    """Each slice under an entry of its own, and every call is answered."""
    engine = engine_on(store, clock, worker=Worker(StagedRows(store)))
    engine.start()
    size = 5 * SLICE + 1
    answer(engine, register_groups(*(f"g{number}" for number in range(size))))
    rows = [im.row(presence(f"g{number}")) for number in range(size)]
    begin = im.begin(size)
    key = begin.import_id
    for each in (begin, im.append(key, *rows), im.finish(key, im.over(*rows))):
        answer(engine, each)
    answer(engine, im.approve(key, im.over(*rows)))
    state = ImportState.APPROVED
    while state is not ImportState.DONE:
        answer(engine, open_case("h"))
        state = answer(engine, im.show(key)).reply.state
    engine.stop()

    taken = [each for each in entries(store) if each.action == "IMPORT_TAKE"]
    assert len(taken) == 6
