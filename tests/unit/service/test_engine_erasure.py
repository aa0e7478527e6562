"""Erasing through an engine: durable before it is answered, and forgotten everywhere."""

import threading

import pytest
from kit import importing as im
from kit.commands import (
    approve,
    assess_case,
    check,
    close_case,
    draft,
    end_facts,
    open_case,
    presence,
    record_facts,
    register_groups,
    show_case,
)
from kit.engines import OLD, SECONDS, VERIFIER, answer, details, entries, key, old_fact
from kit.erasing import approve_erasure, list_expired, propose_erasure
from kit.replays import RULES
from kit.story import ReadingRoom
from kit.world import RULESET, subject, token

from placement.domain.erasure_events import Sealed
from placement.domain.facts import Affiliation
from placement.domain.import_events import ImportState
from placement.domain.terms import MICROS_A_DAY, AffiliationRole, Verdict
from placement.errors import NotFoundError, TamperedError, UnavailableError
from placement.service import fold
from placement.service.replay import Replayed, replay
from placement.service.staged import StagedRows
from placement.store import fsck, purging
from placement.store.head import Head
from placement.store.log import Store


def erase(engine, *dossiers):
    (change,) = answer(engine, propose_erasure(*dossiers)).reply.ids
    return answer(engine, approve_erasure(change))


def test_what_is_erased_has_no_key_when_that_is_answered(engine, store):
    """Nor is it in the state; the entry is of its own kind."""
    fact = old_fact(engine)
    before = key(store, fact)
    erase(engine, fact)
    entry = entries(store)[-1]

    assert before is not None
    assert key(store, fact) is None
    assert fact not in fold.load(store)[0].facts
    assert (entry.kind, entry.action) == ("ERASURE", "ERASURE_APPROVE")
    assert fsck.verify(store, VERIFIER).leaves == len(entries(store))


def test_an_erased_case_takes_its_details_along(engine, store, clock):
    """Entries, tree and proofs stay; who may read them reads that they are gone."""
    case, other = open_case("h", reference="SN 77"), open_case("i")
    for command in (
        case,
        other,
        assess_case(case.handle),
        check(case.handle),
        close_case(case.handle),
    ):
        answer(engine, command)
    whole = details(store)
    clock.now += (RULESET.retention["case"].closed + 1) * MICROS_A_DAY
    erase(engine, case.handle)
    leaves = store.entries(0, 100)
    left = [store.leaves.details(leaf) is None for leaf in leaves]
    room = ReadingRoom(store)

    assert whole[0].matter.reference == "SN 77"
    assert left == [True, False, True, True, True, False, False]
    assert len(list(room.review.whole(0, len(leaves)))) == len(leaves)
    assert room.incidents == []
    with pytest.raises(NotFoundError):
        answer(engine, show_case(case.handle))


def test_an_erased_store_is_whole(store, start, clock):
    """Looked at deeper, too: which events were whose is gone, how many is not."""
    fold.found(store, b"", 1, None)
    engine = start(store)
    case = open_case("h")
    for command in (
        case,
        assess_case(case.handle),
        check(case.handle, "0180"),
        close_case(case.handle),
    ):
        answer(engine, command)
    clock.now += (RULESET.retention["case"].closed + 1) * MICROS_A_DAY
    erase(engine, case.handle)
    answer(engine, open_case("i"))
    engine.stop()
    found = [store.vault.open(each).event for _, each in store.tail(Head.GENESIS)]

    assert sum(isinstance(event, Sealed) for event in found) == 4
    assert fsck.verify(store, VERIFIER, deeper=True).leaves == 7


def test_a_check_commits_no_key(engine, store, monkeypatch):
    """Only facts and cases have one of their own, and a batch keeps them together."""
    commits = []
    add = store.vault._keys.add

    def counted(keys, **given):
        commits.append(len(keys))
        add(keys, **given)

    monkeypatch.setattr(store.vault._keys, "add", counted)
    answer(engine, register_groups("A", "B"))
    answer(engine, record_facts(*[presence()] * 1, *[presence("B")] * 1))
    case = open_case("h")
    answer(engine, case)
    for _ in range(3):
        answer(engine, check(case.handle))

    assert commits == [2, 1]


def test_a_key_store_that_fails_refuses_the_batch(engine, store, monkeypatch):
    """Nothing is stored without its key; the retry is."""
    add = store.vault._keys.add

    def fails(*_args, **_given):
        monkeypatch.setattr(store.vault._keys, "add", add)
        raise UnavailableError

    monkeypatch.setattr(store.vault._keys, "add", fails)
    case = open_case("h", request="r")
    with pytest.raises(UnavailableError):
        answer(engine, case)
    before = fold.load(store)[0].cases
    answer(engine, case)

    assert before == {}
    assert [*fold.load(store)[0].cases] == [case.handle]


def test_keys_that_could_not_be_destroyed_are_owed(engine, store, monkeypatch):
    """The erasure is durable, and answered only once they are gone."""
    fact = old_fact(engine)
    (change,) = answer(engine, propose_erasure(fact)).reply.ids
    destroy = store.vault._keys.destroy

    def fails(_names):
        monkeypatch.setattr(store.vault._keys, "destroy", destroy)
        raise UnavailableError

    monkeypatch.setattr(store.vault._keys, "destroy", fails)
    command = approve_erasure(change, request="r")
    with pytest.raises(UnavailableError):
        answer(engine, command)
    answer(engine, command)

    assert key(store, fact) is None
    assert fact not in fold.load(store)[0].facts


def test_a_key_store_that_is_down_keeps_nobody_else_waiting(
    engine, store, monkeypatch, caplog
):
    """Who erased is told, again and again; checks are answered, and it is made good."""
    fact = old_fact(engine)
    case = open_case("h")
    answer(engine, case)
    (change,) = answer(engine, propose_erasure(fact)).reply.ids
    destroy = store.vault._keys.destroy
    monkeypatch.setattr(store.vault._keys, "destroy", unavailable)
    command = approve_erasure(change, request="r")
    for _ in range(2):
        with pytest.raises(UnavailableError):
            answer(engine, command)
    (told,) = answer(engine, check(case.handle)).reply.answers
    listed = answer(engine, list_expired()).reply.listed
    owed, opened = store.vault.owes, store.vault._key(fact)
    monkeypatch.setattr(store.vault._keys, "destroy", destroy)
    answer(engine, command)

    assert told.verdict is Verdict.UNKNOWN
    assert (listed, owed, opened) == ((), True, None)
    assert "keys of what was erased are not destroyed yet" in caplog.text
    assert (store.vault.owes, key(store, fact)) == (False, None)


def test_what_is_owed_is_destroyed_though_nobody_asks(engine, store, monkeypatch):
    """With the next checkpoint."""
    fact = old_fact(engine)
    (change,) = answer(engine, propose_erasure(fact)).reply.ids
    destroy = store.vault._keys.destroy
    monkeypatch.setattr(store.vault._keys, "destroy", unavailable)
    with pytest.raises(UnavailableError):
        answer(engine, approve_erasure(change))
    monkeypatch.setattr(store.vault._keys, "destroy", destroy)
    engine.publish().result(SECONDS)

    assert key(store, fact) is None


def test_what_was_left_of_a_key_goes_though_nobody_asks(engine, monkeypatch):
    """Somebody read the key store when it was destroyed; nothing else is committed."""
    gone = threading.Event()
    monkeypatch.setattr(purging, "_AGAIN", 0)
    monkeypatch.setattr(purging, "_emptied", lambda *_: False)
    erase(engine, old_fact(engine))
    monkeypatch.setattr(purging, "_emptied", lambda *_: gone.set())
    engine._waiting.nudge()  # as a second that goes by

    assert gone.wait(SECONDS)
    assert engine.serving


def unavailable(*_):
    raise UnavailableError


def test_another_server_forgets_too(engine, start, url, custody, store):
    """Without having been asked: it reads the log."""
    again = Store.open(url, custody)
    other = start(again)
    fact = old_fact(engine)
    answer(other, list_expired())
    erase(engine, fact)
    listed = answer(other, list_expired()).reply.listed
    cached = again.vault._key(fact)
    other.stop()
    again.close()

    assert (listed, cached) == ((), None)


def test_a_key_that_is_stolen_condemns(engine, store, url, custody, start):
    """A server that needs it answers nothing any more; it is no erasure."""
    case = open_case("h")
    answer(engine, case)
    with store.vault._keys._engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM data_key")
    store.vault._kept.clear()
    with pytest.raises(TamperedError):
        answer(engine, close_case(case.handle))

    assert not engine.serving


def test_a_decision_that_rested_on_it_can_t_be_replayed(engine, store, clock):
    """It would come out otherwise, and nobody can tell; another one still can."""
    answer(engine, register_groups("A", "B"))
    case = open_case("h")
    answer(engine, case)
    member = {"subject": subject("h"), "group": token("A")}
    belongs = draft(Affiliation, "affiliation", role=AffiliationRole.CORE, **member)
    answer(engine, assess_case(case.handle, belongs))
    fact, _ = answer(engine, record_facts(presence("A", "1480"))).reply.ids
    decisions = [
        each.decision
        for area in ("1480", "2480")
        for each in answer(engine, check(case.handle, area)).reply.answers
    ]

    def replayed():
        room, size = ReadingRoom(store), store.read_head().leaves
        for decision in decisions:
            entry = room.searcher.of_decision(decision, size)
            *_, last = replay(store, entry, decision, RULES)
            yield last.outcome, last.recorded, last.replayed

    before = [*replayed()]
    (ending,) = answer(engine, end_facts((fact, 0))).reply.ids
    answer(engine, approve(ending))
    clock.now += (RULESET.retention["presence"].ended + 1) * MICROS_A_DAY
    erase(engine, fact)
    after = [*replayed()]
    answer(engine, close_case(case.handle))
    clock.now += (RULESET.retention["case"].closed + 1) * MICROS_A_DAY
    (said,) = fold.load(store)[0].facts
    erase(engine, said)
    erase(engine, case.handle)

    assert before == [
        (Replayed.EQUAL, Verdict.CONFLICT, Verdict.CONFLICT),
        (Replayed.EQUAL, Verdict.UNKNOWN, Verdict.UNKNOWN),
    ]
    assert after == [
        (Replayed.ERASED, Verdict.CONFLICT, None),
        (Replayed.EQUAL, Verdict.UNKNOWN, Verdict.UNKNOWN),
    ]
    assert [*replayed()] == [(Replayed.ERASED, None, None)] * 2


@pytest.mark.parametrize("read_by_then", [True, False])
def test_staged_rows_go_with_whatever_is_erased(store, start, read_by_then):
    """What they became is facts, and no second copy of these is left."""
    fold.found(store, b"", 1, None)
    engine = start(store)
    answer(engine, register_groups("A", "B"))
    row = im.row(presence(**OLD))
    (one,) = answer(engine, im.begin()).reply.ids
    answer(engine, im.append(one, row))
    answer(engine, im.finish(one, im.over(row)))
    answer(engine, im.approve(one, im.over(row)))
    part = answer(engine, im.read(one)).reply.part
    read = StagedRows(store)
    staged = read(part.revision)
    before = key(store, one)
    answer(engine, im.take(staged))
    (fact,) = fold.load(store)[0].facts
    if read_by_then:
        fold.keep(store, *fold.load(store))
    erase(engine, fact)
    state, _ = fold.load(store)
    (known,) = state.imports.by_id.values()

    assert before is not None
    assert (key(store, one), key(store, fact)) == (None, None)
    assert (known.state, known.taken, known.parts) == (ImportState.DONE, 1, ())
    assert (state.facts, state.erasures.unproven) == ({}, set())
    assert fsck.verify(store, VERIFIER, deeper=True).leaves == len(entries(store))
    with pytest.raises(NotFoundError):
        read(part.revision)
