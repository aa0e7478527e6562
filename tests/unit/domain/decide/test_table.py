"""The one place where a command is admitted, whatever it is."""

from collections import Counter
from dataclasses import replace

import pytest
from kit.commands import (
    MOMENT,
    attest,
    check,
    close_case,
    coordinator,
    open_case,
    record_facts,
    register_groups,
    rivalry,
)
from kit.samples import SAMPLES
from kit.world import token

from placement.access import Action, Role, grants
from placement.domain.decide.command import Note, Outcome, RequestCommand
from placement.domain.decide.table import DECIDES, decide
from placement.domain.state import State
from placement.domain.terms import MICROS_A_DAY
from placement.errors import AccessDeniedError, NotFoundError, RequestReusedError

COMMANDS = [make() for make in SAMPLES]
UNDECIDED = {
    *(Action.LOG_FOLLOW, Action.LOG_COSIGN, Action.NO_METHOD),
    # By officers, at the machine.
    *(Action.DATABASE_ACCEPT, Action.KEY_DESTROY),
}
named = pytest.mark.parametrize(
    "command", COMMANDS, ids=lambda command: type(command).__name__
)


def test_every_command_is_decided_and_every_action_is_one_command():
    """No action is decided twice; those are not at all that touch hashes alone."""
    assert {type(command) for command in COMMANDS} == set(DECIDES)
    assert Counter(kind.action for kind in DECIDES) == Counter(set(Action) - UNDECIDED)


@pytest.mark.parametrize(
    ("command", "role"),
    [
        pytest.param(command, role, id=f"{type(command).__name__}-{role.value}")
        for command in COMMANDS
        for role in Role
        if command.action not in grants(role)
    ],
)
def test_who_has_no_grant_is_refused(command, role):
    """Each command refuses each role without its action, with one note."""
    stranger = replace(command, caller=replace(command.caller, role=role))
    got = decide(State(), stranger, MOMENT)

    assert type(got.outcome) is AccessDeniedError
    assert got.note == command.note


@named
def test_whoever_has_the_grant_is_heard(command):
    """What follows then is an outcome or another refusal, with one note."""
    got = decide(State(), command, MOMENT)

    assert type(got.outcome) is not AccessDeniedError
    assert type(got.note) is Note


@named
def test_a_refused_note_tells_what_was_attempted(command):
    """The case stands in the log even when the caller was not let in."""
    placed = {each.case for each in getattr(command, "placements", ())}
    about = {getattr(command, "case", b""), *placed} - {b""}

    assert command.note.case == (about.pop() if about else b"")


# Requests that come again


def test_the_same_content_finds_the_first_answer(court):
    """Ids, revision and all; nothing is stored again."""
    first = court.decide(open_case("h", handle=token("first"), request="r"))
    court.reply(open_case("i"))
    again = court.decide(open_case("h", handle=token("again"), request="r"))

    assert again.outcome == Outcome(reply=first.outcome.reply, revision=5)
    assert court.state.revision == 6
    assert token("again") not in court.state.cases


def test_the_first_answer_stands_whatever_happened_since(court, case):
    """A closed case is not closed anew, and the retry is no error."""
    close = close_case(case, request="r")
    first = court.reply(close)

    assert court.reply(close) == first
    assert court.state.cases[case].closed_at == MOMENT.now


def test_other_content_is_refused(court):
    """A request id names one content, whatever the kind of request."""
    court.reply(open_case("h", request="r", content="one"))
    before = court.state.revision

    for command in (
        open_case("h", request="r", content="two"),
        close_case(token("case"), request="r", content="three"),
    ):
        with pytest.raises(RequestReusedError):
            court.reply(command)
    assert court.state.revision == before


def test_a_request_id_is_one_persons_own(court):
    """Nobody meets the ids of somebody else."""
    court.reply(attest(request="r", content="one"))
    for other in (coordinator(person="co-02"), coordinator("nord")):
        got = court.reply(attest(request="r", content="two", caller=other))

        assert len(got.ids) == 1


def test_a_refused_request_may_come_again(court):
    """Only what was answered is remembered."""
    with pytest.raises(NotFoundError):
        court.reply(close_case(token("case"), request="r", content="one"))

    assert court.reply(open_case("h", request="r", content="two")).ids


def test_a_batch_remembers_its_request_once(court):
    """All ids of a request with many events are found again."""
    command = register_groups("X", "Y", request="r")
    first = court.reply(command)

    assert court.reply(command) == first
    assert first.ids == (token("X"), token("Y"))


def test_a_check_is_decided_anew(court, case):
    """A retry meets what was recorded meanwhile, and stores that it was asked."""
    first = court.decide(check(case, request="r")).outcome
    court.reply(attest(caller=coordinator("national")))
    again = court.decide(check(case, request="r")).outcome

    assert [one.reply.answers[0].verdict.name for one in (first, again)] == [
        "UNKNOWN",
        "CLEAR",
    ]
    assert again.events[0].areas == ()


def test_a_check_with_other_content_is_refused(court, case):
    """Another question is another request."""
    court.reply(check(case, request="r", content="one"))
    with pytest.raises(RequestReusedError):
        court.reply(check(case, request="r", content="two"))


def test_an_old_request_is_a_request_of_its_own(court):
    """After 30 days nobody retries; the id is free."""
    court.reply(register_groups("X", request="r", content="one"))
    court.later(31 * MICROS_A_DAY)
    court.reply(record_facts(rivalry()))

    assert court.reply(register_groups("Y", request="r", content="two")).ids


def test_every_repeatable_command_is_known_by_person_and_id():
    """Nobody who changes something lacks a request id, but for evaluations and rows.

    Rows of an import are known by their position.
    """
    others = {kind.action for kind in DECIDES if not issubclass(kind, RequestCommand)}

    assert others == {
        Action.BUDGET_SHOW,
        Action.CASE_SHOW,
        Action.CHANGEOVER_SHOW,
        Action.CHANGE_LIST,
        Action.CHANGE_SHOW,
        Action.FACT_LIST,
        Action.FACT_SHOW,
        Action.REVIEW_LIST,
        Action.REVIEW_REPORT,
        Action.PREVIEW_BEGIN,
        Action.PREVIEW_WEIGH,
        Action.COVERAGE_SHOW,
        Action.LABEL_KEYS_SHOW,
        Action.GROUP_LIST,
        Action.EVALUATE,
        Action.OVERRIDE_SHOW,
        Action.PLACE_EXPLAIN,
        Action.ERASURE_LIST,
        Action.EXTRACT_SHOW,
        Action.EXTRACT_READ,
        Action.PERMIT_LIST,
        Action.ALERT_WATCH,
        Action.ALERT_TELL,
        Action.ALERT_LIST,
        Action.ALERT_SHOW,
        Action.RULESET_SHADOW,
        Action.RULESET_LIST,
        Action.RULESET_SHOW,
        Action.IMPORT_TRY,
        Action.IMPORT_APPEND,
        Action.IMPORT_FINISH,
        Action.IMPORT_SHOW,
        Action.IMPORT_LIST,
        Action.IMPORT_READ,
        Action.IMPORT_TAKE,
        Action.CLOCK_TICK,
        Action.REEVALUATE,
        Action.IDLE,
        Action.ENTRY_LIST,
        Action.ENTRY_SHOW,
        Action.ENTRY_TAIL,
        Action.LOG_EXPORT,
        Action.DECISION_REPLAY,
        Action.ANOMALY_REPORT,
        Action.RECEIPT_READ,
    }
