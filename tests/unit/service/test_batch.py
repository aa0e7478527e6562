"""A batch: what it appends is what it answers, command by command."""

import logging
from dataclasses import replace

import pytest
from kit.commands import (
    MOMENT,
    OPERATOR,
    assess_case,
    check,
    evaluate,
    open_case,
    record_facts,
    register_groups,
    rivalry,
    show_case,
)
from kit.commands import presence as stays
from kit.world import RULESET

from placement.access import Action
from placement.audit.details import opened
from placement.audit.entry import parse
from placement.audit.written import Written
from placement.domain.decide import cases, table
from placement.domain.events import CaseOpened, Evaluated
from placement.domain.state import State
from placement.errors import (
    AccessDeniedError,
    CertificateError,
    NotFoundError,
    PlacementError,
)
from placement.service.batch import Answer, Batch
from placement.service.entries import Refused, Scribe

LEAVES = 7  # that the log holds already


@pytest.fixture
def state():
    return State()


@pytest.fixture
def batch(state, store):
    return Batch(
        state,
        MOMENT,
        Scribe(store.ring),
        LEAVES,
        lambda _: MOMENT.ruleset,
        vault=store.vault,
    )


@pytest.fixture
def read(store):
    """Return what reads a leaf, once its key is kept."""

    def opened_(leaf):
        store.vault.flush()
        entry = parse(leaf.entry)
        return entry, opened(store.vault.details(leaf.details), entry.details)

    return opened_


def test_a_command_is_answered_with_its_leaf(batch, state, read, store):
    """Its events are applied and to be appended; its entry vouches for them."""
    command = open_case("h")
    batch.add(command)
    store.vault.flush()
    (payload,), (leaf,), (answer,) = batch.payloads, batch.leaves, batch.answers
    entry, kept = read(leaf)

    assert answer == Answer(reply=answer.reply, revision=1, leaf=LEAVES)
    assert answer.reply.ids == (command.handle,)
    assert type(store.vault.open(payload).event) is CaseOpened
    assert state.revision == 1
    assert (entry.outcome, entry.revision) == ("ANSWERED", 1)
    assert Written.parse(kept.matter.events) == Written.of(1, [payload])


def test_each_is_decided_on_what_was_left(batch, state, read):
    """One after another; revisions and leaves go on."""
    case = open_case("h")
    for command in (case, assess_case(case.handle), show_case(case.handle)):
        batch.add(command)
    shown = batch.answers[2]
    ranges = [Written.parse(read(leaf)[1].matter.events) for leaf in batch.leaves]

    assert [answer.leaf for answer in batch.answers] == [LEAVES, LEAVES + 1, LEAVES + 2]
    assert [answer.revision for answer in batch.answers] == [1, 2, 2]
    assert shown.reply.assessed
    assert ranges == [
        Written.of(1, batch.payloads[:1]),
        Written.of(2, batch.payloads[1:]),
        None,
    ]


def test_the_last_event_remembers_the_request(batch, store):
    """With all that was made; the events before it don't."""
    batch.add(register_groups("A", "B"))
    command = record_facts(stays(), stays("B"))
    batch.add(command)
    store.vault.flush()
    *_, before, last = (store.vault.open(payload) for payload in batch.payloads)

    assert before.request is None
    assert last.request.id == command.request_id
    assert last.request.digest == command.digest
    assert last.request.made == batch.answers[1].reply.ids
    assert (before.at, last.at) == (MOMENT.now, MOMENT.now)


def test_an_evaluation_is_no_request(batch, store):
    """It is charged each time it comes."""
    batch.add(evaluate(3))
    (record,) = (store.vault.open(payload) for payload in batch.payloads)

    assert type(record.event) is Evaluated
    assert record.request is None


def test_a_retry_is_answered_as_the_first(batch, read):
    """At its revision, with a leaf of its own and no event."""
    for command in (open_case("h", request="r"), open_case("i"), evaluate()):
        batch.add(command)
    batch.add(open_case("h", request="r"))
    first, *_, again = batch.answers
    entry, kept = read(batch.leaves[3])

    assert (again.reply, again.revision) == (first.reply, 1)
    assert again.leaf == LEAVES + 3
    assert len(batch.payloads) == 3
    assert (entry.revision, kept.matter.events) == (1, b"")


def test_a_refusal_is_its_answer(batch, state, read):
    """It changes no state, but the access log, at the revision that was read."""
    batch.add(open_case("h"))
    batch.add(show_case(bytes(16)))
    batch.add(replace(show_case(bytes(16)), caller=OPERATOR))
    outcomes = [read(leaf)[0] for leaf in batch.leaves]

    assert [type(answer) for answer in batch.answers] == [
        Answer,
        NotFoundError,
        AccessDeniedError,
    ]
    assert [entry.outcome for entry in outcomes] == [
        "ANSWERED",
        "NOT_FOUND",
        "ACCESS_DENIED",
    ]
    assert [entry.revision for entry in outcomes] == [1, 1, 1]
    assert state.revision == len(batch.payloads) == 1


def test_a_call_that_was_refused_before_is_logged_only(batch, read):
    """The refusal comes back as it came in."""
    refusal = CertificateError()
    batch.add(open_case("h"))
    batch.add(Refused(Action.CHECK, refusal, None))
    entry, kept = read(batch.leaves[1])

    assert batch.answers[1] is refusal
    assert (entry.action, entry.outcome, entry.revision) == (
        "CHECK",
        "CERTIFICATE_REFUSED",
        1,
    )
    assert kept.matter.events == b""


def test_nothing_leaves_no_leaf(batch):
    """It is answered with where the log stands."""
    for item in (None, open_case("h"), None):
        batch.add(item)

    assert batch.answers[0] == Answer(reply=None, revision=0, leaf=LEAVES)
    assert batch.answers[2] == Answer(reply=None, revision=1, leaf=LEAVES + 1)
    assert len(batch.leaves) == 1


def test_a_check_that_finds_nothing_out_writes_no_event(batch, read):
    """A case that nobody assessed: an answer, an entry, no event."""
    case = open_case("h")
    batch.add(case)
    batch.add(check(case.handle))
    entry, kept = read(batch.leaves[1])

    assert len(batch.payloads) == 1
    assert (entry.outcome, entry.revision) == ("ANSWERED", 1)
    assert (kept.outline.verdicts, kept.matter.events) == ((2,), b"")


def test_a_defect_refuses_one_command(batch, state, monkeypatch, caplog, read):
    """Its entry names what it was about; those around it are decided."""

    def defect(*_):
        raise ZeroDivisionError("secret")

    monkeypatch.setitem(table.DECIDES, cases.ShowCase, defect)
    for command in (open_case("h"), show_case(b"c" * 16), open_case("i")):
        batch.add(command)
    entry, kept = read(batch.leaves[1])

    assert [type(answer) for answer in batch.answers] == [
        Answer,
        PlacementError,
        Answer,
    ]
    assert (entry.outcome, kept.matter.case) == ("INTERNAL", b"c" * 16)
    assert state.revision == 2
    assert [(one.levelno, one.getMessage()) for one in caplog.records] == [
        (logging.ERROR, "decide_failed kind=ZeroDivisionError")
    ]


def test_a_defect_after_half_the_work_left_nothing(batch, state, monkeypatch, read):
    """Deciding is pure: what a defect had gathered is dropped with it."""
    decide = table.DECIDES[type(record_facts(rivalry()))]

    def defect(*args):
        decide(*args)
        raise ZeroDivisionError

    monkeypatch.setitem(table.DECIDES, type(record_facts(rivalry())), defect)
    batch.add(register_groups("A"))
    batch.add(record_facts(stays()))

    assert len(batch.payloads) == 1
    assert (state.revision, state.facts) == (1, {})
    assert read(batch.leaves[1])[1].matter.events == b""


def test_the_ruleset_is_named(batch, read):
    """Whoever decides again knows by which rules."""
    batch.add(open_case("h"))

    assert read(batch.leaves[0])[0].ruleset == RULESET.version
