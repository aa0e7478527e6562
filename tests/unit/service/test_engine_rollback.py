"""A log that was put back, cut or overgrown while the server ran is never served."""

import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import replace

import pytest
from kit.commands import MOMENT, open_case, show_case
from kit.engines import SECONDS, SIGNER, answer, engine_on, entries, hold, tamper
from kit.stored import leaf
from kit.world import RULESET

from placement.domain.areas import Areas
from placement.domain.events import FacilityRegistered, Record
from placement.domain.facts import Facility
from placement.domain.terms import AreaCode, FacilityToken, ProviderToken
from placement.errors import NotFoundError, TamperedError, UnavailableError
from placement.service import fold
from placement.service.engine import Engine
from placement.service.entries import Refused, Scribe
from placement.service.rules import Rules
from placement.store.codec import encode
from placement.store.log import Store

NOTHING = show_case(bytes(16))


@contextmanager
def put_back(url):
    """Keep a copy of the database; put it back when the block ends."""
    path = url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(":memory:")) as copy:
        with closing(sqlite3.connect(path)) as live:
            live.backup(copy)
        yield
        with closing(sqlite3.connect(path)) as live:
            copy.backup(live)


@pytest.mark.parametrize("cue", [None, "before", "in", "commit", "after"])
def test_what_was_acknowledged_is_never_forgotten(engine, faulty, url, cue):
    """Nor by a server whose last commit failed, and that folds the log anew."""
    answer(engine, open_case("h"))
    with put_back(url):
        kept = open_case("i")
        answer(engine, kept)
        if cue is not None:
            faulty.fail(cue)
            with pytest.raises(UnavailableError):
                answer(engine, open_case("j"))
    with pytest.raises(TamperedError):
        answer(engine, show_case(kept.handle))

    assert not engine.serving


def test_what_waited_when_it_was_noticed_is_refused(engine, faulty, url):
    """No answer from the older copy for those who had queued already."""
    with put_back(url):
        answer(engine, open_case("h"))
    waiting = hold(engine, faulty, *(open_case(name) for name in "ijk"))
    first = engine.submit(NOTHING)
    faulty.passed.set()
    for future in (*waiting, first):
        with pytest.raises(TamperedError):
            future.result(SECONDS)


def test_what_comes_after_it_was_condemned_is_refused(engine, faulty):
    """Whoever finds damage, also an auditor's reading, stops every answer."""
    waiting = hold(engine, faulty, open_case("i"))
    engine.submit(NOTHING)
    engine.condemn()
    faulty.passed.set()
    with suppress(TamperedError):
        waiting[0].result(SECONDS)
    with pytest.raises(TamperedError):
        waiting[1].result(SECONDS)
    with pytest.raises(TamperedError):
        engine.submit(NOTHING)


def test_what_was_committed_when_it_was_condemned_is_not_told(engine, store):
    """Its entry is there, as of an answer that was lost on its way."""
    engine._keeping.grew = lambda *_: engine.condemn()
    with pytest.raises(TamperedError):
        answer(engine, open_case("h"))

    assert [each.action for each in entries(store)] == ["CASE_OPEN"]


def test_whatever_condemns_takes_the_snapshot_away(engine, store):
    """The next start rests on the log alone, and sees what was seen."""
    answer(engine, open_case("h"))
    fold.keep(store, *fold.load(store))
    before = fold.covered(store).revision
    engine.condemn()
    engine.stop()

    assert (before, fold.covered(store).revision) == (1, 0)


def test_what_is_found_while_it_stops_takes_it_away_too(engine, store, monkeypatch):
    """The engine's thread has ended then."""
    answer(engine, open_case("h"))
    fold.keep(store, *fold.load(store))
    monkeypatch.setattr(engine.proving, "stop", engine.condemn)
    engine.stop()

    assert fold.covered(store).revision == 0


def test_entries_that_another_server_overgrew_are_missed(engine, url, custody):
    """As many leaves as before, but others."""
    with put_back(url), pytest.raises(NotFoundError):
        answer(engine, NOTHING)
    other = Store.open(url, custody)
    refused = Refused(NOTHING.action, NotFoundError(), None)
    with other.writing() as log:
        written = Scribe(other.ring).leaf_of_refused(refused, MOMENT, 0)
        log.append([], [written] * 3)
    other.close()
    with pytest.raises(TamperedError):
        answer(engine, NOTHING)


# Places that the ruleset does not know


def house(area):
    """Return the record of a facility somewhere."""
    facility = Facility(
        token=FacilityToken(b"f" * 16),
        provider=ProviderToken(b"p" * 16),
        area=AreaCode(area),
    )
    return Record(at=MOMENT.now, event=FacilityRegistered(facility=facility))


def test_a_place_of_the_log_that_the_ruleset_lost_is_not_served(store, clock):
    """Facts there would be silent: no municipality's question names them."""
    with store.writing() as log:
        log.append([encode(house("1480"))], [])
    fewer = Areas(
        replace(area, near=area.near - {"1480"})
        for area in RULESET.areas.values()
        if area.code != "1480"
    )
    engine = Engine(
        store,
        Rules(replace(RULESET, areas=fewer)),
        custodian=b"",
        signer=SIGNER,
        clock=clock,
    )
    with pytest.raises(UnavailableError):
        engine.start()
    engine.stop()


def test_a_place_that_only_another_server_knows_refuses(engine, store):
    """A server with an older table answers nothing once it meets a newer code."""
    answer(engine, open_case("h"))
    with store.writing() as log:
        log.append([encode(house("9999"))], [leaf(b"entry")])
    with pytest.raises(UnavailableError):
        answer(engine, NOTHING)


def test_another_custodians_store_is_not_served(store, clock):
    """No client's pseudonym of today would meet what is on record."""
    fold.found(store, bytes(32), MOMENT.now, None)
    engine = engine_on(store, clock)
    with pytest.raises(UnavailableError) as refused:
        engine.start()
    engine.stop()

    assert refused.value.notes == ["The custodian's key is not the one of this store."]


def test_tampering_is_met_after_a_failure_too(engine, faulty, url):
    """Folding anew is no way around the check."""
    answer(engine, open_case("h"))
    faulty.fail("commit")
    with pytest.raises(UnavailableError):
        answer(engine, open_case("i"))
    tamper(url, "UPDATE head SET leaves = leaves + 1")
    with pytest.raises(TamperedError):
        answer(engine, NOTHING)
