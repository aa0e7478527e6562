"""The state is the fold of the log; a snapshot that is not all of it is refused."""

from dataclasses import replace
from itertools import count

import pytest
from kit.appended import Log
from kit.commands import NATIONAL, open_case, placement, record_placements
from kit.stored import leaf
from kit.world import NOW

from placement.domain.decide.reevaluations import Tick
from placement.domain.events import CaseClosed, Record
from placement.domain.stay_events import AgendaKept
from placement.errors import StaleError, TamperedError
from placement.service import fold
from placement.service.worker import Worker
from placement.store.codec import encode
from placement.store.head import Head
from placement.store.snapshot import write_snapshot


def fill(store, size):
    """Append some cases."""
    log = Log(store)
    for number in range(size):
        log.run(open_case(f"h{number}"))
    return log.state


def test_an_empty_store_folds_to_nothing(store):
    """Nothing happened yet."""
    state, head = fold.load(store)

    assert (state.revision, head) == (0, Head.GENESIS)
    assert fold.covered(store).revision == 0


def test_time_and_revision_come_from_the_snapshot(store):
    """A server that starts from one stands at the same moment."""
    lived = fill(store, 3)
    fold.keep(store, *fold.load(store))
    state, head = fold.load(store)

    assert (state.revision, state.at, head.leaves) == (3, lived.at, 3)
    assert fold.covered(store).revision == 3


def test_a_large_state_takes_several_parts(store, monkeypatch):
    """No part is longer than the store takes; none is lost."""
    monkeypatch.setattr(fold, "MAX_PART", 700)
    lived = fill(store, 20)
    parts = list(fold._pack(encode(record) for record in lived.records()))
    fold.keep(store, *fold.load(store))

    assert len(parts) > 3
    assert {*map(len, parts)} == {700}
    assert len(parts).bit_count() == 1
    assert list(fold.load(store)[0].records()) == list(lived.records())


@pytest.mark.parametrize("surplus", [b"\0\0\0\0", b"\0\0\0\0\1", b"\0", b"\1"])
def test_surplus_behind_the_last_record_is_refused(store, monkeypatch, surplus):
    """Only a whole part has padding, and only zeros."""
    state = fill(store, 2)
    (part,) = fold._pack(encode(record) for record in state.records())
    whole = len(part) + len(surplus) + (not any(surplus))
    monkeypatch.setattr(fold, "MAX_PART", whole)
    write_snapshot(store, store.read_head(), [part + surplus])

    with pytest.raises(TamperedError):
        fold.load(store)


@pytest.mark.parametrize("size", [1, 3, 4, 500])
def test_padding_is_no_record(store, monkeypatch, size):
    """However much there is of it."""
    state = fill(store, 2)
    (part,) = fold._pack(encode(record) for record in state.records())
    monkeypatch.setattr(fold, "MAX_PART", len(part) + size)
    write_snapshot(store, store.read_head(), [part + bytes(size)])

    assert list(fold.load(store)[0].records()) == list(state.records())


@pytest.mark.parametrize("cut", [1, 3, 5, -1])
def test_parts_that_do_not_add_up_are_refused(store, cut):
    """A hole in a snapshot could become a false CLEAR."""
    state = fill(store, 2)
    (part,) = fold._pack(encode(record) for record in state.records())
    write_snapshot(store, store.read_head(), [part[:cut]])

    with pytest.raises(TamperedError):
        fold.load(store)


def test_a_snapshot_of_before_there_was_an_agenda(store):
    """What it has to weigh was weighed by nobody; the first day does it."""
    log = Log(store)
    case = open_case("h")
    log.run(case)
    log.run(record_placements(placement(case.handle), caller=NATIONAL))
    *records, agenda = log.state.records()
    parts = fold._pack(encode(record) for record in records)
    write_snapshot(store, store.read_head(), parts)
    state, _ = fold.load(store)

    assert isinstance(agenda.event, AgendaKept)
    assert len(log.state.agenda) > 0
    assert len(state.agenda) == 0
    assert isinstance(Worker().next(state, log.court.moment), Tick)


def test_a_snapshot_that_is_replaced_while_it_is_read(store, monkeypatch):
    """Another server's newer snapshot is read instead."""
    lived = fill(store, 2)
    load_snapshot, times = fold.load_snapshot, count()

    def torn(parts):
        yield from parts
        raise StaleError

    def replaced(store):
        head, parts = load_snapshot(store)
        return head, torn(parts) if next(times) == 0 else parts

    fold.keep(store, *fold.load(store))
    monkeypatch.setattr(fold, "load_snapshot", replaced)
    state, _ = fold.load(store)

    assert next(times) == 2
    assert list(state.records()) == list(lived.records())


def test_a_snapshot_off_the_log_is_refused(store):
    """A state that the log never was at is no ground for anything."""
    fill(store, 2)
    state, head = fold.load(store)
    with pytest.raises(TamperedError):
        fold.keep(store, state, replace(head, tag=bytes(16)))

    assert fold.covered(store).revision == 0


def test_a_record_of_nothing_is_refused(store):
    """What speaks of a case that isn't there stops the fold."""
    record = Record(at=NOW, event=CaseClosed(handle=bytes(16)))
    with store.writing() as log:
        log.append([encode(record)], [leaf(b"entry")])

    with pytest.raises(TamperedError):
        fold.load(store)


@pytest.mark.parametrize("kept_at", [None, 1, 2, 4])
def test_the_state_of_any_revision_is_folded(store, kept_at):
    """A record at a time, from the snapshot if that is not later."""
    for size in range(1, 5):
        fill(store, 1)
        if size == kept_at:
            fold.keep(store, *fold.load(store))
    for revision in range(1, 5):
        seen = [state.revision for state in fold.fold_until(store, revision)]
        start = kept_at if kept_at and kept_at <= revision else 1

        assert seen == list(range(start, revision + 1))


@pytest.mark.parametrize("kept", [False, True])
def test_no_state_is_of_a_revision_to_come(store, kept):
    """What the log does not reach is not made up."""
    fill(store, 2)
    if kept:
        fold.keep(store, *fold.load(store))
    with pytest.raises(TamperedError):
        list(fold.fold_until(store, 3))
