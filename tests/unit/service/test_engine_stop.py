"""An engine that stops answers what waits, and may keep a snapshot."""

import pytest
from kit.commands import open_case
from kit.engines import answer, engine_on, hold
from kit.faults import FaultyStore

from placement.errors import UnavailableError
from placement.service import fold, keeping
from placement.service.waiting import Asked
from placement.store.snapshot import load_snapshot


def test_stop_answers_what_waits(engine, faulty, store):
    """Everything submitted before is decided; nothing is afterwards."""
    futures = hold(engine, faulty, open_case("h"), open_case("i"))
    faulty.passed.set()
    engine.stop()

    assert [future.result(0).revision for future in futures] == [1, 2, 3]
    assert not engine.serving
    with pytest.raises(UnavailableError):
        engine.submit(open_case("late"))


def test_stop_refuses_what_came_behind_it(engine, monkeypatch):
    """A command that slipped in while the engine stopped isn't left to wait."""
    put = engine._waiting.put

    def slip(asked):
        engine.stop()
        put(asked)

    monkeypatch.setattr(engine._waiting, "put", slip)
    future = engine.submit(open_case("h"))

    with pytest.raises(UnavailableError):
        future.result(0)


def test_stop_leaves_cancelled_commands_alone(store, clock):
    """What nobody waits for any more is dropped quietly."""
    engine = engine_on(store, clock)
    waiting = [Asked(open_case(name)) for name in ("h", "i")]
    waiting[0].future.cancel()
    for asked in waiting:
        engine._waiting.put(asked)
    engine._waiting.wake()
    engine.stop()

    assert waiting[0].future.cancelled()
    assert isinstance(waiting[1].future.exception(0), UnavailableError)
    assert len(engine._waiting) == 0


@pytest.mark.parametrize(("after", "expected"), [(3, True), (4, False)])
def test_stop_keeps_a_snapshot_if_it_is_worth_it(
    engine, store, monkeypatch, after, expected
):
    """So many records behind the last snapshot make one."""
    monkeypatch.setattr(keeping, "SNAPSHOT_AFTER", after)
    for name in "hij":
        answer(engine, open_case(name))
    engine.stop()

    assert (fold.covered(store).revision == 3) is expected
    assert (load_snapshot(store) is not None) is expected


def test_stop_counts_from_the_last_snapshot(start, engine, store, monkeypatch):
    """A snapshot that is there already isn't written again for little."""
    monkeypatch.setattr(keeping, "SNAPSHOT_AFTER", 2)
    answer(engine, open_case("h"))
    answer(engine, open_case("i"))
    engine.stop()
    again = start(FaultyStore(store))
    answer(again, open_case("j"))
    again.stop()

    assert fold.covered(store).revision == 2
    assert fold.load(store)[0].revision == 3


def test_a_snapshot_that_fails_hinders_no_stop(engine, faulty, monkeypatch):
    """The log is enough; a snapshot only saves time."""
    answer(engine, open_case("h"))
    monkeypatch.setattr(keeping, "SNAPSHOT_AFTER", 1)
    faulty.fail("before")
    engine.stop()

    assert fold.covered(faulty).revision == 0
