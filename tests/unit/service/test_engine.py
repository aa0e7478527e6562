"""The engine: one command, one answer, one entry, in order."""

import pytest
from kit.commands import OPERATOR, assess_case, check, evaluate, open_case, show_case
from kit.engines import SECONDS, VERIFIER, answer, entries, hold
from kit.world import NOW, RULESET

from placement.access import Action
from placement.domain.decide import cases, table
from placement.domain.terms import MICROS_A_DAY, Verdict
from placement.errors import (
    AccessDeniedError,
    CertificateError,
    NotFoundError,
    PlacementError,
    UnavailableError,
)
from placement.service import waiting
from placement.service.entries import Refused
from placement.store import fsck
from placement.store.log import Store

# Answers and entries


def test_an_answer_has_its_entry(engine, store):
    """Reply, revision and leaf of what was asked; the entry is there by then."""
    command = open_case("h")
    got = answer(engine, command)

    assert (got.reply.ids, got.revision, got.leaf) == ((command.handle,), 1, 0)
    assert [(entry.action, entry.outcome) for entry in entries(store)] == [
        ("CASE_OPEN", "ANSWERED")
    ]


def test_a_refusal_has_its_entry(engine, store):
    """A refused command moves no revision, but the access log."""
    with pytest.raises(NotFoundError):
        answer(engine, show_case(bytes(16)))

    assert store.read_head().revision == 0
    assert [entry.outcome for entry in entries(store)] == ["NOT_FOUND"]


def test_a_call_that_never_became_a_command_has_its_entry(engine, store):
    """The door's refusals are entries, with a caller or without."""
    for caller in (None, OPERATOR):
        refused = Refused(Action.CHECK, CertificateError(), caller)
        with pytest.raises(CertificateError):
            answer(engine, refused)

    assert [(entry.person, entry.outcome) for entry in entries(store)] == [
        ("", "CERTIFICATE_REFUSED"),
        ("op-01", "CERTIFICATE_REFUSED"),
    ]


def test_commands_that_wait_share_a_commit(engine, faulty, store, monkeypatch):
    """Each is decided on what the ones before it left; leaves are in order."""
    monkeypatch.setattr(waiting, "MAX_BATCH", 4)
    case = open_case("h")
    wanted = (case, show_case(case.handle), evaluate(caller=OPERATOR), open_case("i"))
    futures = hold(engine, faulty, *wanted, show_case(case.handle))
    faulty.passed.set()
    leaves = [
        None if future.exception(SECONDS) else future.result().leaf
        for future in futures
    ]

    assert leaves == [0, 1, 2, None, 4, 5]
    assert isinstance(futures[3].exception(), AccessDeniedError)
    assert futures[2].result().revision == 2
    assert [entry.action for entry in entries(store)] == [
        "CASE_OPEN",
        "CASE_OPEN",
        "CASE_SHOW",
        "EVALUATE",
        "CASE_OPEN",
        "CASE_SHOW",
    ]


def test_a_cancelled_command_is_not_decided(engine, faulty, store):
    """Who gave up before the command's turn leaves no trace of it."""
    _, cancelled, last = hold(engine, faulty, open_case("h"), open_case("i"))
    assert cancelled.cancel()
    faulty.passed.set()

    assert last.result(SECONDS).revision == 2
    assert len(entries(store)) == 2


def test_a_full_queue_refuses_at_once(engine, faulty):
    """More than may wait is refused without waiting."""
    hold(engine, faulty)
    for _ in range(waiting.MAX_WAITING):
        engine.submit(Refused(Action.CHECK, CertificateError(), None))
    with pytest.raises(UnavailableError):
        engine.submit(open_case("one too many"))
    faulty.passed.set()

    assert engine.serving


def test_a_defect_hits_its_own_command_alone(engine, faulty, store, monkeypatch):
    """An unforeseen exception while deciding is INTERNAL for it, with its entry."""

    def defect(*_):
        raise ZeroDivisionError

    monkeypatch.setitem(table.DECIDES, cases.ShowCase, defect)
    futures = hold(engine, faulty, show_case(bytes(16)), open_case("h"))
    faulty.passed.set()

    assert futures[0].result(SECONDS).revision == 1
    assert type(futures[1].exception(SECONDS)) is PlacementError
    assert futures[2].result(SECONDS).revision == 2
    assert [entry.outcome for entry in entries(store)] == [
        "ANSWERED",
        "INTERNAL",
        "ANSWERED",
    ]


def test_time_never_runs_back(engine, clock, store):
    """Whatever the clock does, no entry stands before an earlier one."""
    case = open_case("h")
    answer(engine, case)
    for now in (NOW + MICROS_A_DAY, NOW - MICROS_A_DAY, NOW + 2 * MICROS_A_DAY):
        clock.now = now
        answer(engine, show_case(case.handle))
    clock.now = 0
    answer(engine, open_case("i"))

    assert [(entry.at - NOW) // MICROS_A_DAY for entry in entries(store)] == [
        0,
        1,
        1,
        2,
        2,
    ]


def test_many_callers_at_once(engine, store):
    """One entry each, all different, and the log verifies."""
    futures = [engine.submit(open_case(f"h{number}")) for number in range(300)]
    leaves = {future.result(SECONDS).leaf for future in futures}

    assert leaves == set(range(300))
    assert fsck.verify(store, VERIFIER).leaves == 300


def test_a_question_is_decided_anew_and_free(engine, clock):
    """Under its request id a check is asked again; only the first one costs."""
    case = open_case("h")
    answer(engine, case)
    answer(engine, assess_case(case.handle))
    replies = []
    for _ in range(2):
        clock.now += MICROS_A_DAY
        replies.append(answer(engine, check(case.handle, request="r")).reply)
    shown = answer(engine, show_case(case.handle)).reply

    assert [one.answers[0].verdict for one in replies] == [Verdict.UNKNOWN] * 2
    assert replies[1].decided_at - replies[0].decided_at == MICROS_A_DAY
    assert shown.areas_left == RULESET.budgets.case_areas - 1


# Several engines on one database


def test_two_engines_see_each_other(start, engine, url, custody):
    """Each catches up before it decides, and leaves go on from there."""
    again = Store.open(url, custody)
    other = start(again)
    case = open_case("h")
    assert answer(engine, case).revision == 1
    assert answer(other, assess_case(case.handle)).revision == 2
    asked = answer(engine, check(case.handle, least=2))
    shown = answer(other, show_case(case.handle))
    other.stop()
    again.close()

    assert (asked.revision, asked.leaf) == (3, 2)
    assert (shown.reply.assessed, shown.reply.areas_left, shown.leaf) == (True, 5, 3)


def test_a_request_is_known_to_every_engine(start, engine, url, custody):
    """A retry at another server finds the first answer."""
    first = answer(engine, open_case("h", handle=b"first" * 3, request="r"))
    again = Store.open(url, custody)
    other = start(again)
    retried = answer(other, open_case("h", handle=b"other" * 3, request="r"))
    other.stop()
    again.close()

    assert (retried.reply, retried.revision) == (first.reply, first.revision)
    assert retried.leaf == first.leaf + 1


def test_seeing_only_new_entries_changes_no_state(start, engine, url, custody):
    """A refusal elsewhere moves the head, but no revision."""
    answer(engine, open_case("h"))
    again = Store.open(url, custody)
    other = start(again)
    with pytest.raises(NotFoundError):
        answer(other, show_case(bytes(16)))
    got = answer(engine, open_case("i"))
    other.stop()
    again.close()

    assert (got.revision, got.leaf) == (2, 2)
