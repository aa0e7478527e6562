"""Staged rows are read where they stand, and nothing else is taken for them."""

import time
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace

import pytest
from kit import importing as im
from kit.commands import open_case, presence, register_groups
from kit.engines import SECONDS, answer, engine_on, tamper
from kit.faults import damage
from kit.world import NOW

from placement.domain.erasure_events import DossiersErased
from placement.domain.events import Record
from placement.domain.import_events import ImportTaken
from placement.domain.terms import Revision
from placement.errors import TamperedError, UnavailableError
from placement.service import fold
from placement.service.staged import StagedRows
from placement.service.worker import BREATH, MOST_DUE, REST, TURN, Worker


@pytest.fixture
def engine(store, clock):
    engine = engine_on(store, clock)
    engine.start()
    yield engine
    engine.stop()


@pytest.fixture
def key(engine):
    """An import of two rows that waits."""
    answer(engine, register_groups("A"))
    command = im.begin(2)
    answer(engine, command)
    key = command.import_id
    rows = im.row(presence()), im.row(presence(area="1280"))
    for position, row in enumerate(rows):
        answer(engine, im.append(key, row, position=position))
    answer(engine, im.finish(key, im.over(*rows)))
    answer(engine, im.approve(key, im.over(*rows)))
    return key


def test_rows_are_read_where_they_stand(store, key):
    """Each part leads to its own rows."""
    state, _ = fold.load(store)
    parts = state.imports.by_id[key].parts
    found = [StagedRows(store)(part.revision) for part in parts]

    assert [each.position for each in found] == [0, 1]
    assert {each.id for each in found} == {key}


@pytest.mark.parametrize(
    ("revision", "error"), [(1, TamperedError), (999, UnavailableError)]
)
def test_another_record_is_no_part(store, key, revision, error):
    """One of another kind was put there; one that is not there may come yet."""
    with pytest.raises(error):
        StagedRows(store)(revision)


def test_a_worker_takes_rows_once_they_are_durable(store, key, engine):
    """At the first look it only notes the import; without a reader it leaves it alone."""
    state, _ = fold.load(store)
    moment = engine._moment(state, store.read_head())
    worker = Worker(StagedRows(store))
    first, second = worker.next(state, moment), worker.next(state, moment)

    assert first is None
    assert (second.after, second.staged.position) == (0, 0)
    assert worker.waits(state, moment)
    assert Worker().next(state, moment) is None


def test_rows_are_read_once_and_before_they_are_taken(store, key, engine):
    """Up to where the next part begins; what goes wrong is met when they are taken."""
    state, head = fold.load(store)
    moment, read = engine._moment(state, head), []
    worker = Worker(
        lambda revision: read.append(revision) or StagedRows(store)(revision)
    )
    before = worker.goes_on(state)
    worker.read_on(state)
    worker.read_on(state)
    worker.next(state, moment)
    took = worker.next(state, moment)
    after = worker.goes_on(state)
    state.imports.apply(ImportTaken(id=key, until=1), Revision(9), NOW)

    assert (before, after, worker.goes_on(state)) == (False, True, False)
    assert (len(read), took.staged.position) == (1, 0)


def test_what_can_not_be_read_ahead_is_met_later(store, key, engine):
    """By a worker that rests then; one without a reader has nothing to read."""
    state, head = fold.load(store)
    moment = engine._moment(state, head)
    worker = Worker(lambda revision: 1 / 0)
    worker.read_on(state)
    worker.next(state, moment)
    Worker().read_on(state)

    assert not worker.goes_on(state)
    assert worker.incidents == {}
    assert worker.next(state, moment) is None
    assert worker.incidents == {"weighing": 1}


def test_rows_are_not_read_before_what_approved_them_is_durable(store, key, engine):
    """A commit that failed is forgotten: the next one may fail as well."""
    state, head = fold.load(store)
    moment = engine._moment(state, head)
    worker = Worker(StagedRows(store))
    found = [worker.next(state, moment)]
    worker.ended(moment.now, UnavailableError())
    found += [worker.next(state, moment), worker.next(state, moment)]

    assert [each is None for each in found] == [True, True, False]


def test_a_database_that_is_away_is_no_incident_once(store, key, engine):
    """It is away for whoever asks, too; twice, without a commit between, is no chance."""
    state, head = fold.load(store)
    moment = engine._moment(state, head)

    def away(_):
        raise UnavailableError

    worker, told = Worker(away), []
    worker.next(state, moment)
    for later in (0, BREATH, BREATH + REST):
        at = replace(moment, now=moment.now + later)
        assert worker.next(state, at) is None
        told.append(worker.incidents["weighing"])

    assert told == [0, 1, 2]


@pytest.mark.parametrize("error", [TamperedError(), damage()])
def test_damage_is_no_defect_of_the_worker_s(store, key, engine, error):
    """Nobody may be told of a state that lacks what is approved and can't be read."""
    state, head = fold.load(store)
    moment = engine._moment(state, head)

    def read(_):
        raise error

    worker = Worker(read)
    worker.next(state, moment)
    with pytest.raises(type(error)):
        worker.next(state, moment)

    assert worker.incidents == {}


def test_rows_that_were_altered_condemn_the_server(store, clock, url):
    """Though nobody else reads them: what was approved would never be there."""
    server = engine_on(store, clock, worker=Worker(StagedRows(store)))
    server.start()
    try:
        answer(server, register_groups("A"))
        answer(server, command := im.begin(1))
        row = im.row(presence())
        answer(server, im.append(command.import_id, row, position=0))
        answer(server, im.finish(command.import_id, im.over(row)))
        (part,) = fold.load(store)[0].imports.by_id[command.import_id].parts
        tamper(
            url,
            f"UPDATE event SET blob = zeroblob(512) WHERE revision = {part.revision}",
        )
        with suppress(TamperedError):  # it may be found before that is answered
            answer(server, im.approve(command.import_id, im.over(row)))
        until = time.monotonic() + SECONDS
        while server.serving and time.monotonic() < until:
            time.sleep(0.01)
        trouble = server.trouble
    finally:
        server.stop()

    assert trouble == "unverified"


def test_keys_of_rows_are_made_at_once(store, key, engine, monkeypatch):
    """And once; but none for what was erased: it was sealed by another."""
    state, head = fold.load(store)
    worker = Worker(StagedRows(store))
    worker.next(state, moment := engine._moment(state, head))
    command = worker.next(state, moment)
    (fact,) = command.ahead
    batch, made, add = engine._begun(state, head), [], store.vault._keys.add
    monkeypatch.setattr(
        store.vault._keys, "add", lambda keys: made.append([*keys]) or add(keys)
    )
    erased = DossiersErased(dossiers=(fact,))
    for event in (None, erased):
        store.vault._kept.clear()
        if event is not None:
            store.vault._keys.destroy([fact])
            state.apply(Record(at=moment.now, event=event))
        batch.prepare(command)
        batch.prepare(command)

    batch.prepare(open_case("h"))
    assert made == [[fact]]


@pytest.mark.parametrize(
    ("due", "took", "may"),
    [
        (0, 0, True),
        (0, TURN, True),
        (1, 0, True),
        (1, TURN - 1, True),
        (1, TURN, False),
        (MOST_DUE + 1, 0, False),
    ],
)
def test_rows_take_turns_with_what_is_due(due, took, may):
    """Whoever is placed is weighed again after some slices, and first if much is due."""
    worker = Worker(lambda revision: None)
    worker._took = took

    assert worker._may_take(SimpleNamespace(agenda=range(due))) is may
